"""Uploads over the wire (tus 1.0), answering, and what the timeline shows of attachments."""

from base64 import b64encode
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client

from renkei.communication.models import Attachment
from renkei.group.services import leave_group
from renkei.kernel.wsgi_request import Gone
from tests.cast import Cast
from tests.communication.attached import bring as bring_all
from tests.communication.attached import brought, document, pdf, photo, post

PIECES = "application/offset+octet-stream"


def browser(cast: Cast, name: str, **options: Any) -> Client:
    client = Client(headers={"accept": "application/json"}, **options)
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def begin(client: Client, group: UUID, size: int, name: str = "足 1.jpg") -> Any:
    known = b64encode(name.encode()).decode()
    headers = {"upload-length": str(size), "upload-metadata": f"filename {known},filetype eA=="}
    return client.post(f"/groups/{group}/attachments", headers=headers)


def bring(client: Client, where: str, at: int, content: bytes, kind: str = PIECES) -> Any:
    headers, body = {"upload-offset": str(at)}, {"wsgi.input": BytesIO(content)}
    return client.patch(where, content, content_type=kind, headers=headers, **body)


def test_an_upload_is_taken_up_again_where_it_broke_off(cast: Cast) -> None:
    client, content = browser(cast, "nurse"), photo(1600, 1200)
    assert len(content) > 6000
    made = begin(client, cast.group, len(content))
    assert made.status_code == 201 and made["Tus-Resumable"] == "1.0.0"
    where = made["Location"]
    assert client.head(where)["Upload-Offset"] == "0"
    assert bring(client, where, 0, content[:5000])["Upload-Offset"] == "0"  # no whole piece yet
    assert bring(client, where, 5000, content[5000:]).status_code == 409
    assert bring(client, where, 0, content)["Upload-Offset"] == str(len(content))
    found = client.head(where)
    assert found["Upload-Offset"] == found["Upload-Length"] == str(len(content))
    assert found["Cache-Control"] == "no-store"
    ready = client.post(where.replace("upload", "prepare"))
    assert ready.status_code == 200
    assert Attachment.objects.get().kind == "picture"
    assert bring(client, where, 0, b"x").status_code == 409  # nothing more comes after


class Stalling(BytesIO):
    """A line on which no more comes after this."""

    def readinto1(self, room: Any, /) -> int:
        if size := super().readinto1(room):
            return size
        raise Gone


def test_a_line_too_slow_is_no_refusal_and_no_fault_of_ours(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    client, come = browser(cast, "nurse"), Stalling(bytes(100_000))
    where = begin(client, cast.group, 200_000)["Location"]
    headers, body = {"upload-offset": "0"}, {"wsgi.input": come}
    answer = client.patch(where, b"x", content_type=PIECES, headers=headers, **body)
    assert answer.status_code == 503  # the page goes on with it where it broke off
    assert client.head(where)["Upload-Offset"] == "65536"
    assert not [one for one in caplog.records if one.name == "renkei.error"]


def test_what_no_client_of_ours_sends_is_answered_calmly(cast: Cast) -> None:
    client = browser(cast, "nurse")
    where = begin(client, cast.group, 10)["Location"]
    assert bring(client, where, 0, b"x", "text/plain").status_code == 415
    assert client.patch(where, b"x", content_type=PIECES).status_code == 400
    for size in ("-1", "x", "", "0", "9" * 15, "9" * 40):
        answer = client.post(
            f"/groups/{cast.group}/attachments",
            headers={"upload-length": size, "upload-metadata": "filename ###"},
        )
        assert answer.status_code == 422, size
    assert client.delete(where).status_code == 204
    assert client.head(where).status_code == 404


def test_more_than_was_announced_is_not_taken_in(cast: Cast) -> None:
    client = browser(cast, "nurse")
    where = begin(client, cast.group, 10)["Location"]
    assert bring(client, where, 0, b"x" * 500)["Upload-Offset"] == "10"


def test_no_other_site_brings_anything(cast: Cast) -> None:
    where = begin(browser(cast, "nurse"), cast.group, 10)["Location"]
    strict = browser(cast, "nurse", enforce_csrf_checks=True)
    assert bring(strict, where, 0, b"x" * 10).status_code == 403
    assert strict.delete(where).status_code == 403
    assert begin(strict, cast.group, 10).status_code == 403
    assert browser(cast, "nurse").head(where)["Upload-Offset"] == "0"


def test_a_file_that_is_not_taken_says_why_and_is_gone(cast: Cast) -> None:
    client, content = browser(cast, "nurse"), b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    where = begin(client, cast.group, len(content), "写真.jpg")["Location"]
    bring(client, where, 0, content)
    told = client.post(where.replace("upload", "prepare"))
    assert told.status_code == 422 and "SVG" in told.json()["message"]
    assert not Attachment.objects.exists() and client.head(where).status_code == 404


def test_who_left_goes_on_with_nothing(cast: Cast) -> None:
    client, content = browser(cast, "nurse"), photo()
    where = begin(client, cast.group, len(content))["Location"]
    leave_group(cast["nurse"], cast.group, reason="担当をはずれます")
    for answer in (
        client.head(where), bring(client, where, 0, content),
        client.post(where.replace("upload", "prepare")), client.delete(where),
        begin(client, cast.group, 10),
    ):  # fmt: skip
        assert answer.status_code in (403, 404)


@pytest.mark.clause("A17.1", "A17.2")
def test_the_sheet_to_confirm_is_not_reached_before_everything_is_answered(cast: Cast) -> None:
    client = browser(cast, "nurse")
    where = begin(client, cast.group, len(photo()))["Location"]
    bring(client, where, 0, photo())
    client.post(where.replace("upload", "prepare"))
    one = where.split("/")[2]
    confirm, send = f"/groups/{cast.group}/confirm", f"/groups/{cast.group}/messages"
    form = {"text": "見てください", "attachments": one, "confirmed": "yes"}
    for address in (confirm, send):
        refused = client.post(address, form, content_type="application/json")
        assert refused.status_code == 422 and "写って" in refused.json()["message"]
    tray = client.get(f"/groups/{cast.group}/attachments").json()["html"]
    assert "写っていますか" in tray
    answer = f"/attachments/{one}/answer"
    assert client.get(answer).status_code == 200
    half = client.post(answer, {"shows": "yes", "who": "patient"}, content_type="application/json")
    assert half.status_code == 422
    said = {"shows": "yes", "who": "family", "how": "paper", "at": "2026-11-01T09:30"}
    assert client.post(answer, said, content_type="application/json").status_code == 200
    shown = client.post(confirm, form, content_type="application/json").json()["html"]
    assert "ご家族の同意あり" in shown and f'value="{one}"' in shown
    assert client.post(send, form, content_type="application/json").status_code == 201
    page = browser(cast, "physician").get(f"/groups/{cast.group}").content.decode()
    assert f"/attachments/{one}/thumb/1" in page and "ご家族の同意あり（書面・" in page
    assert "11月1日" in page


@pytest.mark.clause("A17.1", "A17.2")
def test_the_sheet_says_for_how_many_the_answer_is(cast: Cast) -> None:
    client, nurse = browser(cast, "nurse"), cast["nurse"]
    papers = [bring_all(nurse, cast.group, pdf(1), f"紹介状{n}.pdf") for n in range(3)]
    photos = [bring_all(nurse, cast.group, photo()) for _ in range(2)]
    tray = client.get(f"/groups/{cast.group}/attachments").json()["html"]
    for one, word in ((papers[0], "文書3点"), (photos[0], "写真・動画2点")):
        assert word in tray and f"/attachments/{one}/answer?all=yes" in tray
        sheet = client.get(f"/attachments/{one}/answer").json()["html"]
        assert (
            "この内容で記録する</button>" in sheet
            and "点まとめて記録" in sheet
            and "checked" not in sheet
        )
    sheet = client.get(f"/attachments/{papers[0]}/answer?all=yes").json()["html"]
    assert "3点まとめて記録する</button>" in sheet and "紹介状2.pdf" in sheet
    assert all(str(one) not in sheet for one in photos)
    chosen = {f"also:{papers[1]}": "yes", "also:x": "yes"}
    said = {"about": "source", "source": "outside", **chosen}
    wrong = client.post(f"/attachments/{papers[0]}/answer", said, content_type="application/json")
    assert wrong.status_code == 422 and "2点まとめて記録する</button>" in wrong.json()["html"]
    own = said | {"source": "own"}
    done = client.post(f"/attachments/{papers[0]}/answer", own, content_type="application/json")
    assert done.status_code == 200
    assert Attachment.objects.filter(source="own").count() == 2
    tray = client.get(f"/groups/{cast.group}/attachments").json()["html"]
    assert "文書1点" not in tray and tray.count("?all=yes") == 1


def test_the_timeline_says_which_files_there_are_and_nothing_of_them_once_withdrawn(
    cast: Cast,
) -> None:
    made = document(cast["nurse"], cast.group)
    posted = post(cast["nurse"], cast.group, made, text="")
    page = browser(cast, "manager").get(f"/groups/{cast.group}").content.decode()
    assert "報告書.pdf" in page and "3ページ" in page
    from renkei.communication.services import withdraw_communication

    withdraw_communication(cast["nurse"], posted.id, reason="別の方の書類でした")
    page = browser(cast, "manager").get(f"/groups/{cast.group}").content.decode()
    assert "報告書.pdf" not in page and str(made) not in page


def test_what_waits_is_said_when_the_page_is_opened_again(cast: Cast) -> None:
    brought(cast["nurse"], cast.group)
    page = browser(cast, "nurse").get(f"/groups/{cast.group}").content.decode()
    assert 'data-waiting="1"' in page
    assert (
        'data-waiting="0"' in browser(cast, "manager").get(f"/groups/{cast.group}").content.decode()
    )
