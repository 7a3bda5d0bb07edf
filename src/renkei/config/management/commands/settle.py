"""``renkei settle``: the last steps of a restore, within what was brought back."""

import sys
from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from renkei.backup import settling
from renkei.config import upgrade, verification
from renkei.config.installation import prepare
from renkei.config.places import place
from renkei.config.terminal import Command as TerminalCommand
from renkei.disclosure import executing


class Command(TerminalCommand):
    help = "（renkei restore と renkei backup verify が使います）"

    def handle(self, **options: Any) -> None:
        prepare(upgrade.no_copy)
        answer = settling.settle(sys.stdin.buffer.read(), _faults, executing.replay)
        self.stdout.write(answer.decode())


def _faults(lost: Collection[str]) -> list[str]:
    """What ``renkei audit verify`` would find wrong, but for files that are known to be lost."""
    known = {f"File/{file}" for file in lost}
    return [
        f"{place(part.name, found)}: {_(found.why)}"
        for part in verification.verify(lambda name, count: None, given=[])
        for found in part.breaks
        if part.name != "files" or found.stream not in known
    ]
