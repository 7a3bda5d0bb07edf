"""What another site, a forged request or a wrong id does at every address there is."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from renkei.audit.models import AuditEvent
from renkei.config.routes import LIVE, PUBLIC, routes
from renkei.kernel.database import row
from renkei.region.services import publish_notice
from renkei.web.begin import REFERRER
from renkei.web.safety_headers import HEADERS
from tests.cast import (
    Cast,
    device_of,
    erasure_of,
    hand_over_of,
    incident_of,
    reuse_of,
    take_out_of,
)
from tests.web.test_routes import SENT, address_of, verdict

pytestmark = pytest.mark.once

WALKED = [one for one in routes() if one["route"] not in (LIVE["route"], "metrics")]
WITH_ID = [one for one in WALKED if "<uuid:" in one["route"]]
# No page says anything else of them; those with a secret in their address say more of the referrer.
OF_EVERY_ANSWER = {header.lower() for header, _ in HEADERS} - {"referrer-policy"}
STRONG = ("manager", "administrator_same", "operator")  # who may do most
# What looking may write: what was shown, and that a session is in use.
LOOKING = {
    "people_session", "people_simultaneoususe", "communication_reading", "communication_viewing",
    "enrollment_noticereading",
}  # fmt: skip


def browser(cast: Cast, name: str, *, csrf: bool = False, **headers: str) -> Client:
    """Somebody signed in; with ``csrf`` the check that tests usually leave out is on."""
    client = Client(
        HTTP_HOST="localhost", enforce_csrf_checks=csrf, raise_request_exception=False,
        headers=headers,
    )  # fmt: skip
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def a_notice(cast: Cast) -> str:
    notice = publish_notice(cast["operator"], None, title="停電", body="点検", acknowledge=True)
    return str(notice.id)


def filled(cast: Cast, name: str, one: dict[str, Any], notice: str) -> str:
    """The address; of an application nobody made, and at a form's first page."""
    route = one["route"].replace("<uuid:application>", str(UUID(int=0)))
    return address_of(cast, name, {**one, "route": route.replace("<str:step>", "1")}, notice)


def everything() -> dict[str, int]:
    """How many rows each table has, but for those that looking writes; asked at once."""
    tables = [
        model._meta.db_table
        for model in apps.get_models()
        if model._meta.managed and model._meta.db_table not in LOOKING | {"audit_auditevent"}
        and not model._meta.db_table.startswith(("auth_", "django_", "kernel_"))
    ]  # fmt: skip
    counts = row("SELECT " + ", ".join(f"(SELECT COUNT(*) FROM {one})" for one in tables), [])
    assert counts is not None
    return dict(zip(tables, counts, strict=True))


# ── Another site ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("N3.9")
@pytest.mark.parametrize("one", WALKED, ids=lambda one: str(one["name"]))
def test_no_other_site_sends_anything_in_ones_name(cast: Cast, one: dict[str, Any]) -> None:
    """Not without the token of our own page; not with it, but from elsewhere."""
    notice = a_notice(cast)
    token = "a" * 32
    for name in STRONG:
        address = filled(cast, name, one, notice)
        before = everything(), AuditEvent.objects.exclude(outcome="refused").count()
        bare = browser(cast, name, csrf=True)
        foreign = browser(cast, name, csrf=True, origin="https://elsewhere.example")
        foreign.cookies[settings.CSRF_COOKIE_NAME] = token
        wrong = browser(cast, name, csrf=True)
        wrong.cookies[settings.CSRF_COOKIE_NAME] = token
        for client, sent in (
            (bare, SENT),
            (foreign, SENT | {"csrfmiddlewaretoken": token}),
            (wrong, SENT | {"csrfmiddlewaretoken": "b" * 32}),
        ):
            assert client.post(address, sent).status_code == 403, (name, address)
            as_text = client.post(address, '{"text": "x"}', content_type="text/plain")
            assert as_text.status_code == 403, (name, address)
        assert (everything(), AuditEvent.objects.exclude(outcome="refused").count()) == before


@pytest.mark.clause("N3.9")
@pytest.mark.parametrize("one", WALKED, ids=lambda one: str(one["name"]))
def test_looking_changes_nothing_and_no_page_is_framed_or_kept(
    cast: Cast, one: dict[str, Any]
) -> None:
    """Another site can make a browser open any of our pages, with the cookie, but not more."""
    notice = a_notice(cast)
    for name in STRONG:
        address = filled(cast, name, one, notice)
        before = everything()
        answer = browser(cast, name).get(address, SENT)
        assert everything() == before, (name, address)
        assert not OF_EVERY_ANSWER & {header.lower() for header in answer.headers}, address
        assert answer.headers.get("Referrer-Policy", REFERRER) == REFERRER, address
        kept = answer["Cache-Control"]
        asked_again = "private" in kept and "must-revalidate" in kept
        assert "no-store" in kept or asked_again or one["permission"] == PUBLIC, address
        assert "Access-Control-Allow-Origin" not in answer


# ── Ids of something else ────────────────────────────────────────────────────────────────────────


def ids(cast: Cast) -> dict[str, UUID]:
    """One of each kind of thing."""
    return {
        "group": cast.group,
        "patient": cast.patient,
        "message": cast.message,
        "member": cast.members["nurse"],
        "invitation": cast.invitations["invited"],
        "account": cast.account("nurse"),
        "role": cast.role("nurse"),
        "organization": cast.organizations["station"],
        "device": device_of(cast),
        "incident": incident_of(cast),
        "take_out": take_out_of(cast),
        "reuse": reuse_of(cast),
        "hand_over": hand_over_of(cast),
        "disaster": cast.disaster,
        "erasure": erasure_of(cast),
        "nothing": UUID(int=0),
    }


@pytest.mark.clause("N3.9")
@pytest.mark.parametrize("one", WITH_ID, ids=lambda one: str(one["name"]))
def test_the_id_of_one_thing_opens_no_other(cast: Cast, one: dict[str, Any]) -> None:
    """A member's id where an invitation's belongs, a patient's where a group's does."""
    found = re.search(r"<uuid:(\w+)>", one["route"])
    assert found
    things = ids(cast)
    before = everything()
    for kind, given in things.items():
        if kind == found[1]:
            continue
        address = "/" + re.sub(r"<uuid:\w+>", str(given), one["route"].replace("<str:step>", "1"))
        for name in STRONG:
            client = browser(cast, name)
            for answer in (client.get(address), client.post(address, SENT)):
                assert nothing_there(answer), (name, kind, answer.status_code)
    assert everything() == before


def nothing_there(answer: HttpResponse) -> bool:
    return answer.status_code in (403, 404, 405, 422) or verdict(answer) == "out"


# ── Words that are none ──────────────────────────────────────────────────────────────────────────

GARBAGE = {
    "\x00": "\x00", "text": "\x00\ud800".encode("utf-16", "surrogatepass").decode("latin-1"),
    "kind": "../../etc/passwd", "device": "not-an-id", "session": "x" * 10_000,
    "next": "//elsewhere.example", "token": "a.b.c", "code": "１" * 40, "role": "',--",
    "organization": "{{7*7}}", "first": "-1", "last": "9" * 400, "key": "0", "number": "\u202e",
    "until": "9999-99-99", "seq": "NaN", "choice": "<script>",
}  # fmt: skip


@pytest.mark.parametrize("one", WALKED, ids=lambda one: str(one["name"]))
def test_nothing_that_is_sent_is_a_fault_of_ours(cast: Cast, one: dict[str, Any]) -> None:
    notice = a_notice(cast)
    for name in STRONG:
        address = filled(cast, name, one, notice)
        client = browser(cast, name)
        json = "application/json"
        answers = [
            client.get(address, GARBAGE),
            client.post(address, GARBAGE),
            client.post(address, b'{"a": [[[', content_type=json),
            client.post(address, b"--x\r\n\r\n", content_type="multipart/form-data; boundary=x"),
            client.generic("POST", address, b"\xff\x00", content_type="text/plain; charset=utf-99"),
            client.put(address), client.delete(address), client.options(address),
        ]  # fmt: skip
        for answer in answers:
            assert answer.status_code < 500, (name, address, answer.content[:300])
            assert "elsewhere.example" not in answer.headers.get("Location", "")


# ── Names of this server ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "localhost.elsewhere.example", "localhost@elsewhere.example",
             "169.254.169.254", "", "localhost:80:80", "[::1]x"],
)  # fmt: skip
def test_another_name_of_this_server_is_none(
    db: None, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = Client(HTTP_HOST=host, raise_request_exception=False).get("/sign-in")
    assert answer.status_code == 400
    assert not [line for line in caplog.records if line.levelname == "ERROR"]


@pytest.mark.parametrize("header", ["x-forwarded-host", "x-host", "forwarded", "x-original-url"])
def test_no_header_gives_links_another_name(cast: Cast, header: str) -> None:
    client = browser(cast, "manager", **{header: "elsewhere.example"})
    for address in ("/", "/sign-in", "/home", "/device"):
        answer = client.get(address)
        assert "elsewhere.example" not in answer.content.decode()
        assert "elsewhere.example" not in str(answer.headers)
