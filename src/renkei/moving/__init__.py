"""The whole installation as documented files: out of one server, into another."""
