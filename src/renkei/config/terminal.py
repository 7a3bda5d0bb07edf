"""What our commands have in common on a terminal: Japanese, one progress line, columns."""

import sqlite3
import sys
import time
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, TextIO
from unicodedata import east_asian_width

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.db.migrations.exceptions import InconsistentMigrationHistory

from renkei.config.checkup.stores import is_made

REDRAW = 0.1  # seconds between two looks of the progress line


class Command(BaseCommand):
    """A command that speaks Japanese whatever the terminal's locale, and checks when it says so."""

    requires_system_checks = ()

    def execute(self, *arguments: Any, **options: Any) -> str | None:
        """Run the command."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(encoding="utf-8")
        try:
            return super().execute(*arguments, **options)
        except (DatabaseError, InconsistentMigrationHistory) as error:
            raise CommandError(f"{_trouble(error)}（{error}）") from error


def _trouble(error: Exception) -> str:
    """What is wrong with the database, and what to do next."""
    code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return (
            "データベースのファイルが壊れています。サーバーを止め、ファイルには手を加えずに、"
            "バックアップから戻してください。"
        )
    if code == sqlite3.SQLITE_FULL:
        return "ディスクがいっぱいです。空きを作ってから、もう一度実行してください。"
    return "データベースに接続できないか、読み書きできませんでした。"


class ProgressLine:
    """One line that says how far a long work has come; on a pipe, one line for each part."""

    def __init__(self, names: dict[str, str], out: TextIO | None = None) -> None:
        self._names = names
        self._out = out or sys.stderr
        self._drawn = 0.0

    def __call__(self, part: str, done: int, total: int) -> None:
        """Say that of the ``total`` things of this part so many are done."""
        name, ended = self._names.get(part, part), done == total
        if not self._out.isatty():
            if ended:
                self._out.write(f"{name} {total}\n")
        elif ended or time.monotonic() - self._drawn >= REDRAW:
            self._drawn = time.monotonic()
            self._out.write(f"\r\x1b[K{name} {done}/{total}" + ("\n" if ended else ""))
            self._out.flush()

    def count(self, part: str, done: int) -> None:
        """Say that so many are done, of nobody knows how many; nothing on a pipe."""
        if self._out.isatty() and time.monotonic() - self._drawn >= REDRAW:
            self._drawn = time.monotonic()
            self._out.write(f"\r\x1b[K{self._names.get(part, part)} {done}")
            self._out.flush()

    def clear(self) -> None:
        """Take the line away, so that something else can be written."""
        if self._out.isatty():
            self._out.write("\r\x1b[K")
            self._out.flush()


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines with their cells under one another; a kanji is two letters wide."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_padded, row, widths)).rstrip() for row in rows]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def refuse_nothing_there() -> None:
    """Refuse a data folder without an installation; looking never makes one.

    Raises:
        CommandError: there is none, such as after a slip in ``--data``.
    """
    if not is_made():
        raise CommandError(
            f"{settings.DATA} にデータがありません。--data でデータフォルダーを指定してください。"
            "何も作っていません。"
        )
