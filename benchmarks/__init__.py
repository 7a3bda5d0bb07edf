"""The measured work: what one post, one delivery, one opened page costs. See ``__main__``."""
