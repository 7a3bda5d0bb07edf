"""messages.jsonl: what the teams have said, one JSON object a line, in time order."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from renkei.kernel.japanese import MESSAGE_MAX, clean_text, length, narrow
from renkei.region.folder.encoding import SPOILT, Line, fingerprint, no_text, split
from renkei.region.folder.measured import VITALS, read_measured
from renkei.region.folder.model import Fault, Measured, MessageLine
from renkei.region.folder.patients import Patients
from renkei.region.folder.row import LABELS
from renkei.region.folder.teams import Teams

FILE = "messages.jsonl"
KEYS = ("patient", "author", "at", "text")
_SHOWN_MAX = 40  # how much of an unknown word is repeated
_AHEAD = timedelta(days=1)  # how far a clock may be wrong


@dataclass(slots=True)
class _Reader:
    """Goes through the lines with what was found so far."""

    patients: Patients
    teams: Teams
    latest: datetime  # no message is later
    faults: list[Fault]
    before: datetime | None = None  # when the line before this was written

    def message(self, number: int, line: Line) -> MessageLine | None:
        """The message of a line; None if something is wrong with it."""
        known = len(self.faults)
        values = self._values(number, line)
        if values is None:
            return None
        patient, author = narrow(values["patient"]), narrow(values["author"]).lower()
        found = self._find(number, patient, author)
        at = self._at(number, values["at"])
        text = self._text(number, values["text"])
        measured = self._measured(number, values.get(VITALS))
        if at is None or not found or len(self.faults) > known:
            return None
        return MessageLine(patient, author, at, text, number, fingerprint([line]), measured)

    def fault(self, line: int, column: str, message: str) -> None:
        """Note what is wrong; what JSON smuggled into a name cannot upset a terminal."""
        self.faults.append(Fault(FILE, line, clean_text(column)[:_SHOWN_MAX], clean_text(message)))

    def _values(self, number: int, line: Line) -> dict[str, Any] | None:
        """The values of a line; None if it has another form."""
        if SPOILT in line.text:
            column = next((key for key in KEYS if SPOILT in _loose(line.text).get(key, "")), "")
            self.fault(number, column, "読めない文字があります。UTF-8で保存し直してください。")
            return None
        try:
            pairs = json.loads(line.text, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError):
            self.fault(number, "", "JSONとして読めません。1行に1件、{…} の形で書いてください。")
            return None
        if not isinstance(pairs, _Pairs):
            self.fault(number, "", "1行に1件、{…} の形で書いてください。")
            return None
        return self._exactly(number, pairs)

    def _exactly(self, number: int, pairs: "_Pairs") -> dict[str, Any] | None:
        """The values if the keys are known, each once, the four that have to be with a text."""
        values = dict(pairs)
        keys = [key for key, _ in pairs]
        known = len(self.faults)
        for key in KEYS:
            if key not in values or not isinstance(values[key], str):
                wrong = "は文字列で書いてください。" if key in values else "がありません。"
                self.fault(number, key, LABELS[key] + wrong)
            elif keys.count(key) > 1:
                self.fault(number, key, f"「{key}」が2回あります。")
            elif not values[key].strip():
                self.fault(number, key, f"{LABELS[key]}がありません。")
        for key in values:
            if key == VITALS:
                if keys.count(key) > 1:
                    self.fault(number, key, f"「{key}」が2回あります。")
            elif key not in KEYS:
                self.fault(number, key, f"「{key[:_SHOWN_MAX]}」は知りません。")
        return values if len(self.faults) == known else None

    def _find(self, number: int, patient: str, author: str) -> bool:
        """Whether the patient is there and the author in the team."""
        shown = clean_text(patient)[:_SHOWN_MAX]
        fault = Fault(FILE, number, "patient", f"患者コード「{shown}」の患者がいません。")
        if not self.patients.codes.refer(patient, fault):
            return False
        sentence = "書いた人がこの患者のチームにいません。"
        return self.teams.refer(patient, author, Fault(FILE, number, "author", sentence))

    def _at(self, number: int, written: str) -> datetime | None:
        """The moment, not before that of the line above and not in the future."""
        try:
            at = datetime.fromisoformat(narrow(written))
            moment = at.astimezone(UTC) if at.tzinfo else None
        except (ValueError, OverflowError):
            self.fault(number, "at", "日時として読めません（例: 2026-11-22T10:32:00+09:00）。")
            return None
        if moment is None:
            self.fault(number, "at", "日時に時間帯がありません（例: +09:00）。")
            return None
        if moment > self.latest:
            self.fault(number, "at", "日時が未来です。")
            return None
        if self.before is not None and moment < self.before:
            self.fault(number, "at", "前の行より古い日時です。時刻の順に並べてください。")
        self.before = moment
        return at

    def _measured(self, number: int, written: Any) -> Measured | None:
        """What was measured; most lines say nothing of it."""
        if written is None:
            return None
        if not isinstance(written, _Pairs):
            self.fault(number, VITALS, "バイタル（vitals）は {…} の形で書いてください。")
            return None
        measured, wrong = read_measured(written)
        if wrong:
            self.fault(number, VITALS, wrong)
        return measured

    def _text(self, number: int, written: str) -> str:
        """What was written, without hidden controls."""
        text = clean_text(written)
        if not text.strip():
            self.fault(number, "text", "本文（text）がありません。")
        elif length(text) > MESSAGE_MAX:
            sentence = f"本文が長すぎます（{MESSAGE_MAX:,}文字まで、今{length(text):,}文字）。"
            self.fault(number, "text", sentence)
        return text


class _Pairs(list[tuple[str, Any]]):
    """A JSON object that has not forgotten keys which stand twice."""


def read_messages(
    data: bytes | None, patients: Patients, teams: Teams, now: datetime, faults: list[Fault]
) -> list[MessageLine]:
    """The messages; an empty file is a region in which nobody has written yet."""
    if data is None:
        faults.append(Fault(FILE, 1, "", "ファイルがありません。"))
        return []
    if fault := no_text(FILE, data):
        faults.append(fault)
        return []
    reader = _Reader(patients, teams, now.astimezone(UTC) + _AHEAD, faults)
    lines = enumerate(split(data), start=1)
    found = [reader.message(number, line) for number, line in lines if line.text.strip()]
    return [message for message in found if message is not None]


def _loose(text: str) -> dict[str, str]:
    """The texts of a line some of whose characters could not be read."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {k: v for k, v in values.items() if isinstance(v, str)} if type(values) is dict else {}
