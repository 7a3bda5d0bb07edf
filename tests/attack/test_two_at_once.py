"""Two requests at once where one of them has to lose, about people and their devices."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value

from renkei.device import asking, enrolling, services
from renkei.device.browser import Guess
from renkei.device.models import Device, DeviceKey
from renkei.kernel.errors import Problem, Refused
from renkei.people import factors
from renkei.people.access import Identified, give_access
from renkei.people.models import Account, PractitionerRole, Session
from renkei.policy.use_case import GateClosed
from tests.cast import Cast, device_of

AtOnce = Callable[..., list[Any]]
SAME = 6  # requests at once


@pytest.mark.clause("A14.3")
def test_of_many_who_come_with_one_code_of_an_app_one_gets_in(
    committed: Cast, at_once: AtOnce
) -> None:
    account = Account.objects.get(pk=committed.account("nurse"))
    secret = generate_totp_secret()
    TOTP.activate(account, secret)
    code = format_hotp_value(hotp_value(secret, int(time.time()) // factors.STEP_SECONDS))

    def come() -> bool:
        mine = Authenticator.objects.get(user_id=account.pk, type="totp")
        return factors.spend_code(mine, code)

    assert sorted(at_once(*[come] * SAME)) == [False] * (SAME - 1) + [True]


@pytest.mark.clause("A14.3")
def test_of_many_who_come_with_one_recovery_code_one_gets_in(
    committed: Cast, at_once: AtOnce
) -> None:
    account = Account.objects.get(pk=committed.account("nurse"))
    code = RecoveryCodes.activate(account).generate_codes()[0]

    def come() -> bool:
        mine = Authenticator.objects.get(user_id=account.pk, type="recovery_codes")
        return bool(mine.wrap().validate_code(code))

    assert sorted(at_once(*[come] * SAME)) == [False] * (SAME - 1) + [True]


@pytest.mark.clause("A8.2")
def test_one_code_for_a_second_browser_gives_one_key(committed: Cast, at_once: AtOnce) -> None:
    device = device_of(committed, "clinic")
    code = enrolling.make_code(committed["nurse"], device)
    before = DeviceKey.objects.count()
    seen = Guess("tablet", browser="App")
    found = at_once(
        *[lambda: enrolling.use_code(committed["nurse"], None, code=code, seen=seen)] * 3
    )
    assert len([one for one in found if isinstance(one, str) and one]) == 1, found
    assert DeviceKey.objects.count() == before + 1


@pytest.mark.clause("A15.10")
def test_a_device_approved_and_refused_at_once_is_one_or_the_other(
    committed: Cast, at_once: AtOnce
) -> None:
    asked = asking.Application(
        organization=committed.organizations["clinic"], ownership="organization"
    )
    Session.objects.filter(pk=committed["nurse"].session).update(device_id=None)
    asking.ask_for_device(
        committed["nurse"], None, asked=asked,
        confirmed={"A15.1": True, "A15.2": True, "A15.3": True, "A15.4": True},
        seen=Guess("phone", browser="App"),
    )  # fmt: skip
    device = Device.objects.get(state="pending")
    by = committed["administrator_other"]
    found = at_once(
        lambda: asking.approve(by, device.id),
        lambda: asking.refuse(by, device.id, reason="台数がある"),
    )
    device.refresh_from_db()
    failed = [one for one in found if isinstance(one, Exception)]
    if device.state == "retired":  # refused, perhaps after it was approved: then it is not
        assert len(failed) <= 1
        assert not device.listings.filter(usable_until__gt=device.state_changed_at).exists()
    else:
        assert [type(one) for one in failed] == [Problem]
        assert device.state == "in_use"


@pytest.mark.clause("A15.6")
def test_a_link_taken_while_the_device_is_reported_lost_opens_nothing(
    committed: Cast, at_once: AtOnce
) -> None:
    device, token = services.add_device(
        committed["administrator_other"], committed.organizations["clinic"],
        facts=services.Facts(number="T-88"), note={},
    )  # fmt: skip
    confirmed = {"A15.1": True, "A15.2": True, "A15.3": True, "A15.4": True}
    at_once(
        lambda: enrolling.enroll(
            committed["nurse"], None, token=token, confirmed=confirmed, seen=Guess("tablet")
        ),
        lambda: services.lose(committed["administrator_other"], device.id),
    )
    assert not DeviceKey.objects.filter(device=device, ended_at=None).exists()
    device.refresh_from_db()
    assert device.state == "lost"
    assert not device.listings.filter(usable_until__gt=device.state_changed_at).exists()


def test_administrators_who_reset_each_other_at_once_leave_one_who_can_sign_in(
    committed: Cast, at_once: AtOnce
) -> None:
    """Nobody resets an administrator but the operator: neither of them gets that far."""
    PractitionerRole.objects.filter(pk=committed.role("nurse")).update(administrator=True)
    seen = Identified("in_person", one_person=True)

    def reset(by: str, whom: str) -> None:
        give_access(
            committed[by], committed.role(whom), purpose="reset", way="paper",
            word="さくらもち七", identified=seen,
        )  # fmt: skip

    found = at_once(
        lambda: reset("nurse", "administrator_other"),
        lambda: reset("administrator_other", "nurse"),
    )
    assert [type(one) for one in found] == [GateClosed, Refused]  # the new one has no second step
