"""Who has not finished joining is told what is missing and whose turn it is (A3, A9)."""

import pytest

from renkei.people.models import Organization, PractitionerRole
from tests.cast import Cast
from tests.web.test_patient import client


@pytest.mark.clause("A9")
def test_whose_pledge_is_missing_sees_what_is_missing_instead_of_a_bare_refusal(
    cast: Cast,
) -> None:
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(pledged_on=None)
    home = client(cast, "nurse").get("/home").content.decode()
    assert "clinic事業所" in home and "守秘誓約" in home
    assert f"/groups/{cast.group}" not in home
    shown = client(cast, "nurse").get(f"/groups/{cast.group}")
    assert shown.status_code == 403
    assert "守秘誓約" in shown.content.decode()
    assert "朝の血圧" not in shown.content.decode()


@pytest.mark.clause("A3")
def test_before_approval_it_is_the_operators_turn_and_the_public_list_shows_nothing(
    cast: Cast,
) -> None:
    Organization.objects.filter(pk=cast.organizations["clinic"]).update(approved_on=None)
    assert "運営事務局" in client(cast, "nurse").get(f"/groups/{cast.group}").content.decode()
    assert "clinic事業所" not in client(cast, "nobody").get("/organizations").content.decode()


def test_a_stranger_who_has_joined_in_full_is_refused_as_ever(cast: Cast) -> None:
    shown = client(cast, "stranger").get(f"/groups/{cast.group}")
    assert shown.status_code == 403
    assert "記録" in shown.content.decode()
