"""Defining courses: drafts, films, and what never changes once it is published (A9)."""

from uuid import uuid4

import pytest

from renkei.files.models import File
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.training import defining, shelf, taking, video
from renkei.training.models import FIRST, Edition, Part
from tests.cast import Cast
from tests.training.world import CAPTIONS, FILM, MP4, WEBM, facts, published, questions, take

pytestmark = pytest.mark.clause("A9")


def draft(cast: Cast, code: str = FIRST):  # type: ignore[no-untyped-def]
    return defining.begin_edition(cast["operator"], None, code=code)


def test_a_draft_of_the_default_holds_all_of_it_and_changes_nothing_for_anybody(
    cast: Cast,
) -> None:
    found = shelf.see_edition(cast["operator"], None, draft(cast))
    assert found.course.number == 1 and len(found.course.parts) == 9
    assert len(found.course.questions) == 5 and found.missing == []
    assert [one.number for one in shelf.see_shelf(cast["operator"], None).offered] == [0]
    with pytest.raises(Problem, match="draft of this course"):
        draft(cast)


def test_a_published_edition_never_changes(cast: Cast) -> None:
    actor, edition = cast["operator"], draft(cast)
    defining.publish_edition(actor, None, edition=edition)
    before = shelf.see_edition(actor, None, edition).course
    for step in (
        lambda: defining.change_edition(actor, None, edition=edition, facts=facts()),
        lambda: defining.change_questions(actor, None, edition=edition, questions=questions()),
        lambda: defining.save_part(
            actor, None, edition=edition, number=1, title="別", text="別", captions=""
        ),
        lambda: defining.remove_part(actor, None, edition=edition, number=1),
        lambda: defining.discard_edition(actor, None, edition=edition),
        lambda: defining.publish_edition(actor, None, edition=edition),
    ):
        with pytest.raises(Problem, match="never changes"):
            step()
    assert shelf.see_edition(actor, None, edition).course == before


@pytest.mark.parametrize("name", ["administrator_same", "manager", "family"])
def test_only_the_operator_defines_courses_and_sees_answers(cast: Cast, name: str) -> None:
    edition = draft(cast)
    for step in (
        lambda: defining.begin_edition(cast[name], None, code=""),
        lambda: shelf.see_shelf(cast[name], None),
        lambda: shelf.see_edition(cast[name], None, edition),
        lambda: defining.publish_edition(cast[name], None, edition=edition),
        lambda: defining.withdraw_course(cast[name], None, code=FIRST),
        lambda: defining.save_part(
            cast[name], None, edition=edition, number=1, title="別", text="", captions="",
            video=FILM,
        ),
    ):  # fmt: skip
        with pytest.raises(Refused):
            step()
    assert not File.objects.exists()


def test_a_film_without_captions_and_without_its_words_is_not_published(cast: Cast) -> None:
    actor = cast["operator"]
    edition = defining.begin_edition(actor, None, code="")
    defining.change_edition(actor, None, edition=edition, facts=facts())
    defining.change_questions(actor, None, edition=edition, questions=questions())
    part = {"edition": edition, "number": 1, "title": "はじめに"}
    defining.save_part(actor, None, **part, text="", captions="", video=FILM)
    with pytest.raises(Problem, match="captions nor text"):
        defining.publish_edition(actor, None, edition=edition)
    defining.save_part(actor, None, **part, text="", captions=CAPTIONS)
    assert Part.objects.get().video is not None
    defining.publish_edition(actor, None, edition=edition)


def test_what_is_missing_is_said_one_after_the_other(cast: Cast) -> None:
    edition = defining.begin_edition(cast["operator"], None, code="")
    found = shelf.see_edition(cast["operator"], None, edition)
    assert len(found.missing) == 3
    for bad in (
        questions(4),
        (*questions(4), questions(1)[0].__class__("問い", ("はい",), 1, "説明")),
        (*questions(4), questions(1)[0].__class__("問い", ("はい", "いいえ"), 3, "説明")),
        (*questions(4), questions(1)[0].__class__("問い", ("はい", "いいえ"), 1, "")),
    ):
        defining.change_questions(cast["operator"], None, edition=edition, questions=bad)
        with pytest.raises(Problem):
            defining.publish_edition(cast["operator"], None, edition=edition)
    assert Edition.objects.get(pk=edition).published_at is None


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 64, b"GIF89a" + b"\x00" * 60, b"<html>ftyp", b"%PDF-1.7 webm"]
)
def test_what_is_no_video_is_refused_whatever_it_is_called(content: bytes) -> None:
    with pytest.raises(Problem, match="MP4 or WebM"):
        video.type_of(content)


def test_a_video_is_known_by_its_first_bytes_and_has_a_bound() -> None:
    assert video.type_of(FILM) == "video/mp4" and video.type_of(WEBM) == "video/webm"
    with pytest.raises(Problem, match="18 MB"):
        video.type_of(MP4 + bytes(video.VIDEO_BYTES))


def test_captions_are_webvtt_or_become_it() -> None:
    assert video.captions("") == "" and video.captions(CAPTIONS).startswith("WEBVTT\n\n00:00")
    srt = "1\n00:00:01,000 --> 00:00:04,200\nこんにちは、はい\n"
    assert video.captions(srt) == ("WEBVTT\n\n1\n00:00:01.000 --> 00:00:04.200\nこんにちは、はい\n")
    for bad in ("こんにちは", "WEBVTT\n\nこんにちは", "00:00 -> 00:04"):
        with pytest.raises(Problem, match="Captions"):
            video.captions(bad)


def test_a_film_lies_sealed_is_shared_by_editions_and_goes_with_the_last_of_them(
    cast: Cast,
) -> None:
    from renkei.files import store

    code = published(cast)
    file = File.objects.get()
    assert store.path_of(file.id).read_bytes().find(FILM[100:140]) == -1
    edition = defining.begin_edition(cast["operator"], None, code=code)
    defining.save_part(
        cast["operator"], None, edition=edition, number=1, title="はじめに", text="", captions="",
        without_video=True,
    )  # fmt: skip
    assert File.objects.count() == 1  # the published edition still shows it
    defining.save_part(
        cast["operator"], None, edition=edition, number=1, title="はじめに", text="", captions="",
        video=FILM,
    )  # fmt: skip
    assert File.objects.count() == 2
    defining.discard_edition(cast["operator"], None, edition=edition)
    assert [one.id for one in File.objects.all()] == [file.id]


def test_parts_move_up_when_one_is_taken_out(cast: Cast) -> None:
    edition = draft(cast)
    titles = [one.title for one in shelf.see_edition(cast["operator"], None, edition).course.parts]
    defining.remove_part(cast["operator"], None, edition=edition, number=2)
    found = shelf.see_edition(cast["operator"], None, edition).course.parts
    assert [one.title for one in found] == titles[:1] + titles[2:]
    assert [one.number for one in found] == list(range(1, 9))
    for number in (0, 10, 11):
        with pytest.raises(Problem, match="20 parts"):
            defining.save_part(
                cast["operator"], None, edition=edition, number=number, title="別", text="別",
                captions="",
            )  # fmt: skip


def test_a_course_that_is_withdrawn_is_offered_no_more_and_the_first_falls_back(
    cast: Cast,
) -> None:
    code = published(cast)
    take(cast, "nurse", code)
    defining.withdraw_course(cast["operator"], None, code=code)
    with pytest.raises(Unknown):
        taking.see_course(cast["nurse"], None, code)
    defining.publish_edition(cast["operator"], None, edition=draft(cast))
    defining.withdraw_course(cast["operator"], None, code=FIRST)
    assert taking.see_course(cast["nurse"], None, FIRST).title == "はじめての連携"
    with pytest.raises(Unknown):  # the default itself stays
        defining.withdraw_course(cast["operator"], None, code=FIRST)


def test_an_edition_of_another_region_is_not_known_here(cast: Cast) -> None:
    from tests.cast import loading, make_region

    edition = draft(cast)
    with loading():
        region, _ = make_region("隣の地域")
    Edition.objects.filter(pk=edition).update(region=region)
    for one in (edition, uuid4()):
        with pytest.raises(Unknown):
            shelf.see_edition(cast["operator"], None, one)
        with pytest.raises(Unknown):
            defining.publish_edition(cast["operator"], None, edition=one)
