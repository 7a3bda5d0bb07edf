"""Which copies stay: enough to go back a year, and never the newest away."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from renkei.backup import generations
from renkei.kernel.clock import JAPAN

MOMENTS = st.sets(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), max_size=80
)


def kept_day_by_day(moments):
    """What stands in the end if each copy is followed by tidying up."""
    standing = set()
    for moment in sorted(moments):
        standing = generations.kept({*standing, moment})
    return standing


@given(MOMENTS)
def test_the_newest_always_stays_and_nothing_is_made_up(moments):
    kept = generations.kept(moments)
    assert kept <= moments
    assert not moments or max(moments) in kept
    assert len(kept) <= generations.DAYS + generations.WEEKS + generations.MONTHS


@given(MOMENTS)
def test_tidying_up_twice_removes_no_more_than_once(moments):
    kept = generations.kept(moments)
    assert generations.kept(kept) == kept


@given(MOMENTS)
def test_the_newest_of_each_of_the_last_days_that_have_one_stays(moments):
    days = sorted({one.astimezone(JAPAN).date() for one in moments})[-generations.DAYS :]
    for day in days:
        newest = max(one for one in moments if one.astimezone(JAPAN).date() == day)
        assert newest in generations.kept(moments)


@given(MOMENTS)
def test_tidying_up_every_day_keeps_what_tidying_up_at_the_end_would(moments):
    assert kept_day_by_day(moments) >= generations.kept(moments)


@given(MOMENTS, st.datetimes(datetime(2030, 1, 2), datetime(2031, 1, 1), timezones=st.just(UTC)))
def test_a_new_copy_brings_nothing_back(moments, later):
    assert generations.kept({*moments, later}) <= {*generations.kept(moments), later}


def test_after_a_year_of_daily_copies_one_can_go_back_days_weeks_and_months():
    first = datetime(2026, 1, 1, 18, tzinfo=UTC)  # three in the morning in Japan
    kept = sorted(kept_day_by_day(first + timedelta(days=day) for day in range(500)))
    ages = [(kept[-1] - one).days for one in kept]
    assert ages[-7:] == [6, 5, 4, 3, 2, 1, 0]
    assert 310 <= ages[0] <= 366  # eleven months and what there is of this one
    months = [one.astimezone(JAPAN).month for one in kept]
    assert set(months) == set(range(1, 13))
    assert all(later - earlier < timedelta(days=32) for earlier, later in pairwise(kept))


def test_days_are_those_of_japan():
    late, early = datetime(2026, 5, 1, 14, 59, tzinfo=UTC), datetime(2026, 5, 1, 15, tzinfo=UTC)
    filling = {datetime(2026, 5, 20 + day, tzinfo=UTC) for day in range(8)}
    assert {late, early} <= generations.kept({late, early})  # 23:59 and midnight
    assert early.astimezone(JAPAN).day == 2
    assert late not in generations.kept({late, early, *filling})


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)))
def test_a_name_says_its_second(moment):
    assert generations.moment_of(generations.name_of(moment)) == moment.replace(microsecond=0)


def test_no_other_name_is_one():
    for name in ("..", "20260101T000000Z/..", "20261301T000000Z", "2026", ".partial-x", "", "٢"):
        assert generations.moment_of(name) is None


@given(MOMENTS)
def test_of_keys_the_last_three_stay(moments):
    assert generations.keys_kept(moments) == set(sorted(moments)[-3:])
