"""The points to note, in each one's own words (A10)."""

import pytest

from renkei.kernel.errors import SignedOut, Unknown
from renkei.people.models import PractitionerRole
from renkei.policy.clauses import CLAUSES
from renkei.policy.loading import load
from renkei.training.cards import ROLES, cards, pages
from renkei.training.hints import hint_for, note_points, see_points
from tests.cast import NOBODY, Cast

pytestmark = [pytest.mark.clause("A10"), pytest.mark.once]


@pytest.mark.parametrize("profession", PractitionerRole.PROFESSIONS)
def test_every_profession_has_its_card(profession: str) -> None:
    card = cards()[profession]
    assert card.title and len(card.points) >= 3 and all(card.points)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_its_page_that_names_its_clauses(role: str) -> None:
    page = pages()[role]
    assert page.motto and page.text.count("- ") >= 5
    assert page.clauses and set(page.clauses) <= set(CLAUSES)


def test_all_points_to_note_stand_on_some_page() -> None:
    said = {clause for one in pages().values() for clause in one.clauses}
    owed = {one for one in CLAUSES if one.startswith(("N1.", "N2.", "N3."))} | {"N4.5", "N4.9"}
    assert owed - said == set()


def test_each_is_shown_their_own_pages_first_with_whom_to_ring(cast: Cast) -> None:
    own = {
        "nurse": ["staff"],
        "manager": ["staff", "group_manager"],
        "administrator_same": ["staff", "administrator"],
        "operator": ["operator"],
        "family": ["family"],
    }
    for name, roles in own.items():
        found = see_points(cast[name], None)
        assert [one.role for one in found.own] == roles, name
        assert {one.role for one in (*found.own, *found.others)} == set(ROLES)
        assert not any("{{" in one.text for one in (*found.own, *found.others))
        assert "0312345678" in found.foot and "{{" not in found.foot
    card = see_points(cast["physician"], None).card
    assert card is not None and card.title == "医師・歯科医師"
    assert see_points(cast["family"], None).card is None


def test_what_was_noted_is_not_shown_by_itself_again_but_a_new_role_brings_its_own(
    cast: Cast,
) -> None:
    def hint(name: str = "nurse") -> str | None:
        found = hint_for(load(cast[name], "region").who, manages=False)
        return found.role if found else None

    assert hint() == "staff"
    note_points(cast["nurse"], None, role="staff")
    note_points(cast["nurse"], None, role="staff")
    assert hint() is None and hint("stranger") == "staff"
    assert see_points(cast["nurse"], None).own[0].role == "staff"  # still there to read
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(administrator=True)
    assert hint() == "administrator"


def test_nothing_else_is_noted_and_by_nobody_else(cast: Cast) -> None:
    with pytest.raises(Unknown):
        note_points(cast["nurse"], None, role="king")
    with pytest.raises(SignedOut):
        note_points(cast[NOBODY], None, role="staff")
