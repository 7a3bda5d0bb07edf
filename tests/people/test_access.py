"""One-time links: nobody but the person ever has their password (A14.1, A8.3)."""

from datetime import timedelta
from functools import partial

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import check_password

from renkei.audit.models import AuditEvent
from renkei.group.home import see_home
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.kernel.japanese import is_role_address
from renkei.people.access import (
    Given,
    Identified,
    give_access,
    note_reset,
    open_access,
    stored_token,
)
from renkei.people.begin import _use, begin
from renkei.people.cards import has_card, make_card
from renkei.people.models import Account, OneTimeLink, PractitionerRole, Session
from renkei.people.staff import see_administrators, see_staff
from renkei.policy.standing import Actor
from tests.cast import NAMES, PASSWORD, PEOPLE, Cast, loading, make_role

WORD = "さくらもち"  # five: one too few
GOOD_WORD = "さくらもち七"
NEW = "kabe-yane-427"
SEEN = Identified("in_person", "顔を見て", one_person=True)  # "nurse@" might be a desk


def never_begun(cast: Cast, name: str = "nurse") -> None:
    account = Account.objects.get(pk=cast.account(name))
    account.set_unusable_password()
    account.password_changed_at = None
    account.save()


def give(
    cast: Cast,
    by: str = "administrator_other",
    to: str = "nurse",
    purpose: str = "reset",
    way: str = "paper",
    word: str = GOOD_WORD,
    identified: Identified = SEEN,
) -> Given:
    return give_access(
        cast[by], cast.role(to), purpose=purpose, way=way, word=word, identified=identified
    )


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────

MAY = {
    "administrator_other": {"nurse", "physician", "invited"},  # their own, but administrators
    "administrator_same": {"manager"},
    "self_inviting": {"manager"},
    "operator": {"administrator_same", "administrator_other", "self_inviting", "sole"},
}


@pytest.mark.clause("A14.1", "A8.3")
def test_who_gives_access_to_whom(cast: Cast) -> None:
    with_role = [name for name, (organization, _, _) in PEOPLE.items() if organization]
    found: dict[str, set[str]] = {}
    for by in NAMES:
        for to in with_role:
            try:
                give(cast, by, to)
                found.setdefault(by, set()).add(to)
            except (Refused, SignedOut):
                pass
            Session.objects.filter(pk=cast[by].session).update(
                until=clock.now() + timedelta(hours=1)
            )
    assert found == MAY


@pytest.mark.clause("A14.1")
def test_who_works_elsewhere_too_is_the_operators_matter(cast: Cast) -> None:
    """Else an organization could take what the person reaches at another one."""
    with loading():
        make_role(Account.objects.get(pk=cast.account("nurse")), cast.organizations["helpers"])
    with pytest.raises(Refused):
        give(cast)
    assert give(cast, "operator").token


@pytest.mark.clause("A14.1")
def test_nobody_makes_their_own_access_anew_and_nobody_that_of_the_operator(cast: Cast) -> None:
    with loading():
        own = make_role(
            Account.objects.get(pk=cast.account("operator")), cast.organizations["clinic"]
        )
    for by in ("operator", "administrator_other"):
        with pytest.raises(Refused):
            give_access(cast[by], own.id, purpose="reset", way="paper", word=GOOD_WORD,
                        identified=SEEN)  # fmt: skip


def test_who_may_only_read_gives_no_access(cast: Cast) -> None:
    PractitionerRole.objects.filter(pk=cast.role("administrator_other")).update(
        restriction="read_only"
    )
    with pytest.raises(Refused):
        give(cast)


def test_who_was_stopped_is_given_none(cast: Cast) -> None:
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(restriction="suspended")
    with pytest.raises(Refused):
        give(cast)


# ── What is asked before ─────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.1")
@pytest.mark.parametrize("word", ["", WORD])
@pytest.mark.parametrize("way", ["paper", "terminal"])
def test_a_link_on_paper_needs_the_persons_own_word(cast: Cast, way: str, word: str) -> None:
    with pytest.raises(Problem, match="word of their own"):
        give(cast, way=way, word=word)
    assert Account.objects.get(pk=cast.account("nurse")).check_password(PASSWORD), "undone whole"


@pytest.mark.clause("A8.3")
def test_how_the_person_was_identified_is_recorded_and_its_words_are_sealed(cast: Cast) -> None:
    with pytest.raises(Problem, match="made sure"):
        give(cast, identified=Identified())
    give(cast, identified=Identified("called_back", "登録の番号 0312 にかけた", one_person=True))
    link = OneTimeLink.objects.get(account=cast.account("nurse"), ended_at=None)
    assert link.checked == "called_back"
    assert link.unseal("note") == "登録の番号 0312 にかけた"
    assert b"0312" not in bytes(link.note or b"")
    line = AuditEvent.objects.get(action="access.give", outcome="done")
    assert '"checked":"called_back"' in line.detail
    assert line.actor == cast.account("administrator_other")
    assert "0312" not in line.detail and "登録" not in line.detail


@pytest.mark.clause("A14.2", "N3.1")
@pytest.mark.parametrize(
    ("email", "desk"),
    [
        ("info@example.org", True), ("office.kango@example.org", True), ("jimu1@example.org", True),
        ("st-renkei@example.org", True), ("事務@example.org", True), ("morita@example.org", False),
        ("m.information@example.org", False), ("yakushiji@example.org", False),
    ],
)  # fmt: skip
def test_the_address_of_a_desk_is_asked_about(cast: Cast, email: str, desk: bool) -> None:
    assert is_role_address(email) is desk
    Account.objects.filter(pk=cast.account("nurse")).update(email=email)
    if not desk:
        give(cast, identified=Identified("in_person"))
        return
    for answer in (None, False):
        with pytest.raises(Problem, match="One ID is one person"):
            give(cast, identified=Identified("in_person", one_person=answer))
    give(cast, identified=Identified("in_person", one_person=True))
    assert OneTimeLink.objects.get(ended_at=None).one_person is True


def test_a_first_link_is_for_who_has_no_password_yet(cast: Cast) -> None:
    with pytest.raises(Problem, match="password already"):
        give(cast, purpose="first")
    never_begun(cast)
    assert give(cast, purpose="first", identified=Identified(one_person=True)).token


# ── What a reset ends ────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.1", "A8.3")
def test_a_reset_ends_all_that_one_signed_in_with_and_nobody_sees_any_of_it(cast: Cast) -> None:
    nurse = Account.objects.get(pk=cast.account("nurse"))
    Authenticator.objects.create(user=nurse, type="totp", data={"secret": "x"})
    make_card(cast["nurse"], None)
    given = give(cast)
    nurse.refresh_from_db()
    assert not nurse.has_usable_password()
    assert not Authenticator.objects.filter(user=nurse).exists()
    assert not has_card(nurse.id)
    with pytest.raises(SignedOut):
        see_home(cast["nurse"], None)
    stored = OneTimeLink.objects.get(account=nurse)
    assert given.token not in repr(stored.__dict__) and GOOD_WORD not in repr(stored.__dict__)
    assert stored.secret.startswith("argon2$argon2id$")
    everything = "".join(line.detail + line.entity for line in AuditEvent.objects.all())
    assert given.token not in everything and GOOD_WORD not in everything


@pytest.mark.clause("A14.1")
def test_the_old_password_may_not_come_back_after_a_reset(cast: Cast) -> None:
    given = give(cast)
    with pytest.raises(Problem):
        begin(given.token, word=GOOD_WORD, password=PASSWORD)
    assert begin(given.token, word=GOOD_WORD, password=NEW).id == cast.account("nurse")


@pytest.mark.clause("A8.3")
def test_the_organizations_other_administrators_are_told(cast: Cast) -> None:
    give(cast, "operator", "self_inviting")
    link = OneTimeLink.objects.get(purpose="reset")

    def told(name: str) -> bool:
        return any(task.kind == "reset" for task in see_home(cast[name], None).tasks)

    assert {name for name in ("administrator_same", "administrator_other", "sole", "operator",
                              "manager") if told(name)} == {"administrator_same"}  # fmt: skip
    with pytest.raises(Problem):
        note_reset(cast["administrator_other"], None, link=link.id)
    note_reset(cast["administrator_same"], None, link=link.id)
    assert not told("administrator_same")


@pytest.mark.clause("A8.3")
def test_the_staff_page_is_for_ones_own_administrators(cast: Cast) -> None:
    clinic = cast.organizations["clinic"]
    lines = see_staff(cast["administrator_other"], clinic)
    assert {one.email.partition("@")[0] for one in lines} == {
        "nurse", "physician", "invited", "administrator_other"
    }  # fmt: skip
    assert {one.email.partition("@")[0] for one in lines if one.may_give} == MAY[
        "administrator_other"
    ]
    for name in ("nurse", "administrator_same", "operator"):
        with pytest.raises((Refused, Unknown)):
            see_staff(cast[name], clinic)


@pytest.mark.clause("A8.3")
def test_all_administrators_are_shown_to_the_operator_alone(cast: Cast) -> None:
    lines, policy = see_administrators(cast["operator"], None)
    assert {one.email.partition("@")[0] for one in lines if one.may_give} == MAY["operator"]
    assert policy.second_factor == "administrators"
    for name in set(PEOPLE) - {"operator"}:
        with pytest.raises(Refused):
            see_administrators(cast[name], None)


# ── Coming with a link ───────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A14.1")
def test_the_person_sets_a_password_and_the_link_is_over(cast: Cast) -> None:
    given = give(cast)
    assert begin(given.token, word=GOOD_WORD, password=NEW).id == cast.account("nurse")
    assert Account.objects.get(pk=cast.account("nurse")).check_password(NEW)
    with pytest.raises(Problem):
        begin(given.token, word=GOOD_WORD, password="kabe-yane-428")


@pytest.mark.clause("A14.1")
@pytest.mark.parametrize("name", ["administrator_other", "operator", "nurse"])
def test_who_is_signed_in_uses_no_link_of_another(cast: Cast, name: str) -> None:
    give(cast, to="physician")
    link = OneTimeLink.objects.get(account=cast.account("physician"))
    with pytest.raises(Refused):
        _use(cast[name], None, link=link.id, hashed="!")


@pytest.mark.clause("A14.1")
def test_a_link_may_be_typed_as_people_type(cast: Cast) -> None:
    given = give(cast)
    typed = given.token.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert stored_token(typed) == stored_token(given.token)


@pytest.mark.clause("A14.1")
def test_five_wrong_words_end_a_link(cast: Cast) -> None:
    given = give(cast)
    for _ in range(5):
        with pytest.raises(Problem, match="used or has expired"):
            begin(given.token, word="まちがい七つ", password=NEW)
    with pytest.raises(Problem, match="used or has expired"):
        begin(given.token, word=GOOD_WORD, password=NEW)


@pytest.mark.clause("A14.1")
def test_a_weak_password_uses_nothing_up(cast: Cast) -> None:
    given = give(cast)
    for _ in range(9):
        with pytest.raises(Problem):
            begin(given.token, word=GOOD_WORD, password="abc")
    assert begin(given.token, word=GOOD_WORD, password=NEW)


@pytest.mark.clause("A14.1")
@pytest.mark.parametrize("passed", [timedelta(hours=72), timedelta(days=400)])
def test_a_link_is_good_for_72_hours(cast: Cast, travel, passed: timedelta) -> None:
    given = give(cast)
    travel(passed)
    with pytest.raises(Problem):
        begin(given.token, word=GOOD_WORD, password=NEW)


def test_up_to_the_last_second(cast: Cast, travel) -> None:
    given = give(cast)
    travel(timedelta(hours=72) - timedelta(seconds=5))
    assert begin(given.token, word=GOOD_WORD, password=NEW)


@pytest.mark.clause("A14.1")
def test_a_newer_link_ends_the_older_ones(cast: Cast) -> None:
    older, newer = give(cast), give(cast, purpose="first")
    with pytest.raises(Problem):
        begin(older.token, word=GOOD_WORD, password=NEW)
    assert begin(newer.token, word=GOOD_WORD, password=NEW)


def test_who_was_suspended_meanwhile_does_not_come_in_with_a_link(cast: Cast) -> None:
    given = give(cast)
    Account.objects.filter(pk=cast.account("nurse")).update(suspended_at=clock.now())
    with pytest.raises(Problem):
        begin(given.token, word=GOOD_WORD, password=NEW)


@pytest.mark.clause("A14.1")
def test_a_link_by_mail_needs_no_word(cast: Cast) -> None:
    given = give(cast, way="mail", word="")
    assert begin(given.token, word="", password=NEW)


@pytest.mark.clause("A14.1")
def test_of_many_who_come_with_one_link_one_gets_in(committed: Cast, at_once) -> None:
    given = give(committed)
    words = [f"kabe-yane-42{n}" for n in range(5)]
    results = at_once(*[
        partial(begin, given.token, word=GOOD_WORD, password=word) for word in words
    ])  # fmt: skip
    came = [word for word, one in zip(words, results, strict=True) if isinstance(one, Account)]
    assert len(came) == 1
    assert sum(isinstance(one, Problem) for one in results) == 4
    assert Account.objects.get(pk=committed.account("nurse")).check_password(came[0])


@pytest.mark.clause("A14.1")
def test_of_many_wrong_words_at_once_no_more_than_five_are_looked_at(
    committed: Cast, at_once
) -> None:
    given = give(committed)
    at_once(
        *[partial(begin, given.token, word=f"まちがい七つ{n}", password=NEW) for n in range(12)]
    )
    assert OneTimeLink.objects.get(account=committed.account("nurse")).attempts == 5
    with pytest.raises(Problem):
        begin(given.token, word=GOOD_WORD, password=NEW)


# ── From the machine itself ──────────────────────────────────────────────────────────────────────

HOST = Actor(system="host")


@pytest.mark.clause("A14.1")
def test_the_host_opens_access_for_the_operators_staff_alone(cast: Cast) -> None:
    with pytest.raises(Problem, match="Nobody of the operator"):
        open_access(HOST, None, email="nurse@example.org", way="terminal", word=GOOD_WORD)
    with pytest.raises(Problem, match="word"):
        open_access(HOST, None, email="operator@example.org", way="terminal", word="")
    given = open_access(HOST, None, email="Operator@example.org", way="terminal", word=GOOD_WORD)
    assert begin(given.token, word=GOOD_WORD, password=NEW).id == cast.account("operator")
    with pytest.raises(Refused):
        open_access(
            cast["administrator_same"], None,
            email="operator@example.org", way="terminal", word=GOOD_WORD,
        )  # fmt: skip


def test_the_word_is_compared_by_a_slow_hash(cast: Cast) -> None:
    give(cast)
    kept = OneTimeLink.objects.get(account=cast.account("nurse"))
    assert check_password(GOOD_WORD, kept.secret)
