"""What reaches an open page, in which order, and what must not."""

import asyncio
import random
import time
from threading import Thread
from uuid import UUID, uuid4

import pytest

from renkei.kernel.bus import Hint
from renkei.live import replay as replay_module
from renkei.live import watch
from renkei.live.app import Live

from .world import Page, World, play, until


def test_what_is_posted_appears_on_every_page_of_the_group() -> None:
    async def story(world: World, live: Live) -> None:
        group, other = world.group("aiko", "ben"), world.group("ben")
        aiko, ben = await Page(live, "aiko").ready(), await Page(live, "ben").ready()
        assert aiko.chunks[0] == b"retry: 2000\n\n"
        assert ben.of("hello") == [{"groups": {str(group): 0, str(other): 0}, "band": ""}]
        world.post(group, "hello\nthere")
        await until(lambda: aiko.seqs(group) == ben.seqs(group) == [1])
        assert aiko.of("message")[0]["html"] == "<p>ja hello\nthere</p>\n"
        assert aiko.chunks[-1] is ben.chunks[-1]
        world.post(other)
        await until(lambda: ben.seqs(other) == [1])
        assert aiko.seqs(other) == []

    play(story)


def test_a_message_is_rendered_once_for_fifty_streams_and_once_more_for_another_rendering() -> None:
    async def story(world: World, live: Live) -> None:
        people = [f"p{n}" for n in range(50)]
        group = world.group(*people)
        world.renderings["p0"] = "en"
        pages = [await Page(live, person).ready() for person in people]
        before = world.calls["events"]
        world.post(group)
        await until(lambda: all(page.seqs(group) == [1] for page in pages))
        assert world.calls["events"] - before == 2
        assert len({id(page.chunks[-1]) for page in pages}) == 2
        assert pages[0].of("message")[0]["html"].startswith("<p>en")

    play(story)


def test_hints_for_groups_nobody_listens_to_reach_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(world: World, live: Live) -> None:
        world.group("aiko")
        await Page(live, "aiko").ready()
        before = world.calls["events"]
        heard: list[Hint] = []
        monkeypatch.setattr(live.hub, "hear", heard.append)
        world.bus.publish(Hint("log", uuid4(), 3))
        await asyncio.sleep(0.05)
        assert not heard
        assert world.calls["events"] == before

    play(story)


def test_a_page_that_comes_back_gets_what_it_missed() -> None:
    async def story(world: World, live: Live) -> None:
        group, foreign = world.group("aiko"), world.group("ben")
        for _ in range(250):
            world.post(group)
        world.post(foreign)
        page = await Page(live, "aiko", after={group: 3, foreign: 0}).ready()
        await until(lambda: len(page.seqs(group)) == 247)
        world.post(group)
        await until(lambda: page.seqs(group) == list(range(4, 252)))
        assert page.seqs(foreign) == []
        assert page.of("hello") == [{"groups": {str(group): 250}, "band": ""}]
        last = await Page(live, "aiko", last=f"{group}:249").ready()
        await until(lambda: last.seqs(group) == [250, 251])
        ahead = await Page(live, "aiko", after={group: 1000}).ready()
        world.post(group)
        await until(lambda: ahead.seqs(group) == [252])

    play(story)


def test_pages_that_come_back_together_share_the_reading() -> None:
    async def story(world: World, live: Live) -> None:
        people = [f"p{n}" for n in range(20)]
        group = world.group(*people)
        await Page(live, "p0").ready()
        world.post(group)
        world.delay = lambda: 0.05
        before = world.calls["events"]
        pages = [Page(live, person, after={group: 0}) for person in people]
        await until(lambda: all(page.seqs(group) == [1] for page in pages))
        assert world.calls["events"] - before < 10

    play(story)


def test_a_shared_replay_that_began_earlier_leaves_no_gap() -> None:
    class Slow(World):
        def events(
            self, group: UUID, after: int, rendering: str, limit: int
        ) -> list[tuple[int, str]]:
            rows = super().events(group, after, rendering, limit)
            if after == 0 and rows:
                time.sleep(0.2)
            return rows

    async def story(world: World, live: Live) -> None:
        group = world.group("aiko", "ben")
        world.post(group)
        ben = await Page(live, "ben").ready()
        first = await Page(live, "aiko", after={group: 0}).ready()
        world.post(group)
        await until(lambda: ben.seqs(group) == [2])
        second = await Page(live, "aiko", after={group: 0}).ready()
        await until(lambda: first.seqs(group) == second.seqs(group) == [1, 2])

    play(story, Slow())


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_and_nothing_comes_twice_whatever_happens_when(seed: int) -> None:
    async def story(world: World, live: Live) -> None:
        chance = random.Random(seed)
        groups = [world.group("aiko", "ben") for _ in range(3)]
        world.delay = lambda: chance.choice((0, 0, 0.001, 0.01))
        done = False

        def post() -> None:
            mine = random.Random(seed + 100)
            for _ in range(150):
                world.post(mine.choice(groups), tell=mine.random() > 0.1)
                if mine.random() < 0.05:
                    world.bus.publish(Hint("standing", mine.choice([None, *groups])))
                time.sleep(mine.random() * 0.004)

        async def read(person: str) -> dict[UUID, list[int]]:
            got: dict[UUID, list[int]] = {group: [] for group in groups}
            while True:
                seen = {group: (seqs or [0])[-1] for group, seqs in got.items()}
                page = await Page(live, person, after=seen).ready()
                patience = 3.0 if done else chance.random() * 0.3
                await asyncio.sleep(patience)
                finished = done and patience == 3.0
                await page.close()
                for group in groups:
                    got[group] += page.seqs(group)
                if finished:
                    return got

        poster = Thread(target=post)
        poster.start()
        readers = [asyncio.create_task(read(person)) for person in ("aiko", "ben") * 3]
        while poster.is_alive():
            await asyncio.sleep(0.02)
        done = True
        for got in await asyncio.gather(*readers):
            for group in groups:
                assert got[group] == list(range(1, len(world.logs[group]) + 1))

    play(story)


def test_a_lost_hint_costs_a_second_and_not_a_message() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        page = await Page(live, "aiko").ready()
        await asyncio.sleep(1.2)
        world.post(group, tell=False)
        assert watch.LOOK_SECONDS <= 1
        await until(lambda: page.seqs(group) == [1])

    play(story)


def test_corrections_and_read_marks_are_shown() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko", "ben")
        page = await Page(live, "aiko").ready()
        world.post(group, "wrong")
        await until(lambda: page.seqs(group) == [1])
        world.correct(group, 1, "right")
        await until(lambda: bool(page.of("changed")))
        assert page.of("changed")[0] == {
            "group": str(group),
            "seq": 1,
            "html": "<p>ja right</p>\n",
        }
        world.bus.publish(Hint("read", group, 1, world.account("ben")))
        await until(lambda: bool(page.of("read")))
        assert page.of("read")[0] == {
            "group": str(group),
            "account": str(world.account("ben")),
            "seq": 1,
        }

    play(story)


def test_a_correction_during_a_replay_is_not_lost() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko", "ben")
        world.post(group, "wrong")
        await Page(live, "ben").ready()
        world.delay = lambda: 0.1
        page = await Page(live, "aiko", after={group: 0}).ready()
        await asyncio.sleep(0.15)
        world.correct(group, 1, "right")
        await until(lambda: bool(page.of("message")) and len(page.of("changed")) > 0)
        shown = [data["html"] for kind, data in page.events if kind in ("message", "changed")]
        await asyncio.sleep(0.3)
        assert shown[-1] == "<p>ja right</p>\n"

    play(story)


def test_the_hub_survives_a_database_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        page = await Page(live, "aiko").ready()
        world.broken = True
        world.post(group)
        world.bus.publish(Hint("standing", group))
        refused = await Page(live, "aiko").ready()
        assert refused.status == 503
        await asyncio.sleep(1.1)
        assert page.seqs(group) == []
        world.broken = False
        await until(lambda: page.seqs(group) == [1])

    play(story)
    assert "ConnectionError" in caplog.text
    assert "secret words" not in caplog.text


def test_a_slow_page_is_cut_and_the_others_do_not_wait() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko", "ben")
        slow, quick = await Page(live, "aiko").ready(), await Page(live, "ben").ready()
        slow.slow = True
        for _ in range(300):
            world.post(group)
        await until(lambda: len(quick.seqs(group)) == 300)
        await until(lambda: slow.over)
        assert len(live.hub.streams) == 1
        assert slow.seqs(group) == []
        back = await Page(live, "aiko", after={group: 0}).ready()
        await until(lambda: len(back.seqs(group)) == 300)

    play(story)


def test_a_page_that_only_pauses_gets_everything_in_order() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        page = await Page(live, "aiko").ready()
        page.slow = True
        for _ in range(100):
            world.post(group)
        await asyncio.sleep(0.2)
        page.hurry()
        world.post(group)
        await until(lambda: page.seqs(group) == list(range(1, 102)))

    play(story)


def test_large_messages_reach_a_page_that_reads_slowly_on_replay() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        for _ in range(300):
            world.post(group, "x" * 20_000)
        page = Page(live, "aiko", after={group: 0})
        page.slow = True
        await asyncio.sleep(0.3)
        page.hurry()
        await until(lambda: len(page.seqs(group)) == 300)

    play(story)


def test_the_heartbeat_reaches_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "BEAT_SECONDS", 0.1)

    async def story(world: World, live: Live) -> None:
        world.group("aiko")
        page = await Page(live, "aiko").ready()
        await until(lambda: b":\n\n" in page.chunks)

    play(story)


def test_a_session_has_at_most_eight_streams_and_the_oldest_ends() -> None:
    async def story(world: World, live: Live) -> None:
        world.group("aiko", "ben")
        other = await Page(live, "ben").ready()
        pages = [await Page(live, "aiko").ready() for _ in range(9)]
        await until(lambda: pages[0].over)
        assert pages[0].of("bye") == [{"why": "many"}]
        assert not any(page.over for page in [*pages[1:], other])

    play(story)


def test_a_graceful_stop_says_goodbye() -> None:
    async def story(world: World, live: Live) -> None:
        world.group("aiko")
        page = await Page(live, "aiko").ready()
        await live.stop()
        assert page.of("bye") == [{"why": "stop"}]
        assert page.done
        late = await Page(live, "aiko").ready()
        assert late.status == 503

    play(story)


def test_nothing_remains_of_pages_that_are_gone() -> None:
    async def story(world: World, live: Live) -> None:
        world.group("aiko")
        pages = [await Page(live, "aiko").ready() for _ in range(5)]
        for page in pages:
            await page.close()
        assert not live.hub.streams
        assert not live.hub.rooms
        assert not live.hub._accounts

    play(story)


def test_strangers_wrong_methods_and_nonsense_are_refused() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        stranger = await Page(live, "stranger").ready()
        post = await Page(live, "aiko", method="POST").ready()
        nonsense = await Page(live, "aiko", after={"nonsense": 3}).ready()
        negative = await Page(live, "aiko", after={group: -3}).ready()
        assert [page.status for page in (stranger, post, nonsense, negative)] == [
            401,
            405,
            400,
            400,
        ]

    play(story)


def test_a_log_with_gaps_is_passed_over() -> None:
    """Numbers that show nothing, such as erased messages, stop nobody."""

    class Gappy(World):
        def events(
            self, group: UUID, after: int, rendering: str, limit: int
        ) -> list[tuple[int, str]]:
            rows = super().events(group, 0, rendering, 10_000)
            return [row for row in rows if row[0] > after and row[0] % 3 == 0][:limit]

    async def story(world: World, live: Live) -> None:
        group = world.group("aiko", "ben")
        first = await Page(live, "aiko").ready()
        for _ in range(20):
            world.post(group)
        second = await Page(live, "ben", after={group: 1}).ready()
        for _ in range(replay_module.PAGE * 3):
            world.post(group)
        expected = [seq for seq in range(1, 321) if seq % 3 == 0]
        await until(lambda: first.seqs(group) == second.seqs(group) == expected)

    play(story, Gappy())
