"""The line that a move leaves in the trail, on the server it leaves and on the one it reaches."""

from collections.abc import Sequence

from renkei.moving.manifest import Tally
from renkei.policy.use_case import Change, use_case
from renkei.region.models import Region


@use_case("installation.move", on="region")
def record_leaving(change: Change, *, region: Region, recipients: Sequence[str]) -> None:
    """Everything is about to be exported, sealed to these recipients (their fingerprints)."""
    change.about("Region", region.id, direction="out", recipients=list(recipients))


@use_case("installation.move", on="region")
def record_arriving(
    change: Change, *, region: Region, sums: str, signed_by: str, tally: Tally
) -> None:
    """Everything has been imported from the export with this digest of all its sums."""
    change.about("Region", region.id, direction="in", sums=sums, signed_by=signed_by, **tally)
