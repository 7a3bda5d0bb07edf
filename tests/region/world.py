"""What the tests of the region's rules share: a second person of the operator, a draft, a day."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from renkei.enrollment.services import confirm_policy
from renkei.kernel import clock
from renkei.kernel.clock import begins
from renkei.people.models import Account
from renkei.people.services import appoint_operator
from renkei.policy.standing import Actor
from renkei.region.editions import enact, keep_draft, see_draft
from renkei.region.models import PolicyDraft, PolicyVersion, Region
from tests.cast import LOADER, Cast, loading, make_account, person


def second_operator(cast: Cast, email: str = "second@example.org") -> Actor:
    """Another person of the operator, signed in, who has confirmed the policy."""
    with loading():
        account = make_account(cast.region, email, "石井 護", "いしい まもる")
        appoint_operator(LOADER, None, account=account)
    Account.objects.filter(pk=account.pk).update(password_changed_at=clock.now())
    actor = person("second", Account.objects.get(pk=account.pk)).actor
    edition = Region.objects.get(pk=cast.region).edition
    assert edition is not None
    confirm_policy(actor, None, policy=edition)
    return actor


def write(cast: Cast, day: date | None, by: Actor | None = None, **changed: Any) -> PolicyDraft:
    """Keep a draft with these figures; ``source`` for another text."""
    actor = by or cast["operator"]
    found = see_draft(actor, None)
    keep_draft(
        actor,
        None,
        source=changed.pop("source", found.source),
        figures=found.figures | changed,
        effective_on=day,
        revision=found.revision,
        given_up=changed.pop("given_up", ()),
    )
    return PolicyDraft.objects.get(region=cast.region)


def decide(cast: Cast, day: date, **changed: Any) -> PolicyVersion:
    """An edition, written and confirmed by the operator's only person."""
    draft = write(cast, day, **changed)
    return PolicyVersion.objects.get(pk=enact(cast["operator"], draft.id, revision=draft.revision))


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """The clock set to a moment, for the length of the block."""
    with clock.shifted(moment - clock.now()):
        yield


def midnight(day: date) -> datetime:
    """The beginning of a day in Japan."""
    return begins(day)


def tomorrow() -> date:
    """The day after today, in Japan."""
    return clock.today() + timedelta(days=1)
