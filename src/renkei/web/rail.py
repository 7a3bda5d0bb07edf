"""The list of one's groups that stands beside every page.

Written in Python and not in a template, because it is on every page and may have a hundred lines.
"""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from markupsafe import Markup

from renkei.group.shell import GroupLine, Shell
from renkei.kernel.html import html
from renkei.kernel.japanese import initials
from renkei.web.address import url

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Rail:
    """The lines of the rail, and how much is unread behind each of the places.

    The group with a patient's family stands right below the patient's own (A11.5).
    """

    patients: Markup
    unread_with_patients: int
    unread_elsewhere: int


def _name(line: GroupLine, hidden: bool) -> str:
    who = line.identity
    if who is None:
        return ""
    return html(initials(who.name, who.kana) if hidden else who.name)


def rail(shell: Shell, current: UUID | None, family_icon: Markup) -> Rail:
    """The rail of this person; ``current`` is the group whose page it is."""
    address = url("timeline", group=_NOBODY)
    word, family = html(_("unread entries")), html(_("The family of %(name)s"))
    hidden = shell.me.initials_only
    before, after = (html(part) for part in address.split(str(_NOBODY)))
    number = current.int if current else -1  # ids are compared by it: there may be a hundred
    lines: list[str] = []
    with_patients = elsewhere = 0
    for line in shell.groups:
        kind, unread = line.kind, line.unread
        if kind not in ("patient", "family"):
            elsewhere += unread
            continue
        with_patients += unread
        name, mark = _name(line, hidden), ""
        if kind == "family":
            name, mark = family_icon + family % {"name": name}, ' data-tone="family"'
        here = ' aria-current="true"' if line.id.int == number else ""
        none = "" if unread else " hidden"
        count = unread if unread < 100 else "99+"
        lines.append(
            f'<li><a class="rail-link" href="{before}{line.id}{after}"{here}{mark}>'
            f"<span>{name}</span>"
            f'<span class="badge" data-group="{line.id.hex}" data-kind="patients"{none}>'
            f'<span data-n>{count}</span><span class="hide">{word}</span></span></a></li>\n'
        )
    return Rail(Markup("".join(lines)), with_patients, elsewhere)
