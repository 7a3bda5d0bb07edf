"""``renkei guard``: what drafts give away, for a roster in a file; nothing is stored."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext

from renkei.communication.guard.check import DIRECT, FREE, Verdict, check
from renkei.communication.guard.roster import Roster, make_ready
from renkei.communication.guard.words import WHY
from renkei.communication.guard.writings import Person
from renkei.kernel import clock


class Command(BaseCommand):
    """Read drafts as JSON lines and print the verdict on each."""

    help = "Says of drafts (JSON lines on standard input) what they give away, for a roster."
    requires_system_checks: list[str] = []
    stdin: TextIO

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.stdin = sys.stdin

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whom the drafts are held against."""
        parser.add_argument(
            "--roster", required=True, metavar="FILE", help="JSON with 'patients' and 'staff'"
        )

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Print one line for each draft."""
        try:
            roster = roster_of(json.loads(Path(options["roster"]).read_text(encoding="utf-8-sig")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise CommandError(f"名簿を読めません: {fault}") from fault
        today = clock.today()
        with translation.override("ja"):
            for number, draft in _drafts(self.stdin):
                try:
                    place = _place(str(draft["group"]))
                    verdict = check(str(draft["text"]), place, roster, today)
                except (KeyError, TypeError, ValueError) as fault:
                    raise CommandError(f"{number}行目の下書きを読めません: {fault}") from fault
                self.stdout.write(json.dumps(_shown(draft.get("id"), verdict), ensure_ascii=False))


def _drafts(lines: TextIO) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield number, json.loads(line.lstrip("\ufeff"))
            except ValueError as fault:
                raise CommandError(f"{number}行目はJSONではありません: {fault}") from fault


def _place(group: str) -> str:
    kind, _, patient = group.partition(":")
    if group in (FREE, DIRECT):
        return group
    if kind == "patient" and patient:
        return patient
    raise ValueError(f"group {group!r}")


def _shown(draft: object, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": draft,
        "verdict": verdict.verdict,
        "phone": verdict.phone,
        "findings": [
            {"kind": one.kind, "start": one.start, "end": one.end, "why": gettext(WHY[one.why])}
            for one in verdict.findings
        ],
    }


def roster_of(written: dict[str, Any]) -> Roster:
    """A roster from its file."""
    return make_ready(
        [_person(one) for one in written.get("patients") or ()],
        [_person(one) for one in written.get("staff") or ()],
    )


def _person(one: dict[str, Any]) -> Person:
    phones = one.get("phones") or one.get("phone") or ()
    return Person(
        id=str(one.get("id") or ""),
        name=str(one.get("name") or ""),
        kana=str(one.get("kana") or ""),
        birth_date=str(one.get("birth_date") or ""),
        phones=tuple(map(str, phones)) if isinstance(phones, list | tuple) else (str(phones),),
        address=str(one.get("address") or ""),
        insurer_number=str(one.get("insurer_number") or ""),
        profession=str(one.get("profession") or ""),
    )
