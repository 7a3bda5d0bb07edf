"""An upgrade of the data: nobody else at work, a copy first, then the change.

The copy lies in ``DATA/before-upgrade/``, for the last two upgrades. It holds the content as it is
in the database, sealed; never the keys, which would outlive their destruction there.
"""

import fcntl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.management.base import CommandError

from renkei.backup.shelves import Shelf
from renkei.backup.trouble import Trouble

FOLDER: Final = "before-upgrade"
KEPT: Final = 2
_NAMES: Final = {"sqlite": "renkei.db", "postgresql": "renkei.dump"}

Copy = Callable[[], Path | None]


def copy() -> Path | None:
    """Copy the content before it is changed; where the copy lies.

    Raises:
        CommandError: there is no room, or no program to do it.
    """
    from renkei.backup import content, engines  # not before Django is set up

    shelf = Shelf(Path(settings.DATA), FOLDER)
    shelf.clean()
    try:
        name = content.fresh_name(shelf)
        with shelf.making(name) as folder, engines.snapshot("default") as moment:
            moment.copy_to(folder / _NAMES[moment.engine])
    except Trouble as trouble:
        raise CommandError(
            f"更新の前に写しを取れません: {trouble.words}\n何も変えていません。"
            "写しを自分で取ってあるなら、renkei upgrade --no-copy で更新できます。"
        ) from trouble
    return shelf.path(name)


def no_copy() -> Path | None:
    """Copy nothing: whoever asks for it has a copy."""
    return None


def tidy() -> None:
    """Let go of the copies before the last two upgrades."""
    shelf = Shelf(Path(settings.DATA), FOLDER)
    for name in shelf.names()[:-KEPT]:
        shelf.remove(name)


def say_where(kept: Path | None) -> None:
    """Say, when the change itself fails, where things stand; the error is for whoever mends it."""
    where = f"更新前の写しは {kept} にあります。" if kept else ""
    sys.stderr.write(
        f"データを新しい版に合わせられませんでした。{where}"
        "前の版のプログラムに戻し、下の内容を保守の担当者に伝えてください。\n"
    )


def take_alone(descriptor: int) -> None:
    """Lock the data folder for an upgrade.

    Raises:
        CommandError: a server runs on it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CommandError(
            "データを新しい版に合わせる必要がありますが、サーバーが動いています。"
            "止めてから、もう一度実行してください。"
        ) from error
