"""Reviews that are late: groups for the administrator, numbers for the operator (N1.2)."""

from dataclasses import dataclass

from renkei.kernel import vault
from renkei.patient.identity import open_identity
from renkei.patient.models import Identity
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.review import due
from renkei.review.due import Due, Late


@dataclass(frozen=True, slots=True)
class Line:
    """A group of one's organization, and when it is to be reviewed."""

    due: Due
    identity: Identity


@dataclass(frozen=True, slots=True)
class Overview:
    """The groups that an organization manages, the longest due first; and its own people."""

    groups: list[Line]
    accounts: Due | None

    @property
    def late(self) -> list[Line]:
        """Those whose day is over."""
        return [one for one in self.groups if one.due.late]

    @property
    def in_time(self) -> list[Line]:
        """The others."""
        return [one for one in self.groups if not one.due.late]


@disclosure("reviews.see", on="organization")
def see_late(standing: Standing) -> Overview:
    """The groups of one's own organization with their patients' names."""
    place = standing.what.target_organization
    assert place is not None
    found = due.of_organization(place)
    vault.warm(one.key for one in found)
    return Overview(
        [Line(one, _identity(one)) for one in found],
        due.of_accounts(place),
    )


def _identity(one: Due) -> Identity:
    assert one.patient is not None and one.key is not None
    return open_identity(one.patient, one.key, one.sealed)


@disclosure("reviews.count", on="region")
def see_counts(standing: Standing) -> list[Late]:
    """How many are late with each organization; neither whose they are nor about whom."""
    assert standing.who.region is not None
    return due.late_in(standing.who.region)
