"""A second person of the operator, and unlisted devices."""

import pytest

from renkei.kernel import clock
from renkei.people.models import Account
from renkei.people.services import appoint_operator
from renkei.policy.standing import Actor
from tests.cast import LOADER, Cast, loading, make_account, person


@pytest.fixture
def other(cast: Cast) -> Actor:
    """Somebody else who works for the operator."""
    with loading():
        account = make_account(cast.region, "second@example.org", "第二 さん", "さん")
        appoint_operator(LOADER, None, account=account)
    Account.objects.filter(pk=account.pk).update(
        acknowledged=cast.policy, password_changed_at=clock.now()
    )
    account.refresh_from_db()
    return person("second", account).actor
