"""A whole roster taken into an organization's list of its people (A8.5).

It is compared with the people there are before anything is written; what was shown is what is done,
or nothing. Nobody is removed because a list does not name them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

import orjson
from django.utils.translation import gettext_noop

from renkei.enrollment.known import Here, Known, everybody_in, organization_of
from renkei.enrollment.pledging import hold_pledges
from renkei.enrollment.roster import RosterLine
from renkei.enrollment.staffing import LEAVES, go_on_as
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import sort_key
from renkei.people.changes import correct_name, note_administrator
from renkei.people.joining import NewStaff, register_all, said_of
from renkei.people.models import Registration
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, disclosure, use_case

CREATE: Final = "create"
CHANGE: Final = "change"
SAME: Final = "same"
REFUSED: Final = "refused"
NAME_ELSEWHERE = gettext_noop(
    "The name differs from the one the person has given. They work elsewhere too, and correct it"
    " themselves."
)
NO_DISMISSAL = gettext_noop(
    "A list takes nobody's part as administrator away. Please do it on the person's page."
)
ONESELF = gettext_noop(
    "A list changes neither one's own name nor one's own pledge. Please do it on your own pages."
)
STOPPED_PERSON = gettext_noop("This person is suspended at the moment. A list changes nothing.")


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


def _step(line: RosterLine, known: Known | None, me: UUID | None) -> Step:
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


def _plan(standing: Standing, lines: Iterable[RosterLine]) -> tuple[Plan, Here]:
    organization = standing.what.target_organization
    assert organization is not None
    here = everybody_in(organization)
    lines = tuple(lines)
    steps = tuple(_step(line, here.get(line.email), standing.who.account) for line in lines)
    named = {line.email for line in lines}
    left = [known.one for email, known in here.items() if email not in named]
    missing = tuple(one.name for one in sorted(left, key=lambda one: sort_key(one.kana)))
    return Plan(steps, missing, _fingerprint(lines, here)), here


def _fingerprint(lines: tuple[RosterLine, ...], here: Here) -> str:
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
    organization = organization_of(change)
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


def _apply(change: Change, known: Known, step: Step) -> UUID:
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
        role = go_on_as(change, role, wish.profession)
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
