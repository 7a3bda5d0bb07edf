"""Who loses the right to hear, hears nothing more; and who gains it, hears."""

import asyncio
import time
from typing import Any

import pytest

from renkei.kernel.bus import Hint
from renkei.live import watch
from renkei.live.app import Live
from renkei.live.backend import Listener

from .world import Page, World, play, until


def test_a_removed_member_hears_nothing_more() -> None:
    async def story(world: World, live: Live) -> None:
        group, other = world.group("aiko", "ben"), world.group("aiko")
        page, ben = await Page(live, "aiko").ready(), await Page(live, "ben").ready()
        world.post(group)
        await until(lambda: page.seqs(group) == [1])
        world.delay = lambda: 0.02
        world.remove(group, "aiko")
        for _ in range(5):
            world.post(group)
        world.post(other)
        await until(lambda: ben.seqs(group) == [1, 2, 3, 4, 5, 6])
        await until(lambda: page.seqs(other) == [1])
        assert page.of("gone") == [{"group": str(group)}]
        assert page.seqs(group) == [1]

    play(story)


@pytest.mark.parametrize("pause", [0, 0.001, 0.005, 0.02])
def test_a_removal_overtakes_a_message_that_is_being_read(pause: float) -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        page = await Page(live, "aiko").ready()
        world.delay = lambda: 0.01
        world.post(group)
        await asyncio.sleep(pause)
        world.remove(group, "aiko")
        newer = world.post(group)
        await until(lambda: page.of("gone") == [{"group": str(group)}])
        await asyncio.sleep(0.1)
        assert newer not in page.seqs(group)

    play(story)


def test_a_removal_while_a_page_is_admitted_is_not_missed() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        admit = world.admit

        def slowly(cookie: str) -> Listener | None:
            listener = admit(cookie)
            time.sleep(0.1)
            return listener

        world.admit = slowly  # type: ignore[method-assign]
        page = Page(live, "aiko")
        await asyncio.sleep(0.05)
        world.remove(group, "aiko")
        await page.ready()
        world.post(group)
        await asyncio.sleep(0.2)
        assert page.seqs(group) == []
        assert page.of("hello") == [{"groups": {}, "band": ""}]

    play(story)


def test_what_stands_on_every_page_comes_and_goes_on_pages_that_are_open() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        page = await Page(live, "aiko").ready()
        world.band = "declared"
        world.bus.publish(Hint("standing", None))
        await until(lambda: page.of("band") == [{"band": "declared"}])
        world.bus.publish(Hint("standing", None))  # the same again is no news
        world.post(group)
        await until(lambda: page.seqs(group) == [1])
        world.band = ""
        world.bus.publish(Hint("standing", None))
        await until(lambda: page.of("band") == [{"band": "declared"}, {"band": ""}])

    play(story)


def test_a_stream_that_is_held_misses_nothing_once_it_may_go_on() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        page = await Page(live, "aiko").ready()
        world.delay = lambda: 0.03
        world.bus.publish(Hint("standing", group))
        for _ in range(3):
            world.post(group)
        world.correct(group, 2, "right")
        await until(lambda: page.seqs(group) == [1, 2, 3])
        world.correct(group, 1, "right")
        await until(lambda: any(said["seq"] == 1 for said in page.of("changed")))

    play(story)


def test_a_new_member_hears_from_then_on() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("ben")
        page = await Page(live, "aiko").ready()
        assert page.status == 401
        world.group("aiko")
        page = await Page(live, "aiko").ready()
        world.post(group)
        world.add(group, "aiko")
        await until(lambda: bool(page.of("joined")))
        assert page.of("joined") == [{"group": str(group), "seq": 1}]
        world.post(group)
        await until(lambda: page.seqs(group) == [2])

    play(story)


def test_leaving_and_coming_back_in_one_breath_is_neither_gap_nor_double() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko", "ben")
        page = await Page(live, "aiko").ready()
        world.delay = lambda: 0.004
        for _ in range(20):
            world.remove(group, "aiko")
            await asyncio.sleep(0.003)
            world.add(group, "aiko")
            world.post(group)
            await asyncio.sleep(0.003)
        world.post(group)

        def knows() -> int:
            """How far the page can know: told message by message, or on coming back."""
            return max([0, *page.seqs(group), *(one["seq"] for one in page.of("joined"))])

        await until(lambda: knows() == 21)
        await asyncio.sleep(0.2)
        assert page.seqs(group) == sorted(set(page.seqs(group)))

    play(story)


def test_a_suspended_account_ends_at_once_on_all_its_pages() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko", "ben")
        pages = [await Page(live, "aiko").ready() for _ in range(3)]
        ben = await Page(live, "ben").ready()
        account = world.accounts.pop("aiko")
        world.bus.publish(Hint("standing", None, account=account))
        world.post(group)
        await until(lambda: all(page.over for page in pages))
        assert all(page.of("bye") == [{"why": "standing"}] for page in pages)
        assert all(page.seqs(group) == [] for page in pages)
        await until(lambda: ben.seqs(group) == [1])

    play(story)


def test_a_change_of_standing_that_no_hint_told_is_found_within_a_second() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        page = await Page(live, "aiko").ready()
        await asyncio.sleep(1.2)
        world.remove(group, "aiko", tell=False)
        await until(lambda: bool(page.of("gone")))

    play(story)


def test_a_stream_is_asked_about_when_its_time_is_over() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko", "ben")
        world.until["aiko"] = time.time() + 1.3
        world.until["ben"] = time.time() + 1.3
        aiko, ben = await Page(live, "aiko").ready(), await Page(live, "ben").ready()
        world.until["ben"] = time.time() + 3600
        await until(lambda: aiko.over)
        assert time.time() >= world.until["aiko"]
        assert aiko.of("bye") == [{"why": "standing"}]
        await asyncio.sleep(0.2)
        world.post(group)
        await until(lambda: ben.seqs(group) == [1])
        assert not ben.over
        late = await Page(live, "aiko").ready()
        assert late.status == 401

    play(story)


def test_a_page_that_cannot_keep_up_is_cut_when_it_loses_a_group() -> None:
    async def story(world: World, live: Live) -> None:
        group = world.group("aiko")
        page = await Page(live, "aiko").ready()
        page.slow = True
        for _ in range(3):
            world.post(group)
        await asyncio.sleep(0.1)
        world.remove(group, "aiko")
        await until(lambda: page.over)
        page.hurry()
        await asyncio.sleep(0.05)
        assert page.seqs(group) == []

    play(story)


def test_twenty_of_a_thousand_are_asked_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "LOOK_SECONDS", 60.0)

    async def story(world: World, live: Live) -> None:
        groups = [world.group(*(f"p{n}" for n in range(g * 20, g * 20 + 20))) for g in range(50)]
        pages = [await Page(live, f"p{n}").ready() for n in range(1000)]
        await asyncio.sleep(0.1)
        before: Any = world.calls["admit"]
        world.delay = lambda: 0.002
        world.remove(groups[7], "p140")
        await until(lambda: bool(pages[140].chunks[-1].startswith(b"event: gone")))
        await asyncio.sleep(0.1)
        assert world.calls["admit"] - before == 20

    play(story)
