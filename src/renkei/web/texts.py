"""Long texts for people: the policy with an anchor per provision, and the residents' page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

from renkei.kernel.japanese import wareki
from renkei.region.disclosures import PublicPolicy, PublicRegion
from renkei.region.wording import SYSTEM, TEXTS, fill, unmarked

_CLAUSE: Final = re.compile(r"<!--\s*clause:\s*([\w.]+)[^>]*-->")
_HEADING: Final = re.compile(r"(#{2,3}) +(.+)")
_markdown = MarkdownIt("js-default", {"html": False, "linkify": False}).enable("table")
_plain_markdown = MarkdownIt("js-default", {"html": False, "linkify": False}).disable("image")


@dataclass(frozen=True, slots=True)
class Part:
    """A heading of the table of contents with those under it."""

    anchor: str
    title: str
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A text ready for a page."""

    html: Markup
    contents: tuple[Part, ...]


class _Writer:
    """Turns the policy's Markdown into HTML, one provision after the other."""

    def __init__(self) -> None:
        self.html: list[str] = []
        self.contents: list[tuple[str, str, list[Part]]] = []
        self._lines: list[str] = []
        self._clause = ""
        self._seen: set[str] = set()

    def line(self, line: str) -> None:
        """Take in the next line of the text."""
        heading = _HEADING.fullmatch(line)
        clause = _CLAUSE.fullmatch(line.strip())
        if heading:
            self.flush()
            self._heading(len(heading[1]), heading[2])
        elif clause:
            self.flush()
            self._clause = clause[1]
        elif line.startswith("# ") or "`<!--" in line:
            return  # the page has its own title; how to read the source is no matter of the reader
        else:
            self._lines.append(_CLAUSE.sub("", line))

    def flush(self) -> None:
        """Write what has been taken in since the last heading or provision."""
        text = "\n".join(self._lines).strip("\n")
        self._lines.clear()
        if not text.strip():
            return
        rendered = str(_markdown.render(text))
        clause, self._clause = self._clause, ""
        if not clause:
            self.html.append(rendered)
            return
        first = clause not in self._seen
        self._seen.add(clause)
        anchor = Markup(' id="{}"').format(clause) if first else ""
        self.html.append(f'<div class="clause"{anchor}>{rendered}</div>')

    def _heading(self, depth: int, title: str) -> None:
        anchor = f"s{sum(1 + len(parts) for _, _, parts in self.contents) + 1}"
        tag = f"h{depth}"
        self.html.append(Markup('<{} id="{}">{}</{}>').format(tag, anchor, title, tag))
        if depth == 2 or not self.contents:
            self.contents.append((anchor, title, []))
        else:
            self.contents[-1][2].append(Part(anchor, title))


@lru_cache(maxsize=256)
def written(text: str) -> Markup:
    """A short text in Markdown as HTML; no HTML of its own, and no pictures, get through."""
    return Markup(_plain_markdown.render(text))


@lru_cache(maxsize=8)
def policy_text(policy: PublicPolicy) -> Text:
    """The policy as HTML. Nothing but our own anchors is taken over from the source."""
    return _written(policy.text)


@lru_cache(maxsize=8)
def residents_text(name: str, region: PublicRegion) -> Text:
    """The page for residents, ``public.ja.md`` or ``public.easy-ja.md``, in the region's words."""
    effective = wareki(region.effective_on) if region.effective_on else ""
    words = {
        "system": SYSTEM,
        "region": {"name": region.name},
        "operator": {
            "name": region.operator_name,
            "phone": region.phone,
            "email": region.email,
        },
        "policy": {"version": f"第{region.policy_number}版", "effective_date": effective},
    }
    return _written(fill((TEXTS / name).read_text(encoding="utf-8"), words))


_paper = MarkdownIt("js-default", {"html": False, "linkify": False, "breaks": True})
_PLACE: Final = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


def form_text(source: str, words: Mapping[str, str]) -> Markup:
    """The words of a form as HTML, with what is known in its places and lines for the rest."""
    filled = _PLACE.sub(lambda place: unmarked(words.get(place[1]) or "＿＿＿＿＿＿"), source)
    return Markup(_paper.render(filled))


def _written(source: str) -> Text:
    writer = _Writer()
    for line in source.splitlines():
        writer.line(line)
    writer.flush()
    contents = tuple(Part(anchor, title, tuple(parts)) for anchor, title, parts in writer.contents)
    return Text(Markup("".join(writer.html)), contents)
