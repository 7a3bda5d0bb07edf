"""An organization's list of its people: one added, one changed, or a whole roster taken in (A8.5).

A roster is compared with the people there are before anything is written; what was shown is what
is done, or nothing. Nobody is removed because a list does not name them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

import orjson
from django.utils.translation import gettext_noop

from renkei.enrollment.pledging import hold_pledges
from renkei.enrollment.roster import RosterLine
from renkei.group.models import Invitation, Member
from renkei.incident.models import Stop
from renkei.kernel import vault
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import is_role_address, sort_key
from renkei.people.access import issue_link
from renkei.people.changes import correct_name, note_administrator, role_of
from renkei.people.joining import NewStaff, register, register_all, said_of
from renkei.people.models import (
    OneTimeLink,
    OperatorRole,
    Organization,
    PractitionerRole,
    Registration,
    Session,
)
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.policy.who import STOPPED

CREATE: Final = "create"
CHANGE: Final = "change"
SAME: Final = "same"
REFUSED: Final = "refused"

HERE_ALREADY = gettext_noop("Somebody with this address works here already.")
NAME_ELSEWHERE = gettext_noop(
    "The name differs from the one the person has given. They work elsewhere too, and correct it"
    " themselves."
)
NO_DISMISSAL = gettext_noop(
    "A list takes nobody's part as administrator away. Please do it on the person's page."
)
LEAVES = gettext_noop("This person's leaving is set already.")
ONESELF = gettext_noop(
    "A list changes neither one's own name nor one's own pledge. Please do it on your own pages."
)
STOPPED_PERSON = gettext_noop("This person is suspended at the moment. A list changes nothing.")


# ── One person ───────────────────────────────────────────────────────────────────────────────────


@use_case("staff.add", on="organization")
def add_person(change: Change, *, one: NewStaff, one_person: bool = False) -> UUID:
    """Take somebody on: a new person, or one who has an account and is asked (A8.5, A14.2).

    Returns:
        What the person's page is found by, whichever of the two it is.

    Raises:
        Problem: somebody here has this address, or it may be a desk's and nobody says otherwise.
    """
    organization = _organization(change)
    here = _here(organization.id)
    if one.email in here:
        raise Problem(HERE_ALREADY, field="email")
    if is_role_address(one.email) and not one_person:
        raise Problem(
            gettext_noop("Is this address one person's own? Please say so, or write another."),
            field="one_person",
        )
    added = register(change, organization, one)
    change.about("Organization", organization.id, added=added.hex, administrator=one.administrator)
    return added


def _organization(change: Change) -> Organization:
    target = change.standing.what.target_organization
    assert target is not None
    organization = Organization.objects.select_for_update().get(pk=target)
    change.stream = f"organization:{organization.id.hex}"
    change.about("Organization", organization.id)
    return organization


def _registration(change: Change, registration: UUID) -> Registration:
    found = (
        Registration.objects.select_for_update(of=("self",))
        .select_related("account")
        .filter(pk=registration, organization=_organization(change), answer="")
        .first()
    )
    if found is None:
        raise Unknown("registration")
    return found


@use_case("staff.add", on="organization")
def take_back_registration(change: Change, *, registration: UUID) -> None:
    """Ask somebody no longer whether they work here.

    Raises:
        Unknown: nobody is asked under this id by this organization.
    """
    found = _registration(change, registration)
    found.answer, found.answered_at = Registration.Answer.TAKEN_BACK, change.now
    found.save(update_fields=["answer", "answered_at"])
    change.about("Registration", found.id, answer=found.answer)
    change.end_standings(account=found.account_id)


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody who has an account is told with a link: it opens nothing."""

    email: str
    name: str
    token: str
    language: str


@use_case("staff.add", on="organization")
def give_note(
    change: Change, *, registration: UUID, way: str, word: str, one_person: bool | None
) -> Note:
    """A link for somebody who is asked: from outside like a first one, and it sets no password.

    Raises:
        Unknown: nobody is asked under this id by this organization.
        Problem: the word is missing, or the address may be a desk's and nobody says otherwise.
    """
    found = _registration(change, registration)
    if is_role_address(found.account.email) and not one_person:
        raise Problem(
            gettext_noop(
                "One ID is one person (article 14). Please have an address of the person's own"
                " registered first."
            ),
            field="one_person",
        )
    said = found.unseal("said_sealed")
    purpose = OneTimeLink.Purpose.CONFIRM
    token = issue_link(change, found.account, purpose.value, way=way, word=word)
    change.about("Registration", found.id)
    return Note(found.account.email, said["name"], token, found.account.language)


@use_case("staff.change", on="staff")
def change_profession(change: Change, *, profession: str) -> UUID:
    """Let somebody work in another profession; what they wrote keeps the one of its time.

    Returns:
        The id of the role that begins.

    Raises:
        Problem: there is no such profession, the person has left, or is about to.
    """
    role = role_of(change)
    if profession not in PractitionerRole.PROFESSIONS:
        raise Problem(gettext_noop("Please choose one."), field="profession")
    if role.profession == profession:
        change.silent = True
        return role.id
    if role.until is not None:
        raise Problem(LEAVES)
    begun = _go_on_as(change, role, profession)
    change.detail["begun"] = begun.id.hex
    return begun.id


def _go_on_as(change: Change, role: PractitionerRole, profession: str) -> PractitionerRole:
    """End the role and begin another that takes over all that goes on."""
    role.ended_at = change.now
    role.save(update_fields=["ended_at"])
    begun = PractitionerRole(
        id=uuid7(),
        account_id=role.account_id,
        organization_id=role.organization_id,
        profession=profession,
        administrator=role.administrator,
        restriction=role.restriction,
        pledged_on=role.pledged_on,
        trained_on=role.trained_on,
        started_at=change.now,
    )
    begun.save(force_insert=True)
    Member.objects.filter(role=role, ended_at=None).update(role=begun)
    Invitation.objects.filter(role=role, state=Invitation.State.OPEN).update(role=begun)
    Stop.objects.filter(role=role, lifted_at=None).update(role=begun)
    Session.objects.filter(role=role).update(role=begun)
    change.end_standings(account=role.account_id)
    return begun


# ── A whole roster ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one line: created, changed (in which columns), the same, or refused (why)."""

    line: RosterLine
    what: str
    columns: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a roster would do, and who works here without standing in it."""

    steps: tuple[Step, ...]
    missing: tuple[str, ...]  # names, by kana
    seen: str  # of what it was made; another plan has another

    def count(self, what: str) -> int:
        """How many lines come to this."""
        return sum(step.what == what for step in self.steps)


@dataclass(slots=True)
class _Known:
    """Somebody who works here, or is asked to: as the organization knows them."""

    one: NewStaff
    role: PractitionerRole | None
    registration: Registration | None
    elsewhere: bool = False  # works for another organization, or for the operator

    @property
    def stopped(self) -> bool:
        """Whether the person is not in office at present."""
        role = self.role
        return role is not None and (
            role.restriction in STOPPED or role.account.suspended_at is not None
        )


_Here = dict[str, _Known]  # by address


def _here(organization: UUID) -> _Here:
    """Everybody who works for the organization or is asked to, by address."""
    roles = list(
        PractitionerRole.objects.filter(organization=organization, ended_at=None).select_related(
            "account"
        )
    )
    asked = list(
        Registration.objects.filter(organization=organization, answer="").select_related("account")
    )
    vault.warm({one.account.key_id for one in roles} | {one.key_id for one in asked})
    accounts = [one.account_id for one in roles]
    others = PractitionerRole.objects.filter(account__in=accounts, ended_at=None)
    operators = OperatorRole.objects.filter(account__in=accounts, ended_at=None)
    busy = {
        *others.exclude(organization=organization).values_list("account", flat=True),
        *operators.values_list("account", flat=True),
    }
    found = {one.account.email: _as_known(one, one.account_id in busy) for one in roles}
    for one in asked:
        said = one.unseal("said_sealed")
        wish = NewStaff(
            **said, profession=one.profession, email=one.account.email,
            administrator=one.administrator, pledged_on=one.pledged_on, trained_on=one.trained_on,
        )  # fmt: skip
        found.setdefault(one.account.email, _Known(wish, None, one))
    return found


def _as_known(role: PractitionerRole, elsewhere: bool) -> _Known:
    profile = role.account.profile
    one = NewStaff(
        name=profile.name,
        kana=profile.kana,
        profession=role.profession,
        email=role.account.email,
        sex=profile.sex,
        administrator=role.administrator,
        pledged_on=role.pledged_on,
        trained_on=role.trained_on,
    )
    return _Known(one, role, None, elsewhere)


def _wish(line: RosterLine, known: NewStaff | None) -> NewStaff:
    """What the line says; what it does not say stays as it is, days too.

    Nobody is trained because a list says so: that is what a completed course says (A9).
    """
    return NewStaff(
        name=line.name,
        kana=line.kana,
        profession=line.profession,
        email=line.email,
        sex=line.sex or (known.sex if known else ""),
        administrator=bool(known and known.administrator)
        if line.administrator is None
        else line.administrator,
        pledged_on=line.pledged_on or (known.pledged_on if known else None),
        trained_on=known.trained_on if known else None,
    )


_COLUMNS = ("name", "kana", "profession", "sex", "administrator", "pledged_on", "trained_on")


def _differing(wish: NewStaff, known: NewStaff) -> tuple[str, ...]:
    def plain(one: NewStaff, column: str) -> object:
        value = getattr(one, column)
        return " ".join(value.split()) if isinstance(value, str) else value

    return tuple(one for one in _COLUMNS if plain(wish, one) != plain(known, one))


def _step(line: RosterLine, known: _Known | None, me: UUID | None) -> Step:
    if known is None:
        return Step(line, CREATE)
    columns = _differing(_wish(line, known.one), known.one)
    if not columns:
        return Step(line, SAME)
    if known.stopped:
        return Step(line, REFUSED, columns, STOPPED_PERSON)
    own = known.role is not None and known.role.account_id == me
    if own and {"name", "kana", "pledged_on"} & set(columns):
        return Step(line, REFUSED, columns, ONESELF)
    if "administrator" in columns and known.one.administrator:
        return Step(line, REFUSED, columns, NO_DISMISSAL)
    if known.elsewhere and {"name", "kana", "sex"} & set(columns):
        return Step(line, REFUSED, columns, NAME_ELSEWHERE)
    if known.role is not None and known.role.until is not None:
        return Step(line, REFUSED, columns, LEAVES)
    return Step(line, CHANGE, columns)


def _plan(standing: Standing, lines: Iterable[RosterLine]) -> tuple[Plan, _Here]:
    organization = standing.what.target_organization
    assert organization is not None
    here = _here(organization)
    lines = tuple(lines)
    steps = tuple(_step(line, here.get(line.email), standing.who.account) for line in lines)
    named = {line.email for line in lines}
    left = [known.one for email, known in here.items() if email not in named]
    missing = tuple(one.name for one in sorted(left, key=lambda one: sort_key(one.kana)))
    return Plan(steps, missing, _fingerprint(lines, here)), here


def _fingerprint(lines: tuple[RosterLine, ...], here: _Here) -> str:
    """What the plan was made of: every line, and everybody as they are known."""
    people = [here[email].one for email in sorted(here)]
    made_of = orjson.dumps([lines, people], option=orjson.OPT_SORT_KEYS)
    return sha256(made_of).hexdigest()


@disclosure("staff.import", on="organization")
def see_plan(standing: Standing, *, lines: tuple[RosterLine, ...]) -> Plan:
    """What a roster would do. Nothing is written."""
    return _plan(standing, lines)[0]


@use_case("staff.import", on="organization")
def take_in(change: Change, *, lines: tuple[RosterLine, ...], seen: str) -> Plan:
    """Do what the plan with this fingerprint said: all of it, or nothing (A8.5).

    Raises:
        Problem: the people here have changed since, or a line is refused.
    """
    organization = _organization(change)
    plan, here = _plan(change.standing, lines)
    if plan.seen != seen:
        raise Problem(
            gettext_noop("The people here have changed meanwhile. Please look at it once more.")
        )
    if plan.count(REFUSED):
        raise Problem(gettext_noop("Some lines cannot be taken in. Please mend them first."))
    wishes = [_wish(step.line, None) for step in plan.steps if step.what == CREATE]
    created = register_all(change, organization, wishes)
    changed = [
        _apply(change, here[step.line.email], step) for step in plan.steps if step.what == CHANGE
    ]
    change.silent = not (created or changed)
    change.detail |= {
        "created": [one.hex for one in created],
        "changed": [one.hex for one in changed],
    }
    return plan


def _apply(change: Change, known: _Known, step: Step) -> UUID:
    wish = _wish(step.line, known.one)
    if known.registration is not None:
        return _ask_anew(known.registration, wish)
    role = known.role
    assert role is not None
    if {"name", "kana", "sex"} & set(step.columns):
        correct_name(role, wish.name, wish.kana, change.now, wish.sex)
    if "administrator" in step.columns:
        role.administrator = True
        note_administrator(change, role, became=True)
    role.pledged_on, role.trained_on = wish.pledged_on, wish.trained_on
    role.save(update_fields=["administrator", "pledged_on", "trained_on"])
    if "pledged_on" in step.columns and wish.pledged_on is not None:
        hold_pledges(change, [role])
    if "profession" in step.columns:
        role = _go_on_as(change, role, wish.profession)
    change.end_standings(account=role.account_id)
    return role.id


def _ask_anew(registration: Registration, wish: NewStaff) -> UUID:
    registration.profession, registration.administrator = wish.profession, wish.administrator
    registration.pledged_on, registration.trained_on = wish.pledged_on, wish.trained_on
    registration.seal("said_sealed", said_of(wish))
    registration.save(
        update_fields=["profession", "administrator", "pledged_on", "trained_on", "said_sealed"]
    )
    return registration.id
