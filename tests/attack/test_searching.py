"""Attacks on searching: what somebody may not see changes neither the answer nor what is asked."""

from uuid import UUID

import pytest

from renkei.communication.index.keeping import Indexing, store
from renkei.communication.index.tokens import PURPOSE, searched, tokens
from renkei.communication.models import Communication
from renkei.communication.query import Query
from renkei.communication.search import search
from renkei.group.archiving import archive_group
from renkei.group.models import Group
from renkei.group.services import close_group, leave_group, release_member
from renkei.kernel import clock, vault
from renkei.kernel.errors import Refused, SignedOut, Unknown
from renkei.patient.services import withdraw_consent
from renkei.people.models import Account, Organization, PractitionerRole, Session
from renkei.policy.use_case import GateClosed
from tests.cast import Cast, group_about, loading, make_account, make_region, person, post


@pytest.fixture
def said(cast: Cast) -> UUID:
    """Something in the group, in the index."""
    message = post(cast, "nurse", "胃瘻の交換を予定しています")
    Indexing().follow()
    return message


def found(cast: Cast, name: str, words: str = "胃瘻", group: UUID | None = None) -> int:
    return len(search(cast[name], Query(words=words, group=group)).hits)


@pytest.mark.clause("A8.2")
def test_who_left_finds_nothing_of_the_group(cast: Cast, said: UUID) -> None:
    assert found(cast, "physician") == 1
    leave_group(cast["physician"], cast.group, reason="担当を外れます")
    assert found(cast, "physician") == 0
    release_member(cast["manager"], cast.members["nurse"], reason="異動のため")
    assert found(cast, "nurse") == 0
    for name in ("former", "physician", "nurse"):
        with pytest.raises(Unknown):
            found(cast, name, group=cast.group)


STOPS = {
    "suspended": lambda cast: PractitionerRole.objects.filter(pk=cast.role("nurse")).update(
        restriction="suspended"
    ),
    "role ended": lambda cast: PractitionerRole.objects.filter(pk=cast.role("nurse")).update(
        ended_at=clock.now()
    ),
    "organization suspended": lambda cast: Organization.objects.filter(
        pk=cast.people["nurse"].organization
    ).update(suspended_at=clock.now()),
    "no pledge": lambda cast: PractitionerRole.objects.filter(pk=cast.role("nurse")).update(
        pledged_on=None
    ),
}


@pytest.mark.parametrize("stop", STOPS, ids=list(STOPS))
def test_whoever_may_not_see_the_group_finds_nothing(cast: Cast, said: UUID, stop: str) -> None:
    assert found(cast, "nurse") == 1
    STOPS[stop](cast)
    assert found(cast, "nurse") == 0


def test_who_may_only_read_still_finds(cast: Cast, said: UUID) -> None:
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(restriction="read_only")
    assert found(cast, "nurse") == 1


def test_an_ended_group_stays_findable_for_its_members(cast: Cast, said: UUID) -> None:
    close_group(cast["manager"], cast.group, reason="施設に移られました")
    Indexing().follow()
    assert found(cast, "nurse") == found(cast, "nurse", group=cast.group) == 1
    assert found(cast, "former") == 0


def test_nobody_searches_without_a_session_or_past_a_gate(cast: Cast, said: UUID) -> None:
    with pytest.raises(SignedOut):
        found(cast, "nobody")
    Account.objects.filter(pk=cast.account("nurse")).update(acknowledged=None)
    with pytest.raises((GateClosed, Refused)):
        found(cast, "nurse")


@pytest.mark.clause("A8.2")
def test_without_a_listed_device_nothing_is_found(cast: Cast, said: UUID) -> None:
    Session.objects.filter(pk=cast["nurse"].session).update(device_id=None)
    assert found(cast, "nurse") == 0


def test_the_same_word_is_another_token_in_every_group(cast: Cast, said: UUID) -> None:
    _, other = group_about(cast, "station", {"manager": True})
    keys = dict(Group.objects.filter(pk__in=[cast.group, other]).values_list("pk", "key_id"))
    derived = vault.derived(keys.values(), PURPOSE)
    here, there = (
        set(tokens(derived[keys[group]], searched("胃瘻の交換"))) for group in (cast.group, other)
    )
    assert len(here) == len(there) == 4
    assert not here & there


def test_what_strangers_say_is_not_even_asked_for(cast: Cast, said: UUID, monkeypatch) -> None:
    """However often a word comes elsewhere, the index is asked for the same."""
    asked = []
    kept = type(store()).candidates

    def spy(self, wanted):
        asked.append({group: list(words) for group, words in wanted.items()})
        return kept(self, wanted)

    monkeypatch.setattr(type(store()), "candidates", spy)
    assert found(cast, "nurse") == 1
    before, asked = asked, []
    _, other = group_about(cast, "station", {"manager": True})
    for _ in range(5):
        post(cast, "manager", "胃瘻の胃瘻による胃ろう", other)
    Indexing().follow()
    assert found(cast, "nurse") == 1
    assert len(asked) == 2  # 胃瘻 and 胃ろう
    assert asked == before
    assert all(set(one) == {cast.group} for one in asked)


def test_an_index_that_names_the_wrong_entries_discloses_nothing(cast: Cast, said: UUID) -> None:
    """Whatever a forged or outdated index says, each entry is read and looked at."""
    seq = Communication.objects.get(pk=said).seq
    assert found(cast, "nurse", "血圧") == 1
    kept = type(store()).candidates
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        _, other = group_about(cast, "station", {"manager": True})
        post(cast, "manager", "よその胃瘻", other)
        everything = [(cast.group, one) for one in range(1, seq + 1)]
        patch.setattr(type(store()), "candidates", lambda self, wanted: iter([(everything, 0)]))
        assert found(cast, "nurse") == 1
        assert found(cast, "nurse", "よその") == 0
    assert kept is type(store()).candidates


def test_an_archived_group_stays_findable_for_its_members(cast: Cast, said: UUID) -> None:
    archive_group(cast["manager"], cast.group, reason="半年ほど動きがないため")
    Indexing().follow()
    assert found(cast, "nurse") == found(cast, "nurse", group=cast.group) == 1
    assert found(cast, "former") == 0


@pytest.mark.clause("A6")
def test_without_consent_only_the_managing_organization_finds(cast: Cast, said: UUID) -> None:
    withdraw_consent(
        cast["administrator_same"], cast.patient, reason="ご本人の希望", withdrawn_on=clock.today()
    )
    assert found(cast, "manager") == 1
    assert found(cast, "nurse") == found(cast, "physician") == 0


def test_a_person_of_another_region_finds_nothing_of_this_one(cast: Cast, said: UUID) -> None:
    with loading():
        region, policy = make_region("隣の地域")
        account = make_account(region, "neighbour@example.org")
    account.acknowledged_id, account.password_changed_at = policy, clock.now()
    account.save()
    neighbour = person("neighbour", account).actor
    assert search(neighbour, Query(words="胃瘻")).hits == []
    with pytest.raises(Unknown):
        search(neighbour, Query(words="胃瘻", group=cast.group))
