"""The files of the pages: styles, scripts, icons. Their address changes with their content."""

from hashlib import sha256
from pathlib import Path

import allauth.mfa
import django_htmx

OURS = Path(__file__).resolve().parent / "static"
HTMX = Path(django_htmx.__file__).resolve().parent / "static"
PASSKEYS = Path(allauth.mfa.__file__).resolve().parent / "static"
FOLDERS = (OURS, HTMX, PASSKEYS)


def _build() -> str:
    """What tells one state of all files from another (12 hexadecimal digits)."""
    digest = sha256()
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(folder).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


BUILD = _build()
PREFIX = f"static/{BUILD}"


def asset(name: str) -> str:
    """The address of one file, such as ``app.css``."""
    return f"/{PREFIX}/{name}"
