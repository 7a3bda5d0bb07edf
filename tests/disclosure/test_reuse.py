"""Nothing leaves but what its author permits, for one purpose and person, until one day (A16)."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from renkei.audit.models import AuditEvent
from renkei.communication.answering import answer_source
from renkei.communication.services import correct_communication, withdraw_communication
from renkei.disclosure import asking
from renkei.disclosure.answering import (
    decline_outside,
    decline_reuse,
    permit_outside,
    permit_reuse,
)
from renkei.disclosure.asking import Reuse, ask_to_reuse, withdraw_request
from renkei.disclosure.copying import Copy, open_copy
from renkei.disclosure.models import ReuseItem, ReuseOpening, ReuseRequest
from renkei.disclosure.register import see_register
from renkei.disclosure.requests import see_own_requests, see_request
from renkei.group.charters import read_charter, write_charter
from renkei.group.home import see_home
from renkei.group.services import leave_group, release_member
from renkei.kernel import clock
from renkei.kernel.clock import shifted
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.patient.models import Consent
from renkei.people.models import Organization, PractitionerRole
from renkei.policy.loading import load
from renkei.policy.rules import may
from tests.cast import (
    NAMES,
    NOBODY,
    Cast,
    group_of_kind,
    loading,
    make_account,
    make_region,
    person,
    post,
)
from tests.communication import attached


def wanted(purpose: str = "record", **facts: object) -> Reuse:
    """What is asked for."""
    until = clock.today() + timedelta(days=7)
    return Reuse(
        **{"purpose": purpose, "detail": "訪問看護記録に", "users": "本人", "until": until, **facts}
    )  # type: ignore[arg-type]


def ask(
    cast: Cast, *messages: UUID, name: str = "manager", purpose: str = "record"
) -> ReuseRequest:
    """Ask to use messages; the nurse's, if none is named."""
    return ask_to_reuse(
        cast[name], cast.group, messages=messages or (cast.message,), asked=wanted(purpose)
    )


def state(request: ReuseRequest) -> tuple[str, str]:
    request.refresh_from_db()
    return request.state, request.refusal


def opened(cast: Cast, request: ReuseRequest, name: str = "manager") -> Copy:
    return open_copy(cast[name], request.id, way="pdf")


def refused(cast: Cast, request: ReuseRequest, *names: str) -> None:
    for name in names:
        with pytest.raises((Refused, Unknown)):
            opened(cast, request, name)
    assert not ReuseOpening.objects.exists()


# ── For care ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A16.a", "A16.b")
def test_what_nobody_was_asked_for_and_nobody_has_permitted_does_not_leave(cast: Cast) -> None:
    request = ask(cast)
    assert state(request) == ("waiting", "")
    refused(cast, request, *(name for name in NAMES if name != NOBODY))


@pytest.mark.clause("A16.b")
def test_what_its_author_permits_is_one_copy_that_says_where_it_is_from(cast: Cast) -> None:
    request = ask(cast)
    permit_reuse(cast["nurse"], request.id, condition="印刷はしないでください")
    copy = opened(cast, request)
    part = copy.parts[0]
    assert (copy.number, copy.patient, copy.organization) == (
        request.number, "髙橋 節子", "station事業所"
    )  # fmt: skip
    assert part.text == "朝の血圧は130/80でした。"
    assert (part.author, part.work) == ("nurse さん", "看護師・clinic事業所")
    assert part.condition == "印刷はしないでください"
    assert copy.user == "manager さん（station事業所）"
    assert copy.until == clock.today() + timedelta(days=7)


@pytest.mark.clause("A16.b")
def test_each_opening_stands_in_the_register_and_in_the_trail(cast: Cast) -> None:
    request = ask(cast)
    permit_reuse(cast["nurse"], request.id)
    for way in ("pdf", "text", "record"):
        open_copy(cast["manager"], request.id, way=way)
    assert [one.way for one in request.openings.order_by("at")] == ["pdf", "text", "record"]
    lines = AuditEvent.objects.filter(action="reuse.open").order_by("seq")
    assert [json.loads(line.detail)["way"] for line in lines] == ["pdf", "text", "record"]
    assert {line.entity for line in lines} == {f"ReuseRequest/{request.id.hex}"}
    with pytest.raises(Problem):
        open_copy(cast["manager"], request.id, way="photo")


@pytest.mark.clause("A16.b")
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("nurse", NOBODY)])
def test_nobody_but_the_author_permits(cast: Cast, name: str) -> None:
    """Not who asked, not the group's managers, not an administrator, not a stranger."""
    request = ask(cast)
    with pytest.raises((Refused, Unknown)):
        permit_reuse(cast[name], request.id)
    with pytest.raises((Refused, Unknown)):
        decline_reuse(cast[name], request.id)
    assert state(request) == ("waiting", "")


@pytest.mark.clause("A16.b")
def test_of_several_authors_each_answers_for_their_own(cast: Cast) -> None:
    other = post(cast, "physician", "往診は金曜に変わりました。")
    request = ask(cast, cast.message, other)
    permit_reuse(cast["physician"], request.id)
    assert [part.author for part in opened(cast, request).parts] == ["physician さん"]
    decline_reuse(cast["nurse"], request.id)
    assert [part.author for part in opened(cast, request).parts] == ["physician さん"]
    refusals = set(ReuseItem.objects.values_list("author", "refusal"))
    assert (cast.account("nurse"), "author") in refusals
    decline_reuse(cast["physician"], request.id)
    assert state(request) == ("refused", "items")
    with pytest.raises(Refused):
        opened(cast, request)


@pytest.mark.clause("A16.b")
def test_who_wants_to_talk_first_has_not_permitted(cast: Cast) -> None:
    request = ask(cast)
    decline_reuse(cast["nurse"], request.id, talk=True)
    assert state(request) == ("waiting", "")
    refused(cast, request, "manager")
    permit_reuse(cast["nurse"], request.id)
    assert opened(cast, request).parts


@pytest.mark.clause("A16.b")
def test_ones_own_words_need_no_other_answer_and_still_are_a_copy(cast: Cast) -> None:
    mine = post(cast, "manager", "担当者会議をします。")
    request = ask(cast, mine)
    assert opened(cast, request).parts[0].author == "manager さん"
    assert request.openings.count() == 1


@pytest.mark.clause("A16.a", "A16.b")
def test_a_copy_is_its_askers_alone(cast: Cast) -> None:
    """Not its author's, another member's, a manager's, an administrator's or the operator's."""
    request = ask(cast)
    permit_reuse(cast["nurse"], request.id)
    refused(cast, request, *(name for name in NAMES if name not in ("manager", NOBODY)))


@pytest.mark.clause("A16.b")
def test_on_the_day_after_the_last_nothing_opens_and_nothing_is_permitted(cast: Cast) -> None:
    """The session would not last so long: what the rule says is asked of a standing."""
    request, late = ask(cast), ask(cast)
    permit_reuse(cast["nurse"], request.id)
    ReuseRequest.objects.update(until=clock.now() + timedelta(seconds=30))
    assert opened(cast, request)
    with shifted(timedelta(minutes=1)):
        with pytest.raises(Refused):
            opened(cast, request)
        with pytest.raises(Refused):
            permit_reuse(cast["nurse"], late.id)
    assert see_request(cast["manager"], request.id).word == "permitted"


@pytest.mark.clause("A16.b")
def test_what_was_permitted_can_be_taken_back(cast: Cast) -> None:
    request = ask(cast)
    permit_reuse(cast["nurse"], request.id)
    decline_reuse(cast["nurse"], request.id)
    refused(cast, request, "manager")
    assert ReuseItem.objects.get().refusal == "back"
    again = ask(cast)
    permit_reuse(cast["nurse"], again.id)
    withdraw_request(cast["manager"], again.id)
    refused(cast, again, "manager")
    with pytest.raises(Problem):
        decline_reuse(cast["nurse"], again.id)


@pytest.mark.clause("A16.b")
def test_an_author_who_left_the_group_can_still_take_it_back(cast: Cast) -> None:
    request = ask(cast)
    permit_reuse(cast["nurse"], request.id)
    leave_group(cast["nurse"], cast.group, reason="担当を外れました")
    assert opened(cast, request).parts
    listed = see_own_requests(cast["nurse"], None, visible=()).of_me
    assert [(one.id, one.identity, one.openings) for one in listed] == [(request.id, None, 1)]
    decline_reuse(cast["nurse"], request.id)
    with pytest.raises(Refused):
        opened(cast, request)


@pytest.mark.clause("A16.b")
def test_a_relative_who_left_can_still_take_it_back(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "family", {"manager": True, "family": False})
    said = post(cast, "family", "昨夜はよく眠れました", group)
    request = ask_to_reuse(cast["manager"], group, messages=[said], asked=wanted())
    permit_reuse(cast["family"], request.id)
    leave_group(cast["family"], group, reason="もう使わないため")
    (listed,) = see_own_requests(cast["family"], None, visible=()).of_me
    assert listed.id == request.id
    decline_reuse(cast["family"], request.id)
    refused(cast, request, "manager")


@pytest.mark.clause("A16.b")
@pytest.mark.parametrize("how", ["left", "released", "role over", "consent gone"])
def test_who_may_not_see_the_group_any_more_opens_nothing(cast: Cast, how: str) -> None:
    request = ask(cast, name="physician")
    permit_reuse(cast["nurse"], request.id)
    if how == "left":
        leave_group(cast["physician"], cast.group, reason="担当を外れました")
    elif how == "released":
        release_member(cast["manager"], cast.members["physician"], reason="交代")
    elif how == "role over":
        PractitionerRole.objects.filter(pk=cast.role("physician")).update(ended_at=clock.now())
    else:
        Consent.objects.update(ended_at=clock.now())
    refused(cast, request, "physician")


@pytest.mark.clause("A16.b")
def test_an_author_who_is_here_no_more_cannot_be_asked(cast: Cast) -> None:
    leave_group(cast["nurse"], cast.group, reason="担当を外れました")
    request = ask(cast)
    assert state(request) == ("refused", "items")
    assert ReuseItem.objects.get().refusal == "gone"


@pytest.mark.clause("A16.b")
@pytest.mark.parametrize("how", ["group", "role", "organization"])
def test_an_author_who_leaves_before_answering_is_said_to_be_gone(cast: Cast, how: str) -> None:
    request = ask(cast)
    if how == "group":
        leave_group(cast["nurse"], cast.group, reason="担当を外れました")
    elif how == "role":
        PractitionerRole.objects.filter(pk=cast.role("nurse")).update(ended_at=clock.now())
    else:
        Organization.objects.filter(pk=cast.organizations["clinic"]).update(left_on=clock.today())
    view = see_request(cast["manager"], request.id)
    assert [one.gone for one in view.items] == [True]
    assert view.waiting == []


@pytest.mark.clause("A16.b")
def test_what_its_author_withdrew_leaves_no_more_and_a_correction_is_what_leaves(
    cast: Cast,
) -> None:
    other = post(cast, "nurse", "夕方は140/90。")
    request = ask(cast, cast.message, other)
    permit_reuse(cast["nurse"], request.id)
    correct_communication(cast["nurse"], other, text="夕方は138/88。", version=1)
    withdraw_communication(cast["nurse"], cast.message, reason="別の方の話でした")
    (part,) = opened(cast, request).parts
    assert (part.text, part.corrected) == ("夕方は138/88。", True)
    withdraw_communication(cast["nurse"], other, reason="別の方の話でした")
    with pytest.raises(Problem):
        opened(cast, request)
    view = see_request(cast["manager"], request.id)
    assert [one.text for one in view.items] == ["", ""]


@pytest.mark.clause("A16.b")
def test_explaining_to_the_family_is_refused_where_the_patient_declined_it(cast: Cast) -> None:
    Consent.objects.update(declined="4")
    request = ask(cast, purpose="family")
    assert state(request) == ("refused", "declined")
    with pytest.raises(Refused):
        permit_reuse(cast["nurse"], request.id)
    refused(cast, request, "manager")
    assert state(ask(cast, purpose="colleagues")) == ("waiting", "")


@pytest.mark.clause("A16.b", "A16.d")
@pytest.mark.parametrize(("purpose", "declined"), [("family", "4"), ("outside", "8")])
def test_what_the_patient_declines_later_ends_what_was_permitted(
    cast: Cast, purpose: str, declined: str
) -> None:
    request = ask(cast, purpose=purpose)
    permit_reuse(cast["nurse"], request.id)
    if purpose == "outside":
        permit_outside(cast["physician"], request.id)
        ReuseItem.objects.update(extract_sealed=None)
    assert may(load(cast["manager"], "reuse", request.id), "reuse.open")
    Consent.objects.update(declined=declined)
    assert not may(load(cast["manager"], "reuse", request.id), "reuse.open")
    refused(cast, request, "manager")


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A16.a")
@pytest.mark.parametrize("name", ["former", "stranger", "invited", "administrator_same",
                                  "administrator_other", "operator", "family"])  # fmt: skip
def test_who_does_not_read_the_group_asks_for_nothing(cast: Cast, name: str) -> None:
    with pytest.raises((Refused, Unknown)):
        ask(cast, name=name)
    assert not ReuseRequest.objects.exists()


@pytest.mark.clause("A16.a")
def test_who_may_only_read_asks_for_nothing(cast: Cast) -> None:
    PractitionerRole.objects.filter(pk=cast.role("manager")).update(restriction="read_only")
    with pytest.raises(Refused):
        ask(cast)


@pytest.mark.parametrize(
    ("messages", "facts", "field"),
    [
        ([], {}, ""),
        (["message"], {"purpose": "sale"}, "purpose"),
        (["message"], {"detail": " 　"}, "detail"),
        (["message"], {"users": ""}, "users"),
        (["message"], {"until": clock.today() - timedelta(days=1)}, "until"),
        (["message"], {"until": clock.today() + timedelta(days=31)}, "until"),
        (["nothing"], {}, ""),
        (["event"], {}, ""),
    ],
)
def test_what_cannot_be_asked_for(
    cast: Cast, messages: list[str], facts: dict[str, object], field: str
) -> None:
    from renkei.communication.models import Communication

    event = Communication.objects.exclude(event="").first()
    assert event is not None
    ids = {"message": cast.message, "nothing": uuid4(), "event": event.id}
    with pytest.raises(Problem) as problem:
        ask_to_reuse(
            cast["manager"], cast.group, messages=[ids[one] for one in messages],
            asked=wanted(**facts),  # type: ignore[arg-type]
        )  # fmt: skip
    assert problem.value.field == field
    assert not ReuseRequest.objects.exists()


def test_at_most_fifty_messages_at_a_time(cast: Cast) -> None:
    with pytest.raises(Problem):
        ask(cast, *(uuid4() for _ in range(asking.MOST + 1)))


@pytest.mark.clause("A16.b")
def test_the_id_of_somebody_elses_request_opens_nothing(cast: Cast) -> None:
    """Not for another member, and in another region it is not there at all."""
    request = ask(cast)
    with pytest.raises(Refused):
        withdraw_request(cast["physician"], request.id)
    for name in ("former", "stranger", "administrator_same", "operator"):
        with pytest.raises(Refused):
            see_request(cast[name], request.id)
    with loading():
        region, policy = make_region("隣の地域")
        account = make_account(region, "neighbour@example.org")
    account.acknowledged_id, account.password_changed_at = policy, clock.now()
    account.save()
    neighbour = person("neighbour", account).actor
    for act in (see_request, withdraw_request, permit_reuse):
        with pytest.raises(Unknown):
            act(neighbour, request.id)


# ── What came from another organization ──────────────────────────────────────────────────────────


@pytest.mark.clause("A16.c")
def test_a_document_from_elsewhere_is_never_permitted(cast: Cast) -> None:
    """Not by who put it here; with other things it stays behind, alone it ends the request."""
    other = post(cast, "nurse", "退院時サマリーを受け取りました。")
    request = ask(cast, cast.message, other)
    request.items.filter(communication=other).update(from_elsewhere=True)
    permit_reuse(cast["nurse"], request.id)
    assert [part.text for part in opened(cast, request).parts] == ["朝の血圧は130/80でした。"]
    alone = ask(cast, other)
    alone.items.update(from_elsewhere=True)
    with pytest.raises(Refused):
        permit_reuse(cast["nurse"], alone.id)
    alone.items.update(answer="yes")  # whatever the rows say
    ReuseRequest.objects.filter(pk=alone.id).update(state="permitted")
    assert not may(load(cast["manager"], "reuse", alone.id), "reuse.open")
    with pytest.raises(Refused):
        opened(cast, alone)


@pytest.mark.clause("A16.c")
def test_what_came_with_a_document_from_elsewhere_is_known_as_such(cast: Cast) -> None:
    """Also by who put it here, whose own words need nobody's yes."""
    paper = attached.brought(cast["nurse"], cast.group)
    answer_source(
        cast["nurse"], paper, source="outside", name="市民病院", asked="連携室", allowed=True
    )
    other = attached.post(cast["nurse"], cast.group, paper).id
    own = attached.post(cast["nurse"], cast.group, attached.brought(cast["nurse"], cast.group)).id
    assert state(ask(cast, other, name="nurse")) == ("refused", "items")
    assert state(ask(cast, own, name="nurse")) == ("permitted", "")
    request = ask(cast, other, own)
    assert {one.refusal for one in request.items.filter(communication=other)} == {"elsewhere"}


# ── Outside care ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A16.d")
def test_outside_care_author_and_manager_both_permit(cast: Cast) -> None:
    request = ask(cast, name="nurse", purpose="outside")
    assert state(request) == ("waiting", "")  # one's own words alone are not enough
    refused(cast, request, "nurse")
    permit_outside(cast["manager"], request.id)
    assert state(request) == ("permitted", "")
    with pytest.raises(Problem):  # but nothing of it says who it is
        opened(cast, request, "nurse")
    other = ask(cast, purpose="outside")
    permit_outside(cast["physician"], other.id)
    assert state(other) == ("waiting", "")
    permit_reuse(cast["nurse"], other.id)
    assert state(other) == ("permitted", "")
    decline_outside(cast["physician"], other.id)
    assert state(other) == ("refused", "manager")
    with pytest.raises(Refused):
        opened(cast, other)


@pytest.mark.clause("A16.d")
@pytest.mark.parametrize("name", ["nurse", "former", "stranger", "administrator_same", "operator"])
def test_nobody_but_a_manager_of_the_group_permits_it_outside_care(cast: Cast, name: str) -> None:
    request = ask(cast, purpose="outside")
    for act in (permit_outside, decline_outside):
        with pytest.raises((Refused, Unknown)):
            act(cast[name], request.id)
    assert state(request) == ("waiting", "")


@pytest.mark.clause("A16.d")
def test_a_manager_is_asked_for_nothing_within_care(cast: Cast) -> None:
    request = ask(cast)
    with pytest.raises(Refused):
        permit_outside(cast["physician"], request.id)


@pytest.mark.clause("A16.d")
@pytest.mark.parametrize("why", ["declined", "exempt", "withdrawn"])
def test_what_the_patient_did_not_agree_to_is_refused_with_the_reason(cast: Cast, why: str) -> None:
    if why == "declined":
        Consent.objects.update(declined="3,8")
    elif why == "exempt":
        Consent.objects.update(state="exempt_before")
    else:
        Consent.objects.update(ended_at=clock.now(), withdrawn_on=clock.today())
    request = ask(cast, purpose="outside")
    assert state(request) == ("refused", "declined")
    assert see_request(cast["manager"], request.id).refusal == "declined"
    with pytest.raises(Refused):
        permit_outside(cast["manager"], request.id)
    refused(cast, request, "manager")


@pytest.mark.clause("A16.d")
def test_what_the_patient_agrees_to_later_can_be_asked_for_again(cast: Cast) -> None:
    Consent.objects.update(declined="8")
    assert state(ask(cast, purpose="outside")) == ("refused", "declined")
    Consent.objects.update(declined="")
    assert state(ask(cast, purpose="outside")) == ("waiting", "")


# ── Agreed beforehand ────────────────────────────────────────────────────────────────────────────


def agree(cast: Cast, *names: str, reuse: tuple[str, ...] = ("record",)) -> None:
    """A manager writes what the group agrees on; these members read it."""
    charter = write_charter(cast["manager"], cast.group, text="使い方", reuse=reuse, number=0)
    for name in names:
        read_charter(cast[name], cast.group, charter=charter.id)


@pytest.mark.clause("A16.e")
def test_what_an_author_agreed_to_in_the_charter_needs_no_other_answer(cast: Cast) -> None:
    assert state(ask(cast)) == ("waiting", "")
    agree(cast, "nurse")
    request = ask(cast)
    assert state(request) == ("permitted", "")
    assert request.items.get().beforehand
    assert opened(cast, request).parts
    decline_reuse(cast["nurse"], request.id)  # still the author's to take back
    with pytest.raises(Refused):
        opened(cast, request)
    for purpose in ("colleagues", "family", "outside"):
        assert state(ask(cast, purpose=purpose)) == ("waiting", "")


@pytest.mark.clause("A16.e")
def test_a_charter_permits_nothing_of_who_has_not_read_it(cast: Cast) -> None:
    agree(cast, "physician")
    assert state(ask(cast)) == ("waiting", "")


@pytest.mark.clause("A16.e", "A16.d")
def test_no_charter_permits_a_use_outside_care_or_against_the_patient(cast: Cast) -> None:
    agree(cast, "nurse", reuse=("record", "colleagues", "explaining"))
    assert state(ask(cast, purpose="family")) == ("permitted", "")
    assert state(ask(cast, purpose="outside")) == ("waiting", "")
    Consent.objects.update(declined="4")
    assert state(ask(cast, purpose="family")) == ("refused", "declined")


@pytest.mark.clause("A16.e")
def test_what_was_agreed_on_holds_for_an_author_who_has_left(cast: Cast) -> None:
    agree(cast, "nurse")
    leave_group(cast["nurse"], cast.group, reason="担当を外れました")
    assert state(ask(cast)) == ("permitted", "")
    assert state(ask(cast, purpose="colleagues")) == ("refused", "items")


# ── What is shown ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A16.b")
def test_home_says_what_waits_for_whom(cast: Cast) -> None:
    def tasks(name: str) -> list[str]:
        return [one.what for one in see_home(cast[name], None).tasks if one.kind == "reuse"]

    request = ask(cast, purpose="outside")
    assert tasks("nurse") == ["answer"]
    assert tasks("physician") == ["manager"]
    decline_reuse(cast["nurse"], request.id, talk=True)
    assert tasks("nurse") == ["talk"]
    permit_reuse(cast["nurse"], request.id)
    permit_outside(cast["physician"], request.id)
    assert tasks("nurse") == tasks("physician") == []
    assert tasks("manager") == ["open"]
    for name in ("stranger", "administrator_same", "operator", "former"):
        assert tasks(name) == []


@pytest.mark.clause("A16.b")
def test_the_register_holds_facts_for_both_ends_and_no_word_of_content(cast: Cast) -> None:
    request = ask(cast)
    permit_reuse(cast["nurse"], request.id, condition="電話のあとで")
    opened(cast, request)
    for name, outgoing in (("administrator_same", True), ("administrator_other", False)):
        organization = cast.people[name].organization
        (line,) = see_register(cast[name], organization)
        assert (line.number, line.purpose, line.word) == (request.number, "record", "permitted")
        assert (line.items, line.permitted, line.openings) == (1, 1, 1)
        assert line.authors == ("clinic事業所",)
        assert line.outgoing is outgoing
        for secret in ("血圧", "訪問看護記録", "電話のあとで", "髙橋", "節子"):
            assert secret not in repr(line)


@pytest.mark.clause("A16.b")
def test_the_register_is_the_administrators_of_both_ends_alone(cast: Cast) -> None:
    ask(cast)
    assert see_register(cast["sole"], cast.organizations["pharmacy"]) == []
    for name in ("manager", "nurse", "operator", "administrator_other", "family"):
        with pytest.raises(Refused):
            see_register(cast[name], cast.organizations["station"])


def test_what_changes_nothing_leaves_no_line(cast: Cast) -> None:
    request = ask(cast)
    permit_reuse(cast["nurse"], request.id)
    before = AuditEvent.objects.count()
    permit_reuse(cast["nurse"], request.id)
    assert AuditEvent.objects.count() == before


@pytest.mark.clause("A16.b")
def test_taking_back_and_opening_at_once_end_one_way(committed: Cast, at_once) -> None:  # type: ignore[no-untyped-def]
    """Either it was opened before, and that is recorded, or it did not open."""
    cast = committed
    request = ask(cast)
    permit_reuse(cast["nurse"], request.id)
    found = at_once(lambda: opened(cast, request), lambda: decline_reuse(cast["nurse"], request.id))
    assert request.openings.count() == (not isinstance(found[0], Exception))
    assert isinstance(found[0], Copy | Refused | Problem)
    with pytest.raises(Refused):
        opened(cast, request)
