"""Forms help to write and leave plain text; an organization has its own beside those given."""

from typing import Any

import pytest

from renkei.audit import trail
from renkei.communication.template_desk import hide_form, keep_form, remove_form, see_forms
from renkei.communication.templates import (
    TYPES,
    given,
    of_organization,
    see_template,
    see_templates,
    to_do,
    written,
)
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people.models import PractitionerRole
from tests.cast import Cast, group_of_kind

pytestmark = pytest.mark.clause("N3.3")

FACTS: dict[str, Any] = {
    "hint": "", "kind": "notice", "groups": ["patient"], "professions": ["看護師"],
}  # fmt: skip
FIELD = {"label": "巻き爪", "type": "text", "required": False, "options": [], "example": ""}


def keep(cast: Cast, name: str, **more: Any) -> str:
    facts = {"title": "フットケア", "fields": [FIELD], **FACTS, **more}
    return keep_form(cast[name], cast.organizations["station"], **facts)


def keys(cast: Cast, name: str, group: Any = None) -> list[str]:
    offered = see_templates(cast[name], group or cast.group)
    return [one.key for one in (*offered.mine, *offered.others)]


@pytest.mark.once
def test_every_form_that_comes_with_it_is_whole() -> None:
    known = {*PractitionerRole.PROFESSIONS, "*", "患者・家族"}
    for form in given().values():
        assert set(form.professions) <= known and form.title and form.hint, form.key
        assert set(form.groups) <= {"patient", "family"}
        assert len({one.name for one in form.fields}) == len(form.fields)
        for one in form.fields:
            assert one.type in TYPES and bool(one.options) == (one.type in ("choice", "multi"))
    assert {"visit-nurse", "soap", "medication", "pressure-injury", "conference"} <= set(given())


@pytest.mark.once
@pytest.mark.parametrize(
    ("form", "values", "asked"),
    [
        ("soap", {"s": "足がつる", "o": "浮腫", "p": "水をすすめる", "a": "脱水"}, "水をすすめる"),
        ("visit-nurse", {"change": "発赤", "care": "清拭", "request": "位置を見る"}, "位置を見る"),
        ("request", {"to": "介護の方", "what": "薬を置く", "by": "2026-12-01T09:00"}, "薬を置く"),
        ("visit-nurse", {"change": "発赤", "care": "清拭"}, ""),
    ],
)
def test_what_is_to_be_done_is_found_in_what_came_of_a_form(
    form: str, values: dict[str, str], asked: str
) -> None:
    assert to_do(written(given()[form], values, "よろしくお願いします。")) == asked


@pytest.mark.once
def test_of_several_lines_of_what_is_to_be_done_the_first_is_taken() -> None:
    assert to_do("決まったこと（誰が・いつまでに）：\n手すりを付ける\nベッド") == "手すりを付ける"
    assert to_do("お願いします。\nP これから歩く") == ""


@pytest.mark.once
def test_what_was_filled_in_becomes_plain_lines_and_what_was_not_leaves_none() -> None:
    text = written(
        given()["visit-nurse"],
        {
            "change": "右かかとに　発赤\nあり", "intake": "やや少ない", "excretion:0": "排便あり",
            "excretion:3": "尿量少ない", "excretion:1": "作り話", "skin": " ",
            "care": "清拭\n除圧", "next": "2026-12-01T09:05", "vitals": "120/80",
        },
        "よろしくお願いします。",
    )  # fmt: skip
    assert text == (
        "【訪問報告（看護）】\nいつもと違うこと：右かかとに 発赤 あり\n食事・水分：やや少ない\n"
        "排泄：排便あり、尿量少ない\n行った看護：\n清拭\n除圧\n次回訪問：12月1日(火) 9:05\n\n"
        "よろしくお願いします。"
    )


@pytest.mark.once
@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("visit-nurse", {"change": "なし"}),  # the care is missing
        ("safety", {"state": "作り話", "checked_how": "会った"}),
        ("visit-oral", {"advice": "義歯を洗う", "weight": "四十八"}),
        ("visit-doctor", {"next_visit": "来週", "plan_change": "なし", "watch": "むくみ"}),
        ("visit-care", {"mood": "元気", "noticed": "あ" * 2001}),
    ],
)
def test_what_is_missing_or_makes_no_sense_is_named(key: str, values: dict[str, str]) -> None:
    with pytest.raises(Problem):
        written(given()[key], values)


def test_those_of_ones_profession_come_first(cast: Cast) -> None:
    assert [one.key for one in see_templates(cast["nurse"], cast.group).mine] == [
        "visit-nurse", "day-service", "soap", "medication", "pressure-injury", "discharge",
    ]  # fmt: skip
    assert see_templates(cast["physician"], cast.group).mine[0].key == "visit-doctor"
    assert "family-report" not in keys(cast, "nurse")


@pytest.mark.clause("A11.5")
def test_relatives_have_a_form_of_theirs_and_no_other(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "family", {"manager": True, "family": False})
    assert keys(cast, "family", group) == ["family-wish"]
    assert keys(cast, "manager", group) == ["family-report"]
    with pytest.raises(Unknown):
        see_template(cast["family"], group, key="visit-nurse")


def test_an_organization_adds_changes_hides_and_takes_back_for_its_own_alone(cast: Cast) -> None:
    own = keep(cast, "administrator_same")
    changed = keep(cast, "administrator_same", key="visit-nurse", title="看護の報告")
    assert changed == "visit-nurse"
    hide_form(cast["administrator_same"], cast.organizations["station"], key="soap", hidden=True)
    assert {own, "visit-nurse"} <= set(keys(cast, "manager"))
    assert "soap" not in keys(cast, "manager") and "soap" in keys(cast, "nurse")
    assert own not in keys(cast, "nurse")
    assert see_template(cast["manager"], cast.group, key="visit-nurse").title == "看護の報告"
    assert see_template(cast["nurse"], cast.group, key="visit-nurse").title == "訪問報告（看護）"
    # the measurements stay where they were, whoever changed the form
    assert [one.type for one in see_template(cast["manager"], cast.group, key="visit-nurse").fields
            ] == ["text", "vitals"]  # fmt: skip
    with pytest.raises(Unknown):
        see_template(cast["nurse"], cast.group, key=own)
    place = cast.organizations["station"]
    remove_form(cast["administrator_same"], place, key="visit-nurse")
    hide_form(cast["administrator_same"], place, key="soap", hidden=False)
    remove_form(cast["administrator_same"], place, key=own)
    assert of_organization(place) == given()
    assert all(
        not one.hidden and not one.edition for one in see_forms(cast["administrator_same"], place)
    )
    assert "フットケア" not in trail.history(f"organization:{place.hex}")[-1].detail


@pytest.mark.parametrize("name", ["manager", "administrator_other", "operator", "family"])
def test_nobody_but_its_administrator_changes_them(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        keep(cast, name)
    with pytest.raises(Refused):
        see_forms(cast[name], cast.organizations["station"])


@pytest.mark.parametrize(
    "more",
    [
        {"title": " "}, {"groups": ["network"]}, {"fields": []},
        {"fields": [FIELD | {"type": "photo"}]},
        {"fields": [FIELD | {"type": "choice", "options": ["一つだけ", "一つだけ"]}]},
    ],
)  # fmt: skip
def test_a_form_that_asks_nothing_sensible_is_not_kept(cast: Cast, more: dict[str, Any]) -> None:
    with pytest.raises(Problem):
        keep(cast, "administrator_same", **more)
