"""Who has left reaches nothing any more, with every id and address of the time kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings

from renkei.communication import message, reading, services
from renkei.communication.live_backend import LiveBackend
from renkei.communication.models import Communication, Draft
from renkei.config.routes import routes
from renkei.group import head, home, leaving, papers, roster
from renkei.group.models import Group, Member
from renkei.group.services import leave_group, release_member
from renkei.kernel import clock
from renkei.kernel.errors import Refused, Unknown
from renkei.patient.disclosures import see_patients
from renkei.review import members, records
from tests.cast import Cast, post, visible
from tests.review.world import decided, review
from tests.web.test_routes import SENT, address_of, browser

WORDS = ("髙橋", "節子", "血圧", "お大事に")
OF_GROUP = [
    one for one in routes()
    if any(part in one["route"] for part in ("<uuid:group>", "<uuid:message>", "<uuid:member>"))
]  # fmt: skip


def leave(cast: Cast) -> None:
    leave_group(cast["nurse"], cast.group, reason="異動")


def be_released(cast: Cast) -> None:
    release_member(cast["manager"], cast.members["nurse"], reason="担当でない")


def be_reviewed(cast: Cast) -> None:
    review(cast, nurse=("release", "担当でない"))


WAYS = {"left": leave, "released": be_released, "released in a review": be_reviewed}


@pytest.fixture(params=WAYS)
def gone(cast: Cast, request: pytest.FixtureRequest) -> Cast:
    """The nurse wrote, read and kept a draft, and is out; the others went on."""
    services.save_draft(cast["nurse"], cast.group, text="書きかけ")
    reading.read_timeline(cast["nurse"], cast.group)
    WAYS[request.param](cast)
    post(cast, "manager", "お大事になさってください。")
    return cast


@pytest.mark.clause("N3.6", "N2.3")
def test_every_address_of_the_group_is_closed(gone: Cast) -> None:
    client = browser(gone, "nurse")
    for one in OF_GROUP:
        address = address_of(gone, "nurse", one, str(uuid4()))
        for answer in (client.get(address), client.post(address, SENT)):
            assert answer.status_code in (403, 404, 405), (one["name"], answer.status_code)
            assert not any(word in answer.content.decode() for word in WORDS), one["name"]


@pytest.mark.clause("N3.6", "N2.3")
def test_no_list_names_it(gone: Cast) -> None:
    client = browser(gone, "nurse")
    for address in ("/home", "/menu", "/groups", "/patients", "/me", "/me/groups", "/safety"):
        page = client.get(address)
        assert page.status_code == 200, address
        for word in (*WORDS, str(gone.group), gone.group.hex, str(gone.patient)):
            assert word not in page.content.decode(), (address, word)
    found = client.post("/patients", {"q": "たかはし"}).content.decode()
    assert not any(word in found for word in WORDS)
    assert gone.group not in visible(gone["nurse"])


MESSAGE: dict[str, Callable[[Any, UUID], object]] = {
    "message": lambda actor, one: message.see_message(actor, one),
    "understand": lambda actor, one: services.understand_communication(actor, one),
    "correct": lambda actor, one: services.correct_communication(
        actor, one, text="直した", version=1
    ),
    "withdraw": lambda actor, one: services.withdraw_communication(actor, one, reason="間違い"),
}
GROUP: dict[str, Callable[[Any, UUID], object]] = {
    "timeline": lambda actor, one: reading.read_timeline(actor, one),
    "post": lambda actor, one: services.send_communication(
        actor, one, text="まだ", key=uuid4(), confirmed=True
    ),
    "draft": lambda actor, one: services.save_draft(actor, one, text="まだ"),
    "head": lambda actor, one: head.see_head(actor, one),
    "members": lambda actor, one: roster.see_members(actor, one),
    "manage": lambda actor, one: roster.see_management(actor, one),
    "papers": lambda actor, one: papers.see_paper(actor, one),
    "leave": lambda actor, one: leaving.see_leaving(actor, one),
    "leave again": lambda actor, one: leave_group(actor, one, reason="もう一度"),
    "review": lambda actor, one: members.see_desk(actor, one),
    "reviews": lambda actor, one: records.see_review(actor, one, number=1),
}


@pytest.mark.clause("N3.6", "N2.3")
@pytest.mark.parametrize("way", [*GROUP, *MESSAGE])
def test_no_use_case_lets_them_in_with_the_ids_they_know(gone: Cast, way: str) -> None:
    before = Communication.objects.count(), Draft.objects.count()
    with pytest.raises((Refused, Unknown)):
        if way in GROUP:
            GROUP[way](gone["nurse"], gone.group)
        else:  # the message they wrote themselves
            MESSAGE[way](gone["nurse"], gone.message)
    assert (Communication.objects.count(), Draft.objects.count()) == before
    assert not Draft.objects.filter(account=gone.account("nurse")).exists()


@pytest.mark.clause("N3.6", "N2.3")
def test_the_stream_hears_nothing_of_it(gone: Cast) -> None:
    cookies = f"{settings.SESSION_COOKIE_NAME}={gone.people['nurse'].cookie}"
    listener = LiveBackend().admit(cookies)
    assert listener is None or gone.group not in listener.groups


@pytest.mark.clause("N3.6")
def test_a_manager_who_left_reviews_nothing_more(cast: Cast) -> None:
    sent = decided(cast, cast["manager"], nurse=("release", "担当でない"))
    Group.objects.filter(pk=cast.group).update(opened_at=clock.now() - timedelta(days=200))
    leave_group(cast["manager"], cast.group, reason="異動")
    with pytest.raises(Refused):
        members.review_members(cast["manager"], cast.group, **sent)
    assert Member.objects.get(pk=cast.members["nurse"]).ended_at is None
    assert "review" not in {one.kind for one in home.see_home(cast["manager"], None).tasks}
    assert "髙橋" not in repr(see_patients(cast["manager"], None))
