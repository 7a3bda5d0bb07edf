"""What one person's browser or address can do to the notifications of the others: nothing."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.conf import LazySettings

from renkei.incident import notices
from renkei.incident.models import Incident
from renkei.notification import endpoints
from renkei.notification.devices import usable
from renkei.notification.kinds import Kind
from renkei.notification.models import Preference, Waiting
from renkei.notification.sending import NO_ADDRESS, send_due
from renkei.notification.telling import tell
from renkei.people.access import Identified, give_access
from renkei.people.models import Account
from tests.cast import Cast
from tests.notification.world import PushService, turn_on


@contextmanager
def dripping(every: float) -> Iterator[str]:
    """A push service that answers one letter after another, and never ends."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):
                line, _ = server.accept()
                with line:
                    line.recv(65_536)
                    line.sendall(b"HTTP/1.1 201 Created\r\nX: ")
                    while not over.wait(every):
                        line.sendall(b"x")

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x"
        over.set()


def test_an_answer_nobody_expects_holds_no_other_message_up(
    awake: Cast, outbox: Path, service: PushService
) -> None:
    turn_on(awake, "nurse", service)
    service.answers = [(429, {"Retry-After": "9" * 5_000})]
    tell([awake.account("nurse"), awake.account("manager")], Kind.TEST)
    send_due()
    assert list(Waiting.objects.values_list("account", "attempts")) == [(awake.account("nurse"), 1)]
    assert len(list(outbox.glob("*"))) == 2


@pytest.mark.once
def test_a_service_that_speaks_slowly_is_cut_off(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUSH_LOOPBACK = True
    monkeypatch.setattr(endpoints, "ALTOGETHER", 0.3)
    with dripping(0.05) as address:
        began = time.monotonic()
        with endpoints.connected(endpoints.checked(address)) as link:
            link.request("POST", "/x", body=b"")
            link.getresponse()  # of which the end never comes
    assert time.monotonic() - began < 3


def test_an_address_of_which_no_mail_can_be_made_holds_no_other_up(
    awake: Cast, outbox: Path
) -> None:
    first, second = sorted([awake.account("nurse"), awake.account("manager")])
    Account.objects.filter(pk=first).update(email=f"a@{'é' * 60}.com")
    tell([first, second], Kind.TEST)
    send_due()
    assert not Waiting.objects.exists()
    assert len(list(outbox.glob("*"))) == 1
    assert Preference.objects.get(account=first).returned_at is not None
    assert NO_ADDRESS.startswith("5.")  # for good: it is not tried again


@pytest.mark.once
@pytest.mark.parametrize("address", ["::127.0.0.1", "::ffff:0:127.0.0.1", "fec0::1", "240.0.0.1"])
def test_what_only_looks_like_the_internet_is_not_asked(address: str) -> None:
    assert not endpoints.is_public(address)


def test_who_gets_in_anew_is_told_only_where_they_turn_it_on_anew(
    cast: Cast, service: PushService
) -> None:
    turn_on(cast, "nurse", service)
    assert usable(cast.account("nurse")).exists()
    give_access(
        cast["administrator_other"],
        cast.role("nurse"),
        purpose="reset",
        way="paper",
        word="ひみつのことば",
        identified=Identified("in_person", one_person=True),
    )
    assert not usable(cast.account("nurse")).exists()


@pytest.mark.clause("N3.11")
def test_an_operator_is_not_told_of_what_accuses_them(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(notices, "tell", lambda region, addresses, *_: told.extend(addresses))
    accused = Account.objects.get(pk=cast.account("operator"))
    report = Incident(
        region=accused.region,
        kind=Incident.Kind.MISUSE,
        severity=Incident.Severity.GRAVE,
        account=accused,
    )
    notices.tell_of(report)
    assert accused.email not in told
    report.kind = Incident.Kind.LEAK
    notices.tell_of(report)
    assert accused.email in told
