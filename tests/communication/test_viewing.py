"""Looking at what came with a message: never as a download, never after the end, and on record."""

import io
from collections.abc import Callable
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image, ImageChops

from renkei.audit.models import AuditEvent
from renkei.communication import viewing
from renkei.communication.filing import see_files
from renkei.communication.models import Viewing
from renkei.communication.services import withdraw_communication
from renkei.files import store
from renkei.group.services import leave_group, release_member
from renkei.kernel.errors import Refused, Unknown
from renkei.patient.services import withdraw_consent
from renkei.people.models import Account
from tests.cast import Cast, group_of_kind
from tests.communication.attached import bring, brought, document, film, photo, post
from tests.communication.test_attachments import answer_consent


def browser(cast: Cast, name: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def addresses(attachment: UUID) -> list[str]:
    start = f"/attachments/{attachment}"
    return [start, f"{start}/view/1", f"{start}/thumb/1"]


def a_film(cast: Cast) -> UUID:
    made = bring(cast["nurse"], cast.group, film(), "歩く様子.mp4")
    answer_consent(cast["nurse"], made, shows=True, who="patient", how="words")
    post(cast["nurse"], cast.group, made)
    return made


@pytest.mark.clause("A15.5", "A11.5")
def test_what_a_relative_looks_at_bears_the_relatives_name(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "family", {"manager": True, "family": False})
    made = brought(cast["manager"], group)
    post(cast["manager"], group, made)
    shown = viewing.see_attachment(cast["family"], made)
    named = Account.objects.get(pk=cast.account("family")).profile.name
    assert (shown.name, shown.organization) == (named, "ご本人・ご家族")


def part(client: Client, attachment: UUID, wanted: str = "bytes=0-99") -> int:
    return client.get(f"/attachments/{attachment}/film", headers={"range": wanted}).status_code


# ── Who may look ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A15.5")
def test_members_look_and_nobody_else(cast: Cast) -> None:
    waiting, posted = brought(cast["nurse"], cast.group), brought(cast["nurse"], cast.group)
    post(cast["nurse"], cast.group, posted)
    for name in cast:
        for attachment, who in ((posted, {"manager", "nurse", "physician"}), (waiting, {"nurse"})):
            for address in addresses(attachment):
                answer = browser(cast, name).get(address)
                assert (answer.status_code == 200) == (name in who), (name, address)


ENDINGS: dict[str, Callable[[Cast], object]] = {
    "left": lambda cast: leave_group(cast["physician"], cast.group, reason="担当をはずれます"),
    "released": lambda cast: release_member(
        cast["manager"], cast.members["physician"], reason="担当ではないため"
    ),
    "consent withdrawn": lambda cast: withdraw_consent(
        cast["administrator_same"], cast.patient, reason="ご家族の意向", withdrawn_on=_today()
    ),
}


def _today() -> object:
    from renkei.kernel.clock import today

    return today()


@pytest.mark.clause("A15.5")
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_address_saved_before_opens_nothing_afterwards(cast: Cast, ending: str) -> None:
    """Nor does a film go on in the middle: each part asks anew."""
    picture, video = brought(cast["nurse"], cast.group), a_film(cast)
    post(cast["nurse"], cast.group, picture)
    client = browser(cast, "physician")
    assert all(client.get(one).status_code == 200 for one in addresses(picture))
    assert part(client, video) == 206
    ENDINGS[ending](cast)
    assert {client.get(one).status_code for one in addresses(picture)} <= {403, 404}
    assert part(client, video, "bytes=100-199") in (403, 404)


@pytest.mark.clause("A15.5")
def test_what_was_withdrawn_is_not_shown_any_more_not_even_to_its_author(cast: Cast) -> None:
    made = brought(cast["nurse"], cast.group)
    posted = post(cast["nurse"], cast.group, made)
    withdraw_communication(cast["nurse"], posted.id, reason="別の方の写真でした")
    for name in ("nurse", "physician"):
        for address in addresses(made):
            assert browser(cast, name).get(address).status_code in (403, 404)
        assert see_files(cast[name], cast.group).filed == []


# ── What leaves the server ───────────────────────────────────────────────────────────────────────


@pytest.mark.clause("A15.5")
def test_a_page_bears_the_name_of_who_looks_and_is_kept_nowhere(cast: Cast) -> None:
    made = brought(cast["nurse"], cast.group)
    post(cast["nurse"], cast.group, made)
    shown = {}
    for name in ("physician", "manager"):
        answer = browser(cast, name).get(f"/attachments/{made}/view/1")
        assert answer["Cache-Control"] == "no-store" and answer["Content-Type"] == "image/jpeg"
        assert "Content-Disposition" not in answer
        shown[name] = Image.open(io.BytesIO(answer.content)).convert("RGB")
    plain = Image.open(io.BytesIO(photo())).convert("RGB")
    for image in shown.values():  # words stand all over it
        changed = ImageChops.difference(image, plain).convert("L").point(lambda one: one > 40)
        assert changed.getbbox() is not None and sum(changed.histogram()[1:]) > 1500
    both = ImageChops.difference(*shown.values()).convert("L").point(lambda one: one > 40)
    assert sum(both.histogram()[1:]) > 300  # each their own


@pytest.mark.clause("A15.5")
def test_no_address_gives_the_kept_file_itself(cast: Cast) -> None:
    made, video = document(cast["nurse"], cast.group), a_film(cast)
    post(cast["nurse"], cast.group, made)
    client = browser(cast, "physician")
    for address in (*addresses(made), f"/attachments/{made}/film"):
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert b"%PDF" not in body
    page = client.get(f"/attachments/{made}").content.decode()
    assert "download" not in page.replace("nodownload", "") and f"{made}/view/3" in page
    whole = f"/attachments/{video}/film"
    assert client.get(whole).status_code == 416  # a film only in parts, as players ask
    for header in ("bytes=0-1,4-5", "bytes=-", "lines=0-5"):
        assert client.get(whole, headers={"range": header}).status_code == 416
    old = {"range": "bytes=0-9", "if-range": '"another"'}
    assert client.get(whole, headers=old).status_code == 416


def test_a_film_is_given_in_parts_of_a_megabyte_at_most(cast: Cast) -> None:
    made = bring(cast["nurse"], cast.group, film(body=b"\x05" * 2_500_000), "長い.mp4")
    answer_consent(cast["nurse"], made, shows=False)
    post(cast["nurse"], cast.group, made)
    client, got = browser(cast, "physician"), b""
    while True:
        answer = client.get(f"/attachments/{made}/film", headers={"range": f"bytes={len(got)}-"})
        assert answer.status_code == 206 and len(answer.content) <= 1_048_576
        assert "no-store" in answer["Cache-Control"]
        got += answer.content
        if len(got) == int(answer["Content-Range"].rpartition("/")[2]):
            break
    assert got.endswith(b"\x05" * 2_500_000)


# ── On record ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.11")
def test_opening_is_recorded_once_per_file_and_person_before_anything_leaves(cast: Cast) -> None:
    made = brought(cast["nurse"], cast.group)
    post(cast["nurse"], cast.group, made)
    lines = AuditEvent.objects.filter(action="attachment.see", outcome="done")
    for address in (f"/attachments/{made}/view/1", f"/attachments/{made}"):
        browser(cast, "physician").get(address)
    browser(cast, "manager").get(f"/attachments/{made}")
    browser(cast, "nurse").get(f"/attachments/{made}")  # one's own
    found = {(one.stream, one.entity) for one in lines}
    entity = f"Attachment/{made.hex}"
    streams = {f"account:{cast.account(name).hex}" for name in ("physician", "manager")}
    assert found == {(one, entity) for one in streams} and lines.count() == 2
    assert Viewing.objects.filter(attachment=made).count() == 2


def test_a_page_that_is_not_there_is_none(cast: Cast) -> None:
    made = brought(cast["nurse"], cast.group)
    for number in (0, 2, 10**9):
        with pytest.raises(Unknown):
            viewing.see_page(cast["nurse"], made, number)
    with pytest.raises(Unknown):
        viewing.see_film(cast["nurse"], made)


def test_a_file_changed_on_the_disk_is_never_shown(committed: Cast) -> None:
    from renkei.communication.models import Attachment
    from renkei.kernel.errors import Tampered

    made = brought(committed["nurse"], committed.group)
    screens = Attachment.objects.get(pk=made).screens_id
    assert screens is not None
    path = store.path_of(screens)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(Tampered):
        viewing.see_page(committed["nurse"], made, 1)


# ── The tab of the group ─────────────────────────────────────────────────────────────────────────


def test_the_tab_shows_what_was_posted_by_kind_and_author(cast: Cast) -> None:
    picture, paper = brought(cast["nurse"], cast.group), document(cast["physician"], cast.group)
    brought(cast["nurse"], cast.group)  # waits
    post(cast["nurse"], cast.group, picture)
    post(cast["physician"], cast.group, paper)
    see = see_files(cast["manager"], cast.group)
    assert [one.item.id for one in see.filed] == [paper, picture]
    assert {face.account for face in see.authors} == {
        cast.account("nurse"), cast.account("physician"),
    }  # fmt: skip
    only = see_files(cast["manager"], cast.group, kind="pdf")
    assert [one.item.id for one in only.filed] == [paper]
    hers = see_files(cast["manager"], cast.group, author=cast.account("nurse"))
    assert [one.item.id for one in hers.filed] == [picture]
    with pytest.raises(Refused):
        see_files(cast["stranger"], cast.group)
    page = browser(cast, "manager").get(f"/groups/{cast.group}/files").content.decode()
    assert f"/attachments/{picture}/thumb/1" in page and "報告書.pdf" in page
