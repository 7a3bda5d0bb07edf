"""Small files for their owner alone that are either there whole, durably, or not at all."""

import os
from pathlib import Path


def put(path: Path, content: bytes) -> None:
    """Put the file there in one step, in place of what was there."""
    fresh = _beside(path)
    fresh.unlink(missing_ok=True)  # left by a machine that died
    _write(fresh, content)
    fresh.replace(path)
    sync(path.parent)


def put_new(path: Path, content: bytes) -> None:
    """Put the file where nothing stands, not even a link that would lead elsewhere.

    Raises:
        FileExistsError: something stands there; it stays as it is.
        OSError: it could not be written; nothing stands there.
    """
    _write(path, content)
    sync(path.parent)


def put_first(path: Path, content: bytes) -> None:
    """Put the file there unless another process just has."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    _write(fresh, content)
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    sync(path.parent)


def wipe(path: Path) -> None:
    """Overwrite the file and remove it. A disk that moves its blocks may keep the old ones."""
    for one in (path, _beside(path)):
        if one.exists():
            with one.open("r+b") as file:
                file.write(bytes(one.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            one.unlink()
    sync(path.parent)


def sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(path: Path) -> Path:
    """Where the next content stands before it takes its place; left there if the machine dies."""
    return path.with_name(f"{path.name}.new")


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink()
        raise
