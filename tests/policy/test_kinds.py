"""The same policy for every kind of group: with the family, free, and between two people."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from renkei.group.models import Group, Member
from renkei.group.services import close_group
from renkei.kernel import clock
from renkei.kernel.errors import SignedOut
from renkei.patient.models import Consent
from renkei.people.models import Account, Organization, PractitionerRole, Session
from renkei.policy.loading import load
from renkei.policy.rules import RULES, may
from renkei.policy.standing import On, Standing
from tests.cast import NAMES, Cast, group_of_kind, post, put_invitation, visible
from tests.policy.test_rules import agree

# A letter is a kind of group in which the answer is yes: f with the family, r free, d direct.
#   family  manager (in charge), nurse, family as a relative; of the managing organization
#   free    nurse (in charge), manager, physician; founded in the managing organization
#   direct  manager and nurse
# The message and the membership in question are the nurse's; the invitation is the dietitian's.
# fmt: off
ROWS: dict[str, dict[str, str]] = {
    #                            man- nur- phy- for- stra invi adm. adm. self sole fam- ope- no-
    #                            ager se   sic. mer  nger ted  same oth. inv.      ily  rat. body
    "group": {
    "group.see":                "frd  frd  r    -    -    -    -    -    -    -    f    -    -",
    "notification.level":       "frd  frd  r    -    -    -    -    -    -    -    f    -    -",
    "group.manage":             "f    r    -    -    -    -    f    -    f    -    -    -    -",
    "group.change_basics":      "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "group.leave":              "fr   fr   r    -    -    -    -    -    -    -    f    -    -",
    "group.read_about":         "r    r    r    r    r    r    r    r    r    r    -    -    -",
    "group.join":               "-    -    -    r    r    r    r    r    r    r    -    -    -",
    "group.ask":                "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "group.admit":              "-    r    -    -    -    -    -    -    -    -    -    -    -",
    "group.describe":           "-    r    -    -    -    -    -    -    -    -    -    -    -",
    "group.ask_listing":        "-    r    -    -    -    -    -    -    -    -    -    -    -",
    "group.take_over":          "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "listing.answer":           "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "group.review":             "f    -    -    -    -    -    f    -    f    -    -    -    -",
    "erasure.ask_group":        "-    -    -    -    -    -    fr   -    fr   -    -    -    -",
    "group.close":              "f    r    -    -    -    -    f    -    f    -    -    -    -",
    "group.archive":            "f    r    -    -    -    -    f    -    f    -    -    -    -",
    "group.bring_back":         "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "group.put_off":            "f    r    -    -    -    -    -    -    -    -    -    -    -",
    "charter.see":              "fr   fr   r    -    -    -    -    -    -    -    f    -    -",
    "charter.read":             "fr   fr   r    -    -    -    -    -    -    -    f    -    -",
    "charter.write":            "f    r    -    -    -    -    -    -    -    -    -    -    -",
    "safety.report":            "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "family.see":               "f    -    -    -    -    -    f    -    f    -    -    -    -",
    "family.open":              "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "family.add":               "f    -    -    -    -    -    f    -    f    -    -    -    -",
    "family.invite":            "f    -    -    -    -    -    f    -    f    -    -    -    -",
    "communication.send":       "frd  frd  r    -    -    -    -    -    -    -    f    -    -",
    "communication.draft":      "frd  frd  r    -    -    -    -    -    -    -    f    -    -",
    "attachment.add":           "frd  frd  r    -    -    -    -    -    -    -    f    -    -",
    "reuse.ask":                "frd  frd  r    -    -    -    -    -    -    -    -    -    -",
    "observation.see":          "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "observation.set_ranges":   "-    -    -    -    -    -    -    -    -    -    -    -    -",
    },
    "invitee": {
    "group.invite":             "f    r    -    -    -    -    f    -    f    -    -    -    -",
    "group.invite_manager":     "-    r    -    -    -    -    -    -    -    -    -    -    -",
    },
    "member": {
    "family.link":              "f    -    -    -    -    -    f    -    f    -    -    -    -",
    "member.release":           "f    -    -    -    -    -    f    fr   f    -    -    -    -",
    "member.appoint":           "-    r    -    -    -    -    -    -    -    -    -    -    -",
    "member.dismiss":           "f    r    -    -    -    -    f    -    f    -    -    -    -",
    },
    "invitation": {
    "invitation.see":           "f    r    -    -    -    frd  f    frd  f    -    -    -    -",
    "invitation.approve":       "-    -    -    -    -    -    -    frd  -    -    -    -    -",
    "invitation.refuse":        "-    -    -    -    -    -    -    frd  -    -    -    -    -",
    "invitation.accept":        "-    -    -    -    -    frd  -    -    -    -    -    -    -",
    "invitation.decline":       "-    -    -    -    -    frd  -    -    -    -    -    -    -",
    "invitation.take_back":     "f    r    -    -    -    -    f    -    f    -    -    -    -",
    },
    "communication": {
    "communication.hide":       "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "communication.bookmark":   "frd  frd  r    -    -    -    -    -    -    -    f    -    -",
    "communication.pin":        "frd  frd  r    -    -    -    -    -    -    -    f    -    -",
    "communication.understand": "frd  -    r    -    -    -    -    -    -    -    f    -    -",
    "communication.correct":    "-    frd  -    -    -    -    -    -    -    -    -    -    -",
    "communication.withdraw":   "-    frd  -    -    -    -    -    -    -    -    -    -    -",
    "communication.ask_again":  "-    -    -    -    -    -    -    -    -    -    -    -    -",
    "task.make":                "frd  frd  r    -    -    -    -    -    -    -    f    -    -",
    },
}
# fmt: on
TEAMS = {
    "family": {"manager": True, "nurse": False, "family": False},
    "free": {"nurse": True, "manager": False, "physician": False},
    "direct": {"manager": False, "nurse": False},
}
LETTERS = {"family": "f", "free": "r", "direct": "d"}


def judged(cast: Cast, name: str, kind: str, thing: On) -> Standing | None:
    try:
        return load(cast[name], kind, thing)
    except SignedOut:
        return None


def sees(cast: Cast, name: str, group: UUID) -> bool:
    """What the rule says; and the list says the same."""
    rule = may(load(cast[name], "group", group), "group.see")
    if may(load(cast[name], "region"), "home.see"):
        assert (group in visible(cast[name])) == rule
    return rule


def writes(cast: Cast, name: str, group: UUID) -> bool:
    return may(load(cast[name], "group", group), "communication.send")


def test_every_rule_about_a_group_has_a_row() -> None:
    loads = {"group", "member", "invitation", "message"}
    elsewhere = {"attachment", "reuse", "task"}  # things within a group, judged elsewhere
    about = {
        name for name, rule in RULES.items() if rule.needs & loads and not rule.needs & elsewhere
    }
    judged_by_colleague = {"invitation.see", "group.invite", "group.invite_manager"}
    rows = {permission for kind in ROWS.values() for permission in kind}
    assert about | judged_by_colleague == rows


@pytest.mark.clause("A5.1", "A11.5", "A12.1", "A12.3", "A12.4", "A12.5", "A13.1", "A19.2")
@pytest.mark.parametrize("kind", TEAMS)
def test_who_may_do_what_in_it(cast: Cast, kind: str) -> None:
    group, members = group_of_kind(cast, kind, TEAMS[kind])
    message = post(cast, "nurse", group=group)
    asked = put_invitation(cast, "invited", "manager", group_id=group)
    things: dict[str, On] = {
        "group": group,
        "invitee": (group, cast.role("invited")),
        "member": members["nurse"],
        "invitation": asked,
        "communication": message,
    }
    letter = LETTERS[kind]
    for about, rows in ROWS.items():
        standings = [judged(cast, name, about, things[about]) for name in NAMES]
        for permission, cells in rows.items():
            found = [one is not None and may(one, permission) for one in standings]
            assert found == [letter in cell for cell in cells.split()], permission


@pytest.mark.parametrize("kind", TEAMS)
def test_list_and_rule_agree(cast: Cast, kind: str) -> None:
    group, _ = group_of_kind(cast, kind, TEAMS[kind])
    agree({cast.account(name): cast[name] for name in NAMES[:-1]}, [cast.group, group])


# ── With the family (A11.5) ──────────────────────────────────────────────────────────────────────


@pytest.fixture
def family(cast: Cast) -> UUID:
    return group_of_kind(cast, "family", TEAMS["family"])[0]


@pytest.mark.clause("A11.5")
def test_a_relative_sees_this_group_and_nothing_else(cast: Cast, family: UUID) -> None:
    assert visible(cast["family"]) == [family]
    for kind, thing in {"group": cast.group, "communication": cast.message}.items():
        standing = load(cast["family"], kind, thing)
        beyond = {name for name, rule in RULES.items()
                  if rule.needs & {"group", "patient"} and may(standing, name)}  # fmt: skip
        assert beyond == set(), kind
    standing = load(cast["family"], "group", family)
    allowed = {name for name, rule in RULES.items()
               if rule.needs & {"group", "patient"} and may(standing, name)}  # fmt: skip
    assert allowed == {
        "group.see", "group.leave", "communication.send", "communication.draft",
        "charter.see", "charter.read", "attachment.add", "notification.level",
    }  # fmt: skip


@pytest.mark.clause("A11.5")
def test_neither_does_a_row_in_the_professionals_group_let_a_relative_in(cast: Cast) -> None:
    for kind in ("patient", "free", "direct"):
        group = cast.group
        if kind != "patient":
            group = group_of_kind(cast, kind, {})[0]
        key = Group.objects.get(pk=group).key_id
        Member.objects.create(group_id=group, key_id=key, account_id=cast.account("family"),
                              relation="relative", origin="invited",
                              joined_at=clock.now())  # fmt: skip
        assert not sees(cast, "family", group), kind


@pytest.mark.clause("A11.5")
@pytest.mark.parametrize("factor", ["", "card"])
def test_a_relative_shows_a_second_step_whatever_the_policy_asks(
    cast: Cast, family: UUID, factor: str
) -> None:
    Session.objects.filter(pk=cast["family"].session).update(second_factor=factor)
    assert not sees(cast, "family", family)
    assert not may(load(cast["family"], "region"), "home.see")
    assert family not in visible(cast["family"])
    Session.objects.filter(pk=cast["family"].session).update(second_factor="passkey")
    assert sees(cast, "family", family)


@pytest.mark.clause("A11.5")
@pytest.mark.parametrize(
    "change",
    [
        {"suspended_at": clock.now()},
        {"acknowledged": None},
        {"password_changed_at": clock.now() - timedelta(days=61)},
        {"family": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_relatives_account_has_to_be_in_order(
    cast: Cast, family: UUID, change: dict[str, object]
) -> None:
    Account.objects.filter(pk=cast.account("family")).update(**change)
    assert not sees(cast, "family", family)


@pytest.mark.clause("A11.5")
def test_a_relatives_account_with_a_role_opens_nothing(cast: Cast, family: UUID) -> None:
    role = PractitionerRole.objects.create(
        account_id=cast.account("family"), organization_id=cast.organizations["station"],
        profession="看護師", started_at=clock.now(), pledged_on=date(2026, 4, 1),
    )  # fmt: skip
    Session.objects.filter(pk=cast["family"].session).update(role=role)
    assert not sees(cast, "family", family)


@pytest.mark.clause("A11.5", "A6")
@pytest.mark.parametrize(
    ("consent", "professionals"),
    [
        ({"declined": "4"}, True),
        ({"declined": "3,4,8"}, True),
        ({"declined": "2"}, False),
        ({"copy_given_on": None}, False),
        ({"ended_at": clock.now()}, False),
    ],
)
def test_without_the_patients_agreement_the_family_group_is_closed_to_all(
    cast: Cast, family: UUID, consent: dict[str, object], professionals: bool
) -> None:
    """Also to the managing organization; the professionals' group goes by its own rule."""
    assert all(sees(cast, name, family) for name in ("manager", "nurse", "family"))
    Consent.objects.update(**consent)
    assert not any(sees(cast, name, family) for name in ("manager", "nurse", "family"))
    assert not any(writes(cast, name, family) for name in ("manager", "nurse", "family"))
    assert sees(cast, "nurse", cast.group) == professionals
    assert sees(cast, "manager", cast.group)
    invitee = load(cast["manager"], "invitee", (family, cast.role("invited")))
    assert not may(invitee, "group.invite")
    assert may(load(cast["manager"], "group", family), "group.manage")  # to release and to end it


@pytest.mark.clause("A11.5")
def test_a_relative_is_released_by_who_manages_the_group(cast: Cast) -> None:
    _, members = group_of_kind(cast, "family", TEAMS["family"])
    for name, yes in {"manager": True, "administrator_same": True, "nurse": False,
                      "administrator_other": False, "operator": False,
                      "family": False}.items():  # fmt: skip
        standing = load(cast[name], "member", members["family"])
        assert may(standing, "member.release") == yes, name
        assert not may(standing, "member.appoint"), name


@pytest.mark.clause("A11.5")
@pytest.mark.parametrize(
    "facts",
    [
        {"relation": "relative", "role": True},
        {"relation": "", "related": True},
        {"relation": "patient", "related": True},
    ],
)
def test_nobody_is_in_a_group_by_work_and_by_kinship(
    cast: Cast, family: UUID, facts: dict[str, object]
) -> None:
    from renkei.patient.models import RelatedPerson

    key = Group.objects.get(pk=family).key_id
    person = RelatedPerson(patient_id=cast.patient, key_id=key)
    person.seal("person_sealed", {"name": "髙橋 実", "relationship": "子"})
    person.save(force_insert=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.create(
            group_id=family, key_id=key, account_id=cast.account("stranger"), origin="invited",
            joined_at=clock.now(), relation=facts["relation"],
            role_id=cast.role("stranger") if facts.get("role") else None,
            related_person=person if facts.get("related") else None,
        )  # fmt: skip


# ── Free groups (A12) ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def free(cast: Cast) -> UUID:
    return group_of_kind(cast, "free", TEAMS["free"])[0]


def stop_role(cast: Cast, name: str, **facts: object) -> None:
    PractitionerRole.objects.filter(pk=cast.role(name)).update(**facts)


GONE = {
    "left": lambda cast: stop_role(cast, "nurse", ended_at=clock.now()),
    "last day over": lambda cast: stop_role(cast, "nurse", until=clock.now()),
    "suspended": lambda cast: stop_role(cast, "nurse", restriction="suspended"),
    "account suspended": lambda cast: Account.objects.filter(pk=cast.account("nurse")).update(
        suspended_at=clock.now()
    ),
    "organization left": lambda cast: Organization.objects.filter(
        pk=cast.organizations["clinic"]
    ).update(left_on=date(2026, 6, 1)),
}


@pytest.mark.clause("A5.1", "A12.3")
@pytest.mark.parametrize("way", GONE)
def test_the_founding_organizations_administrator_takes_charge_when_its_managers_are_gone(
    cast: Cast, free: UUID, way: str
) -> None:
    """And not before; nor does taking charge open what was said."""
    before = load(cast["administrator_same"], "group", free)
    assert not may(before, "group.manage") and not may(before, "group.close")
    GONE[way](cast)
    for name in NAMES[:-1]:
        if name in ("nurse", "physician", "invited", "administrator_other"):
            continue  # the clinic's are gone with it
        found = load(cast[name], "group", free)
        yes = name in ("administrator_same", "self_inviting")
        assert may(found, "group.manage") == may(found, "group.close") == yes, name
        assert may(found, "group.see") == (name == "manager"), name


@pytest.mark.clause("A12.1")
def test_no_consent_is_asked_and_the_founding_organization_manages_no_patient_by_it(
    cast: Cast, free: UUID
) -> None:
    Consent.objects.all().delete()
    assert all(sees(cast, name, free) for name in ("nurse", "manager", "physician"))
    for name in ("administrator_same", "manager"):
        standing = load(cast[name], "group", free)
        patients = [rule for rule in RULES if rule.startswith(("patient.", "consent.", "rights."))]
        assert not any(may(standing, rule) for rule in patients), name


@pytest.mark.clause("A12.1", "A8.2")
def test_good_standing_is_asked_of_who_is_in_it(cast: Cast, free: UUID) -> None:
    stop_role(cast, "manager", pledged_on=None)
    assert not sees(cast, "manager", free)
    stop_role(cast, "nurse", restriction="read_only")
    assert sees(cast, "nurse", free) and not writes(cast, "nurse", free)
    assert not may(load(cast["nurse"], "group", free), "group.manage")
    Session.objects.filter(pk=cast["physician"].session).update(device_id=None)
    assert not sees(cast, "physician", free)


def test_what_has_ended_is_read_and_not_written(cast: Cast, free: UUID) -> None:
    close_group(cast["nurse"], free, reason="役目を終えました")
    assert sees(cast, "manager", free) and not writes(cast, "manager", free)


# ── Between two people (A13.1) ───────────────────────────────────────────────────────────────────


@pytest.fixture
def direct(cast: Cast) -> UUID:
    return group_of_kind(cast, "direct", TEAMS["direct"])[0]


@pytest.mark.clause("A13.1")
@pytest.mark.parametrize("way", GONE)
def test_who_is_gone_cannot_be_reached(cast: Cast, direct: UUID, way: str) -> None:
    assert writes(cast, "manager", direct)
    GONE[way](cast)
    assert sees(cast, "manager", direct) and not writes(cast, "manager", direct)
    assert not may(load(cast["manager"], "group", direct), "communication.draft")
    if way != "account suspended":
        assert not sees(cast, "nurse", direct)


@pytest.mark.clause("A13.1")
def test_nobody_else_reads_or_manages_what_two_people_write(cast: Cast, direct: UUID) -> None:
    for name in NAMES[:-1]:
        standing = load(cast[name], "group", direct)
        allowed = {rule for rule, fact in RULES.items()
                   if fact.needs & {"group", "patient"} and may(standing, rule)}  # fmt: skip
        if name in TEAMS["direct"]:
            assert allowed == {
                "group.see", "communication.send", "communication.draft", "attachment.add",
                "reuse.ask", "notification.level",
            }  # fmt: skip
        else:
            assert allowed == set(), name


@pytest.mark.parametrize("kind", ["direct", "free", "family"])
def test_a_group_belongs_to_whom_its_kind_says(cast: Cast, kind: str) -> None:
    group, _ = group_of_kind(cast, kind, {})
    wrong = {
        "direct": {"organization_id": cast.organizations["station"]},
        "free": {"organization_id": None},
        "family": {"patient_id": None},
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Group.objects.filter(pk=group).update(**wrong[kind])
    if kind != "family":
        with pytest.raises(IntegrityError), transaction.atomic():
            Group.objects.filter(pk=group).update(patient_id=cast.patient)
