"""The search index: which words may stand in which message, told by nobody who lacks the key."""
