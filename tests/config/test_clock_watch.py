"""The clock may be set back and forth: nothing is lost or doubled, and it is on record."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import DatabaseError

from renkei.audit import trail
from renkei.audit.models import AuditEvent
from renkei.communication import log, proof
from renkei.communication.live_backend import LiveBackend
from renkei.communication.models import Communication
from renkei.communication.reading import read_entries, read_timeline
from renkei.communication.services import send_communication
from renkei.config import clock_watch
from renkei.config.clock_watch import ClockWatch
from renkei.group.admission import accept_invitation, approve_invitation
from renkei.group.models import Invitation, Member
from renkei.group.services import release_member
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, SignedOut
from renkei.policy import use_case
from tests.cast import Cast, post

Travel = Callable[[timedelta], None]
BACK, FORTH = timedelta(minutes=-5), timedelta(minutes=5)


class Fake:
    """Two clocks in one's own hand."""

    def __init__(self) -> None:
        self.wall, self.steady = clock.now().timestamp(), 1_000.0

    def watch(self) -> ClockWatch:
        return ClockWatch(wall=lambda: self.wall, steady=lambda: self.steady)

    def pass_by(self, seconds: float, jump: float = 0.0) -> None:
        self.steady += seconds
        self.wall += seconds + jump


def jumps() -> list[dict[str, object]]:
    lines = AuditEvent.objects.filter(action="clock.record").order_by("seq")
    assert {line.stream for line in lines} <= {"system:host"}
    return [json.loads(line.detail) for line in lines]


@pytest.mark.parametrize("jump", [300, -300, 2, -86_400])
def test_a_jump_is_in_the_trail_and_in_the_log(
    cast: Cast, caplog: pytest.LogCaptureFixture, jump: int
) -> None:
    fake = Fake()
    watch = fake.watch()
    with caplog.at_level(logging.WARNING, "renkei.clock"):
        fake.pass_by(1, jump)
        watch.look()
        fake.pass_by(1)
        watch.look()
    assert jumps() == [{"noticed": "running", "seconds": jump}]
    (line,) = [one for one in caplog.records if one.name == "renkei.clock"]
    assert vars(line)["facts"] == {"noticed": "running", "seconds": jump}
    assert trail.verify()[1] == []


def test_a_clock_that_is_kept_is_no_jump(cast: Cast) -> None:
    fake = Fake()
    watch = fake.watch()
    for step in (0.4, -0.4, 1.9, -1.9, 0.0):
        fake.pass_by(1, step)
        watch.look()
    fake.pass_by(3_600)  # the machine was busy
    watch.look()
    assert jumps() == []


def test_a_start_before_the_newest_line_is_on_record(cast: Cast) -> None:
    fake = Fake()
    watch = fake.watch()
    watch.look_back()
    watch.look()
    assert jumps() == []
    fake = Fake()
    fake.wall = AuditEvent.objects.order_by("-at").first().at.timestamp() - 300
    watch = fake.watch()
    watch.look_back()
    watch.look()
    (found,) = jumps()
    assert (found["noticed"], found["seconds"]) == ("starting", -300)


def test_what_cannot_be_written_now_is_written_later(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake()
    watch = fake.watch()

    def away(*_: object, **__: object) -> None:
        raise DatabaseError

    with monkeypatch.context() as broken:
        broken.setattr(clock_watch, "record_jump", away)
        fake.pass_by(1, 60)
        with pytest.raises(DatabaseError):
            watch.look()
    fake.pass_by(1)
    watch.look()
    assert jumps() == [{"noticed": "running", "seconds": 60}]


def test_the_thread_stops_when_it_is_told(committed: Cast) -> None:
    with ClockWatch() as watch:
        assert watch.running
    assert not watch.running


def test_only_the_machine_itself_records_it(cast: Cast) -> None:
    for name in ("nurse", "operator", "administrator_same"):
        with pytest.raises(Refused):
            clock_watch.record_jump(cast[name], None, seconds=1, noticed="running")


# ── Entries ──────────────────────────────────────────────────────────────────────────────────────


def test_an_entry_after_the_clock_was_set_back_says_so_and_stands_in_its_place(
    cast: Cast, travel: Travel
) -> None:
    first = post(cast, "nurse", "先に")
    travel(BACK)
    second, third = post(cast, "nurse", "後で"), post(cast, "nurse", "そのあと")
    shown = [one for one in read_timeline(cast["manager"], cast.group).entries]
    assert [one.id for one in shown][-3:] == [first, second, third]
    assert [one.clock_back for one in shown][-3:] == [False, True, False]
    line = AuditEvent.objects.get(entity=f"Communication/{second.hex}")
    said = json.loads(line.detail)["clock_back"]
    assert 299_000_000 < said <= 300_000_000
    assert "clock_back" not in AuditEvent.objects.get(entity=f"Communication/{third.hex}").detail
    assert trail.verify()[1] == proof.verify()[1] == []


@pytest.mark.parametrize("by", [FORTH, timedelta(milliseconds=-600)])
def test_a_clock_set_forth_or_hardly_at_all_marks_no_entry(
    cast: Cast, travel: Travel, by: timedelta
) -> None:
    post(cast, "nurse")
    travel(by)
    post(cast, "nurse")
    assert not any(one.clock_back for one in read_timeline(cast["manager"], cast.group).entries)
    assert not AuditEvent.objects.filter(detail__contains="clock_back").exists()


def test_the_mark_is_there_on_a_page_a_part_and_a_stream_that_begin_with_it(
    cast: Cast, travel: Travel
) -> None:
    post(cast, "nurse")
    travel(BACK)
    marked = Communication.objects.get(pk=post(cast, "nurse"))
    part = read_entries(cast["manager"], cast.group, after=marked.seq - 1)
    assert [one.clock_back for one in part.entries] == [True]
    html = LiveBackend().event(cast.group, marked.seq, "ja")
    assert html is not None and html.count("clock-mark") == 1
    before = LiveBackend().event(cast.group, marked.seq - 1, "ja")
    assert before is not None and "clock-mark" not in before


def test_the_first_entry_of_a_log_is_marked_by_nothing(cast: Cast) -> None:
    assert not log.went_back(None, 1)


# ── What time decides ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("by", [BACK, FORTH])
def test_who_is_signed_in_stays_so_and_posts_once(
    cast: Cast, travel: Travel, by: timedelta
) -> None:
    key = uuid4()

    def send() -> bool:
        sent = send_communication(
            cast["nurse"], cast.group, text="一度だけ", key=key, confirmed=True
        )
        return sent.again

    assert not send()
    travel(by)
    assert send()
    assert Communication.objects.filter(idempotency_key=key).count() == 1
    cookie = f"{settings.SESSION_COOKIE_NAME}={cast.people['nurse'].cookie}"
    listener = LiveBackend().admit(cookie)
    assert listener is not None and cast.group in listener.groups


def test_a_session_that_ended_too_early_is_there_again_when_the_clock_is_right(
    cast: Cast,
) -> None:
    with clock.shifted(timedelta(days=400)), pytest.raises(SignedOut):
        read_timeline(cast["nurse"], cast.group)
    assert read_timeline(cast["nurse"], cast.group).entries


@pytest.mark.parametrize("by", [BACK, FORTH])
def test_an_invitation_is_answered_across_a_jump(cast: Cast, travel: Travel, by: timedelta) -> None:
    asked = cast.invitations["invited"]
    accept_invitation(cast["invited"], asked)
    travel(by)
    approve_invitation(cast["administrator_other"], asked)
    assert Invitation.objects.get(pk=asked).state == "joined"


def test_whoever_joined_before_the_clock_was_set_back_can_be_released_at_once(
    cast: Cast,
) -> None:
    asked = cast.invitations["invited"]
    with clock.shifted(timedelta(hours=2)):
        accept_invitation(cast["invited"], asked)
        approve_invitation(cast["administrator_other"], asked)
    member = Member.objects.get(group=cast.group, account=cast.account("invited"))
    release_member(cast["manager"], member.id, reason="別の方でした")
    member.refresh_from_db()
    assert member.ended_at == member.joined_at
    with pytest.raises(Refused):
        read_timeline(cast["invited"], cast.group)


def test_a_clock_set_back_hides_no_refusal(cast: Cast) -> None:
    def refused() -> int:
        with pytest.raises(Refused):
            read_timeline(cast["stranger"], cast.group)
        return AuditEvent.objects.filter(outcome="refused").count()

    with clock.shifted(timedelta(hours=2)):
        once = refused()
    assert refused() == once + 1
    assert refused() == once + 1
    assert timedelta(0) < use_case.JOINED


def test_a_failure_is_a_problem_on_either_side_of_a_jump(cast: Cast, travel: Travel) -> None:
    travel(BACK)
    with pytest.raises(Problem):
        send_communication(cast["nurse"], cast.group, text=" ", key=uuid4(), confirmed=True)
