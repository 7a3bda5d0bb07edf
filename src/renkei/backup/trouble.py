"""What can stop a copy or a restore: a sentence for the host, and one fixed word for the record."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


_WORDS: Final = {
    errno.ENOSPC: "空きがありません",
    errno.EDQUOT: "空きがありません",
    errno.ENOENT: "その場所がありません",
    errno.EACCES: "許可がありません",
    errno.EPERM: "許可がありません",
    errno.EROFS: "書き込みできない設定です",
    errno.EIO: "ディスクが故障しているおそれがあります",
    errno.ENOTDIR: "途中にフォルダーでないものがあります",
    errno.EISDIR: "ファイルのはずの場所にフォルダーがあります",
    errno.EEXIST: "別のものがすでにあります",
    errno.ENODEV: "ディスクが外れています",
    errno.ESTALE: "ディスクが外れています",
}


class Trouble(Exception):
    """It cannot be done; the sentence says why and what to do next.

    Args:
        words: Japanese, for the terminal; never content, never a secret.
        why: a word of ``models.Why``.
    """

    def __init__(self, words: str, *, why: str) -> None:
        super().__init__(words)
        self.words = words
        self.why = why


def refusal(error: OSError) -> str:
    """What the disk said, as the people of an office say it."""
    return _WORDS.get(error.errno or 0) or error.strerror or type(error).__name__


@contextmanager
def at_place(place: Path) -> Iterator[None]:
    """Say in words what the disk refused.

    Raises:
        Trouble: it is full, cannot be reached or may not be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise Trouble(
                f"{place} に空きがありません。空きを作るか、別の場所を指定してください。"
                "前の写しはそのまま残っています。",
                why="full",
            ) from error
        raise Trouble(
            f"{place} を読み書きできません（{refusal(error)}）。"
            "つながっているか、書き込めるかを確かめてください。",
            why="unreachable",
        ) from error
