"""What goes with a message: it arrives in pieces, is made ready, is answered for, is posted."""

import io
import os
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from renkei.audit.models import AuditEvent
from renkei.communication import attaching, proof
from renkei.communication.answering import answer_consent, answer_consent_as_before, answer_source
from renkei.communication.models import Attachment
from renkei.communication.reading import read_timeline
from renkei.communication.services import send_communication
from renkei.communication.waiting import see_desk, see_waiting
from renkei.files import arriving, store
from renkei.files import proof as files_proof
from renkei.files.arriving import OtherPlace
from renkei.files.models import File
from renkei.group.services import leave_group
from renkei.kernel import clock
from renkei.kernel.database import execute
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.people.models import Organization
from renkei.policy.standing import HOST
from tests.cast import Cast, issuer_of
from tests.communication.attached import (
    bring,
    brought,
    document,
    film,
    pdf,
    photo,
    post,
)


def on_disk() -> set[str]:
    return {path.name for path in store.folder().glob("??/*")}


def kept(attachment: UUID) -> bytes:
    found = Attachment.objects.select_related("content").get(pk=attachment)
    assert found.content is not None
    return b"".join(store.read(found.content))


# ── Arriving ─────────────────────────────────────────────────────────────────────────────────────


def test_bringing_nothing_more_takes_nothing_away(cast: Cast) -> None:
    content = photo()
    made = attaching.begin_upload(cast["nurse"], cast.group, name="写真.jpg", size=len(content))
    attaching.receive(cast["nurse"], made, at=0, source=io.BytesIO(content))
    attaching.receive(cast["nurse"], made, at=len(content), source=io.BytesIO())
    assert attaching.see_upload(cast["nurse"], made).offset == len(content)
    attaching.prepare(cast["nurse"], made)


class Cut(io.BytesIO):
    """A line that breaks after so many bytes."""

    def __init__(self, content: bytes, after: int) -> None:
        super().__init__(content)
        self._after = after

    def readinto1(self, room: Any, /) -> int:
        if self.tell() == self._after:
            raise OSError("gone")
        return super().readinto1(room[: min(50_000, self._after - self.tell())])


def test_what_a_broken_line_brought_is_kept_and_gone_on_with(cast: Cast) -> None:
    nurse, content = cast["nurse"], os.urandom(400_000)
    made = attaching.begin_upload(nurse, cast.group, name="x", size=len(content))
    with pytest.raises(OSError):
        attaching.receive(nurse, made, at=0, source=Cut(content, 200_000))
    come = attaching.see_upload(nurse, made).offset
    assert come == 196_608  # whole pieces
    with pytest.raises(OtherPlace):
        attaching.receive(nurse, made, at=0, source=io.BytesIO(content))
    rest = io.BytesIO(content[come:])
    assert attaching.receive(nurse, made, at=come, source=rest) == len(content)
    upload = attaching.see_upload(nurse, made)
    assert b"".join(arriving.content(upload.key, made, len(content)).read()) == content


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 65_537, 131_072])
def test_a_file_of_any_length_arrives_whole(cast: Cast, size: int) -> None:
    nurse, content = cast["nurse"], os.urandom(size)
    made = attaching.begin_upload(nurse, cast.group, name="x", size=size)
    at = 0
    while at < size:
        part = content[at : at + 65_536]
        at = attaching.receive(nurse, made, at=at, source=io.BytesIO(part))
    upload = attaching.see_upload(nurse, made)
    assert b"".join(arriving.content(upload.key, made, size).read()) == content


def test_nothing_of_it_ever_lies_in_clear_on_the_disk(cast: Cast) -> None:
    nurse, content = cast["nurse"], photo(900, 700)
    made = attaching.begin_upload(nurse, cast.group, name="鷲頭.jpg", size=len(content))
    attaching.receive(nurse, made, at=0, source=io.BytesIO(content))
    lying = [path.read_bytes() for path in store.folder().glob("??/*")]
    attaching.prepare(nurse, made)
    lying += [path.read_bytes() for path in store.folder().glob("??/*")]
    for one in lying:
        assert b"SECRETCAMERA" not in one
    assert f"{made.hex}.new" not in on_disk()


def test_each_piece_asks_the_standing_anew(cast: Cast) -> None:
    nurse, content = cast["nurse"], os.urandom(200_000)
    made = attaching.begin_upload(nurse, cast.group, name="x", size=len(content))
    attaching.receive(nurse, made, at=0, source=io.BytesIO(content[:131_072]))
    leave_group(nurse, cast.group, reason="担当がかわりました")
    with pytest.raises((Refused, Unknown)):
        attaching.receive(nurse, made, at=131_072, source=io.BytesIO(content[131_072:]))
    with pytest.raises((Refused, Unknown)):
        attaching.prepare(nurse, made)


@pytest.mark.clause("A17.1", "A17.2")
@pytest.mark.parametrize(
    "name", ["physician", "manager", "administrator_same", "stranger", "former"]
)
def test_what_waits_is_its_authors_alone(cast: Cast, name: str) -> None:
    made = brought(cast["nurse"], cast.group)
    for deed in (
        lambda: attaching.see_upload(cast[name], made),
        lambda: attaching.remove(cast[name], made),
        lambda: answer_consent(cast[name], made, shows=False),
        lambda: answer_source(cast[name], made, source="own"),
        lambda: attaching.pick_pages(cast[name], made, pages=[1]),
    ):
        with pytest.raises(Refused):
            deed()
    if name in ("physician", "manager"):
        assert see_waiting(cast[name], cast.group)[0] == []
        with pytest.raises(Problem):  # nor can it be posted as one's own
            post(cast[name], cast.group, made)


def test_what_is_too_large_or_empty_or_too_many_is_not_begun(cast: Cast) -> None:
    before = on_disk()
    for size in (0, 50_000_001):
        with pytest.raises(Problem):
            attaching.begin_upload(cast["nurse"], cast.group, name="x", size=size)
    for _ in range(20):
        attaching.begin_upload(cast["nurse"], cast.group, name="x", size=10)
    with pytest.raises(Problem):
        attaching.begin_upload(cast["nurse"], cast.group, name="x", size=10)
    assert len(on_disk() - before) == 20


# ── Made ready ───────────────────────────────────────────────────────────────────────────────────


def test_of_a_picture_only_the_picture_is_kept_and_it_stands_upright(cast: Cast) -> None:
    made = bring(cast["nurse"], cast.group, photo(orientation=6))
    with Image.open(io.BytesIO(kept(made))) as image:
        assert image.size == (480, 640)
        assert image.getpixel((470, 10))[0] > 200  # type: ignore[index]  # turned to the right
        assert not image.getexif()
    assert b"SECRETCAMERA" not in kept(made) and b"Exif" not in kept(made)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_pictures_become_jpeg_too(cast: Cast, kind: str) -> None:
    made = bring(cast["nurse"], cast.group, photo(kind=kind))
    assert kept(made).startswith(b"\xff\xd8\xff") and b"SECRETCAMERA" not in kept(made)


def test_a_film_loses_its_notes_and_nothing_else(cast: Cast) -> None:
    before = film()
    made = bring(cast["nurse"], cast.group, before, "動画.mp4")
    after = kept(made)
    assert b"SECRETPLACE" not in after and len(after) == len(before)
    assert after[-300_000:] == before[-300_000:]
    found = Attachment.objects.get(pk=made)
    assert (found.kind, found.codec, found.seconds) == ("video", "avc", 34)


def test_of_a_pdf_the_pages_chosen_are_kept_alone(cast: Cast) -> None:
    nurse = cast["nurse"]
    made = document(nurse, cast.group)
    before = Attachment.objects.get(pk=made)
    attaching.pick_pages(nurse, made, pages=[3])
    after = Attachment.objects.get(pk=made)
    assert len(before.views) == 3 and len(after.views) == 1 and after.picked
    import pypdfium2

    with pypdfium2.PdfDocument(kept(made)) as document_:
        assert len(document_) == 1 and document_[0].get_size() == (400, 520)
    gone = {before.content_id, before.screens_id, before.thumbs_id}
    assert not File.objects.filter(pk__in=gone).exists()
    for pages in ([], [0], [2]):
        with pytest.raises(Problem):
            attaching.pick_pages(nurse, made, pages=pages)


def test_doing_it_twice_is_doing_it_once(cast: Cast) -> None:
    made = bring(cast["nurse"], cast.group, photo())
    files = File.objects.count()
    attaching.prepare(cast["nurse"], made)
    assert File.objects.count() == files


# ── Taken away ───────────────────────────────────────────────────────────────────────────────────


def test_what_is_taken_away_again_leaves_nothing(committed: Cast) -> None:
    rows, disk = File.objects.count(), on_disk()
    nurse = committed["nurse"]
    attaching.remove(nurse, brought(nurse, committed.group))
    waiting = attaching.begin_upload(nurse, committed.group, name="x", size=10)
    attaching.remove(nurse, waiting)
    assert (File.objects.count(), on_disk()) == (rows, disk)
    assert not Attachment.objects.exists()


def test_the_rounds_tidy_what_nobody_goes_on_with(committed: Cast) -> None:
    rows, disk, nurse = File.objects.count(), on_disk(), committed["nurse"]
    posted = brought(nurse, committed.group)
    post(nurse, committed.group, posted)
    after = on_disk()
    brought(nurse, committed.group)
    attaching.begin_upload(nurse, committed.group, name="x", size=10)
    assert attaching.tidy_attachments(HOST, None) == 0
    with clock.shifted(timedelta(days=8)):
        assert attaching.tidy_attachments(HOST, None) == 2
    assert on_disk() == after and File.objects.count() == rows + 3 and disk < after
    assert Attachment.objects.get().id == posted


# ── Posted ───────────────────────────────────────────────────────────────────────────────────────


def test_it_goes_with_its_message_once_and_stands_in_its_line(cast: Cast) -> None:
    nurse, key = cast["nurse"], uuid7()
    first, second = brought(nurse, cast.group), document(nurse, cast.group)
    posted = post(nurse, cast.group, first, second, text="", key=key)
    again = post(nurse, cast.group, first, second, text="", key=key)
    assert again.id == posted.id and again.again
    entry = read_timeline(cast["physician"], cast.group).entries[-1]
    assert [one.id for one in entry.attachments] == [first, second]
    line = AuditEvent.objects.filter(entity=f"Communication/{posted.id.hex}").get()
    assert first.hex in line.detail and second.hex in line.detail
    for one in Attachment.objects.select_related("content", "screens", "thumbs"):
        assert one.content and one.screens and one.thumbs
        for file in (one.content, one.screens, one.thumbs):
            assert file.sha256 in line.detail
    with pytest.raises(Problem):  # it belongs to that message
        post(nurse, cast.group, first)


def test_nothing_is_posted_when_one_of_several_cannot_go(cast: Cast) -> None:
    nurse = cast["nurse"]
    good, unanswered = brought(nurse, cast.group), bring(nurse, cast.group, photo())
    before = read_timeline(nurse, cast.group).head.last_seq
    with pytest.raises(Problem):
        post(nurse, cast.group, good, unanswered)
    assert read_timeline(nurse, cast.group).head.last_seq == before
    assert Attachment.objects.get(pk=good).communication is None
    for wrong in ((good, good), (good, uuid4())):
        with pytest.raises(Problem):
            post(nurse, cast.group, *wrong)


def test_a_message_without_any_asks_the_database_not_once_more(cast: Cast) -> None:
    nurse = cast["nurse"]
    with CaptureQueriesContext(connection) as asked:
        send_communication(nurse, cast.group, text="短い報告", key=uuid7(), confirmed=True)
    assert not [one for one in asked if "attachment" in one["sql"]]


# ── The proof ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE communication_attachment SET consent = NULL",
        "UPDATE communication_attachment SET name = consent",
        "UPDATE communication_attachment SET thumbs_id = screens_id",
        "UPDATE communication_attachment SET number = 2",
        "UPDATE communication_attachment SET shows = NOT shows",
        "UPDATE communication_attachment SET communication_id = NULL",
        "DELETE FROM communication_attachment",
        "UPDATE communication_communication SET carries = 0 WHERE carries = 1",
    ],
)
def test_the_proof_notices_what_was_changed_outside(cast: Cast, change: str) -> None:
    post(cast["nurse"], cast.group, brought(cast["nurse"], cast.group))
    assert proof.verify()[1] == [] and files_proof.verify()[1] == []
    execute(change, [])
    assert proof.verify()[1]


# ── Consent to a picture (A17.1) ─────────────────────────────────────────────────────────────────


@pytest.mark.clause("A17.1")
def test_a_picture_is_not_posted_before_who_consented_how_and_when_is_given(cast: Cast) -> None:
    nurse = cast["nurse"]
    for content in (photo(), film()):
        made = bring(nurse, cast.group, content)
        with pytest.raises(Problem):
            post(nurse, cast.group, made)
        for who, how in (("", "words"), ("patient", ""), ("neighbour", "words")):
            with pytest.raises(Problem):
                answer_consent(nurse, made, shows=True, who=who, how=how)
        with pytest.raises(Problem):
            post(nurse, cast.group, made)
        answer_consent(nurse, made, shows=True, who="family", how="paper")
        post(nurse, cast.group, made)
        said = read_timeline(cast["physician"], cast.group).entries[-1].attachments[0].consent
        assert said is not None and (said.who, said.how) == ("family", "paper")
        assert abs(said.at - clock.now()) < timedelta(minutes=2)


@pytest.mark.clause("A17.1")
def test_consent_is_asked_for_each_picture_and_one_tap_repeats_what_was_said_last(
    cast: Cast,
) -> None:
    nurse, physician = cast["nurse"], cast["physician"]
    first = bring(nurse, cast.group, photo())
    with pytest.raises(Problem):
        answer_consent_as_before(nurse, first)  # nothing was ever said
    answer_consent(nurse, first, shows=True, who="proxy", how="paper")
    second = bring(nurse, cast.group, photo())
    with pytest.raises(Problem):
        answer_consent_as_before(nurse, second)  # nor posted
    post(nurse, cast.group, first)
    with pytest.raises(Problem):
        post(nurse, cast.group, second)
    other = bring(physician, cast.group, photo())
    answer_consent_as_before(physician, other)
    post(physician, cast.group, other)
    said = read_timeline(nurse, cast.group).entries[-1].attachments[0].consent
    assert said is not None and (said.who, said.how) == ("proxy", "paper")


@pytest.mark.clause("A17.1")
def test_consent_does_not_lie_in_the_future(cast: Cast) -> None:
    made = bring(cast["nurse"], cast.group, photo())
    with pytest.raises(Problem):
        answer_consent(
            cast["nurse"], made, shows=True, who="patient", how="words",
            at=clock.now() + timedelta(hours=1),
        )  # fmt: skip


@pytest.mark.clause("A17.1")
def test_one_consent_answers_for_all_that_wait_and_each_keeps_its_own(cast: Cast) -> None:
    nurse = cast["nurse"]
    first, second, third = (bring(nurse, cast.group, photo()) for _ in range(3))
    answered = brought(nurse, cast.group, shows=False)
    theirs = bring(cast["physician"], cast.group, photo())
    paper = bring(nurse, cast.group, pdf(1), "報告書.pdf")
    assert {one.id for one in see_desk(nurse, first).alike} == {second, third}
    given = {"also": (second, answered, theirs, paper, uuid4())}
    with pytest.raises(Problem):
        answer_consent(nurse, first, shows=True, who="patient", how="", **given)
    assert not Attachment.objects.filter(pk__in=(first, second)).exclude(shows=None).exists()
    answer_consent(nurse, first, shows=True, who="family", how="words", **given)
    kept = {one.id: one for one in Attachment.objects.all()}
    assert (
        kept[first].unseal("consent") == kept[second].unseal("consent")
        and kept[first].consent != kept[second].consent  # sealed as its own
    )
    assert kept[answered].shows is False and kept[third].shows is None
    assert kept[theirs].shows is None and kept[paper].shows is None
    posted = post(nurse, cast.group, first, second)
    shown = read_timeline(cast["physician"], cast.group).entries[-1]
    assert shown.id == posted.id and all(one.consent for one in shown.attachments)
    answer_consent(nurse, third, shows=True, who="patient", how="words", also=(first, answered))
    assert Attachment.objects.get(pk=first).unseal("consent")["who"] == "family"  # it is posted


@pytest.mark.clause("A17.1")
def test_that_nothing_is_in_it_is_said_of_each_picture(cast: Cast) -> None:
    first, second = (bring(cast["nurse"], cast.group, photo()) for _ in range(2))
    answer_consent(cast["nurse"], first, shows=False, also=(second,))
    assert Attachment.objects.get(pk=second).shows is None


# ── Documents of other organizations (A17.2) ─────────────────────────────────────────────────────


@pytest.mark.clause("A17.2")
def test_a_document_of_an_organization_that_does_not_allow_it_is_not_posted(cast: Cast) -> None:
    nurse, station = cast["nurse"], cast.organizations["station"]
    made = bring(nurse, cast.group, pdf(1), "紹介状.pdf")
    with pytest.raises(Problem):
        post(nurse, cast.group, made)  # nobody said whose it is
    here = Organization.objects.filter(pk=station)
    here.update(documents_policy="no")
    for allowed in (False, True):
        with pytest.raises(Problem):
            answer_source(nurse, made, source="organization", organization=station, allowed=allowed)
    here.update(documents_policy="ask")
    with pytest.raises(Problem):
        answer_source(nurse, made, source="organization", organization=station)
    answer_source(
        nurse, made, source="organization", organization=station, asked="所長", allowed=True
    )
    here.update(documents_policy="no")  # they changed their mind meanwhile
    with pytest.raises(Problem):
        post(nurse, cast.group, made)
    here.update(documents_policy="yes")
    answer_source(nurse, made, source="organization", organization=station)
    post(nurse, cast.group, made)
    shown = read_timeline(cast["physician"], cast.group).entries[-1].attachments[0]
    assert shown.source_name == here.get().name


@pytest.mark.clause("A17.2")
def test_issuers_outside_are_respected_and_an_unknown_one_is_asked(cast: Cast) -> None:
    from renkei.region.models import Issuer

    nurse = cast["nurse"]
    issuer = issuer_of(cast)
    made = bring(nurse, cast.group, pdf(1), "検査結果.pdf")
    here = Issuer.objects.filter(pk=issuer)
    here.update(answer="no")
    with pytest.raises(Problem):
        answer_source(nurse, made, source="issuer", organization=issuer, allowed=True)
    here.update(answer="yes")
    answer_source(nurse, made, source="issuer", organization=issuer)
    for name, allowed in (("", True), ("遠くの病院", False)):
        with pytest.raises(Problem):
            answer_source(nurse, made, source="outside", name=name, allowed=allowed)
    with pytest.raises(Problem):
        answer_source(nurse, made, source="issuer", organization=uuid4())
    answer_source(
        nurse, made, source="outside", name="遠くの病院", asked="地域連携室", allowed=True
    )
    post(nurse, cast.group, made)
    sealed = Attachment.objects.get(pk=made)
    assert sealed.unseal("source_said") == {
        "name": "遠くの病院", "answer": "yes", "asked": "地域連携室",
    }  # fmt: skip


@pytest.mark.clause("A17.2")
def test_twenty_documents_from_one_place_are_answered_for_at_once(cast: Cast) -> None:
    nurse, station = cast["nurse"], cast.organizations["station"]
    first, *others = (bring(nurse, cast.group, pdf(2), f"紹介状{n}.pdf") for n in range(20))
    answer_source(nurse, others[-1], source="own")
    here, given = (
        Organization.objects.filter(pk=station),
        {"source": "organization", "also": others},
    )
    for answer in ("no", "ask"):  # whoever does not allow it is respected for each of them
        here.update(documents_policy=answer)
        with pytest.raises(Problem):
            answer_source(nurse, first, organization=station, **given)
    assert Attachment.objects.exclude(source="").count() == 1
    answer_source(nurse, first, organization=station, asked="所長", allowed=True, **given)
    kept = Attachment.objects.filter(pk__in=[first, *others[:-1]])
    assert {one.source_organization_id for one in kept} == {station}
    assert {one.unseal("source_said")["asked"] for one in kept} == {"所長"}
    assert len({bytes(one.source_said) for one in kept}) == 19
    assert Attachment.objects.get(pk=others[-1]).source == "own"
    with pytest.raises(Problem, match="pages"):  # these are chosen for each
        post(nurse, cast.group, first, others[0])
    attaching.pick_pages(nurse, first, pages=[1])
    with pytest.raises(Problem, match="pages"):
        post(nurse, cast.group, first, others[0])


@pytest.mark.clause("A17.2")
def test_of_a_document_of_others_the_pages_needed_have_to_be_chosen(cast: Cast) -> None:
    nurse, station = cast["nurse"], cast.organizations["station"]
    Organization.objects.filter(pk=station).update(documents_policy="yes")
    made = bring(nurse, cast.group, pdf(3), "計画書.pdf")
    answer_source(nurse, made, source="organization", organization=station)
    with pytest.raises(Problem):
        post(nurse, cast.group, made)
    attaching.pick_pages(nurse, made, pages=[2])
    post(nurse, cast.group, made)
    assert read_timeline(nurse, cast.group).entries[-1].attachments[0].pages == 1
