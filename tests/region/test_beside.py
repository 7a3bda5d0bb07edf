"""What stands beside the policy: provisions, laws and guidelines, issuers of documents."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from renkei.group.home import see_home
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.region.issuers import keep_issuer, remove_issuer, see_issuer, see_issuers
from renkei.region.laws import keep_law, laws_of, remove_law
from renkei.region.models import Issuer, Provision
from renkei.region.provisions import add_provision, end_provision, public_provisions
from tests.cast import Cast
from tests.region.world import decide

TODAY = clock.today
NOT_THE_OPERATOR = ("nurse", "administrator_same", "physician", "family")


# ── Provisions ───────────────────────────────────────────────────────────────────────────────────


def add(cast: Cast, **more: Any) -> Any:
    said = {
        "title": "写真の細則", "text": "写真は一件につき三枚までとする。", "from_on": TODAY(),
        "until_on": None, "ask": False,
    }  # fmt: skip
    return add_provision(cast["operator"], None, **(said | more))


@pytest.mark.clause("A22")
def test_the_operators_provisions_stand_below_the_policy_from_day_to_day(cast: Cast) -> None:
    soon, later = TODAY() + timedelta(days=3), TODAY() + timedelta(days=5)
    add(cast, from_on=soon, until_on=later)

    def shown() -> list[str]:
        there = "写真の細則" in Client().get("/policy").content.decode()
        states = [one.state for one in public_provisions()]
        assert there == bool(states)
        return states

    assert shown() == ["coming"]
    with clock.shifted(timedelta(days=4)):
        assert shown() == ["now"]
    with clock.shifted(timedelta(days=6)):
        assert shown() == []


@pytest.mark.clause("A22")
def test_on_wish_everybody_is_asked_to_confirm_it_at_once(cast: Cast) -> None:
    provision = add(cast, ask=True)
    found = see_home(cast["nurse"], None).notices
    assert [(one.title, one.waiting) for one in found] == [("写真の細則", True)]
    assert Provision.objects.get(pk=provision).notice_id == found[0].id


@pytest.mark.clause("A22")
def test_nobody_but_the_operator_adds_or_ends_one(cast: Cast) -> None:
    provision = add(cast)
    for name in NOT_THE_OPERATOR:
        with pytest.raises(Refused):
            add_provision(
                cast[name], None, title="a", text="b", from_on=TODAY(), until_on=None, ask=False
            )
        with pytest.raises(Refused):
            end_provision(cast[name], None, provision=provision, until_on=TODAY())


def test_it_neither_begins_nor_ends_in_the_past(cast: Cast) -> None:
    yesterday = TODAY() - timedelta(days=1)
    with pytest.raises(Problem):
        add(cast, from_on=yesterday)
    with pytest.raises(Problem):
        add(cast, from_on=TODAY(), until_on=yesterday)
    provision = add(cast)
    with pytest.raises(Problem):
        end_provision(cast["operator"], None, provision=provision, until_on=yesterday)
    end_provision(cast["operator"], None, provision=provision, until_on=TODAY())
    with clock.shifted(timedelta(days=1)):
        assert "写真の細則" not in Client().get("/policy").content.decode()
    with pytest.raises(Problem):
        end_provision(cast["operator"], None, provision=uuid4(), until_on=TODAY())


# ── Laws and guidelines ──────────────────────────────────────────────────────────────────────────


def keep(cast: Cast, key: str = "", name: str = "operator", **more: Any) -> None:
    said = {"title": "個人情報保護条例", "edition": "令和8年", "address": "", "checked_on": TODAY()}
    keep_law(cast[name], None, key=key, **(said | more))


@pytest.mark.clause("A2")
def test_everybody_reads_which_editions_are_followed(cast: Cast) -> None:
    before = Client().get("/policy").content.decode()
    assert "医療情報システムの安全管理に関するガイドライン" in before
    assert "第6.0版 令和5年5月" in before
    keep(
        cast, "security", title="医療情報システムの安全管理に関するガイドライン", edition="第7.0版"
    )
    keep(cast)
    after = Client().get("/policy").content.decode()
    assert "第7.0版" in after and "第6.0版" not in after
    assert "個人情報保護条例" in after


@pytest.mark.clause("A2")
def test_the_next_edition_of_the_policy_names_the_guideline_as_the_list_does(cast: Cast) -> None:
    keep(cast, "privacy", title="ガイダンス", edition="令和9年改正")
    edition = decide(cast, TODAY(), source="# ポリシー\n\n{{ guideline.privacy_edition }}\n")
    assert "令和9年改正" in edition.text


@pytest.mark.clause("A2")
def test_the_two_guidelines_stay_and_other_lines_can_go(cast: Cast) -> None:
    with pytest.raises(Problem):
        remove_law(cast["operator"], None, key="security")
    with pytest.raises(Problem):
        keep(cast, "security", edition="")
    remove_law(cast["operator"], None, key="physicians-act")
    assert "physicians-act" not in {one.key for one in laws_of(cast.region)}
    with pytest.raises(Unknown):
        keep(cast, "no-such-line")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://", "data:text/html,x", "//a.b"])
def test_a_link_leads_to_a_web_page_and_nowhere_else(cast: Cast, address: str) -> None:
    with pytest.raises(Problem):
        keep(cast, address=address)


@pytest.mark.clause("A2")
def test_nobody_but_the_operator_keeps_the_list(cast: Cast) -> None:
    for name in NOT_THE_OPERATOR:
        with pytest.raises(Refused):
            keep(cast, name=name)
        with pytest.raises(Refused):
            remove_law(cast[name], None, key="care-act")


# ── Issuers ──────────────────────────────────────────────────────────────────────────────────────


def enter(cast: Cast, by: str = "operator", **more: Any) -> Any:
    said = {
        "issuer": None, "name": "星見市民病院", "kana": "ほしみしみんびょういん", "kind": "病院",
        "address": "星見市1-1", "answer": "no", "since": date(2026, 4, 1), "note": "電話で確認",
    }  # fmt: skip
    return keep_issuer(cast[by], None, **(said | more))


@pytest.mark.clause("A17.2")
def test_the_register_says_of_an_issuer_whether_theirs_may_be_posted(cast: Cast) -> None:
    enter(cast)
    enter(cast, name="月見診療所", kana="つきみしんりょうじょ", kind="診療所", answer="yes")
    for name in ("operator", "nurse", "administrator_same"):
        found = see_issuers(cast[name], None, words="ホシミ", answer="")
        assert [(one.name, one.answer) for one in found.lines] == [("星見市民病院", "no")]
        assert found.may_keep == (name == "operator")
    assert see_issuers(cast["nurse"], None, words="", answer="yes").lines[0].name == "月見診療所"
    with pytest.raises(Refused):
        see_issuers(cast["family"], None, words="", answer="")


@pytest.mark.clause("A17.2")
def test_only_the_operator_keeps_the_register(cast: Cast) -> None:
    issuer = enter(cast)
    for name in NOT_THE_OPERATOR:
        with pytest.raises(Refused):
            enter(cast, by=name, name="x")
        with pytest.raises(Refused):
            remove_issuer(cast[name], None, issuer=issuer)
    remove_issuer(cast["operator"], None, issuer=issuer)
    assert see_issuers(cast["nurse"], None, words="", answer="").all == 0
    assert Issuer.objects.filter(pk=issuer).exists()  # that it stood there is not lost


def test_the_same_issuer_is_not_entered_twice(cast: Cast) -> None:
    issuer = enter(cast)
    with pytest.raises(Problem):
        enter(cast, name="星見市民 病院")
    enter(cast, address="星見市2-2")  # another one of that name elsewhere
    enter(cast, issuer=issuer, answer="ask")
    assert see_issuer(cast["operator"], None, issuer).answer == "ask"
    with pytest.raises(Unknown):
        enter(cast, issuer=uuid4())
    for wrong in ({"kind": "宇宙"}, {"answer": "maybe"}, {"kana": "星"}, {"name": ""}):
        with pytest.raises(Problem):
            enter(cast, **({"name": "別"} | wrong))
