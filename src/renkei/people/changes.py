"""Changes of who works for an organization, and as what: profession, name, administrators (A7).

The last administrator who can act stays until somebody else can: appointed, and signed in once.
The operator is told of every change by itself.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.kernel import clock
from renkei.kernel.database import id_of, rows
from renkei.kernel.errors import Problem, Unknown
from renkei.kernel.japanese import clean_text, fold_kana, is_kana
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.people.models import AdministratorChange, Organization, PractitionerRole
from renkei.people.post import tell_of_administrators
from renkei.people.selectors import administrators
from renkei.policy.standing import Standing
from renkei.policy.use_case import Change, use_case


def note_administrator(change: Change, role: PractitionerRole, *, became: bool) -> None:
    """Write down for the operator that somebody became an administrator, or ceased to be one."""
    AdministratorChange.objects.create(
        organization_id=role.organization_id,
        account_id=role.account_id,
        became=became,
        by_id=change.standing.who.account,
        at=change.now,
    )
    if "administrators" not in change.detail:  # one mail, however many a roster names
        tell_of_administrators(role.account.region_id)
    change.detail["administrators"] = change.detail.get("administrators", 0) + 1


def refuse_last_administrator(role: PractitionerRole, now: datetime) -> None:
    """Somebody else can act for the organization: in office for good, and signed in once (A7).

    Raises:
        Problem: this is the last administrator who can.
    """
    if not role.administrator:
        return
    Organization.objects.select_for_update().get(pk=role.organization_id)
    others = administrators(now).filter(
        organization=role.organization_id,
        until=None,
        restriction="",
        account__last_login__isnull=False,
    )
    if not others.exclude(pk=role.pk).exists():
        raise Problem(
            gettext_noop(
                "This is the last administrator. Please name a successor first, who has to log in"
                " once (article 7)."
            )
        )


def role_of(change: Change) -> PractitionerRole:
    """The role in question, locked; the audit line goes to its organization's stream.

    Raises:
        Problem: the person does not work there any more.
    """
    colleague = change.standing.what.colleague
    assert colleague is not None
    roles = PractitionerRole.objects.select_related("account", "organization")
    role = roles.select_for_update(of=("self",)).get(pk=colleague.role)
    change.stream = f"organization:{role.organization_id.hex}"
    change.about("PractitionerRole", role.id, account=role.account_id.hex)
    if role.ended_at is not None:
        raise Problem(gettext_noop("This person does not work here any more."))
    return role


@use_case("staff.appoint", on="staff")
def appoint_administrator(change: Change) -> None:
    """Make somebody of one's organization an administrator: a deputy, or a successor (A7).

    Raises:
        Problem: the person has left.
    """
    role = role_of(change)
    if role.administrator:
        change.silent = True
        return
    role.administrator = True
    role.save(update_fields=["administrator"])
    note_administrator(change, role, became=True)
    change.end_standings(account=role.account_id)


@use_case("staff.dismiss", on="staff")
def dismiss_administrator(change: Change) -> None:
    """Let somebody, or oneself, be no administrator any more (A7).

    Raises:
        Problem: it is the last administrator who can act, or the person has left.
    """
    role = role_of(change)
    if not role.administrator:
        change.silent = True
        return
    refuse_last_administrator(role, change.now)
    role.administrator = False
    role.save(update_fields=["administrator"])
    note_administrator(change, role, became=False)
    change.end_standings(account=role.account_id)


@use_case("staff.rename", on="staff")
def rename_staff(change: Change, *, name: str, kana: str) -> None:
    """Correct the name of somebody who works for this organization alone; they are told.

    Raises:
        Problem: the name is missing, the kana are no kana, or the person has left.
    """
    role = role_of(change)
    if not correct_name(role, name, kana, change.now):
        change.silent = True


def correct_name(
    role: PractitionerRole, name: str, kana: str, now: datetime, sex: str = ""
) -> bool:
    """Write a person's name anew inside anybody's use case; whether anything changed.

    Raises:
        Problem: the name is missing, or the kana are no kana.
    """
    name = " ".join(clean_text(name).split())
    kana = " ".join(fold_kana(clean_text(kana)).split())
    if not name or len(name) > 100:
        raise Problem(gettext_noop("Please write the name."), field="name")
    if len(kana) > 200 or not is_kana(kana):
        raise Problem(gettext_noop("Please write the reading in hiragana."), field="kana")
    before = role.account.profile
    after = replace(before, name=name, kana=kana, sex=sex or before.sex)
    if after == before:
        return False
    role.account.seal("profile_sealed", asdict(replace(after, corrected=now.isoformat())))
    role.account.save(update_fields=["profile_sealed"])
    return True


# ── What the operator is told ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change of administrator that nobody of the operator has noted yet."""

    id: UUID
    who: Face
    became: bool
    at: datetime


_CHANGES = f"""
    SELECT {COLUMNS}, c.id, c.became, c.at
    FROM people_administratorchange c
    JOIN people_organization o ON o.id = c.organization_id
    JOIN people_account a ON a.id = c.account_id
    LEFT JOIN people_practitionerrole r ON r.account_id = a.id AND r.organization_id = o.id
      AND r.ended_at IS NULL
    WHERE o.region_id = %s AND c.noted_at IS NULL ORDER BY c.at DESC LIMIT 50"""


def changes_to_note(standing: Standing) -> list[ChangeLine]:
    """Changes of administrators; for pages whose own rule has been asked already."""
    assert standing.who.region is not None
    return [
        ChangeLine(
            id_of(found[WIDTH]),
            face(found[:WIDTH]),
            bool(found[WIDTH + 1]),
            clock.from_us(found[WIDTH + 2]),
        )
        for found in rows(_CHANGES, [standing.who.region.hex])
    ]


@use_case("administrators.note", on="region")
def note_change(change: Change, *, entry: UUID) -> None:
    """Take note, for the operator, of a change of administrator.

    Raises:
        Unknown: there is no such change in this region.
    """
    found = AdministratorChange.objects.filter(
        pk=entry, organization__region=change.region, noted_at=None
    )
    known = AdministratorChange.objects.filter(pk=entry, organization__region=change.region)
    if not known.exists():
        raise Unknown("change")
    change.silent = not found.update(noted_by=change.account, noted_at=change.now)
    change.about("AdministratorChange", entry)
