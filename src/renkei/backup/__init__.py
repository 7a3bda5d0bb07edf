"""Copies of the whole installation: that they were made, and that they can be brought back."""
