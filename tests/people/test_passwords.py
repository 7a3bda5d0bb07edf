"""What a password has to be: the policy's three ways, and what anybody would try first (A14.3)."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password

from renkei.audit.models import AuditEvent
from renkei.group.home import see_home
from renkei.kernel import clock
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import romanise
from renkei.people.disclosures import see_password
from renkei.people.models import Account, FormerPassword, Profile, Session
from renkei.people.passwords import judge_password
from renkei.people.services import change_password
from renkei.policy.loading import load
from tests.cast import PASSWORD, Cast, set_parameters

pytestmark = pytest.mark.once


def account(cast: Cast, **profile: str) -> Account:
    found = Account.objects.select_related("region").get(pk=cast.account("nurse"))
    if profile:
        found.seal("profile_sealed", {"name": "", "kana": "", "sex": "", "phone": ""} | profile)
        found.save()
    return found


def why(cast: Cast, password: str, **profile: str) -> str:
    """What the policy has against it; empty if nothing."""
    try:
        judge_password(account(cast, **profile), password)
    except Problem as problem:
        return problem.message
    return ""


@pytest.mark.parametrize(
    ("kana", "written"),
    [
        ("しょうじ", {"shoji", "shouji", "syozi", "syouzi", "shohji"}),
        ("ちゃたに", {"chatani", "tyatani"}),
        ("なんば", {"nanba", "namba"}),
        ("おおの", {"oono", "ono", "ohno"}),
        ("ハットリ", {"hattori"}),
        ("みっちー", {"mitchii", "mittii"}),
        ("ふくい", {"fukui", "hukui"}),
    ],
)
def test_a_reading_in_letters_by_hepburn_and_by_kunrei(kana: str, written: set[str]) -> None:
    assert written <= romanise(kana)


@pytest.mark.clause("A14.3")
@pytest.mark.parametrize(
    "password",
    ["fukuda2026x", "hukuda2026x", "Fukuda2026x", "x1yFUKUDAz", "shoji-9274", "syozi-9274",
     "shouji9274", "abe-92741", "1abe92741", "福田9274abc"],
)  # fmt: skip
def test_no_writing_of_the_name_is_taken(cast: Cast, password: str) -> None:
    said = why(cast, password, name="福田 昭二", kana="ふくだ しょうじ")
    if "abe" in password:
        said = why(cast, password, name="阿部 一", kana="あべ はじめ")
    assert "name must not" in said or "名前" in said


@pytest.mark.clause("A14.3")
def test_a_short_name_inside_a_longer_word_is_no_name(cast: Cast) -> None:
    assert why(cast, "kabegami-427", name="阿部 一", kana="あべ はじめ") == ""


@pytest.mark.clause("A14.3")
@pytest.mark.parametrize(
    "password", ["kabe-19800505", "kabe-800505", "kabeS550505", "H050505kabe", "x19551231kabe"]
)
def test_no_date_of_birth_is_taken(cast: Cast, password: str) -> None:
    assert why(cast, password)


@pytest.mark.clause("A14.3")
@pytest.mark.parametrize("password", ["kabe-99999999", "kabe-427", "kabe-991399", "kabe2026yane"])
def test_other_numbers_are_none(cast: Cast, password: str) -> None:
    assert why(cast, password) == ""


@pytest.mark.clause("A14.3")
@pytest.mark.parametrize("password", ["password1", "Qwerty123", "dragon99!", "iloveyou2"])
def test_what_stands_in_every_guessers_list_is_not_taken(cast: Cast, password: str) -> None:
    assert "よく使われているパスワード" in why(cast, password)


@pytest.mark.clause("A14.3")
def test_neither_the_address_nor_the_telephone_number_is_taken(cast: Cast) -> None:
    assert why(cast, "nurse-4271")
    assert why(cast, "kabe09012345678") == ""
    assert why(cast, "kabe09012345678", phone="090-1234-5678")


@pytest.mark.clause("A14.3")
@pytest.mark.parametrize(
    ("way", "password", "taken"),
    [
        ("standard", "kabe-42", False),
        ("standard", "kabe-427", True),
        ("standard", "kabe-yane-mado-niwa", False),
        ("standard", "42742742", False),
        ("long", "kabe-427-yane", True),
        ("long", "kabe-427-yan", False),
        ("long", "kabe yane mado niwa", True),
        ("second_factor", "kabe-427", True),
        ("second_factor", "kabe-42", False),
        ("second_factor", "kabeyanemado", False),
    ],
)
def test_each_way_of_the_policy_takes_what_it_says(
    cast: Cast, way: str, password: str, taken: bool
) -> None:
    set_parameters(cast, password_profile=way)
    assert (why(cast, password) == "") is taken


@pytest.mark.clause("A14.3")
@pytest.mark.parametrize(
    ("way", "factor", "days", "fresh"),
    [
        ("standard", "", 59, True),
        ("standard", "", 60, False),
        ("standard", "passkey", 60, False),
        ("long", "", 4000, True),
        ("second_factor", "totp", 4000, True),
        ("second_factor", "", 60, False),
    ],
)
def test_each_way_asks_for_a_new_one_when_it_says(
    cast: Cast, way: str, factor: str, days: int, fresh: bool
) -> None:
    set_parameters(cast, password_profile=way)
    Session.objects.filter(pk=cast["nurse"].session).update(second_factor=factor)
    Account.objects.update(password_changed_at=clock.now() - timedelta(days=days))
    assert load(cast["nurse"], "region").who.password_fresh is fresh
    assert (see_password(cast["nurse"], None).until is None) is (fresh and days == 4000)


@pytest.mark.clause("A14.3")
def test_the_last_four_passwords_are_not_taken_again(cast: Cast) -> None:
    words = [PASSWORD, "kabe-1111x", "kabe-2222x", "kabe-3333x", "kabe-4444x"]
    for word in words[1:]:
        change_password(cast["nurse"], None, password=word)
    for word in words[1:]:
        with pytest.raises(Problem):
            change_password(cast["nurse"], None, password=word)
    change_password(cast["nurse"], None, password=PASSWORD)  # five back


@pytest.mark.clause("A14.3")
def test_no_more_former_passwords_are_kept_than_can_be_asked_for(cast: Cast) -> None:
    someone = account(cast)
    hashed = make_password("kabe-5555x")
    FormerPassword.objects.bulk_create(
        FormerPassword(account=someone, password=hashed, changed_at=clock.now() - timedelta(days=n))
        for n in range(40)
    )
    change_password(cast["nurse"], None, password="kabe-6666x")
    assert someone.former_passwords.count() == 24


def test_what_was_refused_leaves_no_trace_of_itself(cast: Cast) -> None:
    with pytest.raises(Problem):
        change_password(cast["nurse"], None, password=PASSWORD)
    assert PASSWORD not in "".join(line.detail for line in AuditEvent.objects.all())
    assert Profile("a", "b").phone == ""


def warned(cast: Cast) -> bool:
    return any(task.kind == "password" for task in see_home(cast["nurse"], None).tasks)


@pytest.mark.clause("A14.3")
def test_one_is_warned_fourteen_seven_and_one_days_before_and_not_more_often(
    cast: Cast, travel
) -> None:
    shown = []
    for day in range(60):
        for _ in range(2):  # twice a day
            if warned(cast):
                shown.append(60 - day)
        travel(timedelta(days=1))
        Session.objects.update(until=clock.now() + timedelta(days=1),
                               idle_until=clock.now() + timedelta(days=1))  # fmt: skip
    assert shown == [14, 14, 7, 7, 1, 1]


@pytest.mark.clause("A14.3")
def test_who_was_away_on_the_day_is_warned_on_the_next(cast: Cast, travel) -> None:
    Account.objects.update(password_changed_at=clock.now() - timedelta(days=49))
    assert warned(cast)  # eleven days before: the warning of the fourteenth
    travel(timedelta(days=1, seconds=1))
    Session.objects.update(
        until=clock.now() + timedelta(days=1), idle_until=clock.now() + timedelta(days=1)
    )
    assert not warned(cast)
