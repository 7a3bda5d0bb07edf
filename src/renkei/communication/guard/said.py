"""What a text says in one place: words, what follows them in their clause, the sentence around."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

# A polite predicate is the end of a sentence, also where nothing is written between it and the next.
_SENTENCE_END = re.compile(
    r"""
    (?=[。!?\n.でま])(?:
        [。!?\n]
        |(?<=[^\d])\.(?=[^\d]|$)
        |(?:
            です|ます|ました|ません|でした
        )(?=[^がかけのしよねとっも、。」』)んでらゆわさなねぐ時際場様方中前後\n])
    )
    """,
    re.X,
)
_CLAUSE_END = re.compile(r"[。!?\n、,]|\+\)?")  # 胸痛(+) is a clause, whatever follows
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
    "足り",
    "追いつ",
    "追いつけ",
    "てこ",
    "出せ",
    "通せ",
    "起こせ",
    "動かせ",
    "覚め",
    "つかめ",
    "言え",
    "書け",
    "読め",
    "答え",
    "直せ",
)
_PART_OF_IT = re.compile(
    r"ない|ません|ず(?:に)?|なく(?:なり|なって|なった)?|ん(?=。|$)"
)  # 止まら|ない
_MADE_NOUN = re.compile(
    r"[さみ](?=[はがものを、やと])|[りれきえけ](?=[はがものを]|や(?!す)|な[しく])"
)
_NOUN_ENDS = ("腫れ", "しびれ", "震え", "ふるえ", "めまい", "いびき", "もつれ", "こわばり")
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
    made_noun: bool  # 苦し|さ, 痛|み, 腫|れ
    known: dict[tuple[int, re.Pattern[str]], list[re.Match[str]]]  # of the text's sentences

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

    def around(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """Where the pattern stands in the sentence and does not touch the words; looked for once."""
        start, end = self.start - self.first, self.end - self.first
        return [one for one in self.whole(pattern) if one.end() <= start or one.start() >= end]

    def whole(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """Where the pattern stands in the sentence; looked for once."""
        key = (self.first, pattern)
        if key not in self.known:
            self.known[key] = list(pattern.finditer(self.sentence))
        return self.known[key]

    @property
    def is_noun(self) -> bool:
        """Whether they end as a noun does, so that what follows may deny it: 胸痛|なし."""
        last = self.text[self.end - 1]
        return self.made_noun or not "ぁ" <= last <= "ゖ" or last in "さみ" or self.words in _NOUNS


def sentence_ends(text: str) -> list[int]:
    """Where the sentences of a text end."""
    return [end.end() for end in _SENTENCE_END.finditer(text)]


def sentence_at(text: str, at: int, ends: list[int]) -> tuple[int, int]:
    """Where the sentence begins and ends that holds the place."""
    after = bisect_right(ends, at)
    first = max(ends[after - 1] if after else 0, at - _FAR)
    last = min(ends[after] if after < len(ends) else len(text), at + _FAR)
    return first, last


def said_at(
    text: str,
    start: int,
    end: int,
    ends: list[int],
    known: dict[tuple[int, re.Pattern[str]], list[re.Match[str]]],
) -> Said:
    """The words there, up to where they truly end: 止まら|ない, 苦し|さ, 痛|み."""
    first, last = sentence_at(text, start, ends)
    last = max(last, end)
    if text[start:end].endswith(_CANNOT) and (part := _PART_OF_IT.match(text, end)):
        end = part.end()
    clause_end = _CLAUSE_END.search(text, end, last)
    rest = text[end : min(clause_end.start() if clause_end else len(text), last)]
    noun = _MADE_NOUN.match(rest)
    named = text[start:end].endswith(_NOUN_ENDS) and rest[:1] in ("は", "が", "も", "の")
    if noun:
        end, rest = end + noun.end(), rest[noun.end() :]
    return Said(text, start, end, first, last, rest, noun is not None or named, known)
