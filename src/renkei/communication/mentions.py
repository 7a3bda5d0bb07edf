"""Who is meant by a message: a person, a role in care, everybody (名指し).

It is said by tokens: ``all``, ``role:`` with a word such as ケアマネ, or the id of an account. They
are settled when the message is posted, against who is in the group at that moment: nobody outside
it is ever meant, and who has a role later is not. A correction settles what it adds, and keeps the
rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.communication.models import Mention
from renkei.group.members import MemberLine
from renkei.kernel import clock, vault
from renkei.kernel.damage import DAMAGE, word
from renkei.kernel.database import as_uuid, execute, id_of, rows
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem
from renkei.kernel.sealed import about, digest
from renkei.people.selectors import IN_OFFICE

ALL: Final = "all"
ROLE: Final = "role:"
MOST: Final = 30  # people meant by name or role; beyond that it is everybody
FAMILY: Final = "ご家族"
WITHOUT_ROLES: Final = ("network", "free")  # kinds of groups that are about no patient
# What everybody calls a role, and the professions that have it if no role in care says so.
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "主治医": ("医師",),
    "歯科": ("歯科医師", "歯科衛生士"),
    "薬剤師": ("薬剤師",),
    "訪問看護": ("看護師", "准看護師", "保健師"),
    "リハビリ": ("理学療法士", "作業療法士", "言語聴覚士"),
    "ケアマネ": ("介護支援専門員",),
    "ヘルパー": ("訪問介護員", "介護福祉士"),
    "栄養": ("管理栄養士",),
    "福祉用具": ("福祉用具専門相談員",),
    "相談員": ("相談支援専門員", "医療ソーシャルワーカー", "社会福祉士"),
}
KANA: Final[Mapping[str, str]] = {
    "主治医": "しゅじい", "歯科": "しか", "薬剤師": "やくざいし", "訪問看護": "ほうもんかんご",
    "リハビリ": "りはびり", "ケアマネ": "けあまね", "ヘルパー": "へるぱー", "栄養": "えいよう",
    "福祉用具": "ふくしようぐ", "相談員": "そうだんいん", FAMILY: "ごかぞく",
}  # fmt: skip

NOT_HERE: Final = gettext_noop(
    "Somebody you mean is not in this group any more. Please look again."
)
TOO_MANY: Final = gettext_noop("That is more than %(n)s people. Please choose everybody instead.")


class Person(NamedTuple):
    """A member, as far as it decides which roles they have."""

    account: UUID
    profession: str
    role_in_care: str
    relation: str


class Meant(NamedTuple):
    """One who is meant, and by which word if by a role; everybody has no account."""

    what: str
    account: UUID | None
    word: str = ""

    @property
    def token(self) -> str:
        """How a form says it."""
        if self.what == Mention.What.ROLE:
            return ROLE + self.word
        return self.account.hex if self.account else ALL


class Offer(NamedTuple):
    """Something that can be meant, for the list in the writing box."""

    token: str
    word: str  # what stands behind the @
    kana: str
    who: str  # whom it means now; for a person, their work


# ── Which roles there are in a team ──────────────────────────────────────────────────────────────


def roles_of(people: Iterable[Person], *, sole: bool = False) -> dict[str, list[UUID]]:
    """The words by which somebody of these people can be meant, and whom each means.

    A role in care that was written down says more than a profession: where somebody is called
    主治医, other physicians are not meant by it.

    Args:
        sole: the group has no roles in care: it is about no patient.
    """
    found: dict[str, list[UUID]] = {}
    if sole:
        return found
    known = list(people)
    for role, professions in ROLES.items():
        named = [one.account for one in known if role in one.role_in_care]
        by_work = [one.account for one in known if one.profession in professions]
        if named or by_work:
            found[role] = named or by_work
    if family := [one.account for one in known if one.relation]:
        found[FAMILY] = family
    for one in known:
        written = one.role_in_care.strip()
        if written and "," not in written and not any(role in written for role in ROLES):
            found.setdefault(written, []).append(one.account)
    return found


def offers(lines: Sequence[MemberLine], kind: str, me: UUID) -> list[Offer]:
    """What the writing box offers: roles, people, everybody; never the author."""
    if kind == "direct":
        return []
    names = {line.face.account: line.face.name for line in lines}
    people = [
        Person(one.face.account, one.face.profession, one.role_in_care, one.relation)
        for one in lines
        if one.face.account != me
    ]
    if not people:
        return []
    roles = roles_of(people, sole=kind in WITHOUT_ROLES)
    listed = [Offer(ALL, "全員", "ぜんいん", "")]
    listed += [
        Offer(ROLE + word, word, KANA.get(word, ""), "・".join(names[one] for one in accounts))
        for word, accounts in roles.items()
        if word in KANA or len(accounts) > 1  # else it stands beside the one who has it
    ]
    listed += [
        Offer(
            one.face.account.hex,
            one.face.name,
            one.face.kana,
            "・".join(filter(None, (one.face.profession, one.face.organization, one.role_in_care))),
        )
        for one in lines
        if one.face.account != me
    ]
    return listed


# ── Settling, when it is posted or corrected ─────────────────────────────────────────────────────

_PEOPLE = f"""
    SELECT m.account_id, COALESCE(r.profession, ''), m.role_in_care, m.relation
    FROM group_member m
    JOIN people_account a ON a.id = m.account_id AND a.suspended_at IS NULL
    LEFT JOIN people_practitionerrole r ON r.id = m.role_id
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE m.group_id = %s AND m.ended_at IS NULL
      AND (m.role_id IS NULL OR ({IN_OFFICE.format(role="r")}
        AND o.suspended_at IS NULL AND o.left_on IS NULL))"""


def people_of(group: UUID) -> list[Person]:
    """Who takes part in a group at this moment, in office."""
    found = rows(_PEOPLE, [group.hex, clock.to_us(clock.now())])
    return [Person(id_of(one[0]), *one[1:]) for one in found]


def settle(
    tokens: Sequence[str], group: UUID, kind: str, me: UUID, kept: Sequence[Meant] = ()
) -> list[Meant]:
    """Whom these tokens mean now, each person once for each word, in the order they were chosen.

    Args:
        kept: who was meant before a correction; what of it is still said stays as it was.

    Raises:
        Problem: one of them means nobody in the group, or they mean too many.
    """
    if not tokens:
        return []
    if kind == "direct":
        raise Problem(NOT_HERE, field="mentions")
    people = [one for one in people_of(group) if one.account != me]
    accounts = {one.account.hex: one.account for one in people}
    roles = roles_of(people, sole=kind in WITHOUT_ROLES)
    found: list[Meant] = []
    for token in dict.fromkeys(tokens):
        before = [one for one in kept if one.token == token]
        if before:
            found += before
        elif token == ALL:
            found.append(Meant(Mention.What.ALL.value, None))
        elif (role := token.removeprefix(ROLE)) != token and role in roles:
            found += [Meant(Mention.What.ROLE.value, one, role) for one in roles[role]]
        elif token in accounts:
            found.append(Meant(Mention.What.PERSON.value, accounts[token]))
        else:
            raise Problem(NOT_HERE, field="mentions")
    if len(found) > MOST:
        raise Problem(TOO_MANY, field="mentions", n=MOST)
    return found


# ── Kept beside the message ──────────────────────────────────────────────────────────────────────

_KEEP = """
    INSERT INTO communication_mention
      (id, key_id, group_id, communication_id, number, what, account_id, word)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""


def keep(
    meant: Sequence[Meant], message: UUID, group: UUID, key: UUID
) -> list[tuple[str, str | None, str | None]]:
    """Write down who is meant by a message, in place of who was; what its line has to say.

    Within the change itself. The line names people by their ids, and a word by the hash of what it
    is sealed in.
    """
    execute("DELETE FROM communication_mention WHERE communication_id = %s", [message.hex])
    said = []
    for number, one in enumerate(meant, 1):
        mention = uuid7()
        sealed = None
        if one.word:
            place = about("communication.Mention", mention, "word")
            sealed = vault.seal(key, one.word.encode(), about=place)
        who = one.account.hex if one.account else None
        execute(
            _KEEP,
            [mention.hex, key.hex, group.hex, message.hex, number, one.what, who, sealed],
        )
        said.append((one.what, who, told(sealed)))
    execute(
        "UPDATE communication_communication SET meant = %s WHERE id = %s",
        [len(meant), message.hex],
    )
    return said


def told(sealed: Any) -> str | None:
    """What a line says of a word."""
    return None if sealed is None else digest(sealed)


_OF = """
    SELECT communication_id, id, key_id, what, account_id, word FROM communication_mention
    WHERE communication_id IN ({}) ORDER BY communication_id, number"""


def mentions_of(messages: Sequence[UUID]) -> dict[UUID, list[Meant]]:
    """Who is meant by each of these messages; nothing is asked where there is nothing."""
    found: dict[UUID, list[Meant]] = {}
    if not messages:
        return found
    marks = ", ".join(["%s"] * len(messages))
    for message, mention, key, what, account, sealed in rows(
        _OF.format(marks), [one.hex for one in messages]
    ):
        said = _word(id_of(mention), id_of(key), sealed) if sealed is not None else ""
        found.setdefault(id_of(message), []).append(Meant(what, as_uuid(account), said))
    return found


def _word(mention: UUID, key: UUID, sealed: bytes) -> str:
    try:
        place = about("communication.Mention", mention, "word")
        return vault.unseal(key, sealed, about=place).decode()
    except DAMAGE as damage:
        return word(damage)
