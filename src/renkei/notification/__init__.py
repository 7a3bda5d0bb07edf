"""通知: whom to tell that there is something new, by push and mail; never what, or of whom."""
