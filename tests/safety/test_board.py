"""The safety board: who reports, who sees, and when (A20)."""

from datetime import timedelta

import pytest

from renkei.audit.models import AuditEvent
from renkei.group.home import see_home
from renkei.kernel import clock, vault
from renkei.kernel.errors import Problem, Refused
from renkei.patient.models import Patient
from renkei.people.models import PractitionerRole, Session
from renkei.region.declaring import end_disaster
from renkei.safety.board import see_board, see_history, see_places, see_staff_safety
from renkei.safety.models import SafetyReport
from renkei.safety.reporting import report_oneself, report_patient, report_place
from tests.cast import NAMES, NOBODY, Cast, group_about
from tests.safety.unlisted import declare

DAY = timedelta(days=1)
MEMBERS = ("manager", "nurse", "physician")


def report(cast: Cast, name: str, state: str = "safe", note: str = "避難所で元気") -> None:
    report_patient(cast[name], cast.group, state=state, place="みどり野小学校", note=note)


@pytest.mark.clause("A20")
def test_in_ordinary_times_nobody_uses_it(cast: Cast) -> None:
    with pytest.raises(Problem):
        report(cast, "nurse")
    with pytest.raises(Problem):
        report_oneself(cast["nurse"], None, state="safe", note="")
    with pytest.raises(Problem):
        report_place(cast["nurse"], cast.organizations["clinic"], state="open", note="")
    assert see_board(cast["nurse"]).disaster is None


@pytest.mark.clause("A20")
def test_members_report_of_their_patients_and_nobody_else(cast: Cast) -> None:
    declare(cast)
    for name in NAMES:
        if name in MEMBERS:
            report(cast, name)
        elif name != NOBODY:
            with pytest.raises(Refused):
                report(cast, name)
    assert SafetyReport.objects.count() == 3


@pytest.mark.clause("A20")
def test_nor_a_member_who_may_only_read(cast: Cast) -> None:
    declare(cast)
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(restriction="read_only")
    with pytest.raises(Refused):
        report(cast, "nurse")


@pytest.mark.clause("A20")
def test_and_nobody_else_sees_it(cast: Cast) -> None:
    declare(cast)
    report(cast, "nurse")
    for name in NAMES:
        if name in (NOBODY, "family"):  # patient and relatives have no such page
            continue
        board = see_board(cast[name])
        assert ("避難所で元気" in repr(board)) is (name in MEMBERS), name
        assert [one.group for one in board.patients] == ([cast.group] if name in MEMBERS else [])
        if name not in MEMBERS:
            with pytest.raises(Refused):
                see_history(cast[name], cast.group)


def test_it_is_sealed_under_the_patients_key_and_erased_with_it(cast: Cast) -> None:
    declare(cast)
    report(cast, "nurse")
    row = SafetyReport.objects.get()
    patient = Patient.objects.get(pk=cast.patient)
    assert row.key_id == patient.key_id and "避難所".encode() not in bytes(row.content)
    line = AuditEvent.objects.get(action="safety.report")
    assert line.stream == f"group:{cast.group.hex}" and "避難所" not in line.detail
    vault.destroy([patient.key_id])
    assert "避難所で元気" not in repr(see_board(cast["manager"]))


def test_the_latest_holds_and_what_was_before_stays(cast: Cast) -> None:
    declare(cast)
    report(cast, "nurse", "unknown", "連絡がつかない")
    report(cast, "physician", "help", "酸素が切れそう")
    said = see_board(cast["manager"]).patients[0].said
    assert said is not None and (said.state, said.by) == ("help", "physician さん")
    _, history, _ = see_history(cast["manager"], cast.group)
    assert [one.state for one in history] == ["help", "unknown"]


def test_whose_life_depends_on_electricity_comes_first(cast: Cast) -> None:
    declare(cast)
    patient, group = group_about(cast, "station", {"manager": True})
    row = Patient.objects.get(pk=patient)
    row.seal("basics_sealed", {"power_dependent": True, "power_devices": "酸素濃縮器"})
    row.save()
    lines = see_board(cast["manager"]).patients
    assert [one.group for one in lines] == [group, cast.group]
    assert lines[0].powered and lines[0].power_devices == "酸素濃縮器"


def test_home_counts_whom_nothing_is_known_of(cast: Cast) -> None:
    group_about(cast, "station", {"manager": True})
    declare(cast)
    report(cast, "nurse")
    task = next(one for one in see_home(cast["manager"], None).disaster if one.kind == "safety")
    assert (task.number, task.of) == (1, 2)


@pytest.mark.clause("A20")
def test_after_the_end_it_is_read_for_thirty_days_and_no_longer_written(cast: Cast) -> None:
    declared = declare(cast)
    report(cast, "nurse")
    end_disaster(cast["operator"], declared)
    with pytest.raises(Problem):
        report(cast, "nurse")
    far = clock.now() + 60 * DAY
    Session.objects.update(until=far, idle_until=far)
    with clock.shifted(29 * DAY):
        board = see_board(cast["nurse"])
        assert not board.writable and board.patients[0].said
    with clock.shifted(31 * DAY):
        assert see_board(cast["nurse"]).disaster is None
        assert see_history(cast["nurse"], cast.group)[1] == []


@pytest.mark.clause("A20")
def test_what_a_drill_gathered_never_stands_among_the_real(cast: Cast) -> None:
    declare(cast, drill=True)
    report(cast, "nurse", "help", "訓練の想定")
    declare(cast)  # the real thing, in the middle of the drill
    board = see_board(cast["nurse"])
    assert board.disaster is not None and not board.disaster.drill
    assert board.patients[0].said is None and "訓練の想定" not in repr(board)
    report(cast, "nurse", "safe", "本当に無事")
    assert "訓練の想定" not in repr(see_history(cast["nurse"], cast.group))


def test_staff_report_themselves_to_their_own_administrators_alone(cast: Cast) -> None:
    declare(cast)
    report_oneself(cast["nurse"], None, state="help", note="家が浸水")
    clinic = cast.organizations["clinic"]
    lines, _ = see_staff_safety(cast["administrator_other"], clinic)
    assert [one.note for one in (line.said for line in lines) if one] == ["家が浸水"]
    for name in ("nurse", "physician", "administrator_same", "operator"):
        with pytest.raises(Refused):
            see_staff_safety(cast[name], clinic)


def test_everybody_in_the_region_sees_which_organizations_are_open(cast: Cast) -> None:
    declare(cast)
    report_place(cast["manager"], cast.organizations["station"], state="limited", note="緊急のみ")
    for name in ("stranger", "physician", "operator"):
        lines, _ = see_places(cast[name], None)
        assert [one.said.state for one in lines if one.said] == ["limited"]
    with pytest.raises(Refused):
        see_places(cast["family"], None)
    with pytest.raises(Refused):
        report_place(cast["nurse"], cast.organizations["station"], state="closed", note="")


def test_who_may_only_read_reports_nothing_of_patients(cast: Cast) -> None:
    declare(cast)
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(restriction="read_only")
    with pytest.raises(Refused):
        report(cast, "nurse")
    report_oneself(cast["nurse"], None, state="safe", note="")


@pytest.mark.parametrize("wrong", [{"state": "dead"}, {"state": ""}, {"note": "あ" * 201}])
def test_what_cannot_be_is_not_taken(cast: Cast, wrong: dict[str, str]) -> None:
    declare(cast)
    with pytest.raises(Problem):
        report_patient(
            cast["nurse"], cast.group, **{"state": "safe", "place": "", "note": "", **wrong}
        )


def test_looking_is_recorded_in_the_readers_own_stream(cast: Cast) -> None:
    declare(cast)
    report(cast, "nurse")
    see_board(cast["manager"])
    line = AuditEvent.objects.filter(action="safety.see").latest("at")
    assert line.stream == f"account:{cast.account('manager').hex}"
    assert cast.group.hex in line.detail
