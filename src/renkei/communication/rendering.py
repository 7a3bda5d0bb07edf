"""How entries of a log become HTML: one rendering for all readers, made once per language.

What differs from reader to reader (one's own messages, one's own 了解, the counts as they go on)
is marked in the browser from data attributes, so that the live stream sends everybody the same
bytes. The template is made into a module once per language: its fixed words are looked up once.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import timedelta, timezone
from functools import cache
from secrets import token_hex
from typing import Any, NamedTuple
from uuid import UUID

from django.template import engines
from django.utils import translation
from markupsafe import Markup

from renkei.communication.entries import Entry, Named
from renkei.communication.observations import readings
from renkei.kernel import clock
from renkei.kernel.html import html, place
from renkei.people.faces import Face

LANGUAGES = ("ja", "en")
_HOLE = token_hex()  # where something is put in later: nobody can have written it
_JAPAN = timezone(timedelta(hours=9))  # cheaper than the time zone of that name, and the same


def _environment() -> Any:
    engine: Any = engines["jinja2"]
    return engine.env


@cache
def _module(language: str) -> Any:
    """The template of entries with its words in one language."""
    with translation.override(language):
        return _environment().get_template("communication/entry.html").make_module()


def language() -> str:
    """The language of the running request: "ja" or "en"."""
    return "en" if (translation.get_language() or "ja").startswith("en") else "ja"


class Author(NamedTuple):
    """Who wrote a message, as HTML like everything in a line."""

    account: str
    name: str
    work: str  # profession and organization
    tone: int  # the colour behind the initial
    initial: str
    photo: str  # the address of the photo, empty without one


class Line(NamedTuple):
    """One entry, ready for the template. What people wrote is escaped here: all of it is HTML."""

    seq: int
    id: str
    date: str
    clock: bool  # the server's clock was set back before it: words above it say so
    event: str
    withdrawn: str
    author: "Author"
    machine: str
    hour: str
    kind: str
    importance: str
    text: str
    reply_to: int | None
    corrected: str
    files: str  # what goes with it: vital signs, files
    meant: str  # the accounts it means, with spaces between, or "all"
    to: str  # who is meant, in words


class Rendering:
    """Renders entries of one group for one answer; holds faces and counts for that long."""

    def __init__(self, cursors: dict[UUID, int]) -> None:
        """Take how far each of today's members has read, by account."""
        self._module = _module(language())
        self._filters = _environment().filters
        self._of = len(cursors)
        self._cursors = sorted(cursors.values())
        self._read = {account.int: seq for account, seq in cursors.items()}
        self._paragraphs = self._filters["paragraphs"]
        self._authors: dict[int, Author] = {}  # by the number of role or account
        self._form = language(), clock.today().year  # days of other years are written with theirs

    def html(
        self, entries: Sequence[Entry], *, first_unread: int = 0, headings: bool = True
    ) -> Markup:
        """The entries one after the other, with the headings of their days.

        Args:
            first_unread: the number of the first entry not yet read, 0 if there is none.
        """
        pieces: list[str] = []
        last, waiting = None, bool(first_unread)
        for entry in entries:
            if headings:
                date = entry.sent_at.astimezone(_JAPAN).date()
                unread = waiting and entry.seq >= first_unread
                if unread or date != last:
                    day = self._filters["day"](date) if date != last else ""
                    pieces.append(self._module.heading(date.isoformat(), day, unread))
                    last, waiting = date, waiting and not unread
            pieces.append(self._article(entry))
        return Markup("".join(pieces))

    def _article(self, entry: Entry) -> str:
        """One entry and its answers. Of one that is kept, only what goes on is put in anew."""
        replies = "".join([self._article(one) for one in entry.replies]) if entry.replies else ""
        understood, forms = entry.understood, entry.forms
        by, count, names = _understanding(understood) if understood else ("", "", "")
        read, of = self.readers(entry.seq, entry.sender.account), self._of
        if forms is None:
            line = self._line(entry)
            return str(self._module.article(line, replies, by, count, read, of, names))
        parts = forms.get((self._form, names != ""))
        if parts is None:
            holes = (_HOLE, _HOLE, _HOLE, _HOLE, _HOLE, _HOLE if names else "")
            parts = str(self._module.article(self._line(entry), *holes)).split(_HOLE)
            parts += [""] * (7 - len(parts))
            forms[self._form, names != ""] = parts
        a, b, c, d, e, f, g = parts
        return f"{a}{replies}{b}{by}{c}{count}{d}{read}{e}{of}{f}{names}{g}"

    def readers(self, seq: int, sender: UUID) -> int:
        """How many of the members have read up to this entry; its author counts."""
        read = self._of - bisect_left(self._cursors, seq)
        return read + (self._read.get(sender.int, seq) < seq)

    def _author(self, face: Face) -> Author:
        """The author of a message, made once for all their messages."""
        key = (face.role or face.account).int
        found = self._authors.get(key)
        if found is None:
            joint = "・" if face.profession and face.organization else ""
            found = self._authors[key] = Author(
                face.account.hex,
                html(face.name),
                f"{html(face.profession + joint)}{place(face.organization)}",
                face.hue % 4 + 1,
                html(face.initial),
                f"/people/{face.account}/photo?v={face.photo}" if face.photo else "",
            )
        return found

    def _line(self, entry: Entry) -> Line:
        at = entry.sent_at.astimezone(_JAPAN)
        machine = at.isoformat(timespec="minutes")
        plain = not entry.event and not entry.withdrawn_at
        words = entry.words
        text = self._paragraphs(words) if plain and words else ""
        if entry.damaged:  # so that nobody takes the sentence for what was said
            text = str(self._module.damaged(entry.text))
        return Line(
            entry.seq,
            str(entry.id),
            machine[:10],
            entry.clock_back,
            self._event(entry) if entry.event else "",
            self._withdrawal(entry) if entry.withdrawn_at else "",
            self._author(entry.sender),
            machine,
            self._filters["moment"](at) if entry.reply_to else machine[11:16].removeprefix("0"),
            entry.kind,
            entry.importance,
            text,
            entry.reply_to,
            str(self._module.corrected_at(entry.corrected_at)) if entry.corrected_at else "",
            self._beside(entry),
            _accounts(entry.meant) if entry.meant else "",
            str(self._module.meant(entry.meant)) if entry.meant else "",
        )

    def _beside(self, entry: Entry) -> str:
        """What goes with a message: the vital signs it brings, and its files."""
        shown = ""
        if entry.observed is not None:
            values = readings(entry.observed)
            shown = str(self._module.vitals(entry.observed, values, entry.sent_at))
        return shown + (str(self._module.files(entry.attachments)) if entry.attachments else "")

    def _event(self, entry: Entry) -> str:
        who = self._module.named(entry.sender)
        whom = self._module.named(entry.subject) if entry.subject else who
        return str(self._module.event(entry.event, who, whom, entry.text))

    def _withdrawal(self, entry: Entry) -> str:
        who = self._module.named(entry.hidden_by or entry.sender)
        if entry.hidden_by:
            return str(self._module.hiding(who, entry.withdrawn_at, entry.withdrawal_reason))
        return str(self._module.withdrawal(who, entry.withdrawn_at, entry.withdrawal_reason))


def _accounts(meant: Sequence[Named]) -> str:
    """Whom a message means, for the browser to tell whether one is among them."""
    if any(not one.faces for one in meant):
        return "all"
    return " ".join(dict.fromkeys(face.account.hex for one in meant for face in one.faces))


def _understanding(faces: Sequence[Face]) -> tuple[str, str, str]:
    """Who has understood a message: their accounts, how many they are, their names."""
    return " ".join([face.account.hex for face in faces]), str(len(faces)), _family_names(faces)


def _family_names(faces: Sequence[Face]) -> str:
    """「森田・山﨑・齋藤」; in full where two of one family name are among them."""
    families = [face.family_name for face in faces]
    shown = [
        face.name if families.count(family) > 1 else family
        for face, family in zip(faces, families, strict=True)
    ]
    return "・".join(html(name) for name in shown)
