"""Writing down that an edition of the policy has come into force, with what follows from it.

Who may do what changes at the very moment, by the clock (``region.edition``). What was written down
as a date under the edition before - until when a device may be used, until when a session lasts -
follows here, within seconds, done once however many processes look.
"""

from django.db.models import Q

from renkei.device.ledger import write_listings
from renkei.device.models import Device
from renkei.kernel.database import for_update, row
from renkei.people.figures import in_organization
from renkei.people.models import Organization
from renkei.people.sessions import shorten_sessions
from renkei.policy.use_case import Change, use_case
from renkei.region import parameters
from renkei.region.models import Region


@use_case("policy.enter", on="region")
def enter_edition(change: Change) -> bool:
    """Let the edition whose moment has come be the region's; False if none has."""
    due = Region.objects.filter(coming__isnull=False, coming_at__lte=change.now).first()
    change.silent = due is None
    if due is None:
        return False
    row("SELECT 1 FROM region_region WHERE id = %s" + for_update("region_region"), [due.id.hex])
    region = Region.objects.get(pk=due.pk)
    if region.coming is None:  # another process was first
        change.silent = True
        return False
    region.policy_id, region.coming, region.coming_at = region.coming, None, None
    region.save(update_fields=["policy", "coming", "coming_at"])
    for organization in Organization.objects.filter(region=region).select_related("region"):
        follow(change, organization)
    shorten_sessions(parameters.of(region.policy_id), None)
    change.end_standings()
    change.stream = f"region:{region.id.hex}"
    change.about("PolicyVersion", region.policy_id)
    return True


def follow(change: Change, organization: Organization) -> None:
    """Bring the dates of an organization's devices and sessions to what its figures now say."""
    shorten_sessions(in_organization(organization), organization.id)
    listed = Device.objects.filter(Q(organization=organization) & Q(state__in=Device.OPENS))
    for device in listed.select_related("organization__region"):
        write_listings(device, change.now)
