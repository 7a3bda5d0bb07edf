"""Where copies go and come from, as the command line names it."""

import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from renkei.backup.recipients import read_identity_file
from renkei.backup.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Places:
    """Where the content lies and where the keys lie."""

    content: Path
    keys: Path


def places(destination: Path, keys: Path | None) -> Places:
    """The keys lie beside the content unless they have a place of their own.

    Raises:
        Trouble: one would lie within the other, or within the data folder.
    """
    content_at = destination.resolve()
    keys_at = (keys or content_at.with_name(f"{content_at.name}-keys")).resolve()
    data = Path(settings.DATA).resolve()
    for one, other in ((keys_at, content_at), (content_at, keys_at)):
        if one == other or other in one.parents:
            raise Trouble(
                "内容の写しと鍵の写しは、同じ場所にも、一方の中にも置けません。"
                "--keys で別の場所を指定してください。",
                why="unreachable",
            )
    if data in (content_at, keys_at, *content_at.parents, *keys_at.parents):
        raise Trouble(
            "写しはデータフォルダーの中には置けません。別のディスクを指定してください。",
            why="unreachable",
        )
    return Places(content_at, keys_at)


def refuse_no_data() -> None:
    """Refuse to work on a data folder that is not there.

    Raises:
        Trouble: there is none.
    """
    if not Path(settings.DATA).is_dir():
        raise Trouble(
            f"{settings.DATA} がありません。--data でデータフォルダーを指定してください。",
            why="database",
        )


def identity_text(given: str) -> str:
    """The text of the file with the identity; ``-`` reads it from standard input.

    Raises:
        Trouble: it is not there.
    """
    return sys.stdin.read() if given == "-" else read_identity_file(Path(given))
