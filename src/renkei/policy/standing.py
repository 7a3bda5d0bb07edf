"""How one person stands to one thing at one moment.

A ``Standing`` is what the policy judges, and all it judges: who asks (``Who``), where (``Where``)
and about what (``What``). It never changes. How it is loaded stands in ``loading.py``.
"""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a signed-in session (its stored key), or the system itself under a name."""

    session: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class Who:
    """The person who asks, and the organization for which they act at the moment."""

    account: UUID | None
    region: UUID | None
    session: str = ""
    role: UUID | None = None
    organization: UUID | None = None
    profession: str = ""
    administrator: bool = False
    operator: bool = False
    active: bool = True
    acknowledged: bool = True
    password_fresh: bool = True
    system: str = ""
    language: str = "ja"
    until: int = 0  # microseconds: when this may change by mere passing of time


@dataclass(frozen=True, slots=True)
class Membership:
    """The asking person's place in the group."""

    id: UUID
    role: UUID
    organization: UUID
    manager: bool
    read_seq: int
    in_office: bool  # the role it rests on has not ended, its organization is not suspended


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """What of the current consent decides about sharing."""

    state: str
    declined: str
    original_kept: bool
    copy_given: bool


@dataclass(frozen=True, slots=True)
class Where:
    """The patient, and the group if there is one, in which something is to happen."""

    organization: UUID  # managing or founding
    group: UUID | None = None
    kind: str = ""
    key: UUID | None = None
    last_seq: int = 0
    open: bool = False
    member: Membership | None = None
    patient: UUID | None = None
    consent: ConsentFacts | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message in question."""

    id: UUID
    seq: int
    sender: UUID
    event: str
    withdrawn: bool
    version: int


@dataclass(frozen=True, slots=True)
class Colleague:
    """The person in question: somebody to invite, invited, or a member."""

    account: UUID
    role: UUID
    organization: UUID
    in_office: bool
    administrators: int  # of that organization
    administrator: bool
    profession: str


@dataclass(frozen=True, slots=True)
class Asked:
    """An invitation in question."""

    id: UUID
    open: bool  # neither answered to the end nor expired
    invited_by: UUID
    accepted: bool
    approved: bool


@dataclass(frozen=True, slots=True)
class What:
    """The thing in question within the group."""

    message: Message | None = None
    colleague: Colleague | None = None
    invitation: Asked | None = None
    member: UUID | None = None
    target_organization: UUID | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One person, one place, one thing, one moment."""

    who: Who
    where: Where | None = None
    what: What = What()


# Which parts of a standing each kind of thing loads; a rule that needs more fails at import.
LOADS: dict[str, frozenset[str]] = {
    "region": frozenset({"who", "region"}),
    "organization": frozenset({"who", "organization"}),
    "patient": frozenset({"who", "patient"}),
    "group": frozenset({"who", "patient", "group"}),
    "communication": frozenset({"who", "patient", "group", "message"}),
    "invitee": frozenset({"who", "patient", "group", "colleague"}),
    "invitation": frozenset({"who", "patient", "group", "colleague", "invitation"}),
    "member": frozenset({"who", "patient", "group", "colleague"}),
}
On = UUID | tuple[UUID, ...] | None  # what a use case is asked about: an id, two, or nothing
