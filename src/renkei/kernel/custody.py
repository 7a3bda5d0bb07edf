"""The master key in the hands of custodians: three sheets of words, of which any two bring it back.

While it is in custody it lies on no disk of the machine; the server has it in memory only. What
stays is a note without a secret: which key the sheets are of, and when they were made.

Source: SLIP-39 (Shamir's secret sharing for mnemonic codes), one group, two of three.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import orjson
import shamir_mnemonic
from shamir_mnemonic.share import Share
from shamir_mnemonic.utils import MnemonicError
from shamir_mnemonic.wordlist import WORDLIST

from renkei.kernel import clock, durable, master

NEEDED, MADE = 2, 3
WORDS = 33  # on a sheet, for a key of 256 bits
_KNOWN = set(WORDLIST)
_BY_START = {word[:4]: word for word in WORDLIST}  # the first four letters tell them apart


@dataclass(frozen=True, slots=True)
class SheetSet:
    """Which sheets belong together; nothing of it is secret."""

    fingerprint: str  # of the master key
    identifier: int  # the same on the sheets of one set
    made_on: str  # ISO date, in Japan


class SheetProblem(Exception):
    """A sheet cannot be used. Never says which words stood there."""


class UnknownWord(SheetProblem):
    """A word that is on no sheet; ``place`` counts from 1."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class WrongCount(SheetProblem):
    """Not as many words as a sheet has."""


class WrongChecksum(SheetProblem):
    """All are words of the list, but one is not the one that was written down."""


class OtherSheets(SheetProblem):
    """A sheet of another installation, or one made before the key was changed."""


class SameSheet(SheetProblem):
    """The same sheet twice."""


def whole_word(letters: str) -> str | None:
    """The word that is written so, or whose first four letters these are; None if there is none."""
    word = letters.lower()
    return word if word in _KNOWN else _BY_START.get(word)


def split(key: bytes) -> tuple[SheetSet, list[list[str]]]:
    """Three sheets for a master key; every two of them were put together again as a proof."""
    lines = shamir_mnemonic.generate_mnemonics(1, [(NEEDED, MADE)], key)[0]
    if any(shamir_mnemonic.combine_mnemonics(two) != key for two in combinations(lines, NEEDED)):
        raise RuntimeError("the sheets do not make the key")
    identifier = Share.from_mnemonic(lines[0]).identifier
    made_on = clock.today().isoformat()
    sheets = [line.split() for line in lines]
    return SheetSet(master.fingerprint(key), identifier, made_on), sheets


class Sheets:
    """The sheets custodians bring, one after the other, until the key is together."""

    def __init__(self, expected: Sequence[SheetSet]) -> None:
        self._expected = {one.identifier: one for one in expected}
        self._shares: list[Share] = []

    def __repr__(self) -> str:
        return f"<{len(self._shares)} sheets>"

    def add(self, words: Sequence[str]) -> int:
        """Take a sheet; its number, from 1.

        Raises:
            SheetProblem: it cannot be used; the sheets before it stay.
        """
        share = _share(words)
        if share.group_count != 1 or share.member_threshold != NEEDED:
            raise OtherSheets
        if self._expected and share.identifier not in self._expected:
            raise OtherSheets
        if self._shares and self._shares[0].common_parameters() != share.common_parameters():
            raise OtherSheets
        if share.index in {one.index for one in self._shares}:
            raise SameSheet
        self._shares.append(share)
        return int(share.index) + 1

    def key(self) -> bytes:
        """The master key.

        Raises:
            OtherSheets: the sheets do not make the key they should.
        """
        try:
            key = bytes(shamir_mnemonic.combine_mnemonics(one.mnemonic() for one in self._shares))
        except MnemonicError:
            raise OtherSheets from None
        wanted = self._expected.get(self._shares[0].identifier)
        if wanted and wanted.fingerprint != master.fingerprint(key):
            raise OtherSheets
        return key


def _share(words: Sequence[str]) -> Share:
    whole = []
    for place, word in enumerate(words, start=1):
        found = whole_word(word)
        if found is None:
            raise UnknownWord(place)
        whole.append(found)
    if len(whole) != WORDS:
        raise WrongCount
    try:
        return Share.from_mnemonic(" ".join(whole))
    except MnemonicError:  # its words would repeat those of the sheet
        raise WrongChecksum from None


def together(sheets: Sequence[Sequence[str]], expected: Sequence[SheetSet]) -> bytes:
    """The master key that these sheets make; the errors of ``Sheets``."""
    if len(sheets) != NEEDED:
        raise WrongCount
    collected = Sheets(expected)
    for words in sheets:
        collected.add(words)
    return collected.key()


# ── The note ─────────────────────────────────────────────────────────────────────────────────────


def note() -> list[SheetSet]:
    """The sets of sheets that open; the one in force first, a second while the key is changed."""
    try:
        return [
            SheetSet(**one) for one in orjson.loads(master.custody_file().read_bytes())["sheets"]
        ]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []  # lost or damaged: then the key store alone says whether the sheets are right


def write_note(sets: Sequence[SheetSet]) -> None:
    """Note, durably, which sheets open."""
    content = {"needed": NEEDED, "made": MADE, "sheets": [asdict(one) for one in sets]}
    durable.put(master.custody_file(), orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def keep_only(fingerprint: str) -> None:
    """Note that only the sheets of this key open."""
    write_note([one for one in note() if one.fingerprint == fingerprint])


def begin(made: SheetSet) -> None:
    """Give the key into custody: from here on it is on the sheets and on no disk of this machine.

    If the machine dies in between, the key file still counts.
    """
    write_note([made])
    durable.wipe(master.master_key_file())


def end(key: bytes) -> None:
    """Put the key file back; the sheets are worth nothing to the program from here on."""
    master.write([key])
    durable.wipe(master.custody_file())
