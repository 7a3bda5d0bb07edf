"""Erasing is asked for, confirmed by a second person, waits, can be taken back, and is done."""

import logging
from datetime import timedelta
from uuid import UUID

import pytest

from renkei.audit.models import AuditEvent
from renkei.communication import holding
from renkei.communication.models import Communication
from renkei.config.erased_watch import ErasedWatch
from renkei.config.erasing import carry_out
from renkei.config.verification import verify
from renkei.disclosure import executing, remains
from renkei.disclosure.erasing import (
    ask_for_group,
    ask_for_record,
    confirm_erasure,
    return_erasure,
    withdraw_erasure,
)
from renkei.disclosure.erasures import see_asking_for_record, see_desk, see_erasure, see_own
from renkei.disclosure.models import Erasure
from renkei.files import s3
from renkei.files.models import File
from renkei.group.head import see_head
from renkei.group.models import Group, Member
from renkei.group.services import leave_group, open_group
from renkei.kernel import clock, vault
from renkei.kernel.errors import Erased, Problem, Refused, Unknown
from renkei.patient.models import Basics, Patient
from renkei.patient.services import change_basics
from renkei.people.models import PractitionerRole, Session
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.policy.standing import HOST
from tests.cast import Cast, group_about, group_of_kind, post, set_parameters
from tests.disclosure.world import (
    asked,
    both_hats,
    confirmed,
    filed,
    known,
    over,
    second_operator,
    talk,
    wish,
)

pytestmark = pytest.mark.clause("A11.7")
BY_STANDING = [name for name in ("manager", "nurse", "physician", "former", "stranger", "invited",
                                 "administrator_other", "sole", "family", "operator")]  # fmt: skip


def everything_fits() -> bool:
    return not [one.breaks for one in verify(lambda *_: None, given=[]) if one.breaks or one.note]


def test_no_process_keeps_a_name_that_was_erased(committed: Cast, travel) -> None:
    """Drafts are held against names in memory: there they go as well, wherever it was done."""
    erasure, who = confirmed(committed), load(committed["manager"], "region").who
    elsewhere = ErasedWatch()  # of a process that only looks
    elsewhere.turn()
    holding.judge_free(who, "お変わりありません")
    elsewhere.turn()
    assert holding._held
    Erasure.objects.update(begun_at=clock.now())
    elsewhere.turn()
    assert not holding._held
    Erasure.objects.update(begun_at=None)
    holding.judge_free(who, "お変わりありません")
    over(travel)
    executing.execute(erasure.id)
    assert not holding._held


def test_a_bucket_that_keeps_files_holds_the_erasure_up_and_nothing_else(
    committed: Cast, travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed(committed)
    over(travel)

    def kept(_: object) -> None:
        raise s3.Unreachable("let")

    with monkeypatch.context() as patched:
        patched.setattr(remains, "remove_files", kept)
        assert [one.why for one in carry_out()] == ["bucket"]
    assert [one.done for one in carry_out()] == [True]


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────


def test_the_administrator_of_the_managing_organization_asks(cast: Cast) -> None:
    erasure = asked(cast)
    line = AuditEvent.objects.get(action="erasure.ask", outcome="done")
    assert line.stream == f"patient:{cast.patient.hex}"
    assert line.entity == f"Erasure/{erasure.id.hex}"
    assert erasure.unseal("wish_sealed")["who"].startswith("鷲尾")
    assert "鷲尾" not in line.detail


@pytest.mark.parametrize("name", BY_STANDING)
def test_nobody_else_asks(cast: Cast, name: str) -> None:
    for ask, thing in ((ask_for_record, cast.patient), (ask_for_group, cast.group)):
        with pytest.raises(Refused):
            ask(cast[name], thing, wish=wish())
    assert not Erasure.objects.exists()


def test_a_former_administrator_asks_and_takes_back_nothing(cast: Cast) -> None:
    erasure = asked(cast)
    role = PractitionerRole.objects.get(pk=cast.role("administrator_same"))
    role.administrator = False
    role.save()
    with pytest.raises(Refused):
        withdraw_erasure(cast["administrator_same"], erasure.id, reason="やめます")
    with pytest.raises(Refused):
        see_erasure(cast["administrator_same"], erasure.id)
    with pytest.raises(Refused):
        ask_for_group(cast["administrator_same"], cast.group, wish=wish())


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"relation": "stranger"}, "relation"),
        ({"relation": "members"}, "relation"),
        ({"who": "　"}, "who"),
        ({"way": "rumour"}, "way"),
        ({"wished_on": clock.today() + timedelta(days=2)}, "wished_on"),
        ({"copied": False}, "copied"),
        ({"explained": False}, "explained"),
        ({"retention": {}}, "retention-medical"),
        ({"words": "あ" * 1001}, "words"),
    ],
)
def test_nothing_is_asked_for_before_all_of_it_was_looked_at(
    cast: Cast, given: dict[str, object], field: str
) -> None:
    with pytest.raises(Problem) as found:
        ask_for_record(cast["administrator_same"], cast.patient, wish=wish(**given))
    assert found.value.field == field
    assert not Erasure.objects.exists()


def test_nothing_is_erased_while_a_dispute_goes_on(cast: Cast) -> None:
    goes_on = {**wish().retention, "dispute": "exists"}
    with pytest.raises(Problem) as found:
        ask_for_record(cast["administrator_same"], cast.patient, wish=wish(retention=goes_on))
    assert found.value.field == "retention-dispute"


def test_one_thing_is_asked_for_once(cast: Cast) -> None:
    asked(cast)
    with pytest.raises(Problem):
        asked(cast)
    with pytest.raises(Problem):  # it is erased with the record
        asked(cast, group=cast.group)


def test_two_who_ask_at_once_ask_once(committed: Cast, at_once) -> None:
    results = at_once(
        lambda: asked(committed), lambda: asked(committed, group=committed.group),
        lambda: asked(committed),
    )  # fmt: skip
    assert sorted(isinstance(one, Problem) for one in results) == [False, True, True]
    assert Erasure.objects.count() == 1


# ── The second person ────────────────────────────────────────────────────────────────────────────


def test_no_confirmation_before_the_signed_request_is_filed(cast: Cast) -> None:
    erasure = asked(cast)
    with pytest.raises(Problem):
        confirm_erasure(cast["operator"], erasure.id)
    confirm_erasure(cast["operator"], filed(cast, erasure).id)


def test_one_person_alone_erases_nothing(cast: Cast) -> None:
    both = both_hats(cast)
    erasure = ask_for_record(both.actor, cast.patient, wish=wish())
    filed(cast, erasure)
    assert see_erasure(both.actor, erasure.id).mine
    for name in ("administrator_same", "administrator_other", "manager"):
        with pytest.raises(Refused):
            confirm_erasure(cast[name], erasure.id)
    with pytest.raises(Refused):
        confirm_erasure(both.actor, erasure.id)
    other = both_hats(cast, "other@example.org")  # of the same organization
    assert not see_erasure(other.actor, erasure.id).mine
    with pytest.raises(Refused):
        confirm_erasure(other.actor, erasure.id)
    Session.objects.filter(account=cast.account("operator")).update(second_factor="card")
    assert not may(load(cast["operator"], "erasure", erasure.id), "erasure.confirm")
    erasure.refresh_from_db()
    assert erasure.state == "asked"
    with pytest.raises(Exception, match="erasure_by_two_persons"):  # nor does the database
        Erasure.objects.filter(pk=erasure.pk).update(
            state="confirmed", decided_by=both.account, due_at=clock.now()
        )


def test_two_who_confirm_at_once_confirm_once(committed: Cast, at_once) -> None:
    cast, second = committed, second_operator(committed)
    erasure = filed(cast, asked(cast))
    results = at_once(
        lambda: confirm_erasure(cast["operator"], erasure.id),
        lambda: confirm_erasure(second.actor, erasure.id),
        lambda: return_erasure(second.actor, erasure.id, reason="印がありません"),
    )
    assert sum(isinstance(one, Problem) for one in results) == 2
    decided = AuditEvent.objects.filter(
        action__in=("erasure.confirm", "erasure.return"), outcome="done"
    )
    assert decided.count() == 1


def test_the_operator_returns_it_with_a_reason_and_never_learns_whose_it_is(cast: Cast) -> None:
    erasure = filed(cast, asked(cast))
    seen = see_erasure(cast["operator"], erasure.id)
    assert (seen.identity, seen.who, seen.words) == (None, "", "")
    assert seen.line.filed and seen.retention["medical"] == "chart"
    with pytest.raises(Problem):
        return_erasure(cast["operator"], erasure.id, reason=" ")
    return_erasure(cast["operator"], erasure.id, reason="続柄が分かりません")
    assert see_erasure(cast["administrator_same"], erasure.id).reason == "続柄が分かりません"
    assert "続柄" not in AuditEvent.objects.get(action="erasure.return", outcome="done").detail
    with pytest.raises(Problem):
        confirm_erasure(cast["operator"], erasure.id)
    asked(cast)  # anew


@pytest.mark.parametrize("name", ["administrator_other", "manager", "stranger", "family"])
def test_nobody_else_sees_it(cast: Cast, name: str) -> None:
    erasure = asked(cast)
    with pytest.raises(Refused):
        see_erasure(cast[name], erasure.id)
    assert [one.id for one in see_desk(cast["operator"], None).waiting] == [erasure.id]
    station, clinic = (cast.organizations[one] for one in ("station", "clinic"))
    assert [one.id for one in see_own(cast["administrator_same"], station).waiting] == [erasure.id]
    assert not see_own(cast["administrator_other"], clinic).waiting


def test_of_a_free_group_it_is_asked_alone_whether_a_dispute_goes_on(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "free", {"nurse": True, "manager": False})
    said = wish(relation="members", retention={"dispute": "exists"})
    with pytest.raises(Problem):
        ask_for_group(cast["administrator_same"], group, wish=said)
    with pytest.raises(Problem):
        ask_for_group(
            cast["administrator_same"], group, wish=wish(relation="members", retention={})
        )
    made = ask_for_group(
        cast["administrator_same"],
        group,
        wish=wish(relation="members", retention={"dispute": "none"}),
    )
    assert made.retention == {"dispute": "none"}
    with pytest.raises(Problem):  # with a patient's, everything is
        ask_for_group(
            cast["administrator_same"], cast.group, wish=wish(retention={"dispute": "none"})
        )


# ── The cooling-off ──────────────────────────────────────────────────────────────────────────────


def test_meanwhile_it_is_read_and_not_written(cast: Cast) -> None:
    erasure = confirmed(cast)
    assert erasure.due_at == erasure.decided_at + timedelta(days=7)
    assert Group.objects.get(pk=cast.group).erase_at == erasure.due_at
    with pytest.raises(Refused):
        post(cast, "manager", "もう一言")
    with pytest.raises(Refused):
        change_basics(cast["administrator_same"], cast.patient, basics=Basics(), relatives=[])
    with pytest.raises(Refused):
        open_group(cast["administrator_same"], cast.patient, role_in_care="看護")
    assert see_asking_for_record(cast["administrator_same"], cast.patient).open == erasure.id
    leave_group(cast["nurse"], cast.group, reason="担当を外れました")  # one may always go


def test_of_a_group_about_no_patient_too_it_stands_above_that_it_will_be_erased(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "free", {"nurse": True, "manager": False})
    when = clock.now() + timedelta(days=7)
    Group.objects.filter(pk=group).update(erase_at=when)
    assert see_head(cast["nurse"], group).erase_at == when


def test_the_region_and_the_organization_may_wait_longer_and_never_shorter(cast: Cast) -> None:
    from renkei.enrollment.own_rules import set_rules
    from renkei.region import parameters

    assert parameters.check("erasure_cooling_off_days", 6) is not None
    set_parameters(cast, erasure_cooling_off_days=10)
    station = cast.organizations["station"]
    own = {"erasure_cooling_off_days": 30}
    set_rules(cast["administrator_same"], station, figures=own, text="", number=0)
    erasure = confirmed(cast)
    assert erasure.due_at == erasure.decided_at + timedelta(days=30)


@pytest.mark.parametrize("name", ["administrator_same", "operator"])
@pytest.mark.parametrize("when", ["asked", "confirmed"])
def test_both_take_it_back_until_it_has_begun(cast: Cast, name: str, when: str) -> None:
    erasure = confirmed(cast) if when == "confirmed" else asked(cast)
    withdraw_erasure(cast[name], erasure.id, reason="ご家族が思い直されました")
    assert Group.objects.get(pk=cast.group).erase_at is None
    assert Patient.objects.get(pk=cast.patient).erase_at is None
    post(cast, "manager", "また書けます")
    with pytest.raises(Problem):
        withdraw_erasure(cast[name], erasure.id, reason="もう一度")


def test_before_the_cooling_off_is_over_nothing_happens(committed: Cast, travel) -> None:
    erasure = confirmed(committed)
    travel(timedelta(days=7, seconds=-2))
    assert carry_out() == []
    assert not executing.begin(HOST, erasure.id)
    assert Communication.objects.filter(group=committed.group).exists()
    assert erasure.key_id not in vault.destroyed()


def test_withdrawn_and_then_run_erases_nothing(committed: Cast, travel) -> None:
    erasure = confirmed(committed)
    withdraw_erasure(committed["operator"], erasure.id, reason="取下げの電話がありました")
    over(travel)
    assert carry_out() == []
    assert not executing.execute(erasure.id)
    assert not vault.destroyed()
    assert everything_fits()


@pytest.mark.parametrize("name", ["administrator_same", "operator", "manager"])
def test_only_the_host_erases(cast: Cast, name: str) -> None:
    erasure = confirmed(cast)
    for step in (executing.begin, executing.note_destroyed, executing.remove, executing.certify):
        with pytest.raises(Refused):
            step(cast[name], erasure.id)


# ── Done ─────────────────────────────────────────────────────────────────────────────────────────


def test_of_a_record_nothing_is_left_but_that_it_was_erased(
    committed: Cast, travel, caplog: pytest.LogCaptureFixture
) -> None:
    cast = committed
    talk(cast, ["一つ目", "二つ目"])
    other, others = group_about(cast, "station", {"manager": True})
    talk(cast, ["別の方"], others)
    erasure = confirmed(cast)
    group = Group.objects.get(pk=cast.group)
    key = group.key_id
    files = list(File.objects.values_list("pk", flat=True))
    over(travel)
    caplog.set_level(logging.ERROR)
    (done,) = carry_out()
    assert done.done, done
    assert not caplog.records
    erasure.refresh_from_db()
    assert erasure.state == "done" and erasure.wish_sealed is None
    assert erasure.counts["entries"] >= 3 and erasure.counts["files"] == len(files)
    assert remains.left(executing.gone_with(erasure)) == {}
    assert not Group.objects.filter(pk=cast.group) and not Patient.objects.filter(pk=cast.patient)
    assert set(vault.destroyed()) == {key, erasure.key_id}
    with pytest.raises(Erased):
        vault.seal(key, b"x", about="x")
    assert everything_fits()
    # the other patient of the same people is untouched
    assert Patient.objects.get(pk=other).identity.name
    assert Communication.objects.filter(group=others).count() == 1
    actions = AuditEvent.objects.filter(stream=f"patient:{cast.patient.hex}")
    said = list(actions.order_by("seq").values_list("action", flat=True))
    assert said[-5:] == ["erasure.begin", "erasure.destroy", "erasure.remove", "erasure.copies",
                         "erasure.certify"]  # fmt: skip
    assert carry_out() == []  # and once more


def test_of_a_group_the_record_stays(committed: Cast, travel) -> None:
    cast = committed
    talk(cast, ["グループだけ"])
    erasure = confirmed(cast, group=cast.group)
    over(travel)
    assert [one.done for one in carry_out()] == [True]
    assert not Group.objects.filter(pk=cast.group).exists()
    assert Patient.objects.get(pk=cast.patient).identity.name
    assert set(vault.destroyed()) == {UUID(one) for one in Erasure.objects.get().keys}
    assert Erasure.objects.get(pk=erasure.pk).wish_sealed is None
    assert everything_fits()


def test_who_was_in_it_sees_it_no_more(committed: Cast, travel) -> None:
    from renkei.group.shell import see_shell

    confirmed(committed)
    over(travel)
    member = known(committed, *_nurse(committed))
    assert see_shell(member.actor, None).groups
    carry_out()
    assert not see_shell(member.actor, None).groups
    with pytest.raises(Unknown):
        see_head(member.actor, committed.group)


def _nurse(cast: Cast):
    role = PractitionerRole.objects.select_related("account").get(pk=cast.role("nurse"))
    return role.account, role


def test_while_somebody_posts_nothing_is_lost_in_silence(committed: Cast, at_once) -> None:
    """Confirmed while others write: what was taken was said before; the rest is refused."""
    cast = committed
    erasure = filed(cast, asked(cast))
    results = at_once(
        lambda: post(cast, "manager", "同時の一"), lambda: post(cast, "nurse", "同時の二"),
        lambda: confirm_erasure(cast["operator"], erasure.id),
        lambda: post(cast, "physician", "同時の三"),
    )  # fmt: skip
    posts = [results[at] for at in (0, 1, 3)]
    assert all(isinstance(one, UUID | Refused) for one in posts), posts
    kept = set(Communication.objects.values_list("pk", flat=True))
    assert {one for one in posts if isinstance(one, UUID)} <= kept
    assert isinstance(results[2], Erasure)
    with pytest.raises(Refused):
        post(cast, "manager", "あとから")


def test_several_hosts_at_once_erase_once(committed: Cast, at_once, travel) -> None:
    talk(committed, ["一度だけ"])
    confirmed(committed)
    over(travel)
    results = at_once(carry_out, carry_out, carry_out)
    assert not [one for one in results if isinstance(one, Exception)], results
    carry_out()
    assert Erasure.objects.get().state == "done"
    for action in ("begin", "destroy", "remove", "certify"):
        assert AuditEvent.objects.filter(action=f"erasure.{action}").count() == 1, action
    assert everything_fits()


def test_what_is_handed_over_meanwhile_is_decided_by_who_manages_it_now(cast: Cast) -> None:
    erasure = asked(cast)
    clinic = cast.organizations["clinic"]
    Patient.objects.filter(pk=cast.patient).update(organization=clinic)
    with pytest.raises(Refused):
        withdraw_erasure(cast["administrator_same"], erasure.id, reason="やめます")
    withdraw_erasure(cast["administrator_other"], erasure.id, reason="引き継いだので")


def test_of_the_members_nothing_tells_that_they_were_there_but_the_trail(
    committed: Cast, travel
) -> None:
    confirmed(committed)
    over(travel)
    carry_out()
    assert not Member.objects.filter(group=committed.group).exists()
    told = AuditEvent.objects.filter(stream=f"group:{committed.group.hex}")
    assert told.filter(detail__contains=committed.role("nurse").hex).exists()
