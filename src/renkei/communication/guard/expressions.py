"""The expressions of an emergency and the signs of one, looked for in a text in one pass.

They stand in ``emergencies/``, a file for each kind, and the signs, with what each weighs, in
``emergencies/signs/``. Each begins a line; what is indented goes on with the line before, and #
begins a remark. A name in <> stands for the alternatives given to it with =; … for up to eight
characters within the sentence, ‥ for up to eight and ‥‥ for up to fourteen within the clause, NOT
for ない, ません and the like. Each begins with letters that stand in the text as they are; an
automaton finds those, and only there is the expression tried.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick

KINDS: Final = (
    "consciousness",
    "breathing",
    "choking",
    "chest",
    "stroke",
    "convulsion",
    "bleeding",
    "head-injury",
    "anaphylaxis",
    "abdomen",
    "poison-heat",
    "suicide",
    "hypoglycemia",
    "device-trouble",
    "calling",
    "death",
)
_FOLDER: Final = Path(__file__).parent / "emergencies"
_NAME = re.compile(r"<(\w+)>(?! *=)")
_GIVEN = re.compile(r"<(\w+)> *= *(.*)")
_GAPS: Final = {"…": r"[^。\n]{0,8}?", "‥‥": r"[^。、\n]{0,14}?", "‥": r"[^。、\n]{0,8}?"}
_NOT = r"(?:ない|なく|なし|無し|ません|(?<=[せらかまわえけれめきじ])ず(?!つ)|へん|ねえ|ん(?:。|$|、|って|と|」|ねん|わ|のや|で(?:す|、)|やろ|なあ))"
_PARTICLES = re.compile(r"\(\?:(?:[がはもをにの]\|)+[がはもをにの]\)\??")
# What may stand after a particle and says nothing of its own.
_ADVERBS: Final = "|".join(
    [
        r"時々",
        r"ときどき",
        r"時折",
        r"\d+秒(?:ほど|くらい|近く)?",
        r"みるみる",
        r"次第に",
        r"しだいに",
        r"だんだん",
        r"どんどん",
        r"徐々に",
        r"さらに",
        r"まだ",
        r"ずっと",
        r"もう",
        r"一時的に",
        r"何度も",
        r"急に",
        r"突然",
        r"一気に",
        r"相当",
        r"だいぶ",
        r"ものすごく",
        r"本当に",
        r"とても",
        r"すごく",
        r"かなり",
        r"ひどく",
        r"非常に",
        r"大変",
        r"やや",
        r"少し",
        r"ちょっと",
        r"なんだか",
        r"全く",
        r"まったく",
        r"ほとんど",
        r"全然",
        r"うまく",
    ]
)


class Expression(NamedTuple):
    """A line made ready: a kind of emergency, or a sign, what it is a sign of, and what it weighs."""

    kind: str  # empty: a sign
    about: str
    weight: int
    pattern: re.Pattern[str]


class Found(NamedTuple):
    """Where a line stands in a text."""

    start: int
    end: int
    expression: Expression


def _first_group(expression: str) -> tuple[list[str], int]:
    """The alternatives of the group that an expression begins with, and where it ends; 0: none."""
    if not expression.startswith("(?:"):
        return [expression], 0
    depth, begun, alternatives = 0, 3, []
    for at, one in enumerate(expression):
        depth += (one == "(") - (one == ")")
        if (one == "|" and depth == 1) or depth == 0:
            alternatives.append(expression[begun:at])
            begun = at + 1
        if depth == 0:
            return alternatives, at + 1
    raise ValueError(expression)


def _stems(expression: str) -> tuple[list[str], str]:
    """The letters that an expression may begin with, and it without what may be left out before."""
    starts, end = _first_group(expression)
    while expression[end : end + 1] == "?":
        expression = expression[end + 1 :]
        starts, end = _first_group(expression)
    return [letters for start in starts for letters in _letters(start)], expression


def _letters(start: str) -> list[str]:
    """The letters that one alternative begins with; those of a group, if it begins with one."""
    found = re.match(r"(?:[^([.?*+\\|…‥N](?![?*]))*", start)
    if found and found.group():
        return [found.group()]
    starts, end = _first_group(start)
    assert end, start
    return [letters for one in starts for letters in _letters(one)]


def _written(file: Path) -> list[str]:
    """The expressions of a file, each in one piece and with the names in <> given out."""
    found: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line[:1].isspace():
            found[-1] += line.strip()
        elif line and not line.startswith("#"):
            found.append(line)
    names: dict[str, str] = {}
    written = []
    for line in found:
        line = _NAME.sub(
            lambda name: f"(?:{names[name[1]]})" if name[1] in names else name[0], line
        )
        if given := _GIVEN.match(line):
            names[given[1]] = given[2]
        else:
            written.append(line)
    return written


def _lines() -> Iterator[tuple[str, str, int, str]]:
    for kind in KINDS:
        for line in _written(_FOLDER / f"{kind}.txt"):
            yield kind, "", 0, line
    for file in sorted((_FOLDER / "signs").glob("*.txt")):
        about = ""
        for line in _written(file):
            if line.startswith("["):
                about = line.strip("[]")
            else:
                weight, _, sign = line.partition(" ")
                yield "", about, int(weight), sign


def _and_adverbs(particles: re.Match[str]) -> str:
    """The particles, or the pause of somebody in a hurry (息、弱いです), with adverbs after them."""
    return f"{particles.group().replace('(?:', '(?:、|', 1)}(?:{_ADVERBS})*"


def _compiled() -> tuple[AhoCorasick, list[list[Expression]]]:
    table: dict[str, list[Expression]] = defaultdict(list)
    for kind, about, weight, line in _lines():
        stems, written = _stems(line)
        written = _PARTICLES.sub(_and_adverbs, written)
        written = re.sub(r"…(?=(?:\(\?:)?NOT)", r"[^。、\\n]{0,6}?", written)
        written = written.replace("NOT", _NOT)
        for gap, stretch in _GAPS.items():
            written = written.replace(gap, stretch)
        expression = Expression(kind, about, weight, re.compile(written))
        for stem in stems:
            table[stem].append(expression)
    return AhoCorasick(list(table)), list(table.values())


_AUTOMATON, _EXPRESSIONS = _compiled()
_MOST: Final = (
    500  # words that are looked at in one text: nobody's draft may hold up everybody else
)


def found_in(text: str) -> Iterator[Found]:
    """The lines that stand in the text."""
    for which, start, _ in _AUTOMATON.find_matches_as_indexes(text, overlapping=True)[:_MOST]:
        for expression in _EXPRESSIONS[which]:
            if match := expression.pattern.match(text, start):
                yield Found(start, match.end(), expression)
