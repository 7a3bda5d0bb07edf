"""``renkei import FILE --identity KEYFILE --data NEW``: an export into an empty installation."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import connections
from django.utils.translation import gettext as _

from renkei.backup.trouble import refusal
from renkei.config import launch
from renkei.config.installation import prepare
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import ProgressLine
from renkei.config.unlocking import unlock
from renkei.kernel import age, clock
from renkei.kernel.errors import Problem
from renkei.kernel.vault import MasterKeyMissing
from renkei.moving.importing import Checked, check, refuse_faults, take_in

PARTS = {"rows": "記録", "files": "添付ファイル"}


class Command(TerminalCommand):
    help = "書き出したファイルを、空のデータフォルダーに取り込む"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="書き出したファイル")
        parser.add_argument(
            "--identity", type=Path, required=True, help="宛先の秘密の鍵があるファイル"
        )
        parser.add_argument(
            "--signed-by", default="", help="書き出したサーバーの署名の公開鍵（合わなければやめる）"
        )
        parser.add_argument(
            "--with-faults", action="store_true", help="書き出したときに壊れていた値も取り込む"
        )

    def handle(
        self,
        *,
        file: Path,
        identity: Path,
        signed_by: str,
        with_faults: bool,
        **options: Any,
    ) -> None:
        start = time.perf_counter()
        with _in_words(file):
            checked = check(file, _identities(identity), signed_by=signed_by)
            if not with_faults:
                refuse_faults(checked.manifest)
            with _as_it_was(settings.DATA), launch.alone():
                unlock()
                prepare()
                take_in(checked, progress=ProgressLine(PARTS))
        self._summary(checked, time.perf_counter() - start)

    def _summary(self, checked: Checked, seconds: float) -> None:
        account = checked.manifest
        tally = account.tally
        self.stdout.write(
            f"{_said(account.moment)} に書き出された記録 {tally['rows']}件、鍵 {tally['keys']}個、"
            f"添付ファイル {tally['files']}個を取り込み、監査証跡がすべて合うことを"
            f"確かめました（{seconds:.1f}秒）。"
        )
        damaged = len(account.faults) + len(account.breaks)
        if damaged:
            self.stdout.write(
                f"書き出したときに記録と合わなかった{damaged}件は、合わないまま入っています。"
            )
        self.stdout.write(
            f"署名の公開鍵: {account.signed_by}\n"
            "元のサーバーを止めてから renkei serve で動かしてください。"
            "全員がサインインし直します（パスワードは元のままです）。"
        )


@contextmanager
def _in_words(file: Path) -> Iterator[None]:
    """Say in Japanese why it did not work."""
    nothing = "何も書き込んでいません。"
    try:
        yield
    except Problem as error:
        raise CommandError(_(error.message) % error.values + nothing) from error
    except age.Unreadable as error:
        raise CommandError(
            f"{file} を開けません。壊れているか、途中で切れているか、"
            f"この鍵に宛てたものではありません。{nothing}"
        ) from error
    except MasterKeyMissing as error:
        raise CommandError(f"マスター鍵がありません。{nothing}") from error
    except OSError as error:
        raise CommandError(
            f"{error.filename or file} を読み書きできません: {refusal(error)}。{nothing}"
        ) from error


def _identities(path: Path) -> list[age.Identity]:
    try:
        return age.identities(path.read_text())
    except (ValueError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{path} には age の秘密の鍵（AGE-SECRET-KEY-1… で始まるもの）がありません。"
        ) from error


def _said(moment: str) -> str:
    """A moment as people in Japan say it."""
    return f"{datetime.fromisoformat(moment).astimezone(clock.JAPAN):%Y年%-m月%-d日 %H:%M}"


def _made_since(before: set[str], folder: Path) -> list[str]:
    """What is new in the folder; what SQLite puts beside a database that was there is its part."""
    found = set(os.listdir(folder)) - before if folder.is_dir() else set()
    return [name for name in found if name.rpartition("-")[0] not in before]


@contextmanager
def _as_it_was(folder: Path) -> Iterator[None]:
    """Leave the data folder as it was if the block fails."""
    was_there = folder.is_dir()
    before = set(os.listdir(folder)) if was_there else set()
    try:
        yield
    except BaseException:
        connections.close_all()
        for name in _made_since(before, folder):
            path = folder / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        if not was_there and folder.is_dir():
            folder.rmdir()
        raise
