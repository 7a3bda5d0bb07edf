"""Taking a region over from paper: a whole region folder in one transaction, all or nothing.

Everything goes through the use cases that the screens use, under the rule ``region.load``. Each
audit line says from which file and line its fact was taken over, with the hash of that record.
Nobody approved or accepted anything here, and nothing says that anybody did.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, TypeVar
from uuid import UUID

from renkei.communication.services import take_over_communication
from renkei.group.models import Group, Member
from renkei.group.services import take_over_group
from renkei.kernel import vault
from renkei.kernel.errors import Problem
from renkei.patient.models import Basics, Consent, Identity, Relative, Signature
from renkei.patient.services import (
    ConsentForm,
    change_basics,
    record_consent,
    register_patient,
)
from renkei.people.models import Account, Organization, PractitionerRole, Profile
from renkei.people.services import (
    add_staff,
    appoint_operator,
    register_account,
    register_organization,
)
from renkei.policy.standing import Actor
from renkei.policy.use_case import Batch, batch
from renkei.region.folder import (
    FILES,
    MessageLine,
    OperatorStaffLine,
    OrganizationLine,
    PatientLine,
    RegionFolder,
    RegionLine,
    StaffLine,
    TeamLine,
)
from renkei.region.models import Region
from renkei.region.services import open_region
from renkei.region.wording import policy_text

LOADER = Actor(system="loader")
REGION, ORGANIZATIONS, STAFF, PATIENTS, TEAMS, MESSAGES = FILES

Progress = Callable[[str, int, int], None]  # what, how many are done, of how many


class NotEmpty(Exception):
    """There is a region here already; a folder is only loaded into an empty one."""


class NotTaken(Exception):
    """A record was not accepted, though its folder had no fault; nothing was loaded."""

    def __init__(self, file: str, line: int, problem: Problem) -> None:
        super().__init__(f"{file}:{line}: {problem.message}")
        self.file = file
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was taken over."""

    region: Region
    organizations: int
    people: int
    patients: int
    groups: int
    messages: int


class Line(Protocol):
    """Any record of a region folder."""

    @property
    def line(self) -> int: ...

    @property
    def raw_sha256(self) -> str: ...


L = TypeVar("L", bound=Line)


def load_region(folder: RegionFolder, *, demo: bool, progress: Progress) -> Loaded:
    """Take the whole folder over, or nothing of it.

    The keys are durable before the content that is sealed with them. If the commit that follows
    fails, they stay behind in the key store; they open nothing, and loading again makes new ones.

    Args:
        folder: without faults.
        demo: the people are invented, and most of them have something left to read.

    Raises:
        NotEmpty: there is a region here already.
        NotTaken: a use case did not accept a record.
    """
    assert folder.region is not None and not folder.faults
    with batch(LOADER, "region.load") as running, vault.making_keys():
        if Region.objects.exists():
            raise NotEmpty
        loading = _Loading(folder, folder.region, running, progress)
        loading.organizations_and_people(demo)
        loading.patients_and_groups()
        loading.messages()
        loading.mark_read(_left_in_demo if demo else _nothing_left)
        return loading.loaded()


def _nothing_left(email: str, patient: str) -> int:
    """What a team had on paper, it knows."""
    return 0


def _left_in_demo(email: str, patient: str) -> int:
    """How many messages an invented person has not read; the same on every load."""
    some = (0, 0, 1, 2, 3, 5, 8)
    return some[sha256(f"{patient} {email}".encode()).digest()[0] % len(some)]


class _Loading:
    """One load while it runs: what was made so far, by the names the folder gives it."""

    def __init__(
        self, folder: RegionFolder, region: RegionLine, running: Batch, progress: Progress
    ) -> None:
        self.folder = folder
        self.running = running
        self.progress = progress
        self.staff = {(one.email, one.organization_code): one for one in folder.staff}
        self.teams: dict[str, list[TeamLine]] = defaultdict(list)
        for place in folder.teams:
            self.teams[place.patient_code].append(place)
        self.organizations: dict[str, Organization] = {}
        self.accounts: dict[str, Account] = {}
        self.roles: dict[tuple[str, str], PractitionerRole] = {}
        self.groups: dict[str, UUID] = {}
        self.seats: dict[tuple[str, str], PractitionerRole] = {}  # by patient code and e-mail
        self.said: dict[tuple[str, str], int] = {}  # the last number each said, likewise
        self.last: dict[str, int] = {}  # the last number of each group
        self._from(REGION, [region])
        with self._naming(REGION, region):
            self.region = self._open(region)

    # ── Where a fact comes from ──────────────────────────────────────────────────────────────────

    def _from(self, file: str, records: Sequence[Line]) -> None:
        """Let the audit lines that follow name these records as their source."""
        first, *further = records
        source = {"file": file, "line": first.line, "sha256": first.raw_sha256}
        if further:
            source["further"] = [
                {"line": record.line, "sha256": record.raw_sha256} for record in further
            ]
        self.running.source = source
