"""What the live server is told: who may hear what, and entries as everybody sees them."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from renkei.communication.live_backend import LiveBackend
from renkei.communication.models import Communication
from renkei.communication.services import withdraw_communication
from renkei.group.services import leave_group, release_member
from renkei.kernel import clock
from renkei.people.models import Account
from renkei.region.models import DisasterUse
from tests.cast import make_disaster, post, visible


def heard_by(cast, name, **cookies):
    cookies = {settings.SESSION_COOKIE_NAME: cast.people[name].cookie, **cookies}
    return LiveBackend().admit("; ".join(f"{key}={value}" for key, value in cookies.items()))


def test_who_listens_hears_exactly_the_groups_they_may_see(cast):
    for name in cast:
        listener = heard_by(cast, name)
        if listener is not None:
            assert set(listener.groups) == set(visible(cast[name]))
        else:
            assert name == "nobody"


@pytest.mark.parametrize("cookie", ["", "renkei=", "renkei=x; look=en", "=;;=", "renkei"])
def test_a_cookie_that_is_nobodys_is_not_admitted(cast, cookie):
    assert LiveBackend().admit(cookie) is None


@pytest.mark.clause("A2")
def test_nobody_hears_anything_before_confirming_the_policy(cast):
    Account.objects.filter(pk=cast.account("nurse")).update(acknowledged=None)
    assert heard_by(cast, "nurse") is None


@pytest.mark.clause("A14.3")
def test_an_outdated_password_ends_the_hearing(cast):
    until = heard_by(cast, "nurse").until
    assert until > clock.now().timestamp()
    old = clock.now() - timedelta(days=400)
    Account.objects.filter(pk=cast.account("nurse")).update(password_changed_at=old)
    assert heard_by(cast, "nurse") is None


@pytest.mark.clause("A20")
def test_what_stands_on_the_page_is_what_the_stream_knows_until_it_is_over(cast, travel):
    DisasterUse.objects.all().delete()
    nurse = Client(HTTP_HOST="localhost")
    nurse.cookies[settings.SESSION_COOKIE_NAME] = cast.people["nurse"].cookie

    def on_page():
        found = re.search(r' data-on="([^"]+)"', nurse.get("/home").content.decode())
        return found[1] if found else ""

    assert heard_by(cast, "nurse").band == on_page() == ""
    disaster = make_disaster(cast.region, cast.account("operator"))
    first = heard_by(cast, "nurse")
    assert first.band == on_page() != ""
    over = DisasterUse.objects.get(pk=disaster).until
    assert first.until <= over.timestamp()  # it is asked again when it ends by itself
    assert "災害時利用" in nurse.get("/disaster/band").content.decode()
    assert 'class="strip"' in nurse.get("/disaster/band?strip").content.decode()
    DisasterUse.objects.filter(pk=disaster).update(ended_at=clock.now())
    assert heard_by(cast, "nurse").band == on_page() == ""
    assert nurse.get("/disaster/band").content.decode().strip() == ""


def test_after_leaving_or_being_released_the_group_is_not_heard(cast):
    leave_group(cast["nurse"], cast.group, reason="担当を外れました")
    release_member(cast["manager"], cast.members["physician"], reason="交代しました")
    for name in ("nurse", "physician"):
        assert cast.group not in heard_by(cast, name).groups


def test_events_are_ascending_without_gap_and_rendered_in_the_language(cast):
    first = Communication.objects.get(pk=post(cast, "nurse", "一")).seq
    for text in ("二", "三", "四"):
        post(cast, "manager", text)
    backend = LiveBackend()
    found = backend.events(cast.group, first - 1, "ja", 3)
    assert [seq for seq, _ in found] == [first, first + 1, first + 2]
    assert "了解" in found[0][1]
    assert "Understood" in backend.events(cast.group, first - 1, "en", 1)[0][1]
    assert backend.events(cast.group, first + 3, "ja", 10) == []


def test_a_withdrawn_message_is_shown_again_without_its_text(cast):
    message = Communication.objects.get(pk=post(cast, "nurse", "消える文"))
    withdraw_communication(cast["nurse"], message.id, reason="間違い")
    shown = LiveBackend().event(cast.group, message.seq, "ja")
    assert "消える文" not in shown
    assert "間違い" in shown
    assert LiveBackend().event(cast.group, 10**9, "ja") is None


def test_positions_are_those_of_the_log(cast):
    seq = Communication.objects.get(pk=post(cast, "nurse", "一番新しい")).seq
    assert LiveBackend().positions([cast.group]) == {cast.group: seq}
    assert LiveBackend().positions([]) == {}


def test_the_epoch_tells_of_commits_and_of_standings(committed):
    backend = LiveBackend()
    before = backend.epoch()
    assert backend.epoch() == before
    post(committed, "nurse", "新しいこと")
    after = backend.epoch()
    assert after[0] != before[0]
    assert after[1] == before[1]
    leave_group(committed["nurse"], committed.group, reason="担当を外れました")
    assert backend.epoch()[1] != after[1]
