"""Guessing is slow, and does not shut out whose account it is."""

from functools import partial

from django.core.cache import cache

from renkei.people.attempts import FREE, WAITS, Place


def tries(place: Place, times: int) -> list[bool]:
    return [place.take_turn() for _ in range(times)]


def wait_over(place: Place) -> None:
    cache.delete(place._turn)


def test_five_are_free_then_one_waits(db) -> None:
    place = Place("nurse@example.org")
    assert tries(place, FREE + 3) == [True] * FREE + [False] * 3


def test_each_wait_is_longer_up_to_fifteen_minutes(db) -> None:
    place = Place("nurse@example.org")
    tries(place, FREE)
    waits = []
    for _ in range(7):
        waits.append(place.wait_minutes())
        wait_over(place)
        assert place.take_turn()
    assert waits == [1, 2, 4, 8, 15, 15, 15]
    assert WAITS[-1] == 900


def test_a_day_of_guessing_from_everywhere_is_about_a_hundred_attempts(db) -> None:
    assert FREE + len(WAITS) + 24 * 3600 // WAITS[-1] < 110


def test_who_guesses_elsewhere_does_not_shut_a_known_browser_out(db) -> None:
    tries(Place("nurse@example.org"), 50)
    assert Place("nurse@example.org", "her phone").take_turn()
    assert not Place("NURSE@example.org ").take_turn()
    assert Place("other@example.org").take_turn()


def test_the_right_password_forgives(db) -> None:
    place = Place("nurse@example.org")
    tries(place, 4)
    place.succeeded()
    assert tries(place, FREE) == [True] * FREE


def test_many_at_once_are_no_more_than_one_after_another(committed, at_once) -> None:
    place = partial(Place, "nurse@example.org")
    results = at_once(*[lambda: place().take_turn()] * 40)
    assert sum(results) <= FREE
