"""Nobody reads a log by way of the live stream without a trace."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from renkei.audit.models import AuditEvent
from renkei.communication.live_backend import LiveBackend
from renkei.communication.reading import read_timeline
from renkei.group.models import Group, Member
from renkei.live.app import Live
from renkei.policy.use_case import GateClosed
from tests.cast import Cast, post
from tests.device.test_keys import keyed
from tests.live.world import Page, World, play, until


def heard(cast: Cast, name: str) -> list[Any]:
    found = AuditEvent.objects.filter(actor=cast.account(name), action="group.hear")
    return [json.loads(one.detail)["heard"] for one in found.order_by("seq")]


def test_what_a_stream_replays_is_on_record_before_it_is_sent() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        for _ in range(5):
            world.post(group, tell=False)
        page = await Page(live, "aiko", after={group: 2}).ready()
        await until(lambda: len(page.seqs(group)) == 3)
        assert [ranges for _, ranges in world.recorded] == [{group: (3, 5)}]

    play(story)


def test_a_stream_that_misses_nothing_and_one_that_may_not_hear_record_nothing() -> None:
    async def story(world: World, live: Live) -> None:
        group, other = world.group("aiko"), world.group("ken")
        world.post(group, tell=False)
        world.post(other, tell=False)
        page = await Page(live, "aiko", after={group: 1, other: 0}).ready()
        assert page.seqs(other) == []
        assert world.recorded == []

    play(story)


def test_when_it_cannot_be_recorded_nothing_is_replayed() -> None:
    class Full(World):
        def replayed(self, cookie: str, ranges: Any) -> None:
            raise OSError("no room")

    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        world.post(group, tell=False)
        page = await Page(live, "aiko", after={group: 0}).ready()
        assert page.over
        assert page.seqs(group) == []

    play(story, Full())


def test_a_replay_leaves_a_line_and_moves_no_cursor(cast: Cast) -> None:
    last = Group.objects.get(pk=cast.group).last_seq
    cookie = f"{settings.SESSION_COOKIE_NAME}={cast.people['manager'].cookie}"
    before = Member.objects.get(pk=cast.members["manager"])
    LiveBackend().replayed(cookie, {cast.group: (1, last)})
    assert heard(cast, "manager") == [[[cast.group.hex, 1, last]]]
    assert Member.objects.get(pk=before.pk).read_seq == before.read_seq
    read_timeline(cast["manager"], cast.group)
    LiveBackend().replayed(cookie, {cast.group: (1, last)})
    assert len(heard(cast, "manager")) == 1  # what was read needs no second line


@pytest.mark.clause("N3.10")
def test_what_a_device_of_the_ledger_replays_is_on_record_with_the_device(cast: Cast) -> None:
    browser, key = keyed(cast)
    cookie = "; ".join(
        f"{name}={browser.cookies[name].value}"
        for name in (settings.SESSION_COOKIE_NAME, settings.DEVICE_COOKIE_NAME)
    )
    last = Group.objects.get(pk=cast.group).last_seq
    LiveBackend().replayed(cookie, {cast.group: (1, last)})
    line = AuditEvent.objects.get(action="group.hear")
    assert line.actor == cast.account("nurse") and key.device_id.hex in line.detail
    with pytest.raises(GateClosed):  # a copy of the session alone replays nothing
        LiveBackend().replayed(cookie.partition(";")[0], {cast.group: (1, last)})


def test_catching_up_on_an_open_page_leaves_a_line_too(cast: Cast) -> None:
    post(cast, "nurse", "あとから")
    last = Group.objects.get(pk=cast.group).last_seq
    browser = Client(HTTP_HOST="localhost")
    browser.cookies[settings.SESSION_COOKIE_NAME] = cast.people["manager"].cookie
    assert browser.get(f"/groups/{cast.group}/entries?after=0&live=1").status_code == 200
    assert heard(cast, "manager") == [[[cast.group.hex, 1, last]]]
    browser.get(f"/groups/{cast.group}/entries?after={last}&live=1")
    assert len(heard(cast, "manager")) == 1
