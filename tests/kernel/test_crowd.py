"""One place does not crowd out the others."""

import asyncio

import pytest

from renkei.kernel.crowd import Crowd, Turns, place_of


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("unix:/run/x", "unix:/run/x"),
    ],
)
def test_a_place_is_what_one_line_gets(address: str, place: str) -> None:
    assert place_of(address) == place


def test_so_many_are_let_in_from_one_place_and_no_more() -> None:
    crowd = Crowd(2)
    assert [crowd.enter("a") for _ in range(3)] == [True, True, False]
    assert crowd.enter("b")
    crowd.leave("a")
    assert crowd.enter("a")
    for place in ("a", "a", "b"):
        crowd.leave(place)
    assert not crowd._inside  # nothing is remembered of who has gone


def test_those_from_one_place_wait_in_line_and_others_do_not() -> None:
    order: list[str] = []

    async def one(turns: Turns, place: str, name: str) -> None:
        await turns.take(place)
        order.append(name)
        await asyncio.sleep(0.01)
        turns.give(place)

    async def story() -> None:
        turns = Turns(1)
        names = [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1")]
        await asyncio.gather(*(one(turns, *each) for each in names))
        assert not turns._running
        assert not turns._waiting

    asyncio.run(story())
    assert order == ["a1", "b1", "a2", "a3"]


def test_who_goes_away_while_waiting_takes_no_turn_with_them() -> None:
    async def story() -> None:
        turns = Turns(1)
        await turns.take("a")
        waiting = [asyncio.create_task(turns.take("a")) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        turns.give("a")  # to the second
        waiting[1].cancel()  # which is gone in the same moment
        await asyncio.wait_for(waiting[2], 1)
        turns.give("a")
        assert not turns._running
        assert not turns._waiting

    asyncio.run(story())
