"""Training in the browser: films in pieces, questions without answers, papers, lists (A9, A10)."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from renkei.kernel import clock
from renkei.people.models import Organization, PractitionerRole
from renkei.training import defining, shelf
from renkei.training.models import FIRST, Completion, Edition, Lecture, Part
from renkei.web.ranges import AT_ONCE, wanted
from renkei.web.safety_headers import HEADERS
from tests.cast import Cast
from tests.training.world import (
    CAPTIONS,
    FILM,
    default_answers,
    edition_of,
    forget,
    lecture_of,
    published,
    questions,
    read_all,
    take,
)

pytestmark = pytest.mark.clause("A9")
WRONG = {"q1": "1", "q2": "1", "q3": "1", "q4": "1", "q5": "1"}


@pytest.fixture(autouse=True)
def untrained(request: pytest.FixtureRequest) -> None:
    """Nobody has learned anything yet, where there is a cast."""
    if "cast" in request.fixturenames:
        forget(request.getfixturevalue("cast"))


def browser(cast: Cast, name: str, **options: Any) -> Client:
    client = Client(**options)
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def body(response: Any) -> bytes:
    return b"".join(response) if response.streaming else response.content


# ── The film ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=99-99", (99, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        # not understood, or several at a time: the whole
        ("bytes=-", None),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", None),
        ("seconds=0-1", None),
        ("bytes=a-b", None),
        ("bytes=0-" + "9" * 30, None),
    ],
)
def test_which_part_is_asked_for(header: str, part: tuple[int, int] | None) -> None:
    assert wanted(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_what_is_beyond_the_end_is_not_there(header: str) -> None:
    with pytest.raises(ValueError):
        wanted(header, 100)


def test_a_film_is_given_in_the_parts_that_players_ask_for(cast: Cast) -> None:
    code = published(cast)
    address = reverse("training_video", kwargs={"course": code, "part": "1"})
    client, size = browser(cast, "nurse"), len(FILM)
    whole = client.get(address)
    assert (whole.status_code, body(whole)) == (200, FILM)
    assert whole.headers["Content-Length"] == str(size)
    tag = whole.headers["ETag"]
    for header, start, end in (
        ("bytes=0-", 0, size), ("bytes=65530-65545", 65530, 65546), ("bytes=-5", size - 5, size),
        (f"bytes={size - 1}-", size - 1, size), ("bytes=131000-999999999", 131000, size),
    ):  # fmt: skip
        found = client.get(address, headers={"Range": header})
        assert (found.status_code, body(found)) == (206, FILM[start:end]), header
        assert found.headers["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
        assert found.headers["Content-Type"] == "video/mp4"
        assert found.headers["Cache-Control"] == "private, no-store"
    beyond = client.get(address, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    several = client.get(address, headers={"Range": "bytes=0-1,4-5"})
    assert several.status_code == 200 and body(several) == FILM
    same = client.get(address, headers={"Range": "bytes=0-9", "If-Range": tag})
    other = client.get(address, headers={"Range": "bytes=0-9", "If-Range": '"older"'})
    assert (same.status_code, other.status_code) == (206, 200)


def test_no_answer_is_longer_than_a_megabyte_and_opens_only_what_it_needs(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from renkei.files import sealing

    film = FILM + bytes(3_000_000)
    code = published(cast, video=film)
    opened: list[int] = []
    piece = sealing.Opened._piece
    monkeypatch.setattr(
        sealing.Opened, "_piece", lambda self, n: (opened.append(n), piece(self, n))[1]
    )
    address = reverse("training_video", kwargs={"course": code, "part": "1"})
    client = browser(cast, "nurse")
    found = client.get(address, headers={"Range": "bytes=100000-100010"})
    assert body(found) == film[100000:100011] and opened == [1]
    found = client.get(address, headers={"Range": "bytes=0-"})
    assert len(body(found)) == AT_ONCE
    assert found.headers["Content-Range"] == f"bytes 0-{AT_ONCE - 1}/{len(film)}"


def test_a_film_is_for_people_who_work_here_alone(cast: Cast) -> None:
    code = published(cast)
    parts = {"course": code, "part": "1"}
    PractitionerRole.objects.filter(pk=cast.role("stranger")).update(ended_at=clock.now())
    for name in ("training_video", "training_captions"):
        address = reverse(name, kwargs=parts)
        assert Client().get(address).status_code == 302
        for who in ("family", "stranger"):
            assert browser(cast, who).get(address).status_code == 403, who
        assert browser(cast, "nurse").get(address).status_code == 200
    for bad in ("0", "2", "99999", "-1", "１", "x"):
        address = reverse("training_video", kwargs={"course": code, "part": bad})
        assert browser(cast, "nurse").get(address).status_code == 404, bad


def test_the_page_plays_it_with_captions(cast: Cast) -> None:
    code = published(cast)
    response = browser(cast, "nurse").get(
        reverse("training_part", kwargs={"course": code, "part": "1"})
    )
    page = response.content.decode()
    assert "<video" in page and '<track kind="captions"' in page and "autoplay" not in page
    assert "media-src 'self'" in dict(HEADERS)["Content-Security-Policy"]
    captions = browser(cast, "nurse").get(
        reverse("training_captions", kwargs={"course": code, "part": "1"})
    )
    assert captions.content.decode() == CAPTIONS
    assert captions.headers["Content-Type"].startswith("text/vtt")


# ── Taking it ────────────────────────────────────────────────────────────────────────────────────


def test_from_the_first_part_to_the_certificate_without_scripts(cast: Cast) -> None:
    client = browser(cast, "nurse")
    assert "はじめての連携" in client.get("/home").content.decode()
    address = "/training/courses/first/parts/1"
    for _ in range(9):
        assert client.get(address).status_code == 200
        address = client.post(address).headers["Location"]
    assert address == "/training/courses/first/check"
    right = {f"q{n}": str(choice) for n, choice in default_answers(cast).items()}
    wrong = {**right, "q2": "1"}
    assert client.post(address, wrong).headers["Location"] == address
    page = client.get(address).content.decode()
    assert 'name="q2"' in page and 'name="q1"' not in page and "誰のことか分からない形" in page
    assert client.post(address, {"q2": right["q2"]}).headers["Location"] == (
        "/training/courses/first"
    )
    number = Completion.objects.get().number
    assert (
        reverse("training_certificate", kwargs={"number": number})
        in client.get("/training").content.decode()
    )
    paper = client.get(reverse("training_certificate", kwargs={"number": number}))
    assert paper.headers["Content-Type"] == "application/pdf" and paper.content[:5] == b"%PDF-"
    assert "はじめての連携" not in client.get("/home").content.decode()


def test_no_answer_and_no_explanation_leaves_before_the_question_was_answered(
    cast: Cast,
) -> None:
    code = published(cast)
    client = browser(cast, "nurse")
    pages = [f"/training/courses/{code}", f"/training/courses/{code}/parts/1", "/training"]
    read_all(cast["nurse"], code)
    pages.append(f"/training/courses/{code}/check")
    for one in pages:
        page = client.get(one).content.decode()
        assert not any(question.explanation in page for question in questions()), one
        assert "answer" not in re.sub(r"<(script|link)[^>]*>", "", page), one


def test_what_was_chosen_stays_when_a_question_was_left_out(cast: Cast) -> None:
    code = published(cast)
    read_all(cast["nurse"], code)
    address = f"/training/courses/{code}/check"
    for sent in ({"q1": "2", "q2": "3"}, {**WRONG, "q5": "x"}, {**WRONG, "q5": ""}):
        response = browser(cast, "nurse").post(address, sent)
        assert response.status_code == 422
        first = f'name="q1" value="{sent["q1"]}" checked'
        assert first in response.content.decode()
    assert not Completion.objects.exists()


def test_the_check_is_closed_until_all_was_read(cast: Cast) -> None:
    client, address = browser(cast, "nurse"), "/training/courses/first/check"
    right = {f"q{n}": str(choice) for n, choice in default_answers(cast).items()}
    for response in (client.get(address), client.post(address, right)):
        assert response.headers["Location"] == "/training/courses/first"
    assert not Completion.objects.exists()


def test_nothing_is_answered_from_another_site(cast: Cast) -> None:
    read_all(cast["nurse"])
    client = browser(cast, "nurse", enforce_csrf_checks=True)
    right = {f"q{n}": str(choice) for n, choice in default_answers(cast).items()}
    assert client.post("/training/courses/first/check", right).status_code == 403
    assert not Completion.objects.exists()


# ── The operator's and the administrator's pages ─────────────────────────────────────────────────


def test_a_course_is_defined_with_a_film_in_the_browser(cast: Cast) -> None:
    client = browser(cast, "operator")
    address = client.post("/training/courses", {}).headers["Location"]
    facts = {
        "do": "change", "title": "年に一度", "purpose": "", "minutes": "5", "months": "",
        "pass_mark": "5", "again": "missed", "required": "on",
    }  # fmt: skip
    bad = client.post(address, {**facts, "minutes": "0"})
    assert bad.status_code == 422 and "年に一度" in bad.content.decode()
    assert client.post(address, facts).status_code == 303
    part = {"title": "一", "text": "", "captions": CAPTIONS}
    no_film = SimpleUploadedFile("film.mp4", b"GIF89a" * 20, "video/mp4")
    bad = client.post(f"{address}/parts/1", {**part, "video": no_film})
    assert bad.status_code == 422 and "MP4" in bad.content.decode()
    film = SimpleUploadedFile("film.bin", FILM, "application/octet-stream")
    assert client.post(f"{address}/parts/1", {**part, "video": film}).status_code == 303
    preview = client.get(f"{address}/parts/1/video", headers={"Range": "bytes=4-7"})
    assert body(preview) == b"ftyp"
    sent: dict[str, str] = {}
    for n in range(1, 6):
        sent |= {
            f"text_{n}": f"問い{n}", f"choice_{n}_1": "はい", f"choice_{n}_2": "いいえ",
            f"answer_{n}": "2", f"explanation_{n}": "説明",
        }  # fmt: skip
    assert client.post(f"{address}/questions", sent).status_code == 303
    assert client.post(address, {"do": "publish"}).status_code == 303
    found = Edition.objects.get(published_at__isnull=False)
    assert found.title == "年に一度" and found.questions[4]["choices"] == ["はい", "いいえ"]
    assert "年に一度" in browser(cast, "nurse").get("/training").content.decode()


def test_a_draft_that_lacks_something_says_what(cast: Cast) -> None:
    page = browser(cast, "operator").get(f"/training/editions/{edition_of(cast)}")
    assert 'value="publish"' not in page.content.decode()
    answer = browser(cast, "operator").post(
        f"/training/editions/{edition_of(cast)}", {"do": "publish"}
    )
    assert answer.status_code == 422
    assert Edition.objects.get().published_at is None


def test_attendance_is_ticked_and_pasted_and_what_did_not_fit_stays(cast: Cast) -> None:
    client = browser(cast, "operator")
    day = clock.today().isoformat()
    address = client.post(
        "/training/lectures",
        {"course": FIRST, "on": day, "place": "公民館", "teacher": "講師 一"},
    ).headers["Location"]
    clinic = cast.organizations["clinic"]
    page = client.get(address, {"organization": clinic}).content.decode()
    assert str(cast.account("nurse")) in page and str(cast.account("manager")) not in page
    response = client.post(
        f"{address}?organization={clinic}",
        {"there": [str(cast.account("nurse"))], "lines": "manager さん\nだれか", "guests": ""},
    )
    page = response.content.decode()
    assert response.status_code == 422 and ">だれか</textarea>" in page.replace("\n", "")
    assert Completion.objects.count() == 2
    paper = client.get(f"{address}/list.pdf", {"organization": clinic})
    assert paper.content[:5] == b"%PDF-"
    done = Completion.objects.get(account=cast.account("nurse"))
    client.post(f"/training/completions/{done.id}/annul", {"lecture": Lecture.objects.get().id})
    assert PractitionerRole.objects.get(pk=cast.role("nurse")).trained_on is None


@pytest.mark.clause("F1")
def test_the_operator_sees_who_is_missing_and_records_an_organization(cast: Cast) -> None:
    client, station = browser(cast, "operator"), cast.organizations["station"]
    assert "station事業所" in client.get("/training/all").content.decode()
    address = f"/training/organizations/{station}"
    bad = client.post(address, {"on": "きのう", "way": "paper"})
    assert bad.status_code == 422 and "きのう" in bad.content.decode()
    assert client.post(address, {"on": "2026-05-01", "way": "paper"}).status_code == 303
    trained = Organization.objects.get(pk=station).trained_on
    assert trained is not None and trained.isoformat() == "2026-05-01"
    table = client.get("/training/all", {"csv": "1"}).content.decode()
    assert table.startswith("\ufeff事業所,") and "nurse さん" in table


def test_the_operator_verifies_a_certificate(cast: Cast) -> None:
    take(cast, "nurse")
    number = Completion.objects.get().number
    client = browser(cast, "operator")
    assert "nurse さん" in client.get("/training/all", {"number": number}).content.decode()
    found = client.get("/training/all", {"number": "<b>2222"}).content.decode()
    assert "<b>2222" not in found


def test_the_administrator_sees_their_own_people(cast: Cast) -> None:
    client = browser(cast, "administrator_other")
    page = client.get("/training/staff").content.decode()
    assert "nurse さん" in page and "manager さん" not in page
    table = client.get("/training/staff", {"csv": "1"}).content.decode()
    assert "nurse さん" in table and "manager さん" not in table
    take(cast, "nurse")
    due = client.get("/training/staff", {"show": "due"}).content.decode()
    assert "physician さん" in due and "nurse さん" not in due


@pytest.mark.clause("A10")
def test_home_shows_the_points_once_and_the_page_for_good(cast: Cast) -> None:
    client = browser(cast, "nurse")
    assert "スタッフのみなさんへ" in client.get("/home").content.decode()
    page = client.get("/points").content.decode()
    assert "スタッフのみなさんへ" in page and "訪問看護師" in page and "{{" not in page
    assert "［" not in page  # ids of clauses are for who keeps the texts
    assert client.post("/points/noted", {"points": "staff"}).headers["Location"] == "/home"
    assert "スタッフのみなさんへ" not in client.get("/home").content.decode()
    assert "スタッフのみなさんへ" in client.get("/points").content.decode()
    assert "スタッフのみなさんへ" in browser(cast, "stranger").get("/home").content.decode()


def test_words_of_a_course_are_never_taken_for_html(cast: Cast) -> None:
    code = published(cast, video=None)
    Part.objects.filter(edition__course=code).update(
        text="### 見出し\n\n<script>alert(1)</script> [x](javascript:alert(1)) ![x](https://x.example/y)"
    )
    page = browser(cast, "nurse").get(f"/training/courses/{code}/parts/1").content.decode()
    lesson = page[page.index('class="card card--pad prose') :]
    assert "<script>alert" not in lesson and 'href="javascript' not in lesson
    assert "<h3>見出し" in lesson and "<img" not in lesson[: lesson.index("</article>")]


def test_editing_a_published_edition_in_the_browser_changes_nothing(cast: Cast) -> None:
    code = published(cast)
    edition = Edition.objects.get(course=code)
    before = shelf.see_edition(cast["operator"], None, edition.id)
    client, address = browser(cast, "operator"), f"/training/editions/{edition.id}"
    assert 'name="title"' not in client.get(address).content.decode()
    sent = {"title": "別", "text": "別", "captions": "", "without_video": "on"}
    client.post(f"{address}/parts/1", sent)
    client.post(f"{address}/parts/1", {"do": "remove"})
    client.post(address, {"do": "discard"})
    assert shelf.see_edition(cast["operator"], None, edition.id) == before
    assert defining.QUESTIONS == 5 and lecture_of(cast)
