"""The counts of the process: seen by the host alone, and saying nothing about anybody."""

import re
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client

from renkei.communication.services import send_communication
from renkei.kernel import metrics
from renkei.kernel.errors import Refused, Tampered
from tests.backup import runs
from tests.cast import Cast
from tests.web.test_patient import client

TOKEN = "0123456789abcdef" * 4


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    monkeypatch.setattr(settings, "METRICS_TOKEN", str(file))
    return TOKEN


def seen(text: str, name: str) -> float:
    """The sum of a metric over all its labels."""
    found = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
    return sum(map(float, found))


def told(**given: object) -> str:
    answer = Client().get("/metrics", headers={"host": "localhost:8000"})
    assert answer.status_code == 200
    return answer.content.decode()


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────


def test_this_machine_may_ask_an_installation_nobody_else_uses(cast: Cast) -> None:
    assert "renkei_request_seconds" in told()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": "127.0.0.1, 127.0.0.1"},
        {"X-Forwarded-For": ""},
        {"X-Forwarded-Proto": "http"},
        {"X-Forwarded-Host": "localhost"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Client-IP": "127.0.0.1"},
        {"Host": "renkei.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "127.0.0.1.evil.example:8000"},
        {"Host": ""},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}"},  # nobody has set a token
    ],
    ids=lambda headers: "".join(f"{name}={value}" for name, value in headers.items())[:40],
)
def test_whatever_may_have_come_through_a_proxy_sees_nothing(
    cast: Cast, headers: dict[str, str]
) -> None:
    origin = {"host": "renkei.example"} if "Authorization" in headers else {"host": "localhost"}
    lower = {name.lower(): value for name, value in headers.items()}
    assert Client().get("/metrics", headers=origin | lower).status_code == 404


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "2001:db8::1", "", "localhost"])
def test_another_machine_sees_nothing(cast: Cast, address: str) -> None:
    answer = Client().get("/metrics", headers={"host": "localhost"}, REMOTE_ADDR=address)
    assert answer.status_code == 404


def test_once_it_is_open_to_others_even_this_machine_needs_the_token(
    cast: Cast, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ORIGIN", "https://renkei.example")
    assert Client().get("/metrics", headers={"host": "localhost"}).status_code == 404
    for given, status in [
        (f"Bearer {token}", 200),
        (f"bearer  {token} ", 200),
        (f"Basic {token}", 404),
        (token, 404),
        (f"Bearer {token[:-1]}", 404),
        (f"Bearer {token}x", 404),
        ("Bearer", 404),
        ("Bearer é", 404),
    ]:
        answer = Client().get("/metrics", headers={"authorization": given})
        assert answer.status_code == status, given


def test_a_token_that_is_short_or_gone_opens_nothing(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ORIGIN", "https://renkei.example")
    file = tmp_path / "token"
    monkeypatch.setattr(settings, "METRICS_TOKEN", str(file))
    for content in (None, "", "short"):
        if content is not None:
            file.write_text(content)
        answer = Client().get("/metrics", headers={"authorization": f"Bearer {content or ''}"})
        assert answer.status_code == 404


def test_signed_in_or_not_nobody_of_the_cast_sees_them(cast: Cast, token: str) -> None:
    for name in ("nurse", "operator", "admin"):
        if name in cast.people:
            assert (
                client(cast, name)
                .get("/metrics", headers={"x-forwarded-for": "192.0.2.1"})
                .status_code
                == 404
            )


# ── What they say ────────────────────────────────────────────────────────────────────────────────


def test_labels_hold_routes_methods_and_fixed_words_only(cast: Cast) -> None:
    browser = client(cast, "nurse")
    browser.get(f"/groups/{cast.group}")
    browser.get(f"/groups/{cast.group}?q=髙橋")
    browser.get("/nothing/here/髙橋")
    browser.generic("INVENTED", "/home")
    text = told()
    labels = set(re.findall(r'(\w+)="([^"]*)"', text))
    for name, value in labels:
        assert str(cast.group) not in value
        assert "髙橋" not in value and "INVENTED" not in value, (name, value)
    assert ("route", "groups/<uuid:group>") in labels
    assert {value for name, value in labels if name == "method"} <= {*metrics.METHODS, "other"}
    assert {value for name, value in labels if name == "status"} <= {f"{n}xx" for n in range(1, 6)}


def test_what_happens_is_counted(committed: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = committed
    before = told()
    from renkei.kernel.entity import uuid7

    key = uuid7()
    for _ in range(2):  # the second is the same again, which posts nothing
        send_communication(
            cast["nurse"], cast.group, text="熱は下がりました", key=key, confirmed=True
        )
    with pytest.raises(Refused):
        from renkei.group.services import close_group

        close_group(cast["nurse"], cast.group, reason="終わり")
    Tampered("a record")
    Client().post("/sign-in", {"login": "nobody@example.jp", "password": "wrong"})
    runs.ran("content")

    def fail(*_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("renkei.web.home.see_home", fail)
    client(cast, "nurse").get("/home")
    after = told()

    def grown(name: str, labels: str = "") -> float:
        return _one(after, name, labels) - _one(before, name, labels)

    sent = '{outcome="done",permission="communication.send"}'
    assert grown("renkei_use_cases_total", sent) == 1
    assert grown("renkei_use_cases_total", '{outcome="refused",permission="group.close"}') == 1
    assert grown("renkei_tampered_total") == 1
    assert grown("renkei_sign_ins_total", '{outcome="failed"}') == 1
    assert grown("renkei_database_errors_total", '{kind="OperationalError"}') == 1
    assert grown("renkei_audit_lines") > 2
    assert seen(after, "renkei_writer_wait_seconds_count") >= 0
    assert 0 <= _one(after, "renkei_backup_age_seconds", '{kind="content"}') < 60
    assert _one(after, "process_open_fds") > 3


def _one(text: str, name: str, labels: str = "") -> float:
    """One metric; labels in either order."""
    wanted = set(labels.strip("{}").split(",")) - {""}
    for line in text.splitlines():
        found = re.fullmatch(rf"{re.escape(name)}(?:{{([^}}]*)}})? (\S+)", line)
        if found and set((found[1] or "").split(",")) - {""} == wanted:
            return float(found[2])
    return 0.0


def test_the_database_away_leaves_the_rest(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise OperationalError("gone")

    monkeypatch.setattr("renkei.web.metrics.trail.length", fail)
    assert "renkei_request_seconds" in told()


def test_counting_a_request_costs_less_than_ten_microseconds() -> None:
    count, best = 5000, 1.0
    for _ in range(5):
        began = time.thread_time()
        for _ in range(count):
            metrics.answered("groups/<uuid:group>", "GET", 200, 0.004)
        best = min(best, (time.thread_time() - began) / count)
    print(f"{best * 1e6:.2f} µs for each request counted")
    assert best < 10e-6
