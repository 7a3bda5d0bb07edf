"""Form 3: signed by nobody but the person, or recorded as held on paper (A9, F2, P3)."""

from datetime import date, timedelta

import pytest

from renkei.enrollment.models import Pledge
from renkei.enrollment.pledging import (
    pledges_of,
    record_pledge,
    same_name,
    see_pledge,
    sign_pledge,
)
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.people.models import PractitionerRole
from tests.cast import Cast


@pytest.mark.clause("F2", "P3", "A9")
@pytest.mark.parametrize(
    "name", ["manager", "administrator_other", "administrator_same", "operator"]
)
def test_nobody_signs_for_another(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        sign_pledge(cast[name], cast.role("nurse"), name="nurse さん", address="", number=0)
    with pytest.raises(Refused):
        see_pledge(cast[name], cast.role("nurse"))
    assert not Pledge.objects.exists()


@pytest.mark.clause("P3", "A9")
def test_signed_on_the_screen_under_the_whole_words(cast: Cast) -> None:
    seen = see_pledge(cast["nurse"], cast.role("nurse"))
    assert "第4条" in seen.text and "clinic事業所" in seen.text and "所長" in seen.text
    assert "{{" not in seen.text
    sign_pledge(cast["nurse"], cast.role("nurse"), name="ｎｕｒｓｅさん", address="", number=0)
    pledge = Pledge.objects.get()
    assert (pledge.way, pledge.account_id, pledge.text_number) == (
        "screen", cast.account("nurse"), 0,
    )  # fmt: skip
    assert pledge.unseal("signature") == {"name": "ｎｕｒｓｅさん", "address": ""}
    assert PractitionerRole.objects.get(pk=cast.role("nurse")).pledged_on == clock.today()


@pytest.mark.clause("P3")
def test_another_name_or_other_words_are_no_signature(cast: Cast) -> None:
    for name, number in (("別の 人", 0), ("", 0), ("nurse さん", 7)):
        with pytest.raises(Problem):
            sign_pledge(cast["nurse"], cast.role("nurse"), name=name, address="", number=number)
    assert not Pledge.objects.exists()


@pytest.mark.parametrize(
    ("typed", "known", "same"),
    [
        ("髙橋　節子", "高橋 節子", True), ("辻󠄀汐里", "辻 汐里", True), ("ﾔﾏﾀﾞ", "ヤマダ", True),
        ("高橋 節", "高橋 節子", False), ("", "", False), ("高橋節子", "高山節子", False),
    ],
)  # fmt: skip
def test_what_counts_as_ones_name(typed: str, known: str, same: bool) -> None:
    assert same_name(typed, known) is same


@pytest.mark.clause("F2", "A9")
def test_the_organization_records_what_it_holds(cast: Cast) -> None:
    me, nurse = cast["administrator_other"], cast.role("nurse")
    for actor in ("nurse", "administrator_same", "operator"):
        with pytest.raises(Refused):
            record_pledge(cast[actor], nurse, way="paper", signed_on=date(2026, 4, 1))
    with pytest.raises(Problem):
        record_pledge(me, nurse, way="screen", signed_on=date(2026, 4, 1))
    with pytest.raises(Problem):
        record_pledge(me, nurse, way="held", signed_on=clock.today() + timedelta(days=1))
    record_pledge(me, nurse, way="held", signed_on=date(2024, 4, 1))
    record_pledge(me, nurse, way="paper", signed_on=date(2026, 4, 1))
    assert [(one.way, one.number) for one in pledges_of(me, nurse)] == [
        ("paper", 0), ("held", None),
    ]  # fmt: skip
    assert PractitionerRole.objects.get(pk=nurse).pledged_on == date(2026, 4, 1)
