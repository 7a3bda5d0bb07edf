"""One line of a file, read cell by cell; what cannot be read is noted once, where it stands."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import TypeVar

from renkei.kernel.japanese import (
    fold_kana,
    is_kana,
    length,
    narrow,
    normalise_email,
    normalise_phone,
    normalise_postal_code,
    parse_date,
    stray_control,
    widen_kana,
)
from renkei.region.folder.encoding import SPOILT
from renkei.region.folder.model import Fault
from renkei.region.folder.table import Record, Table

T = TypeVar("T")

LABELS = {
    "address": "住所",
    "administrator": "連携管理者（administrator）",
    "application_date": "申込日",
    "at": "日時（at）",
    "author": "書いた人（author）",
    "birth_date": "生年月日",
    "code": "コード",
    "consent_date": "同意日",
    "consent_relationship": "署名した人の続柄",
    "consent_signer": "署名した人",
    "copy_given_date": "写しを渡した日",
    "documents_policy": "資料の扱い（documents_policy）",
    "email": "メールアドレス",
    "emergency_name": "緊急連絡先の名前",
    "emergency_phone": "緊急連絡先の電話番号",
    "emergency_relationship": "緊急連絡先の続柄",
    "fax": "ファクス番号",
    "insurer_number": "保険者番号",
    "kana": "かな",
    "kind": "事業所の種類",
    "listed": "公開（listed）",
    "manager": "管理者（manager）",
    "manager_name": "管理者氏名",
    "mobile": "携帯電話番号",
    "name": "名前",
    "operator": "運営事務局の名前",
    "organization_code": "事業所コード",
    "patient": "患者コード（patient）",
    "patient_code": "患者コード",
    "phone": "電話番号",
    "pledge_date": "誓約日",
    "policy_effective": "運用ポリシーの施行日",
    "postal_code": "郵便番号",
    "profession": "職種",
    "role_in_care": "ケアでの役割",
    "sex": "性別",
    "text": "本文（text）",
    "training_date": "研修日",
}

CODE_MAX = 40  # characters, as all limits below
NAME_MAX = 100
KANA_MAX = 200
ADDRESS_MAX = 200
ROLE_MAX = 50
_NUMBER_MAX = 20
_SHOWN_MAX = 20  # how much of a wrong word a sentence repeats
_LIST_MAX = 8  # how many words a sentence lists


@dataclass(slots=True)
class Row:
    """A line whose cells are asked for one at a time; a bad one yields "" or None and a fault.

    ``spoilt`` holds the columns that cannot be relied on, so that no fault is told twice and
    nothing is concluded from them. ``broken`` lines have no reliable cells at all.
    """

    file: str
    line: int
    cells: Mapping[str, str]
    raw_sha256: str
    faults: list[Fault]
    lines: Mapping[str, int] = field(default_factory=dict)  # where a cell stands by itself
    spoilt: set[str] = field(default_factory=set)
    broken: bool = False

    @property
    def good(self) -> bool:
        """Whether a record may be made of the line."""
        return not self.spoilt and not self.broken

    def fault(self, column: str, message: str) -> None:
        """Note what is wrong with a cell, unless it or the whole line is known to be wrong."""
        if column not in self.spoilt:
            self.spoilt.add(column)
            if self.broken:
                return
            line = self.lines.get(column, self.line)
            self.faults.append(Fault(self.file, line, column, message))

    def word(self, column: str, limit: int, *, required: bool = True) -> str:
        """The cell as it is written, without spaces around it."""
        if column in self.spoilt:
            return ""
        value = self.cells.get(column, "").replace("\r\n", "\n").replace("\r", "\n").strip()
        label = LABELS.get(column, column)
        if SPOILT in value:
            self.fault(column, "読めない文字があります。UTF-8で保存し直してください。")
        elif stray := stray_control(value):
            self.fault(column, f"{label}に目に見えない文字（{stray}）が入っています。")
        elif not value and required:
            self.fault(column, f"{label}がありません。")
        elif length(value) > limit:
            self.fault(column, f"{label}が長すぎます（{limit}文字まで、今{length(value)}文字）。")
        return "" if column in self.spoilt else value

    def name(self, column: str, *, required: bool = True) -> str:
        """A person's name with exactly its characters; a line break in it becomes a space."""
        return re.sub(r"[\n\t]+", " ", self.word(column, NAME_MAX, required=required))

    def text(self, column: str, limit: int, *, required: bool = True) -> str:
        """Words of no person, on one line, half-width katakana made full-width."""
        return re.sub(r"[\n\t]+", " ", widen_kana(self.word(column, limit, required=required)))

    def address(self, column: str, *, required: bool = True) -> str:
        """An address, with its line breaks."""
        return widen_kana(self.word(column, ADDRESS_MAX, required=required))

    def code(self, column: str) -> str:
        """A code, half-width."""
        return narrow(self.word(column, CODE_MAX))

    def key(self, column: str) -> str:
        """An e-mail address by which another line is meant; its shape is judged over there."""
        return narrow(self.word(column, 254)).lower()

    def kana(self, column: str, *, also: str = "") -> str:
        """A reading in hiragana, its parts one space apart; ``also`` is allowed besides kana.

        ``also`` is the inside of a regular expression's character class.
        """
        value = " ".join(fold_kana(self.word(column, KANA_MAX)).split())
        if value and not is_kana(re.sub(f"[{also}]", "", value) if also else value):
            self.fault(column, "かなで書いてください（漢字や英字は使えません）。")
            return ""
        return value

    def choice(self, column: str, options: tuple[str, ...], *, required: bool = True) -> str:
        """One of the words of a list."""
        value = narrow(self.word(column, 1000, required=required))
        if value and value not in options:
            shown = value[:_SHOWN_MAX]
            sentence = f"{LABELS.get(column, column)}「{shown}」が一覧にありません。"
            self.fault(column, sentence + _suggestion(shown, options))
            return ""
        return value

    def flag(self, column: str, *, required: bool = True) -> bool | None:
        """1 or 0 as True or False; None if nothing is said."""
        value = self.choice(column, ("0", "1"), required=required)
        return value == "1" if value else None

    def date(self, column: str, *, required: bool = True) -> date | None:
        """A day."""
        return self._parsed(column, parse_date, required=required)

    def phone(self, column: str, *, required: bool = True) -> str:
        """A telephone or fax number."""
        return self._parsed(column, normalise_phone, required=required) or ""

    def postal_code(self, column: str) -> str:
        """A postal code."""
        return self._parsed(column, normalise_postal_code, required=True) or ""

    def email(self, column: str, *, required: bool = True) -> str:
        """An e-mail address in lower case."""
        return self._parsed(column, normalise_email, required=required) or ""

    def number(self, column: str) -> str:
        """Figures that are a name rather than a quantity, half-width; may be empty."""
        return narrow(self.word(column, _NUMBER_MAX, required=False))

    def _parsed(self, column: str, parse: Callable[[str], T], *, required: bool) -> T | None:
        value = self.word(column, 1000, required=required)
        if not value:
            return None
        try:
            return parse(value)
        except ValueError as fault:
            self.fault(column, str(fault))
            return None


def rows(file: str, table: Table, required: tuple[str, ...], faults: list[Fault]) -> list[Row]:
    """The records of a table as rows; wrong numbers of cells are noted."""
    return [_row(file, table, record, required, faults) for record in table.records]


def _row(
    file: str, table: Table, record: Record, required: tuple[str, ...], faults: list[Fault]
) -> Row:
    pairs = zip(table.columns, record.cells, strict=False)
    cells = {column: cell for column, cell in pairs if column}
    row = Row(file, record.line, cells, record.raw_sha256, faults)
    row.spoilt |= set(required) - set(table.columns)  # told at the header
    sentence = _structure(table, record)
    if sentence is None:
        return row
    unread = [column for column, cell in cells.items() if SPOILT in cell]
    if unread:
        row.word(unread[0], len(cells[unread[0]]))
    else:
        faults.append(Fault(file, record.line, "", sentence))
    row.broken = True
    return row


def _structure(table: Table, record: Record) -> str | None:
    """What is wrong with the form of the record; None if nothing is."""
    if record.unquoted:
        return '引用符（"）が閉じていません。'
    width, found = len(table.columns), len(record.cells)
    if found < width:
        return f"列が足りません（{width}列のところ{found}列）。"
    if any(cell.strip() for cell in record.cells[width:]):
        return f"列が多すぎます（{width}列のところ{found}列）。カンマを含む値は引用符で囲みます。"
    return None


def _suggestion(value: str, options: tuple[str, ...]) -> str:
    """The words that may have been meant."""
    if alike := get_close_matches(value, options, n=1, cutoff=0.5):
        return f"近いもの:「{alike[0]}」"
    return f"次のどれかです: {'、'.join(options)}" if len(options) <= _LIST_MAX else ""
