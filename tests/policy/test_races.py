"""Two at once, a database that is busy, a disk that is full: nothing half-done, nothing twice."""

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, connections

from renkei.audit import trail
from renkei.audit.models import AuditEvent
from renkei.communication.models import Communication, Reading, Version
from renkei.communication.reading import read_timeline
from renkei.communication.services import (
    Posted,
    correct_communication,
    send_communication,
)
from renkei.group.admission import accept_invitation, approve_invitation
from renkei.group.models import Group, Invitation, Member
from renkei.group.services import leave_group, open_group, release_member
from renkei.kernel import clock
from renkei.kernel.database import execute
from renkei.kernel.errors import Problem, Refused
from renkei.patient.models import Basics
from renkei.patient.services import record_consent, register_patient, withdraw_consent
from renkei.people.services import change_profile
from tests.cast import Cast, given, identity, post

AtOnce = Callable[..., list[Any]]
ROUNDS = range(5)


def whole(cast: Cast) -> None:
    """The log has no gap, every message its line, every chain holds."""
    group = Group.objects.get(pk=cast.group)
    found = Communication.objects.filter(group=group).order_by("seq")
    assert list(found.values_list("seq", flat=True)) == list(range(1, group.last_seq + 1))
    messages = found.filter(event="").count()
    lines = AuditEvent.objects.filter(action="communication.send", outcome="done")
    assert lines.count() == messages
    assert trail.verify()[1] == []


def allowed(results: list[Any], *kinds: type[BaseException]) -> list[Any]:
    """The results that are no errors; any error has to be one of these kinds."""
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, kinds):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


@pytest.mark.parametrize("round_", ROUNDS)
def test_approving_and_accepting_at_once_makes_one_member(
    committed: Cast, at_once: AtOnce, round_: int
) -> None:
    invitation = committed.invitations["invited"]
    results = at_once(
        lambda: approve_invitation(committed["administrator_other"], invitation),
        lambda: accept_invitation(committed["invited"], invitation),
        lambda: accept_invitation(committed["invited"], invitation),
    )
    assert len(allowed(results, Problem, Refused)) == 2
    joined = Member.objects.filter(group=committed.group, account=committed.account("invited"))
    assert joined.count() == 1
    assert Invitation.objects.get(pk=invitation).state == "joined"
    assert Communication.objects.filter(event="joined").count() == 1
    whole(committed)


@pytest.mark.parametrize("round_", ROUNDS)
def test_who_is_released_while_posting_has_either_posted_before_or_not_at_all(
    committed: Cast, at_once: AtOnce, round_: int
) -> None:
    results = at_once(
        *[lambda: post(committed, "nurse") for _ in range(4)],
        lambda: release_member(committed["manager"], committed.members["nurse"], reason="異動"),
    )
    posted = [one for one in allowed(results, Refused) if isinstance(one, UUID)]
    released = Communication.objects.get(group=committed.group, event="released").seq
    last = Communication.objects.filter(pk__in=posted).order_by("-seq").first()
    assert last is None or last.seq < released
    whole(committed)


@pytest.mark.parametrize("round_", ROUNDS)
def test_who_leaves_while_posting_has_either_posted_before_or_not_at_all(
    committed: Cast, at_once: AtOnce, round_: int
) -> None:
    results = at_once(
        lambda: leave_group(committed["nurse"], committed.group, reason="終わり"),
        *[lambda: post(committed, "nurse") for _ in range(3)],
    )
    allowed(results, Refused)
    left = Communication.objects.get(group=committed.group, event="left", seq__gt=2).seq
    assert Group.objects.get(pk=committed.group).last_seq == left
    whole(committed)


@pytest.mark.clause("A6")
def test_who_posts_while_the_consent_is_withdrawn_has_either_posted_before_or_not_at_all(
    committed: Cast, at_once: AtOnce
) -> None:
    results = at_once(
        lambda: withdraw_consent(
            committed["administrator_same"],
            committed.patient,
            reason="希望",
            withdrawn_on=clock.today(),
        ),
        *[lambda: post(committed, "nurse") for _ in range(4)],
    )
    allowed(results, Refused)
    withdrawn = Communication.objects.get(group=committed.group, event="withdrawn").seq
    assert Group.objects.get(pk=committed.group).last_seq == withdrawn
    whole(committed)


def test_posting_twice_at_once_with_one_key_posts_once(committed: Cast, at_once: AtOnce) -> None:
    key = uuid4()

    def send() -> Posted:
        return send_communication(
            committed["nurse"], committed.group, text="一度だけ", key=key, confirmed=True
        )

    results = allowed(at_once(*[send] * 4))
    assert len({one.id for one in results}) == 1
    assert [one.again for one in results].count(False) == 1
    whole(committed)


def test_two_people_correcting_one_message_at_once_make_one_version(
    committed: Cast, at_once: AtOnce
) -> None:
    results = at_once(
        *[
            lambda text=text: correct_communication(
                committed["nurse"], committed.message, text=text, version=1
            )
            for text in ("一台目", "二台目")
        ]
    )
    assert allowed(results, Problem) == [2]
    assert Version.objects.filter(communication=committed.message).count() == 1


def test_opening_a_group_twice_at_once_opens_one(committed: Cast, at_once: AtOnce) -> None:
    patient = register_patient(
        committed["administrator_same"],
        committed.organizations["station"],
        identity=identity(),
        basics=Basics(),
    ).id
    results = at_once(
        *[
            lambda name=name: open_group(committed[name], patient, role_in_care="連絡調整")
            for name in ("administrator_same", "self_inviting")
        ]
    )
    assert len(allowed(results, Problem)) == 1
    assert Group.objects.filter(patient=patient).count() == 1


def test_many_people_posting_at_once_all_get_a_number(committed: Cast, at_once: AtOnce) -> None:
    names = ("manager", "nurse", "physician")
    results = at_once(*[lambda name=name: post(committed, name) for name in names * 5])
    assert len(set(allowed(results))) == 15
    whole(committed)


def test_reading_in_two_windows_at_once_is_recorded_once(committed: Cast, at_once: AtOnce) -> None:
    allowed(at_once(*[lambda: read_timeline(committed["physician"], committed.group)] * 4))
    assert Reading.objects.filter(member=committed.members["physician"]).count() == 1
    lines = AuditEvent.objects.filter(action="group.see", actor=committed.account("physician"))
    assert lines.count() == 1


def test_one_person_changing_themselves_twice_at_once_gets_both_done(
    committed: Cast, at_once: AtOnce
) -> None:
    def change(name: str) -> None:
        change_profile(committed["nurse"], None, name=name, kana="やまだ", phone="")

    for _ in range(5):
        assert (
            at_once(*[lambda name=name: change(name) for name in ("山田", "川田", "野田")])
            == [None] * 3
        )


def test_consent_recorded_twice_at_once_leaves_one_in_force(
    committed: Cast, at_once: AtOnce
) -> None:
    def record(name: str) -> None:
        record_consent(
            committed[name], committed.patient, form=given(committed.organizations["clinic"])
        )

    allowed(
        at_once(
            *[lambda name=name: record(name) for name in ("administrator_same", "self_inviting")]
        )
    )
    assert Group.objects.get(pk=committed.group).patient.consents.filter(ended_at=None).count() == 1


# ── A busy database ──────────────────────────────────────────────────────────────────────────────


def lock_everything(seconds: float, release: threading.Event | None = None) -> threading.Thread:
    """Hold the write lock of the database in another thread; returns once it is held."""
    held, over = threading.Event(), release or threading.Event()

    def hold() -> None:
        try:
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    connection.set_autocommit(False)
                    cursor.execute("LOCK TABLE group_group IN EXCLUSIVE MODE")
                    held.set()
                    over.wait(seconds)
                connection.rollback()
            else:
                link = sqlite3.connect(settings.DATA / "renkei.db", isolation_level=None)
                link.execute("BEGIN IMMEDIATE")
                held.set()
                over.wait(seconds)
                link.execute("ROLLBACK")
                link.close()
        finally:
            connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(5)
    return thread


def test_a_post_waits_for_a_busy_database(committed: Cast) -> None:
    """The wait that is set (20 s) is longer than ten seconds; that it waits is shown with one."""
    if connection.vendor == "sqlite":
        assert settings.DATABASES["default"]["OPTIONS"]["timeout"] > 10
    thread = lock_everything(1.0)
    began = time.monotonic()
    post(committed, "nurse", "待ってでも届きます")
    assert time.monotonic() - began > 0.7
    thread.join()
    whole(committed)


def test_reading_does_not_wait_for_a_writer(committed: Cast) -> None:
    read_timeline(committed["nurse"], committed.group)
    release = threading.Event()
    thread = lock_everything(15.0, release)
    assert read_timeline(committed["nurse"], committed.group).entries
    assert thread.is_alive()  # it was answered while the lock was held
    release.set()
    thread.join()


def test_when_it_takes_too_long_nothing_is_half_written(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor == "postgresql":
        execute("SET lock_timeout = '200ms'", [])
    else:
        execute("PRAGMA busy_timeout = 200", [])
    thread = lock_everything(1.5)
    with pytest.raises(OperationalError):
        post(committed, "nurse")
    thread.join()
    whole(committed)
    post(committed, "nurse", "そのあとは書けます")
    whole(committed)


# ── A full disk ──────────────────────────────────────────────────────────────────────────────────


def test_a_full_disk_is_an_error_and_nothing_is_half_written(committed: Cast) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the disk of a PostgreSQL server is not ours to fill")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
    before = Group.objects.get(pk=committed.group).last_seq
    posted = 0
    with pytest.raises(DatabaseError, match="full"):
        for _ in range(200):
            post(committed, "nurse", "あ" * 10_000)
            posted += 1
    assert Group.objects.get(pk=committed.group).last_seq == before + posted
    whole(committed)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1000000")
    post(committed, "nurse", "場所ができました")
    whole(committed)
