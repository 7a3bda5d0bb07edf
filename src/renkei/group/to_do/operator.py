"""What the operator sees to: copies, the network group, listings, administrators."""

from collections.abc import Iterator

from renkei.backup.disclosures import concern
from renkei.group.models import Group
from renkei.group.to_do.task import Task
from renkei.kernel.database import rows
from renkei.people.changes import changes_to_note
from renkei.policy.rules import may
from renkei.policy.standing import Standing

_LISTINGS = """
    SELECT COUNT(*) FROM group_group
    WHERE region_id = %s AND listing = 'asked' AND closed_at IS NULL"""


def copies(standing: Standing) -> Iterator[Task]:
    """Copies of the installation that are missing, old or broken, for the operator (A2)."""
    if may(standing, "backup.see") and (line := concern(standing)):
        yield Task("backup", what=f"{line.kind}_{line.state}")


def network_group(standing: Standing) -> Iterator[Task]:
    """The region's network group, where the operator has none yet (A18)."""
    if (
        may(standing, "network.open")
        and not Group.objects.filter(region=standing.who.region, kind=Group.Kind.NETWORK).exists()
    ):
        yield Task("network")


def listings(standing: Standing) -> Iterator[Task]:
    """Free groups that ask to be named on the public page, for the operator (A19.2)."""
    if may(standing, "listing.see") and standing.who.region is not None:
        ((count,),) = rows(_LISTINGS, [standing.who.region.hex])
        if count:
            yield Task("listings", count=count)


def administrators(standing: Standing) -> Iterator[Task]:
    """Changes of organizations' administrators to take note of (A7)."""
    if standing.who.operator and (told := changes_to_note(standing)):
        yield Task("administrators", count=len(told), organization=told[0].who.organization)
