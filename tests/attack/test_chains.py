"""Chains and counters that somebody could make grow or run over."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from renkei.audit.models import AuditEvent
from renkei.group.admission import accept_invitation, approve_invitation
from renkei.kernel.errors import Problem
from tests.cast import Cast


def test_who_is_not_a_member_does_not_make_a_groups_chain_grow_by_failing(cast: Cast) -> None:
    invitation = cast.invitations["invited"]
    accept_invitation(cast["invited"], invitation)
    before = AuditEvent.objects.filter(stream=f"group:{cast.group.hex}").count()
    for _ in range(20):
        with pytest.raises(Problem):
            accept_invitation(cast["invited"], invitation)
    assert AuditEvent.objects.filter(stream=f"group:{cast.group.hex}").count() <= before + 1


def test_a_failure_a_minute_later_is_on_record_again(
    cast: Cast, travel: Callable[[timedelta], None]
) -> None:
    invitation = cast.invitations["self_inviting"]
    accept_invitation(cast["self_inviting"], invitation)
    for _ in range(2):
        with pytest.raises(Problem):
            accept_invitation(cast["self_inviting"], invitation)
        travel(timedelta(minutes=2))
    failed = AuditEvent.objects.filter(outcome="failed", action="invitation.accept")
    assert failed.count() == 2


def test_failing_at_one_thing_does_not_hide_failing_at_another(cast: Cast) -> None:
    for name in ("invited", "sole"):
        invitation = cast.invitations[name]
        accept_invitation(cast[name], invitation)
        with pytest.raises(Problem):
            accept_invitation(cast[name], invitation)
    approve_invitation(cast["administrator_other"], cast.invitations["invited"])
    failed = AuditEvent.objects.filter(outcome="failed", action="invitation.accept")
    assert failed.count() == 2


def test_many_guesses_at_other_names_do_not_push_out_the_count_of_one() -> None:
    cache.set("count-of-one", 5, 900)
    for number in range(2_000):
        cache.set(f"another-{number}", 1, 900)
    assert cache.get("count-of-one") == 5


@pytest.mark.parametrize("named", ["unknown", "10.0.0.1:4711", "'; DROP TABLE", "\u00ff"])
def test_a_proxy_that_names_nobody_is_no_fault(cast: Cast, named: str) -> None:
    browser = Client(HTTP_HOST="localhost", REMOTE_ADDR=named, raise_request_exception=False)
    answer = browser.post("/sign-in", {"login": "x@example.org", "password": "wrong-2026"})
    assert answer.status_code < 500


def test_a_forwarded_address_does_not_reset_the_count(cast: Cast) -> None:
    """allauth counts by the address the server knows, not by one a request claims."""
    answers = [
        Client(HTTP_HOST="localhost", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}").post(
            "/sign-in", {"login": cast.people["nurse"].email, "password": f"wrong-{number}-2026"}
        )
        for number in range(7)
    ]
    assert "分" in answers[-1].content.decode()
    right = Client(HTTP_HOST="localhost", HTTP_X_FORWARDED_FOR="10.9.9.9").post(
        "/sign-in", {"login": cast.people["nurse"].email, "password": "kaede-yama-2026"}
    )
    assert settings.SESSION_COOKIE_NAME not in right.cookies


def test_a_failed_sign_in_does_as_much_whether_or_not_anybody_has_the_address(cast: Cast) -> None:
    """A line is written for either: that one of them took longer would tell which exists."""
    for email in (cast.people["nurse"].email, "somebody@example.org", "another@example.org"):
        before = AuditEvent.objects.count()
        for _ in range(2):
            form = {"login": email, "password": "wrong-2026"}
            Client(HTTP_HOST="localhost").post("/sign-in", form)
        assert AuditEvent.objects.count() == before + 1
