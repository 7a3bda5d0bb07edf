"""``renkei check``: is this installation as it should be?

Exit status: 0 when nothing is bad, 1 when something is. With ``--strict`` 2 when nothing is bad
but something needs care.
"""

import sys
from typing import Any

import orjson
from django.core.management.base import CommandParser

from renkei.config import checkup
from renkei.config.checkup.finding import Finding, Question, State
from renkei.config.terminal import Command as TerminalCommand
from renkei.config.terminal import columns

Answers = list[tuple[Question, Finding]]
SUMMARY = {
    State.BAD: "すぐに対応が必要なものがあります（×）。",
    State.CARE: "動いていますが、気をつけるものがあります（△）。",
    State.GOOD: "問題は見つかりませんでした。",
    State.SKIPPED: "調べるものがありませんでした。",
}


class Command(TerminalCommand):
    help = "設定、データ、鍵、時計、バックアップなどを点検する（何も変えません）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="JSONで出す")
        parser.add_argument("--no-network", action="store_true", help="ほかの機械に尋ねない")
        parser.add_argument(
            "--strict", action="store_true", help="△だけのときも、終了コードを2にする"
        )

    def handle(self, *, json: bool, no_network: bool, strict: bool, **options: Any) -> None:
        asked = [one for one in checkup.QUESTIONS if not (no_network and one.network)]
        found = {question.ident: finding for question, finding in checkup.ask_all(asked)}
        answers = [
            (one, found.get(one.ident) or checkup.left_out(one)) for one in checkup.QUESTIONS
        ]
        worst = checkup.worst(answers)
        self.stdout.write(_as_json(answers, worst) if json else _as_text(answers, worst))
        self.stdout.flush()
        if worst is State.BAD:
            sys.exit(1)
        if worst is State.CARE and strict:
            sys.exit(2)


def _as_json(answers: Answers, worst: State) -> str:
    questions = [
        {
            "id": question.ident,
            "name": question.name,
            "state": finding.state.value,
            "what": finding.what,
            "do": finding.do,
        }
        for question, finding in answers
    ]
    return orjson.dumps({"state": worst.value, "questions": questions}).decode()


def _as_text(answers: Answers, worst: State) -> str:
    """One line for each question: how it stands, what was found, what to do."""
    rows = [
        (finding.state.mark, question.name, f"{finding.what} → {finding.do}")
        if finding.do
        else (finding.state.mark, question.name, finding.what)
        for question, finding in answers
    ]
    return "\n".join([*columns(rows), "", SUMMARY[worst]])
