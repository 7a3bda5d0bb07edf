"""How entries of a log become HTML: one rendering for all readers, made once per language.

What differs from reader to reader (one's own messages, one's own 了解, the counts as they go on)
is marked in the browser from data attributes, so that the live stream sends everybody the same
bytes. The template is made into a module once per language: its fixed words are looked up once.
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.template import engines
from django.utils import translation
from markupsafe import Markup, escape

from renkei.communication.reading import Entry
from renkei.kernel.clock import JAPAN
from renkei.people.faces import Face

LANGUAGES = ("ja", "en")


@cache
def _module(language: str) -> Any:
    """The template of entries with its words in one language."""
    with translation.override(language):
        environment = engines["jinja2"].env
        return environment.get_template("communication/entry.html").make_module()


@cache
def _filters() -> Any:
    return engines["jinja2"].env.filters


def language() -> str:
    """The language of the running request: "ja" or "en"."""
    return "en" if (translation.get_language() or "ja").startswith("en") else "ja"


@dataclass(slots=True)
class Line:
    """One entry, ready for the template: only text and numbers are left to put in place."""

    seq: int
    id: str
    date: str
    day: str  # the heading above it, if it is the first of its day
    unread: bool  # the first that was not read: the line 「ここから未読」 stands above it
    event: Markup | str
    withdrawn: Markup | str
    sender: str
    name: str
    head: Markup
    machine: str
    hour: str
    kind: str
    importance: str
    text: Markup | str
    version: int
    reply_to: int | None
    corrected: str
    corrected_moment: str
    understood: int | str
    by: str
    names: Markup | str
    read: int
    of: int
    replies: list["Line"]


class Rendering:
    """Renders entries of one group for one answer; holds faces and counts for that long."""

    def __init__(self, cursors: dict[UUID, int]) -> None:
        """Take how far each of today's members has read, by account."""
        self._module = _module(language())
        self._filters = _filters()
        self._of = len(cursors)
        self._cursors = sorted(cursors.values())
        self._read = cursors
        self._heads: dict[UUID, Markup] = {}
        self._days: dict[str, str] = {}

    def html(self, entries: list[Entry], *, first_unread: int = 0, headings: bool = True) -> Markup:
        """The entries one after the other, with the headings of their days.

        Args:
            first_unread: the number of the first entry not yet read, 0 if there is none.
        """
        lines = [self._line(entry) for entry in entries]
        if headings:
            self._mark(lines, entries, first_unread)
        rendered: Markup = self._module.messages(lines)
        return rendered

    def _mark(self, lines: list[Line], entries: list[Entry], first_unread: int) -> None:
        """Put the headings where a new day begins, and the line where the unread begin."""
        date, waiting = "", bool(first_unread)
        for line, entry in zip(lines, entries, strict=True):
            if line.date != date:
                date = line.date
                line.day = self._filters["day"](entry.sent_at)
            if waiting and line.seq >= first_unread:
                line.unread, waiting = True, False

    def readers(self, seq: int, sender: UUID) -> int:
        """How many of the members have read up to this entry; its author counts."""
        read = self._of - bisect_left(self._cursors, seq)
        return read + (self._read.get(sender, seq) < seq)

    def _head(self, face: Face) -> Markup:
        key = face.role or face.account
        found = self._heads.get(key)
        if found is None:
            found = self._heads[key] = self._module.author(face)
        return found

    def _line(self, entry: Entry) -> Line:
        at = entry.sent_at.astimezone(JAPAN)
        machine = at.isoformat(timespec="minutes")
        sender = entry.sender
        understood = entry.understood
        corrected = entry.corrected_at
        return Line(
            seq=entry.seq,
            id=str(entry.id),
            date=machine[:10],
            day="",
            unread=False,
            event=self._event(entry) if entry.event else "",
            withdrawn=self._withdrawal(entry) if entry.withdrawn_at else "",
            sender=sender.account.hex,
            name=sender.name,
            head=self._head(sender),
            machine=machine,
            hour=self._filters["moment"](at) if entry.reply_to else f"{at.hour}:{machine[14:16]}",
            kind=entry.kind,
            importance=entry.importance,
            text=self._filters["paragraphs"](entry.text) if entry.text and not entry.event else "",
            version=entry.version,
            reply_to=entry.reply_to,
            corrected=corrected.astimezone(JAPAN).isoformat(timespec="minutes") if corrected else "",
            corrected_moment=self._filters["moment"](corrected) if corrected else "",
            understood=len(understood) or "",
            by=" ".join([face.account.hex for face in understood]) if understood else "",
            names=_family_names(understood) if understood else "",
            read=self.readers(entry.seq, sender.account),
            of=self._of,
            replies=[self._line(reply) for reply in entry.replies] if entry.replies else [],
        )

    def _event(self, entry: Entry) -> Markup:
        who = self._module.named(entry.sender)
        whom = self._module.named(entry.subject) if entry.subject else who
        said: Markup = self._module.event(entry.event, who, whom, entry.text)
        return said

    def _withdrawal(self, entry: Entry) -> Markup:
        who = self._module.named(entry.sender)
        said: Markup = self._module.withdrawal(who, entry.withdrawn_at, entry.withdrawal_reason)
        return said


def _family_names(faces: list[Face]) -> Markup:
    """「森田・山﨑・齋藤」; in full where two of one family name are among them."""
    families = [face.family_name for face in faces]
    shown = [
        face.name if families.count(family) > 1 else family
        for face, family in zip(faces, families, strict=True)
    ]
    return Markup("・").join(escape(name) for name in shown)
