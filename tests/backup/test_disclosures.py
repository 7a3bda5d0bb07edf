"""What the operator is told of the copies: when it turns red, where they lie, what to do better."""

from datetime import timedelta

import pytest

from renkei.backup.disclosures import see_backups
from renkei.backup.models import BackupRun
from renkei.group.home import see_home
from renkei.kernel import clock
from renkei.kernel.errors import Refused, SignedOut
from renkei.region import parameters
from renkei.region.models import PolicyVersion
from tests.backup.runs import all_in_order, failed, ran
from tests.cast import NOBODY, Cast, loading, make_account, make_region, person

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


def states(cast: Cast) -> dict[str, str]:
    return {line.kind: line.state for line in see_backups(cast["operator"], None).lines}


def told_at_home(cast: Cast, name: str = "operator") -> list[str]:
    return [task.what for task in see_home(cast[name], None).tasks if task.kind == "backup"]


def set_figures(cast: Cast, **figures: int) -> None:
    PolicyVersion.objects.filter(pk=cast.policy).update(parameters=figures)
    parameters.of.cache_clear()


@pytest.fixture(autouse=True)
def _figures_of_this_test_only():
    yield
    parameters.of.cache_clear()


def test_nobody_but_the_operator_sees_the_copies(cast: Cast) -> None:
    for name in cast:
        if name != "operator":
            with pytest.raises(SignedOut if name == NOBODY else Refused):
                see_backups(cast[name], None)
            if name != NOBODY:
                assert told_at_home(cast, name) == []
    assert told_at_home(cast) == ["content_never"]


def test_the_operator_of_another_region_sees_the_same_copies_by_their_own_policy(cast: Cast):
    from renkei.people.services import appoint_operator
    from tests.cast import LOADER, confirm_policy

    with loading():
        region, policy = make_region("となり")
        account = make_account(region, "other@example.org")
        appoint_operator(LOADER, None, account=account)
    account.set_password("kaede-yama-2026")
    account.password_changed_at = clock.now()
    account.save()
    other = person("other", account)
    confirm_policy(other.actor, None, policy=policy)
    set_figures(cast, backup_max_age_hours=2)
    ran("content", 3 * HOUR)
    mine, theirs = see_backups(cast["operator"], None), see_backups(other.actor, None)
    assert [one.place for one in theirs.copies] == [one.place for one in mine.copies]
    assert (mine.lines[0].state, theirs.lines[0].state) == ("old", "good")


def test_what_was_never_done_is_red(cast: Cast) -> None:
    assert states(cast) == {"content": "never", "keys": "never", "verify": "never"}


@pytest.mark.parametrize(("kind", "limit"), [("content", 26 * HOUR), ("keys", 26 * HOUR)])
def test_a_copy_is_in_order_until_it_is_older_than_the_policy_allows(cast, kind, limit):
    ran(kind, limit + SECOND)
    assert states(cast)[kind] == "old"
    ran(kind, limit - 10 * SECOND)
    assert states(cast)[kind] == "good"


def test_a_trial_is_in_order_until_it_is_older_than_the_policy_allows(cast: Cast) -> None:
    ran("verify", 35 * DAY + SECOND)
    assert states(cast)["verify"] == "old"
    ran("verify", 35 * DAY - 10 * SECOND)
    assert states(cast)["verify"] == "good"


def test_the_policy_of_the_region_says_how_old_a_copy_may_be(cast: Cast) -> None:
    ran("content", 5 * HOUR)
    ran("verify", 5 * DAY)
    set_figures(cast, backup_max_age_hours=4, restore_test_max_days=4)
    assert (states(cast)["content"], states(cast)["verify"]) == ("old", "old")
    set_figures(cast, backup_max_age_hours=6, restore_test_max_days=6)
    assert (states(cast)["content"], states(cast)["verify"]) == ("good", "good")


def test_a_copy_that_failed_makes_nothing_younger(cast: Cast) -> None:
    ran("content", 27 * HOUR)
    failed("content", HOUR)
    assert states(cast)["content"] == "old"


def test_a_copy_is_as_old_as_the_moment_it_began(cast: Cast) -> None:
    began = clock.now() - 27 * HOUR  # and took more than a day
    from renkei.backup.services import record_backup
    from tests.backup.runs import HOST

    facts = {"generation": "", "place": "/x", "bytes": 1, "files": 1, "outcome": "done"}
    record_backup(HOST, None, kind="content", began_at=began, **facts)
    assert states(cast)["content"] == "old"


def test_what_was_made_while_the_clock_stood_in_the_future_proves_nothing(cast: Cast) -> None:
    ran("content", -30 * DAY)
    assert states(cast)["content"] == "never"
    ran("content", 27 * HOUR)
    assert states(cast)["content"] == "old"


def test_a_trial_that_failed_is_red_until_the_same_place_can_be_brought_back(cast: Cast) -> None:
    all_in_order()
    failed("verify", 2 * HOUR, "/media/disk", why="damaged")
    ran("verify", HOUR)  # at the other place
    assert states(cast)["verify"] == "broken"
    assert told_at_home(cast) == ["verify_broken"]
    ran("verify", place="/media/disk")
    assert states(cast)["verify"] == "good"


def test_home_tells_the_first_thing_to_do_and_nothing_once_all_is_done(cast: Cast) -> None:
    for kind in ("content", "keys", "verify"):
        ran(kind, 26 * HOUR + SECOND)
    assert told_at_home(cast) == ["content_old"]
    ran("content")
    assert told_at_home(cast) == ["keys_old"]
    ran("keys")
    assert told_at_home(cast) == []


def test_each_place_is_shown_with_its_newest_oldest_and_last(cast: Cast) -> None:
    all_in_order()
    failed("content", -SECOND, "/media/disk", why="unreachable")
    seen = see_backups(cast["operator"], None)
    assert {(one.place, one.kind) for one in seen.copies} == {
        ("/srv/copies", "content"),
        ("/media/disk", "content"),
        ("/mnt/keys", "keys"),
    }
    [disk] = [one for one in seen.copies if one.place == "/media/disk"]
    assert disk.failed and disk.last.why == "unreachable"
    assert disk.good is not None and (clock.now() - disk.good.began_at).days == 5
    assert (disk.generations, disk.oldest) == (4, disk.good.oldest_at)
    assert (seen.places, seen.offline) == (3, True)
    assert seen.oldest is not None and (clock.now() - seen.oldest).days == 200


def test_the_last_failure_is_told_until_the_same_went_well(cast: Cast) -> None:
    ran("content", 3 * HOUR)
    failed("content", 2 * HOUR)
    ran("keys", HOUR)
    seen = see_backups(cast["operator"], None)
    assert seen.failure is not None and (seen.failure.why, seen.mended) == ("full", False)
    ran("content")
    assert see_backups(cast["operator"], None).mended


def test_a_place_not_used_for_a_year_is_not_shown(cast: Cast) -> None:
    ran("content", 400 * DAY, "/old")
    ran("content")
    assert [one.place for one in see_backups(cast["operator"], None).copies] == ["/srv/copies"]


def advised(cast: Cast) -> list[str]:
    return see_backups(cast["operator"], None).advice


def test_what_is_in_order_needs_no_advice(cast: Cast) -> None:
    assert advised(cast) == []  # nothing there yet: that is told elsewhere
    all_in_order()
    assert advised(cast) == []


def test_one_place_one_generation_and_nothing_off_the_network_are_advised_against(cast: Cast):
    ran("content", generations=1)
    assert advised(cast) == ["one_place", "none_offline", "one_generation"]
    ran("content", place="/other", generations=2, offline=True)
    assert advised(cast) == []


def test_a_place_without_a_good_copy_for_long_does_not_count_as_one(cast: Cast) -> None:
    ran("content", 36 * DAY, "/media/disk", offline=True)
    ran("content")
    failed("content", HOUR, "/nas")
    assert advised(cast) == ["one_place", "none_offline"]


@pytest.mark.parametrize("place", ["/srv/copies", "/srv/copies/keys", "/srv", "/srv/copies-keys"])
def test_keys_beside_the_content_are_advised_against(cast: Cast, place: str) -> None:
    all_in_order()
    ran("keys", place=place)
    assert advised(cast) == ["keys_beside"]
    BackupRun.objects.filter(kind="keys", place=place).update(place="/srv/copies-of-keys")
    assert advised(cast) == []


def test_home_asks_once_and_only_for_the_operator(cast: Cast, monkeypatch) -> None:
    from renkei.backup import selectors

    asked = []
    real = selectors.row
    monkeypatch.setattr(selectors, "row", lambda *given: asked.append(1) or real(*given))
    for name in ("nurse", "administrator_same", "operator"):
        see_home(cast[name], None)
    assert len(asked) == 1
