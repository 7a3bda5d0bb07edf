"""Telephone and insurance numbers in a text, however they are grouped and in whatever digits.

Only whole groups of digits count: 製造番号1937030599 holds no shorter number.

Source: the check digits of insurers' numbers (保険者番号, 公費負担者番号, 受給者番号), 厚生労働省
「保険者番号等の設定について」; those of the individual number, 総務省令 (平成26年) 第85号 第5条.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from renkei.communication.guard.numerals import digits_of

_SEPARATOR = r"[\s()\-‐‑‒–—―−ー~〜・._/]"
_RUN = re.compile(rf"\+?\d(?:{_SEPARATOR}{{0,3}}\d)+")
_GROUP = re.compile(r"\d+")
_MANY_ZEROS = re.compile("0{5,}")  # one of them is easily left out

_OWN_NUMBER = re.compile(r"(?:マイナンバ|個人番号|my\s?number)[^。\n]{0,15}$")
_BEGAN_BEFORE = re.compile(r"[a-z0-9][-_/.]?$")
_GOES_ON = re.compile(r"[-_/.]?[a-z0-9]")
_OTHER_LABEL = re.compile(
    r"(?:番号|番|no|no\.|№|ロット|lot|注文|伝票|追跡|受付|口座|会員|製造|型番|品番|id|jan|tel|電話|免許|fax|シリアル)"
    r"[^。\n]{0,4}$"
)
_INSURED = re.compile(r"被保険者|被番|被保番")
_INSURED_WEAK = re.compile(
    r"介護保険(?:証|番号|の番号|の|被|no|:)|介護保険\s*$|(?<![一-龥])介護\s*:?\s*$"
)
# One sign at a time: what can be read in more than one way is read in all of them.
_FILL = r"[^\d。件問電話連絡窓口担当]*"
_INSURED_NUMBER = re.compile(
    rf"{_FILL}?(?P<number>h?\d(?:{_SEPARATOR}{{0,2}}\d){{5,13}})(?!\s*桁|\d)"
)
_TO_CALL = re.compile(r"件|問|電話|tel|連絡|℡|窓口|担当|fax|ファックス|ファクス|事業所")
_CALLED = re.compile(r"\s*[)」]?\s*(?:へ|に|まで|宛)?(?:お?電話|お?問|ご?連絡|fax)")
_INSURER = re.compile(
    r"(?<!被)保険者(?:番号|no\.?|の番号)?[は:=\s(「]{0,4}(?P<number>\d{8}|\d{6})(?!\d)"
)
_SYMBOL = re.compile(
    r"記号[は:\s「]{0,3}[^\s、。0-9]{0,6}\d{0,6}[」\s・、と]{0,3}番号[は:\s「]{0,3}\d{1,8}"
)
_RECIPIENT = re.compile(
    r"(?:受給者|公費負担者)(?:証)?(?:番号|の番号|no\.?)?[は:=\s(「]{0,4}(?P<number>\d{7,8})(?!\d)"
)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A number in a text, in plain characters: whose it is, or of what kind."""

    start: int
    end: int
    kind: str  # phone, insurer-number, my-number
    patients: frozenset[int]  # none: anybody's


def digits(text: str) -> str:
    """The digits alone."""
    return "".join(_GROUP.findall(text))


def phones_of(text: str) -> set[str]:
    """What a telephone number of a roster may be dialled as; a roster may hold several in one."""
    plain = digits_of(text)
    found = set()
    for written in re.split(r"[、,/;\s]+(?=[+(]?\d{2,})", plain) if "-" in plain else [plain]:
        number = digits(written)
        if number.startswith("81") and len(number) > 11:
            number = "0" + number[2:]
        if 9 <= len(number) <= 11:
            slip = _MANY_ZEROS.sub(lambda run: run.group()[1:], number)
            found |= {number, slip, "81" + number[1:], "810" + number[1:], "01081" + number[1:]}
            found.add("0081" + number[1:])
    return found


def numbers(
    plain: str,
    phones: Mapping[str, frozenset[int]],
    insured: Mapping[str, frozenset[int]],
) -> Iterator[Numbered]:
    """The numbers in a plain text that belong to patients, or give away whoever they belong to."""
    text = digits_of(plain)
    for run in _RUN.finditer(text):
        if run.end() - run.start() >= 9 and len(digits(run.group())) >= 6:
            yield from _of_run(text, run, phones, insured)
    if "保険" in text or "被" in text or "介護" in text:
        yield from _insured(text)
    if "番号" in text:
        for pattern in (_SYMBOL, _RECIPIENT):
            for found in pattern.finditer(text):
                if pattern is _SYMBOL or checks(found["number"]):
                    yield Numbered(found.start(), found.end(), "insurer-number", frozenset())


def _of_run(
    text: str,
    run: re.Match[str],
    phones: Mapping[str, frozenset[int]],
    insured: Mapping[str, frozenset[int]],
) -> Iterator[Numbered]:
    groups = list(_GROUP.finditer(text, run.start(), run.end()))
    for first in range(len(groups)):
        number = ""
        for last in range(first, min(first + 6, len(groups))):
            number += groups[last].group()
            start, end = groups[first].start(), groups[last].end()
            if len(number) > 15:
                break
            if whose := phones.get(number):
                yield Numbered(start, end, "phone", whose)
            if whose := insured.get(number):
                yield Numbered(start, end, "insurer-number", whose)
            sizes = [len(group.group()) for group in groups[first : last + 1]]
            if sizes in ([12], [4, 4, 4]) and _is_own_number(text, start, end, number):
                yield Numbered(start, end, "my-number", frozenset())


def _is_own_number(text: str, start: int, end: int, number: str) -> bool:
    before = text[max(0, start - 24) : start]
    if _OWN_NUMBER.search(before):
        return True
    if _GOES_ON.match(text, end) or _BEGAN_BEFORE.search(before):
        return False  # part of something longer: of a UUID, an address, a serial number
    stamp = number[:2] in ("19", "20") and "01" <= number[4:6] <= "12"
    return not stamp and own_number_checks(number) and not _OTHER_LABEL.search(before)


def own_number_checks(number: str) -> bool:
    """Whether the twelfth digit is the check digit of an individual number."""
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(int(one) * weight for one, weight in zip(number, weights, strict=False)) % 11
    return int(number[11]) == (0 if rest <= 1 else 11 - rest) and len(set(number)) > 2


def checks(number: str) -> bool:
    """Whether the last digit of an insurer's or recipient's number is its check digit."""
    total = 0
    for at, one in enumerate(reversed(number[:-1])):
        product = int(one) * (2 if at % 2 == 0 else 1)
        total += product // 10 + product % 10
    return int(number[-1]) == (10 - total % 10) % 10


def _insured(text: str) -> Iterator[Numbered]:
    for label in _INSURED.finditer(text):
        found = _INSURED_NUMBER.match(text, label.end(), label.end() + 40)
        if found and found.start("number") - label.end() <= 18:
            between = text[label.end() : found.start("number")]
            if not _TO_CALL.search(between) and not _CALLED.match(text, found.end()):
                yield Numbered(found.start("number"), found.end(), "insurer-number", frozenset())
    for run in _RUN.finditer(text):
        number = digits(run.group())
        if len(number) != 10:
            continue
        before, after = (
            text[max(0, run.start() - 12) : run.start()],
            text[run.end() : run.end() + 12],
        )
        if re.match(r"\s*[(（]?\s*(?:が|は)?[^。\n\d]{0,3}(?:被保険者|被番)", after) or (
            _weak(before)
            and not _CALLED.match(after)
            and re.fullmatch(r"\d{10}|\d{4}\D?\d{3}\D?\d{3}", run.group())
        ):
            yield Numbered(run.start(), run.end(), "insurer-number", frozenset())
    if "介護" not in text:
        for found in _INSURER.finditer(text):
            if checks(found["number"]):
                yield Numbered(found.start("number"), found.end(), "insurer-number", frozenset())


def _weak(before: str) -> bool:
    return bool(_INSURED_WEAK.search(before)) and not _TO_CALL.search(before)
