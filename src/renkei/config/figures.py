"""Sizes and lengths of time as people say them, for commands and checks."""

from datetime import timedelta


def size(count: int) -> str:
    """Bytes as people say them."""
    if count < 1_000_000:
        return f"{count / 1000:.0f}KB"
    return f"{count / 1_000_000:.1f}MB" if count < 1_000_000_000 else f"{count / 1e9:.2f}GB"


def span(length: timedelta) -> str:
    """A length of time as people say it: hours up to two days, then days."""
    hours = int(length.total_seconds() // 3600)
    return f"{hours}時間" if hours < 48 else f"{hours // 24}日"
