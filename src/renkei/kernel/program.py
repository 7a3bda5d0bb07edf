"""Which program this is."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of


def version() -> str:
    """The version of this program."""
    try:
        return version_of("renkei")
    except PackageNotFoundError:  # run from a folder, never installed
        return "unknown"
