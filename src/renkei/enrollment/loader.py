"""Taking a region over from paper: a whole region folder in one transaction, all or nothing.

Everything goes through the use cases that the screens use, under the rule ``region.load``. Each
audit line says from which file and line its fact was taken over, with the hash of that record.
Nobody approved or accepted anything here, and nothing says that anybody did.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Protocol, TypeVar
from uuid import UUID

from renkei.communication.from_paper import take_over_communication
from renkei.communication.observations import Observed
from renkei.enrollment import records
from renkei.group.network import take_over_network
from renkei.group.services import take_over_group
from renkei.kernel import vault
from renkei.kernel.database import execute
from renkei.kernel.errors import Problem
from renkei.patient.models import Patient
from renkei.patient.services import change_basics, record_consent, register_patient
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

Progress = Callable[[str, int, int], None]  # file, records done, of how many
Left = Callable[[str, str], int]  # e-mail, patient code: how many messages are not read yet


class NotEmpty(Exception):
    """There is a region here already; a folder is loaded into an empty one only."""


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


class Record(Protocol):
    """Any record of a region folder: where it stands, and the hash of its bytes."""

    @property
    def line(self) -> int:
        """The physical line on which it begins."""

    @property
    def raw_sha256(self) -> str:
        """The hash of its bytes."""


R = TypeVar("R", bound=Record)


def load_region(folder: RegionFolder, *, demo: bool, progress: Progress) -> Loaded:
    """Take the whole folder over, or nothing of it.

    The keys are durable before the content that is sealed with them. Should the commit right
    after that fail, they stay behind in the key store: they open nothing, and do no harm.

    Args:
        folder: without faults.
        demo: the people are invented, and most of them have something left to read.

    Raises:
        NotEmpty: there is a region here already.
        NotTaken: a use case did not accept a record.
    """
    if folder.faults or folder.region is None:
        raise ValueError("a folder with faults cannot be loaded")
    with batch(LOADER, "region.load") as running, vault.making_keys():
        if Region.objects.exists():
            raise NotEmpty
        loading = _Loading(folder, running, progress)
        loading.open(folder.region)
        loading.take_organizations()
        loading.take_people(demo)
        loading.take_patients()
        loading.take_messages()
        loading.mark_read(_left_in_demo if demo else _nothing_left)
        return loading.loaded()


def _nothing_left(email: str, patient: str) -> int:
    """What a team had on paper, it knows."""
    return 0


def _left_in_demo(email: str, patient: str) -> int:
    """The same on every load."""
    left = (0, 0, 1, 2, 3, 5, 8)
    return left[sha256(f"{patient} {email}".encode()).digest()[0] % len(left)]


class _Loading:
    """One load while it runs: what was made so far, under the names the folder gives it."""

    region: Region
    begins: date  # since when its policy is in force

    def __init__(self, folder: RegionFolder, running: Batch, progress: Progress) -> None:
        self.folder = folder
        self.running = running
        self.progress = progress
        self.staff = {(one.email, one.organization_code): one for one in folder.staff}
        self.teams: dict[str, list[TeamLine]] = defaultdict(list)
        for place in folder.teams:
            self.teams[place.patient_code].append(place)
        self.organizations: dict[str, Organization] = {}
        self.accounts: dict[str, Account] = {}
        self.roles: dict[tuple[str, str], PractitionerRole] = {}  # by e-mail and organization
        self.groups: dict[str, UUID] = {}
        self.members: dict[tuple[str, str], PractitionerRole] = {}  # by patient and e-mail
        self.last: dict[str, int] = {}  # the newest number of each group
        self.own: dict[tuple[str, str], int] = {}  # the newest of each member's own

    @contextmanager
    def _source(self, file: str, first: Record, *further: Record) -> Iterator[None]:
        """Let the audit lines of the block name these records as where their fact comes from."""
        self.running.source = {"file": file, "line": first.line, "sha256": first.raw_sha256}
        if further:
            self.running.source["further"] = [
                {"line": record.line, "sha256": record.raw_sha256} for record in further
            ]
        try:
            yield
        except Problem as problem:
            raise NotTaken(file, first.line, problem) from problem

    def _each(self, file: str, records: Sequence[R]) -> Iterator[R]:
        """The records one by one, telling how far the work has come."""
        for done, record in enumerate(records):
            self.progress(file, done, len(records))
            yield record
        self.progress(file, len(records), len(records))

    def open(self, line: RegionLine) -> None:
        """The region, its operator, and the first edition of its policy."""
        text = policy_text(
            region_name=line.name,
            operator_name=line.operator,
            operator_phone=line.phone,
            number=1,
            effective_on=line.policy_effective,
            parameters=line.parameters,
        )
        self.begins = line.policy_effective
        with self._source(REGION, line):
            self.region = open_region(
                LOADER,
                None,
                name=line.name,
                operator_name=line.operator,
                phone=line.phone,
                email=line.email,
                address=line.address,
                effective_on=line.policy_effective,
                policy_text=text,
                parameters=dict(line.parameters),
            )
            take_over_network(LOADER, None, region=self.region)

    def take_organizations(self) -> None:
        """The organizations that take part."""
        for line in self._each(ORGANIZATIONS, self.folder.organizations):
            with self._source(ORGANIZATIONS, line):
                self.organizations[line.code] = self._organization(line)

    def _organization(self, line: OrganizationLine) -> Organization:
        return register_organization(
            LOADER,
            None,
            region=self.region,
            head_name=line.manager_name,
            code=line.code,
            kind=line.kind,
            name=line.name,
            kana=line.kana,
            postal_code=line.postal_code,
            address=line.address,
            phone=line.phone,
            fax=line.fax,
            email=line.email,
            applied_on=line.application_date,
            pledged_on=line.pledge_date,
            approved_on=line.application_date or self.begins,
            trained_on=self._trained_on(line.code),
            listed=line.listed is not False,
            documents_policy=line.documents_policy or "ask",
        )

    def _trained_on(self, code: str) -> date | None:
        """An organization counts as trained since the first training of its people (F1)."""
        days = [one.training_date for one in self.folder.staff if one.organization_code == code]
        return min((day for day in days if day), default=None)

    def take_people(self, demo: bool) -> None:
        """One account for each person, then what they work for."""
        for operator in self.folder.operator_staff:
            with self._source(REGION, operator):
                profile = Profile(operator.name, operator.kana)
                appoint_operator(LOADER, None, account=self._account(operator.email, profile, demo))
        for line in self._each(STAFF, self.folder.staff):
            with self._source(STAFF, line):
                profile = Profile(line.name, line.kana, line.sex)
                self._role(line, self._account(line.email, profile, demo))

    def _account(self, email: str, profile: Profile, demo: bool) -> Account:
        """The account of the person with this address, made when first met."""
        if email not in self.accounts:
            self.accounts[email] = register_account(
                LOADER, None, region=self.region, email=email, profile=profile, demo=demo
            )
        return self.accounts[email]

    def _role(self, line: StaffLine, account: Account) -> None:
        self.roles[line.email, line.organization_code] = add_staff(
            LOADER,
            self.organizations[line.organization_code].id,
            account=account,
            profession=line.profession,
            administrator=line.administrator,
            pledged_on=line.pledge_date,
            trained_on=line.training_date,
        )

    def take_patients(self) -> None:
        """Each patient with relatives and consent, and the group of those who have a team."""
        for line in self._each(PATIENTS, self.folder.patients):
            with self._source(PATIENTS, line):
                patient = self._patient(line)
            team = self.teams[line.code]
            if team:
                with self._source(TEAMS, *team):
                    self._group(line.code, patient, team)

    def _patient(self, line: PatientLine) -> Patient:
        organization = self.organizations[line.organization_code].id
        basics = records.basics(line, self._colleagues(line))
        patient = register_patient(
            LOADER, organization, identity=records.identity(line), basics=basics
        )
        if relative := records.relative(line):
            first = {"person": relative, "emergency_contact": True}
            change_basics(LOADER, patient.id, basics=basics, relatives=[first])
        if line.consent_date is not None:
            record_consent(LOADER, patient.id, form=records.consent(line, organization))
        return patient

    def _colleagues(self, line: PatientLine) -> list[records.Colleague]:
        """Who is in the patient's team, and for which organization."""
        places = ((one.email, one.organization_code) for one in self.teams[line.code])
        return [(self.staff[email, code], self.organizations[code]) for email, code in places]

    def _group(self, code: str, patient: Patient, team: list[TeamLine]) -> None:
        seats = [
            (self.roles[one.email, one.organization_code], one.role_in_care, one.manager)
            for one in team
        ]
        group = take_over_group(LOADER, patient.id, region=self.region.id, team=seats)
        self.groups[code], self.last[code] = group.id, group.last_seq
        for place, (role, _, _) in zip(team, seats, strict=True):
            self.members[code, place.email] = role

    def take_messages(self) -> None:
        """What was said, in the order in which it was said."""
        for line in self._each(MESSAGES, self.folder.messages):
            with self._source(MESSAGES, line):
                self._message(line)

    def _message(self, line: MessageLine) -> None:
        role = self.members[line.patient, line.author]
        posted = take_over_communication(
            LOADER,
            self.groups[line.patient],
            author=role.account_id,
            role=role.id,
            text=line.text,
            said_at=line.at,
            observed=_observed(line),
        )
        self.last[line.patient] = self.own[line.patient, line.author] = posted.seq

    def mark_read(self, left: Left) -> None:
        """Set how far each member has read: at least up to what they said last themselves."""
        for (patient, email), role in self.members.items():
            own = self.own.get((patient, email), 0)
            read = max(own, self.last[patient] - left(email, patient))
            execute(
                "UPDATE group_member SET read_seq = %s WHERE group_id = %s AND account_id = %s",
                [read, self.groups[patient].hex, role.account_id.hex],
            )

    def loaded(self) -> Loaded:
        """What was taken over."""
        return Loaded(
            region=self.region,
            organizations=len(self.organizations),
            people=len(self.accounts),
            patients=len(self.folder.patients),
            groups=len(self.groups),
            messages=len(self.folder.messages),
        )


def _observed(line: MessageLine) -> Observed | None:
    """The vital signs of a message, measured when it was said."""
    found = line.measured
    if found is None:
        return None
    return Observed(line.at, found.values, found.by, found.oxygen, found.meal)
