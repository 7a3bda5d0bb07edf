"""Some seconds of a film leave as pictures, covered by hand and marked, never the film (A16)."""

import io
import json
import re
import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from renkei.audit.models import AuditEvent
from renkei.communication.models import Attachment
from renkei.communication.services import withdraw_communication
from renkei.disclosure import clips
from renkei.disclosure.answering import (
    decline_outside,
    decline_reuse,
    permit_outside,
    permit_reuse,
)
from renkei.disclosure.asking import withdraw_request
from renkei.disclosure.copying import open_clip
from renkei.disclosure.enclosing import Box, Covered, Enclosed
from renkei.disclosure.extracting import keep_extracts, see_editor
from renkei.disclosure.models import ReuseFile, ReuseOpening, ReuseRequest
from renkei.files import opening, store
from renkei.files.models import File
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.policy.standing import HOST
from renkei.web import backup_folder
from renkei.web.reuse_paper import clip_as_gif, copy_paper
from tests.cast import Cast, post
from tests.communication import attached
from tests.disclosure.test_enclosing import ask, drawn, opened, photo, posted, refusals
from tests.disclosure.test_extracting import decided
from tests.disclosure.test_own_backup import files
from tests.disclosure.test_pages import browser

SIZE = (480, 270)
AGREED = {"purpose": "outside", "agreed": "family", "agreed_how": "paper"}


def film(cast: Cast) -> UUID:
    made = attached.bring(cast["nurse"], cast.group, attached.film(), "歩行.mp4")
    Attachment.objects.filter(pk=made).update(shows=True, consent=None)
    attached.answer_consent(cast["nurse"], made, shows=True, who="patient", how="words")
    return made


def frame(number: int, size: tuple[int, int] = SIZE, kind: str = "JPEG", **how: object) -> bytes:
    """A face, white, that goes to the right; what the camera wrote beside it."""
    image = Image.new("RGB", size, "teal")
    image.paste("white", (20 * number, 20, 20 * number + 60, 80))
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    written = io.BytesIO()
    image.save(written, kind, exif=exif, **how)
    return written.getvalue()


FRAMES = [frame(n) for n in range(6)]


def agreed_film(cast: Cast, **facts: str) -> tuple[ReuseRequest, UUID]:
    """A permitted request with one film, and the film as the request has it."""
    chosen = film(cast)
    request = ask(cast, posted(cast, chosen), chosen, **(facts or AGREED))
    permit_reuse(cast["nurse"], request.id)
    if (facts or AGREED)["purpose"] == "outside":
        permit_outside(cast["physician"], request.id)
    return request, ReuseFile.objects.get(item__request=request).id


def cut(cast: Cast, request: ReuseRequest, of: UUID, name: str = "manager", **given: object) -> int:
    facts = {"frames": FRAMES, "pace": 6} | given
    return clips.cut(cast[name], request.id, file=of, **facts)  # type: ignore[arg-type]


def enclosed(cast: Cast, request: ReuseRequest) -> Enclosed:
    (found,) = (
        file for part in see_editor(cast["manager"], request.id).parts for file in part.files
    )
    return found


def cover(cast: Cast, request: ReuseRequest, *boxes: tuple[int, ...], nobody: bool = False) -> None:
    editor = see_editor(cast["manager"], request.id)
    black = Covered(tuple(map(Box.of, boxes)), nobody)
    covered = {file.id: black for part in editor.parts for file in part.files}
    keep_extracts(
        cast["manager"], request.id, decided=decided(editor), read_through=True, covered=covered
    )


def following(count: int = 6) -> list[tuple[int, ...]]:
    """A box on each picture, over the face where it is then."""
    return [(n + 1, 1000 * 20 * n // 480, 60, 150, 250) for n in range(count)]


def frames_of(content: bytes) -> list[Image.Image]:
    found = []
    with Image.open(io.BytesIO(content), formats=["GIF"]) as image:
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            found.append(image.convert("RGB"))
    return found


@pytest.mark.clause("A16.d", "A16.b")
def test_a_film_goes_as_covered_pictures_of_some_seconds(cast: Cast) -> None:
    request, of = agreed_film(cast)
    assert refusals(request) == [""]
    assert cut(cast, request, of) == 6
    with pytest.raises(Problem):
        open_clip(cast["manager"], request.id, file=of)
    cover(cast, request, *following())
    copy, clip = open_clip(cast["manager"], request.id, file=of)
    found = frames_of(clip_as_gif(copy, clip))
    assert len(found) == 6
    for number, image in enumerate(found):
        face = image.crop((20 * number + 4, 24, 20 * number + 56, 76))
        assert max(low_high[1] for low_high in face.getextrema()) < 140  # the stamp alone is on it
        assert image.getpixel((400, 250))[1] > 70  # type: ignore[index]
    content = clip_as_gif(copy, clip)
    for secret in (b"SECRETCAMERA", b"SECRETPLACE", b"ftyp"):
        assert secret not in content
    assert drawn(copy_paper(opened(cast, request)).content) == 1
    number = f"{request.number[:5]}-{request.number[5:]}"
    post(cast, "manager", "会議です。")
    assert len(frames_of(files(cast, "manager")[f"copies/{number}-1.gif"])) == 6  # N4.8
    ways = ReuseOpening.objects.order_by("at").values_list("way", flat=True)
    assert list(ways) == ["clip", "pdf", "backup"]
    line = json.loads(AuditEvent.objects.filter(action="reuse.cut").latest("seq").detail)
    assert (line["frames"], line["pace"]) == (6, 6)
    row = ReuseFile.objects.get(pk=of)
    assert row.cut_by_id == row.covered_by_id == cast.account("manager")


@pytest.mark.clause("A16.d")
def test_every_picture_of_it_is_decided(cast: Cast) -> None:
    request, of = agreed_film(cast)
    cut(cast, request, of)
    for boxes in (
        [], following(5), [*following(), (7, 0, 0, 9, 9)], [*following(), (0, 0, 0, 9, 9)],
        [(0, 0, 500, 500)], [*following(5), (6, 0, 0, 1001, 9)], following() * 200,
    ):  # fmt: skip
        with pytest.raises(Problem):
            cover(cast, request, *boxes)
    cover(cast, request, *following(5), nobody=True)
    assert enclosed(cast, request).bare


@pytest.mark.clause("A16.d")
def test_chosen_anew_it_is_covered_anew_and_what_was_before_is_gone(cast: Cast) -> None:
    request, of = agreed_film(cast)
    cut(cast, request, of)
    cover(cast, request, *following())
    before = ReuseFile.objects.get(pk=of).frames_id
    cut(cast, request, of, frames=FRAMES[:2])
    assert not File.objects.filter(pk=before).exists()
    with pytest.raises(Problem):
        open_clip(cast["manager"], request.id, file=of)


@pytest.mark.clause("A16.d")
def test_what_is_not_chosen_stays(cast: Cast) -> None:
    request, of = agreed_film(cast)
    cover(cast, request)
    part = opened(cast, request).parts[0]
    assert part.pictures == ()
    with pytest.raises(Unknown):
        open_clip(cast["manager"], request.id, file=of)


@pytest.mark.clause("A16.b")
def test_in_care_it_goes_as_it_is_with_the_mark_on_it(cast: Cast) -> None:
    request, of = agreed_film(cast, purpose="colleagues")
    cut(cast, request, of)
    copy, clip = open_clip(cast["manager"], request.id, file=of)
    assert len(frames_of(clip_as_gif(copy, clip))) == 6


@pytest.mark.clause("A16.d", "A16.b")
@pytest.mark.parametrize("name", ["nurse", "physician", "administrator_same", "operator"])
def test_nobody_cuts_but_who_asked(cast: Cast, name: str) -> None:
    request, of = agreed_film(cast)
    with pytest.raises(Refused):
        cut(cast, request, of, name)


@pytest.mark.clause("A16.d", "A16.b")
def test_who_asked_cuts_only_while_it_is_permitted(cast: Cast) -> None:
    chosen = film(cast)
    message = posted(cast, chosen)
    request = ask(cast, message, chosen, **AGREED)
    of = ReuseFile.objects.get(item__request=request).id
    with pytest.raises(Refused):  # nobody has said yes
        cut(cast, request, of)
    permit_reuse(cast["nurse"], request.id)
    permit_outside(cast["physician"], request.id)
    cut(cast, request, of)
    permit_reuse(cast["nurse"], request.id, words_only=True)
    with pytest.raises(Unknown):
        clips.see_frame(cast["manager"], request.id, file=of, number=1)
    permit_reuse(cast["nurse"], request.id)
    assert clips.see_frame(cast["manager"], request.id, file=of, number=1).startswith(clips.JPEG)
    for number in (0, 7):
        with pytest.raises(Unknown):
            clips.see_frame(cast["manager"], request.id, file=of, number=number)
    withdraw_communication(cast["nurse"], message, reason="別の方でした")
    with pytest.raises(Unknown):
        cut(cast, request, of)
    decline_reuse(cast["nurse"], request.id)
    with pytest.raises(Refused):
        cut(cast, request, of)
    with pytest.raises(Refused):
        clips.see_frame(cast["manager"], request.id, file=of, number=1)


@pytest.mark.clause("A16.d")
def test_only_a_film_of_this_request(cast: Cast) -> None:
    request, _ = agreed_film(cast)
    other, of_other = agreed_film(cast)
    seen = photo(cast)
    third = ask(cast, posted(cast, seen), seen, **AGREED)
    permit_reuse(cast["nurse"], third.id)
    permit_outside(cast["physician"], third.id)
    picture = ReuseFile.objects.get(item__request=third).id
    for asked, of in ((request, of_other), (third, picture), (request, UUID(int=1))):
        with pytest.raises(Unknown):
            cut(cast, asked, of)
    assert cut(cast, other, of_other) == 6


@pytest.mark.clause("A16.d")
@pytest.mark.parametrize(
    "wrong",
    [
        {"frames": []},
        {"frames": FRAMES[:1] * 49, "pace": 12},
        {"pace": 5},
        {"pace": 0},
        {"frames": [b"<svg xmlns='http://www.w3.org/2000/svg'/>"]},
        {"frames": [frame(1, kind="PNG")]},
        {"frames": [b"\xff\xd8\xff" + b"\0" * 500_000]},
        {"frames": [b"\xff\xd8\xff nothing of a picture"]},
        {"frames": [frame(1), frame(1, (270, 480))]},
        {"frames": [frame(0, (9, 9))]},
        {"frames": [frame(1, (3000, 1600), quality=1)]},  # few bytes, and seconds to open
        {"frames": [frame(1, progressive=True)]},
    ],
)
def test_what_the_browser_sends_is_opened_here_and_bounded(
    cast: Cast, wrong: dict[str, object]
) -> None:
    request, of = agreed_film(cast)
    with pytest.raises(Problem):
        cut(cast, request, of, **wrong)
    assert ReuseFile.objects.get(pk=of).frames_id is None


@pytest.mark.clause("A16.d")
def test_pictures_are_made_anew_and_no_larger_than_they_need_be(cast: Cast) -> None:
    request, of = agreed_film(cast)
    cut(cast, request, of, frames=[frame(1, (1600, 900))])
    row = ReuseFile.objects.select_related("frames").get(pk=of)
    assert row.frame_views[0][:2] == [720, 405]
    assert row.frames is not None and row.frames.key_id == row.key_id  # and ends with the group
    assert b"SECRETCAMERA" not in b"".join(store.read(row.frames))


@pytest.mark.clause("A16.d")
def test_from_the_film_to_the_clip_on_the_pages(cast: Cast) -> None:
    request, of = agreed_film(cast)
    manager, nurse = browser(cast, "manager"), browser(cast, "nurse")
    address = f"/reuse/{request.id}"
    assert f"{address}/films/{of}" in manager.get(address).content.decode()
    assert f"{address}/films/{of}" not in nurse.get(address).content.decode()
    desk = manager.get(f"{address}/films/{of}").content.decode()
    assert "/film" in desk and "data-cut" in desk

    def send(lengths: str, content: bytes, pace: str = "6") -> int:
        file = SimpleUploadedFile("frames", content)
        body = {"frames": file, "lengths": lengths, "pace": pace}
        return manager.post(f"{address}/films/{of}", body).status_code

    whole, lengths = b"".join(FRAMES), ",".join(str(len(one)) for one in FRAMES)
    assert send("", whole) == send("1,2", whole) == send(lengths, b"") == 422
    assert send(lengths, whole, "99") == 422 and send(lengths, whole) == 200
    assert nurse.get(f"{address}/films/{of}/1").status_code == 403
    assert manager.get(f"{address}/films/{of}/1").headers["Content-Type"] == "image/jpeg"

    editor = manager.get(f"{address}/anonymise").content.decode()
    name = re.search(r'name="(boxes-[0-9a-f]{32})"', editor)
    assert name and 'data-frames="6"' in editor
    boxes = "\n".join(f"{at}:" + ",".join(map(str, rest)) for at, *rest in following())
    done = {"do": "keep", "read": "1", name[1]: boxes}
    first = manager.post(f"{address}/anonymise", done)
    assert first.status_code == 422 and ReuseFile.objects.get(pk=of).boxes_sealed is None
    shown = re.search(r'name="(shown-[0-9a-f]{32})" value="([0-9a-f]{64})"', first.content.decode())
    assert shown and "data:image/jpeg;base64," in first.content.decode()
    other = done | {shown[1]: shown[2], name[1]: boxes.replace("60", "90")}
    assert manager.post(f"{address}/anonymise", other).status_code == 422  # not what was shown
    assert manager.post(f"{address}/anonymise", done | {shown[1]: shown[2]}).status_code == 303
    answer = manager.post(f"{address}/films/{of}/clip")
    assert answer.headers["Content-Type"] == "image/gif" and len(frames_of(answer.content)) == 6
    assert nurse.post(f"{address}/films/{of}/clip").status_code == 403


@pytest.mark.clause("A16.b")
def test_the_day_ends_a_clip(cast: Cast) -> None:
    request, of = agreed_film(cast)
    cut(cast, request, of)
    cover(cast, request, *following())
    ReuseRequest.objects.filter(pk=request.id).update(until=clock.now())
    with pytest.raises(Refused):
        open_clip(cast["manager"], request.id, file=of)


@pytest.mark.clause("A16.b", "A16.d")
@pytest.mark.parametrize(
    "end",
    [
        lambda cast, request: ReuseRequest.objects.filter(pk=request.id).update(until=clock.now()),
        lambda cast, request: withdraw_request(cast["manager"], request.id),
        lambda cast, request: decline_reuse(cast["nurse"], request.id),
        lambda cast, request: decline_reuse(cast["nurse"], request.id, talk=True),
        lambda cast, request: permit_reuse(cast["nurse"], request.id, words_only=True),
        lambda cast, request: decline_outside(cast["physician"], request.id),
        lambda cast, request: withdraw_communication(
            cast["nurse"], request.items.get().communication_id, reason="別の方でした"
        ),
    ],
    ids=["the day", "not needed", "taken back", "to talk", "words alone", "manager", "message"],
)
def test_what_may_not_open_any_more_is_kept_nowhere(
    cast: Cast, end: Callable[[Cast, ReuseRequest], object]
) -> None:
    request, of = agreed_film(cast)
    cut(cast, request, of)
    frames = ReuseFile.objects.get(pk=of).frames_id
    assert frames is not None and clips.tidy_clips(HOST, None) == 0
    end(cast, request)
    assert clips.tidy_clips(HOST, None) == 1
    row = ReuseFile.objects.get(pk=of)
    assert (row.frames_id, row.frame_views, row.pace, row.boxes_sealed) == (None, [], 0, None)
    assert not File.objects.filter(pk=frames).exists()
    for name in ("manager", "operator"):
        with pytest.raises(Refused):
            clips.tidy_clips(cast[name], None)


@pytest.mark.clause("A16.d")
def test_boxes_that_were_drawn_on_other_pictures_cover_none(cast: Cast) -> None:
    request, of = agreed_film(cast)
    cut(cast, request, of)
    editor = see_editor(cast["manager"], request.id)
    (file,) = (one for part in editor.parts for one in part.files)
    assert file.screens is not None
    covered = {file.id: Covered(tuple(map(Box.of, following())), of=file.screens.id)}
    cut(cast, request, of)  # in another window, between looking and keeping
    with pytest.raises(Problem):
        keep_extracts(
            cast["manager"], request.id, decided=decided(editor), read_through=True, covered=covered
        )
    assert ReuseFile.objects.get(pk=of).boxes_sealed is None


# ── In one's own backup (N4.8) ───────────────────────────────────────────────────────────────────


def ready(cast: Cast) -> str:
    """A clip that is permitted and covered; the name of its files in the backup."""
    request, of = agreed_film(cast)
    cut(cast, request, of)
    cover(cast, request, *following())
    return f"copies/{request.number[:5]}-{request.number[5:]}"


def be_busy(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Others are at pictures, until what is returned is called."""
    turns = threading.BoundedSemaphore(1)
    turns.acquire()
    monkeypatch.setattr(opening, "_turns", turns)
    monkeypatch.setattr(opening, "PATIENCE", 0.05)
    return turns.release


@pytest.mark.clause("N4.8")
def test_the_backup_waits_for_its_turn_at_the_pictures(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = ready(cast)
    monkeypatch.setattr(backup_folder, "TURNS", 1000)
    later = threading.Timer(0.5, be_busy(monkeypatch))
    later.start()
    found = files(cast, "manager")
    later.join()
    assert len(frames_of(found[f"{name}-1.gif"])) == 6 and drawn(found[f"{name}.pdf"]) == 1
    assert json.loads(found["backup.json"])["left_out"] == []


@pytest.mark.clause("N4.8")
def test_what_could_not_be_made_is_said_on_the_first_page(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = ready(cast)
    be_busy(monkeypatch)
    found = files(cast, "manager")
    assert f"{name}.pdf" not in found and f"{name}-1.gif" not in found and f"{name}.txt" in found
    page, about = found["index.html"].decode(), json.loads(found["backup.json"])
    assert [one["file"] for one in about["left_out"]] == [f"{name}.pdf", f"{name}-1.gif"]
    assert all(one["file"] in page and one["why"] in page for one in about["left_out"])
    assert f'href="{name}.pdf"' not in page and f'href="{name}.txt"' in page
