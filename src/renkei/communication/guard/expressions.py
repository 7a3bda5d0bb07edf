"""The expressions of an emergency and the signs of one, looked for in a text in one pass.

Each line begins with letters that stand in the text as they are; an automaton finds those, and only
there is the line tried.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick

from renkei.communication.guard.emergency_words import EXPRESSIONS
from renkei.communication.guard.signs import SIGNS

_NOT = r"(?:ない|なく|なし|無し|ません|(?<=[せらかまわえけれめきじ])ず(?!つ)|まへん|ねえ|ん(?:。|$|、))"
_PARTICLES = re.compile(r"\(\?:(?:[がはもをにの]\|)+[がはもをにの]\)\??")
_ADVERBS = (
    r"(?:時々|\d+秒(?:ほど|くらい|近く)?|ときどき|時折|みるみる|次第に|しだいに|まだ|相当|だいぶ|ものすごく|一気に|本当に|とても|すごく|かなり|急に|少し|ひどく|だんだん|突然|ずっと|非常に|大変|なんだか|やや|どんどん|徐々に|さらに|全く"
    "|まったく|ほとんど|うまく|全然|もう|一時的に|何度も|ちょっと)*"
)


class Expression(NamedTuple):
    """A line made ready: a kind of emergency, or a sign and what it weighs."""

    kind: str  # empty: a sign
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
    literal = [re.match(r"(?:[^([.?*+\\|…N](?![?*]))*", start) for start in starts]
    stems = [found.group() for found in literal if found is not None]
    assert all(stems), expression
    return stems, expression


def _lines() -> Iterator[tuple[str, int, str]]:
    for kind, lines in EXPRESSIONS.items():
        for line in lines.strip().splitlines():
            yield kind, 0, line
    for line in SIGNS.strip().splitlines():
        weight, _, sign = line.partition(" ")
        yield "", int(weight), sign


def _compiled() -> tuple[AhoCorasick, list[list[Expression]]]:
    table: dict[str, list[Expression]] = defaultdict(list)
    for kind, weight, line in _lines():
        stems, written = _stems(line)
        written = _PARTICLES.sub(lambda found: found.group() + _ADVERBS, written)
        written = re.sub(r"…(?=(?:\(\?:)?NOT)", r"[^。、\\n]{0,6}?", written)
        written = written.replace("…", r"[^。\n]{0,8}?").replace("NOT", _NOT)
        expression = Expression(kind, weight, re.compile(written))
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
