"""The whole policy as one matrix, and its two shapes: one thing at a time, and as a list."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest

from renkei.group.selectors import visible_to
from renkei.group.services import close_group
from renkei.kernel import clock
from renkei.kernel.errors import SignedOut, Unknown
from renkei.patient.models import Consent
from renkei.patient.services import withdraw_consent
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.policy.loading import load
from renkei.policy.rules import RULES, check_loaded, may
from renkei.policy.standing import Actor, On, Standing, Who
from tests.cast import NAMES, NOBODY, Cast, loading, make_account, make_region, person

# Who may do what to the patient's group, its patient, its managing organization, the nurse's
# message and membership, and an invitation: that of "invited" by the manager - for the last two
# administrators, their own; neither nurse nor invited is a physician. A letter is a state of
# things in which the answer is yes:
#   c  the patient's consent is recorded      n  it is not
#   w  it was withdrawn                       e  the group has ended (with consent)
# fmt: off
ROWS: dict[str, dict[str, str]] = {
    #                            man- nur- phy- for- stra invi adm. adm. self sole fam- ope- no-
    #                            ager se   sic. mer  nger ted  same oth. inv.      ily  rat. body
    "region": {
    "policy.confirm":           "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "password.change":          "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "session.end":              "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "home.see":                 "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "profile.change":           "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "role.choose":              "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "people.see":               "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -    cnwe -",
    "notice.confirm":           "cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe cnwe -",
    "notice.publish":           "-    -    -    -    -    -    -    -    -    -    -    cnwe -",
    "region.load":              "-    -    -    -    -    -    -    -    -    -    -    -    -",
    },
    "organization": {
    "organization.see":         "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "patient.register":         "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    },
    "patient": {
    "patient.see":              "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "patient.change":           "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "consent.record":           "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "consent.withdraw":         "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "group.open":               "-    -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    },
    "group": {
    "group.see":                "cnwe c..e c..e -    -    -    -    -    -    -    -    -    -",
    "group.manage":             "cnwe -    -    -    -    -    cnwe -    cnwe -    -    -    -",
    "group.change_basics":      "cnw. -    c... -    -    -    -    -    -    -    -    -    -",
    "group.leave":              "cnwe cnwe cnwe -    -    -    -    -    -    -    -    -    -",
    "group.close":              "cnw. -    -    -    -    -    cnw. -    cnw. -    -    -    -",
    "communication.send":       "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    "communication.draft":      "cnw. c... c... -    -    -    -    -    -    -    -    -    -",
    },
    "invitee": {
    "group.invite":             "c... -    -    -    -    -    c... -    -    -    -    -    -",
    "group.invite_manager":     "-    -    -    -    -    -    -    -    -    -    -    -    -",
    },
    "member": {
    "member.dismiss":           "cnw. -    -    -    -    -    cnw. -    cnw. -    -    -    -",
    "member.release":           "cnwe -    -    -    -    -    cnwe cnwe cnwe -    -    -    -",
    "member.appoint":           "-    -    -    -    -    -    -    -    -    -    -    -    -",
    },
    "invitation": {
    "invitation.see":           "cnwe -    -    -    -    cnwe cnwe cnwe cnwe cnwe -    -    -",
    "invitation.approve":       "-    -    -    -    -    -    -    cnw. -    cnw. -    -    -",
    "invitation.refuse":        "-    -    -    -    -    -    -    cnw. -    cnw. -    -    -",
    "invitation.accept":        "-    -    -    -    -    cnw. -    -    cnw. cnw. -    -    -",
    "invitation.decline":       "-    -    -    -    -    cnw. -    -    cnw. cnw. -    -    -",
    "invitation.take_back":     "cnw. -    -    -    -    -    cnw. -    cnw. -    -    -    -",
    },
    "communication": {
    "communication.understand": "cnwe -    c..e -    -    -    -    -    -    -    -    -    -",
    "communication.correct":    "-    c... -    -    -    -    -    -    -    -    -    -    -",
    "communication.withdraw":   "-    c..e -    -    -    -    -    -    -    -    -    -    -",
    },
}
# fmt: on
MATRIX = {
    permission: (kind, cells) for kind, rows in ROWS.items() for permission, cells in rows.items()
}


def _nothing(cast: Cast) -> None:
    """The consent is recorded, as the cast finds it."""


def _never_consented(cast: Cast) -> None:
    Consent.objects.all().delete()


def _withdrawn(cast: Cast) -> None:
    withdraw_consent(
        cast["administrator_same"], cast.patient, reason="望まれず", withdrawn_on=date(2026, 6, 1)
    )


def _ended(cast: Cast) -> None:
    close_group(cast["manager"], cast.group, reason="入院されました")


STATES: dict[str, Callable[[Cast], None]] = {
    "c": _nothing,
    "n": _never_consented,
    "w": _withdrawn,
    "e": _ended,
}


def things(cast: Cast, name: str) -> dict[str, On]:
    """What the person is asked about, one thing of each kind."""
    asked = name if name in cast.invitations else "invited"
    return {
        "region": None,
        "organization": cast.organizations["station"],
        "patient": cast.patient,
        "group": cast.group,
        "communication": cast.message,
        "invitee": cast.invitee(asked),
        "invitation": cast.invitations[asked],
        "member": cast.members["nurse"],
    }


def standing_of(cast: Cast, name: str, kind: str) -> Standing | None:
    """None for who is not signed in: there is nothing to judge."""
    try:
        return load(cast[name], kind, things(cast, name)[kind])
    except SignedOut:
        return None


def answers(cast: Cast, state: str) -> dict[str, str]:
    """The matrix as the policy answers it in one state: a row of letters and dots."""
    STATES[state](cast)
    kinds = {kind for kind, _ in MATRIX.values()}
    standings = {(name, kind): standing_of(cast, name, kind) for name in NAMES for kind in kinds}

    def yes(name: str, kind: str, permission: str) -> bool:
        standing = standings[name, kind]
        return standing is not None and may(standing, permission)

    return {
        permission: " ".join(state if yes(name, kind, permission) else "." for name in NAMES)
        for permission, (kind, _) in MATRIX.items()
    }


def expected(state: str) -> dict[str, str]:
    return {
        permission: " ".join(state if state in cell else "." for cell in cells.split())
        for permission, (_, cells) in MATRIX.items()
    }


def test_every_rule_has_a_row_and_every_person_a_column() -> None:
    assert set(MATRIX) == set(RULES)
    assert sum(len(rows) for rows in ROWS.values()) == len(MATRIX)
    assert {len(cells.split()) for _, cells in MATRIX.values()} == {len(NAMES)}


@pytest.mark.parametrize("state", STATES)
def test_who_may_do_what(cast: Cast, state: str) -> None:
    assert answers(cast, state) == expected(state)


@pytest.mark.parametrize("hurdle", ["not acknowledged", "password too old", "suspended"])
def test_nobody_gets_past_the_gates_to_anything_but_opening_them(cast: Cast, hurdle: str) -> None:
    Account.objects.update(
        **{
            "not acknowledged": {"acknowledged": None},
            "password too old": {"password_changed_at": clock.now() - timedelta(days=61)},
            "suspended": {"suspended_at": clock.now()},
        }[hurdle]
    )
    found = answers(cast, "c")
    allowed = {permission for permission, row in found.items() if "c" in row}
    gates = {"policy.confirm", "password.change", "session.end"}
    assert allowed == (set() if hurdle == "suspended" else gates)


def test_who_acts_for_a_suspended_organization_or_after_leaving_it_has_no_rights(
    cast: Cast,
) -> None:
    Organization.objects.filter(pk=cast.organizations["station"]).update(suspended_at=clock.now())
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(ended_at=clock.now())
    found = answers(cast, "c")
    for name in ("manager", "nurse", "administrator_same"):
        column = NAMES.index(name)
        yes = {permission for permission, row in found.items() if row.split()[column] == "c"}
        assert {MATRIX[permission][0] for permission in yes} == {"region"}, name


def test_a_person_of_another_region_meets_nothing_of_this_one(cast: Cast) -> None:
    with loading():
        region, policy = make_region("隣の地域")
        account = make_account(region, "neighbour@example.org")
    account.acknowledged_id, account.password_changed_at = policy, clock.now()
    account.save()
    neighbour = person("neighbour", account).actor
    assert load(neighbour, "region").who.region == region
    for kind, thing in things(cast, "nurse").items():
        if kind != "region":
            with pytest.raises(Unknown):
                load(neighbour, kind, thing)


def test_a_rule_over_what_its_kind_does_not_load_is_refused_at_import() -> None:
    with pytest.raises(TypeError, match=r"communication.send on organization needs group, patient"):
        check_loaded("communication.send", "organization")
    with pytest.raises(KeyError):
        check_loaded("communication.shout", "group")
    for permission, (kind, _) in MATRIX.items():
        check_loaded(permission, kind)


def test_whether_one_may_needs_no_database() -> None:
    nobody = Standing(Who(account=None, region=None))
    assert not any(may(nobody, permission) for permission in RULES)


# ── The list and the rule ────────────────────────────────────────────────────────────────────────


def agree(actors: dict[UUID, Actor], groups: list[UUID]) -> None:
    """For everybody, the list holds exactly the groups that the rule lets them see."""
    for account, actor in actors.items():
        ready = may(load(actor, "region"), "home.see")
        listed = sorted(visible_to(account)) if ready else []
        ruled = [group for group in groups if may(load(actor, "group", group), "group.see")]
        assert listed == sorted(ruled), account


@pytest.mark.parametrize("state", STATES)
def test_list_and_rule_agree_for_the_cast(cast: Cast, state: str) -> None:
    STATES[state](cast)
    actors = {cast.account(name): cast[name] for name in NAMES if name != NOBODY}
    agree(actors, [cast.group])
