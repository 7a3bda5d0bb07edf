"""Whoever has to act is told that something waits, and nobody else; never what, or of whom."""

import re
from pathlib import Path

import pytest

import renkei
from renkei.communication.models import Communication
from renkei.communication.services import correct_communication
from renkei.communication.tasks import hand_on_task, make_task
from renkei.group.charters import write_charter
from renkei.group.direct import ask_to_connect
from renkei.notification.choosing import choose_level
from renkei.notification.kinds import KINDS, Kind
from renkei.notification.models import Waiting
from renkei.notification.words import lines
from renkei.web.incident_words import PAGES
from tests.cast import NAMES, Cast, post
from tests.device import test_taking_out
from tests.disclosure import test_reuse
from tests.disclosure.world import asked as erasure_asked
from tests.group import test_free
from tests.notification.world import PushService, let_it_be_time, turn_on


def _told(kind: Kind) -> set[object]:
    return set(Waiting.objects.filter(kind=kind).values_list("account", flat=True))


def test_a_task_given_to_somebody_is_told_to_them_alone(awake: Cast, service: PushService) -> None:
    browser = turn_on(awake, "physician", service)
    make_task(awake["nurse"], awake.message, text="創部を見る", account=awake.account("nurse"))
    assert _told(Kind.TASK) == set()  # one's own
    task = make_task(
        awake["nurse"], awake.message, text="処方を見直す", account=awake.account("physician")
    )
    assert _told(Kind.TASK) == {awake.account("physician")}
    let_it_be_time()
    said = str(browser.opened(service.got[0].body))
    assert "やること" in said
    assert "処方" not in said and "nurse" not in said
    hand_on_task(awake["physician"], task, account=awake.account("manager"))
    assert _told(Kind.TASK) == {awake.account("manager")}


def test_who_is_meant_by_a_correction_alone_is_woken_by_it(
    awake: Cast, service: PushService
) -> None:
    message = post(awake, "nurse", "お薬の相談です")
    physician, manager = awake.account("physician"), awake.account("manager")

    def correct(text: str, *mentions: str) -> None:
        version = Communication.objects.get(pk=message).version
        correct_communication(
            awake["nurse"], message, text=text, version=version, mentions=mentions
        )

    correct("お薬の相談です。")
    assert _told(Kind.MENTION) == set()
    correct("お薬の相談です。明日まで。", physician.hex)
    assert _told(Kind.MENTION) == {physician}
    let_it_be_time()
    correct("お薬の相談です。明後日まで。", physician.hex)  # was meant before
    assert _told(Kind.MENTION) == set()
    choose_level(awake["manager"], awake.group, level="none")
    correct("お薬の相談です。皆さんへ。", "all")
    assert _told(Kind.MENTION) == set()  # the manager wants to hear nothing
    assert manager not in _told(Kind.MENTION)


@pytest.mark.clause("A11.8")
def test_a_charter_is_told_to_those_who_have_to_tick_it(awake: Cast) -> None:
    write_charter(awake["manager"], awake.group, text="静かに使います。", reuse=(), number=0)
    assert _told(Kind.CHARTER) == {awake.account("nurse"), awake.account("physician")}


@pytest.mark.once
def test_every_kind_is_treated_and_none_says_more_than_that_there_is_something() -> None:
    assert set(KINDS) == set(Kind.values)
    for kind in Kind:
        for said in lines({kind.value}, 3):
            assert not re.search(r"[一-龠]{2,} さん|http", said)


@pytest.mark.once
def test_every_page_that_is_opened_on_record_has_a_name_there() -> None:
    found: set[str] = set()
    for path in Path(renkei.__file__).parent.rglob("*.py"):
        found |= set(re.findall(r'opens="(\w+)"', path.read_text()))
    assert found - set(PAGES) == set()


@pytest.mark.clause("A15.9", "A13.1", "A12.3", "A16.a", "A11.7")
def test_whoever_decides_is_told_that_somebody_asks(cast: Cast) -> None:
    """By their own tests' helpers: a take-out, a connection, a free group, reuse, an erasure."""
    asked = {
        "take-out": (lambda: test_taking_out.ask(cast, "manager"), {"administrator_same"}),
        "connection": (lambda: ask_to_connect(cast["nurse"], cast.role("stranger")), {"stranger"}),
        "reuse": (lambda: test_reuse.ask(cast), {"nurse"}),
        "outside": (lambda: test_reuse.ask(cast, purpose="outside", name="physician"), None),
        "erasure": (lambda: erasure_asked(cast), {"operator"}),
    }
    for what, (ask, wanted) in asked.items():
        Waiting.objects.all().delete()
        ask()
        told = _told(Kind.REQUEST)
        names = {name for name in NAMES[:-1] if cast.account(name) in told}
        if wanted is None:
            assert {"manager", "nurse"} <= names and "physician" not in names
        else:
            assert wanted <= names and "manager" not in names, (what, names)
    Waiting.objects.all().delete()
    group = test_free.found(cast, entry="request")
    Waiting.objects.all().delete()
    test_free.ask(cast, "stranger", group)
    assert _told(Kind.REQUEST) == {cast.account("nurse")}
