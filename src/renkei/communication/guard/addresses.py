"""Addresses of patients in a text: the town with its block, in any of the ways to number them."""

import re
from dataclasses import dataclass

from renkei.communication.guard.folding import fold
from renkei.communication.guard.numerals import NUMBER, value

_REGION = re.compile(
    r"^(?:〒?\s*\d{3}-?\d{4}\s*)?(?:東京都|北海道|(?:京都|大阪)府|[^0-9\s]{2,3}県)?"
    r"(?:[^0-9市区]{1,5}郡[^0-9]{1,6}?[町村]|[^0-9]{1,7}?市)?(?:[^0-9\s]{1,4}区)?\s*(?:大字|字)?"
)
_KANJI_COUNT = (
    r"[一二三四五六七八九十]{1,3}(?=\s*(?:丁目|番|号|条|の[一二三四五六七八九十\d]|[-‐‑–—−ー]))"
)
_FIRST = re.compile(rf"\d|{_KANJI_COUNT}")
_UNIT = r"\s*(丁目|丁|番地の|番地|番の|番|号|[-‐‑‒–—―−ーの之ノ/・])\s*"
_COUNT = re.compile(NUMBER)
_JOIN = re.compile(_UNIT)
_ROOM = re.compile(r"(?:\s*[-‐−ー#第]?\s*(\d{1,4})\s*(?:号室|号棟|号館|棟|号|室|f|階)?)")
_HOUSE = re.compile(
    r"\s?[のに「(]?[^。、\n\s隣近横向裏前方様宅さ]{0,10}?(?:薬局|医院|クリニック|病院|診療所|歯科|ステーション|事業所|会館|公民館|公園"
    r"|センター|デイサービス|店|役所|学校|保育園|幼稚園|事務所)"
)
_TOWN_END = re.compile(rf"[町台坂丘通前野橋浜原谷沢山里園]\s*(?={NUMBER}{_UNIT})")
_KANA_BEFORE = re.compile(r"[ぁ-んァ-ヶー]{2,10}$")


@dataclass(frozen=True, slots=True)
class Address:
    """An address of a roster in what can be compared."""

    town: str  # key
    ending: str  # 町, 台 …: the last character of the town
    blocks: tuple[int, ...]
    in_chome: bool
    building: str  # key; empty: none
    rooms: tuple[int, ...]


def blocks_at(plain: str, at: int) -> tuple[tuple[int, ...], int, str]:
    """The numbers that stand there, 二丁目3番4号 is (2, 3, 4); where they end; the last unit."""
    found: list[int] = []
    end, unit = at, ""
    while len(found) < 5 and (number := _COUNT.match(plain, end)):
        found.append(value(number.group()))
        end, unit = number.end(), ""
        joined = _JOIN.match(plain, end)
        if joined is None:
            break
        unit = joined[1]
        if not _COUNT.match(plain, joined.end()):
            if unit[0] in "丁番号":
                end = joined.end(1)
            break
        end = joined.end()
    return tuple(found), end, unit


def address_of(text: str) -> Address | None:
    """An address of a roster; None if no town with a number is seen in it."""
    plain = fold(text).plain.strip()
    region = _REGION.match(plain)
    rest = plain[region.end() :] if region else plain
    first = _FIRST.search(rest)
    if first is None or not first.start():
        return None
    town = rest[: first.start()].strip()
    blocks, end, _ = blocks_at(rest, first.start())
    building, rooms = _building(rest[end:])
    key = fold(town).key
    if not blocks or not key:
        return None
    return Address(key, town[-1], blocks, "丁目" in rest or len(blocks) > 2, building, rooms)


def _building(rest: str) -> tuple[str, tuple[int, ...]]:
    rest = rest.strip(" 、,-")
    named = re.match(r"\D{2,}", rest)
    if named is None:
        return "", ()
    rooms = tuple(int(one) for one in re.findall(r"\d{1,4}", rest[named.end() :]))
    return fold(named.group()).key, rooms


def same_block(written: tuple[int, ...], unit: str, address: Address) -> bool:
    """Whether the numbers reach the block of the address and do not leave it."""
    common = min(len(written), len(address.blocks))
    if written[:common] != address.blocks[:common]:
        return False
    if len(address.blocks) == 1:
        return True
    if common == 1:
        return not address.in_chome and unit.startswith("番")
    return common >= 2


def of_a_house(plain: str, at: int) -> bool:
    """Whether the address is said to be that of an organization, and nobody's home."""
    return _HOUSE.match(plain, at) is not None


def rooms_at(plain: str, at: int) -> tuple[tuple[int, ...], int]:
    """The numbers of rooms after the name of a building, and where they end."""
    rooms: list[int] = []
    end = at
    while len(rooms) < 3 and (found := _ROOM.match(plain, end)):
        rooms.append(int(found[1]))
        end = found.end()
    return tuple(rooms), end


def kana_towns(plain: str) -> list[tuple[int, str, tuple[int, ...], int]]:
    """Towns written in kana with a number: start, last character, numbers, end."""
    found = []
    for town in _TOWN_END.finditer(plain):
        kana = _KANA_BEFORE.search(plain, max(0, town.start() - 10), town.start())
        if kana:
            blocks, end, _ = blocks_at(plain, town.end())
            if len(blocks) > 2:
                found.append((kana.start(), plain[town.start()], blocks, end))
    return found
