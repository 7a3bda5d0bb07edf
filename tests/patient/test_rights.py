"""Requests about one's own information: received, answered in time, seen by nobody else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from renkei.audit.models import AuditEvent
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.patient import rights
from renkei.patient.models import Answer, Asked, RightsRequest
from renkei.patient.rights import Received, answer_request, assign_request, receive_request
from tests.cast import NAMES, Cast, set_parameters

ASKED = Asked(identity=["運転免許証"], scope="昨年の訪問看護の記録")
ANSWER = Answer(done="写しを渡した", answerer="所長")
KEEPERS = ("administrator_same", "self_inviting")


def received(**facts: object) -> Received:
    return replace(
        Received(("disclosure",), "patient", ASKED, clock.today()),
        **facts,  # type: ignore[arg-type]
    )


def receive(cast: Cast, name: str = "administrator_same", **facts: object) -> RightsRequest:
    return receive_request(cast[name], cast.patient, received=received(**facts))


def answer(cast: Cast, name: str = "administrator_same", **facts: object) -> None:
    given = {"number": 1, "result": "granted", "answer": ANSWER, "answered_on": clock.today()}
    answer_request(cast[name], cast.patient, **{**given, **facts})  # type: ignore[arg-type]


@pytest.mark.clause("P4")
def test_it_is_due_within_the_days_of_the_policy(cast: Cast) -> None:
    assert receive(cast).due_on == clock.today() + timedelta(days=14)
    set_parameters(cast, rights_answer_days=30)
    second = receive(cast)
    assert (second.number, second.due_on) == (2, clock.today() + timedelta(days=30))


@pytest.mark.clause("P4")
def test_it_is_received_assigned_and_answered_once(cast: Cast) -> None:
    receive(cast)
    nurse = cast.account("manager")
    assign_request(cast["administrator_same"], cast.patient, number=1, account=nurse)
    desk = rights.see_rights(cast["self_inviting"], cast.patient)
    assert desk.one(1).assigned_id == nurse
    answer(cast, result="partly", answer=replace(ANSWER, reasons="第三者の氏名を除いた"))
    line = rights.see_rights(cast["administrator_same"], cast.patient).one(1)
    assert (line.open, line.result, line.answer.done) == (False, "partly", "写しを渡した")
    with pytest.raises(Problem, match="answered already"):
        answer(cast)
    with pytest.raises(Problem, match="answered already"):
        assign_request(cast["administrator_same"], cast.patient, number=1, account=None)


@pytest.mark.clause("P4")
def test_the_overdue_ones_stand_in_front(cast: Cast) -> None:
    receive(cast)
    receive(cast, received_on=clock.today() - timedelta(days=20))
    receive(cast, received_on=clock.today() - timedelta(days=3))
    answer(cast, number=1)
    found = rights.see_requests(cast["administrator_same"], cast.organizations["station"])
    assert [one.number for one in found.lines] == [2, 3, 1]
    assert [one.overdue for one in found.lines] == [True, False, False]


@pytest.mark.clause("P4")
def test_the_operator_sees_numbers_and_nothing_else(cast: Cast) -> None:
    receive(cast)
    receive(cast, received_on=clock.today() - timedelta(days=20))
    answer(cast, number=1)
    (line,) = rights.count_requests(cast["operator"], None)
    assert (line.organization, line.open, line.overdue, line.answered) == ("station事業所", 1, 1, 1)
    with pytest.raises(Refused):
        rights.see_rights(cast["operator"], cast.patient)
    for name in ("administrator_same", "manager", "physician"):
        with pytest.raises(Refused):
            rights.count_requests(cast[name], None)


@pytest.mark.clause("P4")
@pytest.mark.parametrize("name", [one for one in NAMES if one not in KEEPERS])
def test_nobody_else_receives_reads_or_answers(cast: Cast, name: str) -> None:
    receive(cast)
    closed = (Refused, SignedOut, Unknown)
    with pytest.raises(closed):
        receive(cast, name)
    with pytest.raises(closed):
        answer(cast, name)
    with pytest.raises(closed):
        assign_request(cast[name], cast.patient, number=1, account=None)
    with pytest.raises(closed):
        rights.see_rights(cast[name], cast.patient)
    with pytest.raises(closed):
        rights.see_requests(cast[name], cast.organizations["station"])
    assert RightsRequest.objects.get().answered_on is None


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"kinds": ()}, "kinds"),
        ({"kinds": ("everything",)}, "kinds"),
        ({"requester": "neighbour"}, "requester"),
        ({"requester": "legal"}, "requester_name"),
        ({"asked": replace(ASKED, identity=[])}, "identity"),
        ({"asked": replace(ASKED, identity=["顔を知っている"])}, "identity"),
        ({"requester": "delegate", "asked": replace(ASKED, requester_name="子 一郎")}, "identity"),
        ({"asked": replace(ASKED, scope=" ")}, "scope"),
        ({"kinds": ("correction",)}, "correction"),
        ({"received_on": clock.today() + timedelta(days=2)}, "received_on"),
    ],
)
def test_what_is_missing_is_said(cast: Cast, facts: dict[str, object], field: str) -> None:
    with pytest.raises(Problem) as found:
        receive(cast, **facts)
    assert found.value.field == field
    assert not RightsRequest.objects.exists()


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"result": "maybe"}, "result"),
        ({"answer": Answer(answerer="所長")}, "done"),
        ({"result": "refused"}, "reasons"),
        ({"result": "partly"}, "reasons"),
        ({"answered_on": clock.today() + timedelta(days=2)}, "answered_on"),
        ({"answered_on": clock.today() - timedelta(days=2)}, "answered_on"),
        ({"answer": replace(ANSWER, done="あ" * 2001)}, "done"),
    ],
)
def test_an_answer_says_what_was_done_and_why_not(
    cast: Cast, facts: dict[str, object], field: str
) -> None:
    receive(cast)
    with pytest.raises(Problem) as found:
        answer(cast, **facts)
    assert found.value.field == field


def test_it_is_given_to_nobody_of_another_organization(cast: Cast) -> None:
    with pytest.raises(Problem, match="your organization"):
        receive(cast, assigned=cast.account("nurse"))


def test_a_number_that_is_not_this_patients_is_unknown(cast: Cast) -> None:
    with pytest.raises(Unknown):
        answer(cast, number=7)


def test_the_trail_holds_numbers_and_nothing_of_what_was_asked(cast: Cast) -> None:
    receive(cast)
    answer(cast)
    for line in AuditEvent.objects.filter(action__startswith="rights."):
        assert "訪問看護" not in line.detail and "写し" not in line.detail
