"""What waits at one's organization: incidents, erasures, devices, courses, staff."""

from collections.abc import Iterator

from renkei.device.waiting import waiting_for as waiting_for_devices
from renkei.disclosure.to_erase import waiting_for as waiting_for_erasing
from renkei.group.to_do.task import Task
from renkei.incident.desk import waiting_for as waiting_for_incidents
from renkei.incident.overview import unmanaged
from renkei.kernel import clock
from renkei.kernel.clock import from_us
from renkei.kernel.database import rows
from renkei.people.staff import resets_to_note
from renkei.policy.standing import Standing, Who
from renkei.training.waiting import waiting_for as waiting_for_training

_LEAVINGS = """
    SELECT COUNT(*) FROM people_practitionerrole
    WHERE organization_id = %s AND ended_at IS NULL AND until <= %s"""


def incidents(who: Who) -> Iterator[Task]:
    """Incidents to see to (N3.10, N3.11)."""
    count, first, due, call_back = waiting_for_incidents(who)
    if count:
        yield Task("incident", first, until=due, count=count, mine=call_back)


def unmanaged_groups(who: Who) -> Iterator[Task]:
    """Groups that nobody manages any more (N2.2)."""
    left, free = unmanaged(who)
    if left:
        yield Task("unmanaged", count=left)
    for group, name in free:
        yield Task("abandoned", group, what=name)


def erasures(who: Who) -> Iterator[Task]:
    """Erasures to confirm, for the operator; a signed request to file, for who asked (A11.7)."""
    for one in waiting_for_erasing(who):
        yield Task(one.kind, one.first, organization=one.organization, count=one.count)


def devices(who: Who) -> Iterator[Task]:
    """The device in one's hand, the ledger and what was taken out (A8.2, A14.6, A15.9)."""
    for word, count in waiting_for_devices(who):
        until = from_us(who.device_until) if word == "check" else None
        yield Task(word, who.device, until=until, count=count)


def training(who: Who) -> Iterator[Task]:
    """Courses that are missing or end soon, of oneself and of one's staff (A9)."""
    for one in waiting_for_training(who):
        yield Task(one.kind, until=one.until, count=one.count, what=one.title, code=one.code)


def resets(standing: Standing) -> Iterator[Task]:
    """Access of one's organization's people that somebody else made anew (A14.1)."""
    for one in resets_to_note(standing):
        yield Task("reset", one.link, organization=one.by, face=one.who, until=one.at)


def leavings(who: Who) -> Iterator[Task]:
    """One's people whose last day is over, to be let go (N3.7)."""
    if who.administrator and who.organization is not None:
        ((count,),) = rows(_LEAVINGS, [who.organization.hex, clock.to_us(clock.now())])
        if count:
            yield Task("leavings", count=count)
