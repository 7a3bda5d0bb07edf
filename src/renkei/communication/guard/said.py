"""What a text says in one place: words, what follows them in their clause, the sentence around."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

# A polite predicate is the end of a sentence, also where nothing is written between it and the next.
_SENTENCE_END = re.compile(
    r"""
    [。!?\n]
    |(?<=[^\d])\.(?=[^\d]|$)
    |(?:
        です|ます|ました|ません|でした
    )(?=[^がかけのしよねとっも、。」』)んでらゆわさなねぐ時際場様方中前後\n])
    """,
    re.X,
)
_CLAUSE_END = re.compile(r"[。!?\n、,]")
# Spaces of a hurried writer, where a predicate stands before: as good as a full stop.
PAUSE = re.compile(
    r"""
    [^\S\n](?:
        (?<=です.)
        |(?<=ます.)
        |(?<=した.)
        |(?<=せん.)
        |(?<=てる.)
        |(?<=ない.)
        |(?<=った.)
        |(?<=んだ.)
        |(?<=すよ.)
        |(?<=いた.)
    )
    """,
    re.X,
)
_FAR: Final = 200  # characters to either side that a sentence is looked at
_CANNOT = (
    "ら",
    "か",
    "話せ",
    "べれ",
    "喋れ",
    "立て",
    "歩け",
    "上がれ",
    "見え",
    "吸え",
    "飲め",
    "使え",
    "動け",
    "られ",
    "持て",
    "握れ",
    "座れ",
    "聞き取れ",
)
_PART_OF_IT = re.compile(
    r"ない|ません|ず(?:に)?|なく(?:なり|なって|なった)?|ん(?=。|$)"
)  # 止まら|ない
_NOUNS = frozenset(("けいれん", "ひきつけ", "ケイレン", "冷や汗", "いたみ"))


@dataclass(frozen=True, slots=True)
class Said:
    """Words in a text with what follows in their clause, and the sentence around them."""

    text: str
    start: int
    end: int
    first: int  # of the sentence
    last: int
    rest: str  # of the clause, after the words

    @property
    def words(self) -> str:
        """The words themselves."""
        return self.text[self.start : self.end]

    @property
    def sentence(self) -> str:
        """The sentence they stand in."""
        return self.text[self.first : self.last]

    @property
    def begun(self) -> str:
        """The sentence before them."""
        return self.text[self.first : self.start]

    @property
    def is_noun(self) -> bool:
        """Whether they end as a noun does, so that what follows may deny it: 胸痛|なし."""
        last = self.text[self.end - 1]
        return not "ぁ" <= last <= "ゖ" or last in "さみ" or self.words in _NOUNS


def sentence_ends(text: str) -> list[int]:
    """Where the sentences of a text end."""
    return [end.end() for end in _SENTENCE_END.finditer(text)]


def sentence_at(text: str, at: int, ends: list[int]) -> tuple[int, int]:
    """Where the sentence begins and ends that holds the place."""
    after = bisect_right(ends, at)
    first = max(ends[after - 1] if after else 0, at - _FAR)
    last = min(ends[after] if after < len(ends) else len(text), at + _FAR)
    return first, last


def said_at(text: str, start: int, end: int, ends: list[int]) -> Said:
    """The words there, up to where they truly end: 止まら|ない, 苦し|さ, 痛|み."""
    first, last = sentence_at(text, start, ends)
    last = max(last, end)
    if text[start:end].endswith(_CANNOT) and (part := _PART_OF_IT.match(text, end)):
        end = part.end()
    clause_end = _CLAUSE_END.search(text, end, last)
    rest = text[end : min(clause_end.start() if clause_end else len(text), last)]
    if rest[:1] in ("さ", "み") and rest[1:2] in ("は", "が", "も", "の", "を", "、"):
        end, rest = end + 1, rest[1:]
    return Said(text, start, end, first, last, rest)
