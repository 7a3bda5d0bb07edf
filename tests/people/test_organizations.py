"""Organizations as the operator sees them, and what an organization says of itself."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from renkei.audit.models import AuditEvent
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.people.models import Account, Organization
from renkei.people.organizations import change_facts, see_organizations, see_place
from tests.cast import Cast, set_parameters

FACTS = {
    "head": "新しい 所長", "documents": "no", "listed": True, "name": "みどり訪問看護",
    "kana": "みどりほうもんかんご", "postal_code": "100-0001", "address": "みどり野9-9",
    "phone": "03-1234-9999", "fax": "", "email": "",
}  # fmt: skip


def change(cast: Cast, by: str = "administrator_same", **more: Any) -> list[str]:
    return change_facts(cast[by], cast.organizations["station"], **(FACTS | more))


def signed_in(cast: Cast, name: str, days_ago: int) -> None:
    at = clock.now() - timedelta(days=days_ago)
    Account.objects.filter(pk=cast.account(name)).update(last_login=at)


@pytest.mark.clause("A7")
def test_an_organization_whose_administrators_stay_away_is_shown_to_the_operator(
    cast: Cast,
) -> None:
    signed_in(cast, "administrator_other", 29)
    signed_in(cast, "sole", 31)
    signed_in(cast, "manager", 0)  # no administrator
    lines, everyone = see_organizations(cast["operator"], None, words="")
    absent = {one.code for one in lines if one.absent}
    assert everyone == 4
    assert "clinic" not in absent
    assert {"pharmacy", "station"} <= absent
    set_parameters(cast, administrator_absence_days=60)
    lines, _ = see_organizations(cast["operator"], None, words="")
    assert "pharmacy" not in {one.code for one in lines if one.absent}


def test_they_are_found_by_kana_kind_and_number(cast: Cast) -> None:
    change(cast)
    for words in ("ミドリホウモン", "みどり訪問", "0312349999", "03-1234-9999", "みどり野9"):
        lines, _ = see_organizations(cast["operator"], None, words=words)
        assert [one.name for one in lines] == ["みどり訪問看護"], words


def test_the_operator_sees_administrators_by_name_and_others_as_a_number(cast: Cast) -> None:
    found = see_place(cast["operator"], cast.organizations["station"])
    assert {one.face.name for one in found.administrators} == {
        "administrator_same さん",
        "self_inviting さん",
    }
    assert found.line.people == 3
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people["operator"].cookie
    page = client.get(f"/organizations/{cast.organizations['station']}").content.decode()
    assert "manager さん" not in page


def test_nobody_else_sees_the_list_nor_another_organization(cast: Cast) -> None:
    for name in ("nurse", "administrator_same", "family"):
        with pytest.raises(Refused):
            see_organizations(cast[name], None, words="")
    for name in ("administrator_other", "nurse", "manager"):
        with pytest.raises(Refused):
            see_place(cast[name], cast.organizations["station"])


@pytest.mark.clause("A17.2", "A19.1")
def test_its_own_administrator_changes_the_facts_and_the_public_page_follows(cast: Cast) -> None:
    assert sorted(change(cast)) == [
        "address", "head", "kana", "name", "phone", "postal_code", "settings",
    ]  # fmt: skip
    found = see_place(cast["administrator_same"], cast.organizations["station"])
    assert (found.head, found.line.documents) == ("新しい 所長", "no")
    assert "みどり訪問看護" in Client().get("/organizations").content.decode()
    line = AuditEvent.objects.get(action="organization.change")
    assert "所長" not in str(line.detail) and "9999" not in str(line.detail)


@pytest.mark.clause("A17.2", "A19.1")
def test_nobody_else_changes_them(cast: Cast) -> None:
    for name in ("administrator_other", "operator", "manager", "nurse", "sole"):
        with pytest.raises(Refused):
            change(cast, by=name)
    assert Organization.objects.get(code="station").name == "station事業所"


@pytest.mark.clause("A19.1")
def test_staying_off_the_public_list_is_up_to_the_region(cast: Cast) -> None:
    with pytest.raises(Problem):
        change(cast, listed=False)
    assert Organization.objects.get(code="station").listed
    set_parameters(cast, public_list_opt_out=True)
    change(cast, listed=False)
    assert "みどり訪問看護" not in Client().get("/organizations").content.decode()
    set_parameters(cast, public_list_opt_out=False)
    change(cast, listed=False, phone="03-1234-1111")  # who stays off already may stay off
    change(cast, listed=True)


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"kana": "漢字"}, {"head": ""}, {"documents": "perhaps"}]
)
def test_what_cannot_be_is_not_taken(cast: Cast, wrong: dict[str, str]) -> None:
    with pytest.raises(Problem):
        change(cast, **wrong)
    assert Organization.objects.get(code="station").name == "station事業所"


def test_a_change_without_a_change_leaves_no_line(cast: Cast) -> None:
    change(cast)
    assert change(cast) == []
    assert AuditEvent.objects.filter(action="organization.change").count() == 1
