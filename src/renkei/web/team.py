"""The team of a group beside its pages.

Written in Python and not in a template, like the rail: it is on every page of a group.
"""

from markupsafe import Markup

from renkei.group.members import MemberLine
from renkei.kernel.html import html, place
from renkei.people.faces import Face
from renkei.web.address import url


def _picture(face: Face) -> str:
    """The small photo, or the first character on a colour."""
    if face.photo:
        address = url("face", account=face.account)
        return (
            f'<img class="avatar avatar--s" src="{address}?v={face.photo}" alt="" width="32"'
            ' height="32" loading="lazy">'
        )
    return (
        f'<span class="avatar avatar--s" data-tone="{face.hue % 4 + 1}" aria-hidden="true">'
        f"{html(face.initial)}</span>"
    )


def team(members: list[MemberLine]) -> Markup:
    """One line for each member: picture, name, profession, organization."""
    lines = []
    for member in members:
        face = member.face
        joint = "・" if face.profession and face.organization else ""
        lines.append(
            f'<li><div class="person">{_picture(face)}<div>'
            f'<span class="person-name">{html(face.name)}</span><br><span class="person-sub">'
            f"{html(face.profession)}{joint}{place(face.organization)}</span></div></div></li>\n"
        )
    return Markup("".join(lines))
