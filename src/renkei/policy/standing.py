"""How one person stands to one thing at one moment.

A ``Standing`` is what the policy judges, and all it judges: who asks (``Who``), where (``Where``)
and about what (``What``). It never changes. How it is loaded stands in ``loading.py``.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a signed-in session (its stored key), or the system itself under a name."""

    session: str = ""
    system: str = ""
    shown: str = ""  # what the browser shows of its device: the hash of its secret


HOST: Final = Actor(system="host")
"""Who runs the server: the actor of the commands that act for the machine."""


@dataclass(frozen=True, slots=True)
class Joined:
    """How far an organization, and the person within it, have come in joining (A3, A9)."""

    approved: bool = False  # by the operator, on form 1
    organization_pledged: bool = False  # form 2
    pledged: bool = False  # the person's own form 3
    trained: bool = False  # the organization or the person, as the policy asks

    @property
    def missing(self) -> tuple[str, ...]:
        """What is still missing, in the order in which it is done."""
        return tuple(one for one in self.__slots__ if not getattr(self, one))


@dataclass(frozen=True, slots=True)
class Who:
    """The person who asks, and the organization for which they act at the moment."""

    account: UUID | None
    region: UUID | None
    session: str = ""
    role: UUID | None = None
    organization: UUID | None = None
    profession: str = ""
    joined: Joined = Joined()  # for the organization acted for
    administrator: bool = False
    operator: bool = False
    family: bool = False  # a patient or relative, with an account of their own kind (A11.5)
    active: bool = True
    acknowledged: bool = True
    password_fresh: bool = True
    system: str = ""
    language: str = "ja"
    second_factor: str = ""  # by what it was shown in this session: "totp", "passkey" …
    factor_in_order: bool = True  # it was shown, or the policy does not ask for it
    read_only: bool = False  # restricted by the organization for which they act (N2.2)
    each_trains: bool = False  # the policy asks each person to be trained, not the organization
    proved: bool = True  # the browser shows what the session's device is known by
    device: UUID | None = None  # of the ledger, and proved by what the browser shows
    shown: str = ""
    device_until: int = 0  # microseconds: until when it may be used, if nobody confirms it again
    device_fits: bool = True  # patient data may open on it, for the organization they act for
    anywhere: bool = True  # the policy asks for no device of the ledger, or a disaster lifts it
    lifted: frozenset[UUID] = frozenset()  # the organizations for which alone a disaster lifts it
    emergency: UUID | None = None  # the disaster use that lifts it
    drill: bool = False  # which is a drill
    idle_seconds: int = 0  # how long the session lasts without anything being done
    asked: UUID | None = None  # the simultaneous use about which this session waits for a word
    until: int = 0  # microseconds: when this may change by mere passing of time
    epoch: int = 0  # of the region: grows when anybody's standing may end, or a patient changes

    @property
    def actor(self) -> Actor:
        """The person as one who asks once more."""
        return Actor(session=self.session, shown=self.shown)

    @property
    def reach(self) -> tuple[UUID | None, UUID | None, bool, frozenset[UUID], bool, bool, bool]:
        """What the list of visible groups is asked with.

        Account, device, whether any device will do, for which organizations alone it will,
        whether each person has to be trained, and whether the network group and, as patient or
        relative, family groups are open.
        """
        return (
            self.account,
            self.device,
            self.anywhere,
            self.lifted,
            self.each_trains,
            self.in_network,
            self.in_family,
        )

    @property
    def in_network(self) -> bool:
        """Whether the person takes part in the network group, as who they act for (A18).

        Who works for an organization does so as in every group; the operator's people, who act
        for none, take part in this group alone, and need no device of a ledger for it.
        """
        if self.organization is None:
            return self.operator
        return not self.joined.missing and (self.anywhere or self.device_fits)

    @property
    def in_family(self) -> bool:
        """Whether the person takes part in family groups as the patient or a relative (A11.5).

        They work for nobody and need no device of a ledger, but show a second step in each session,
        whatever the policy asks of professionals; the number of a disaster card is none.
        """
        works = self.role is not None or self.operator
        return self.family and not works and self.second_factor not in ("", "card")


@dataclass(frozen=True, slots=True)
class Membership:
    """The asking person's place in the group."""

    id: UUID
    role: UUID | None  # in the network group the one acted in; None for the operator's people
    # and for patient and relatives
    organization: UUID | None
    manager: bool
    read_seq: int
    in_office: bool  # the role it rests on has neither ended nor been stopped, nor its organization
    joined: Joined = Joined()  # for the organization of that role
    read_only: bool = False  # restricted by that organization (N2.2)
    device_fits: bool = True  # that organization lets its people open patient data on this device
    profession: str = ""  # of that role
    relation: str = ""  # "patient" or "relative", for who is in a family group as such


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

    organization: UUID | None  # managing or founding; None for network and direct groups
    group: UUID | None = None
    kind: str = ""
    key: UUID | None = None
    last_seq: int = 0
    open: bool = False  # neither ended nor archived
    archived: bool = False
    member: Membership | None = None
    patient: UUID | None = None
    consent: ConsentFacts | None = None
    entry: str = ""  # how one comes into a free group
    listing: str = ""  # "asked" or "listed" on the public page
    attended: bool = True  # a manager of the free group is in office; so is the other of the two
    erase_at: int | None = None  # microseconds: when it will be erased, as it was confirmed (A11.7)


@dataclass(frozen=True, slots=True)
class Message:
    """A message in question."""

    id: UUID
    seq: int
    sender: UUID
    event: str
    withdrawn: bool
    version: int
    importance: str = ""


@dataclass(frozen=True, slots=True)
class ToDo:
    """A task in question; the message it follows from is the message of the standing."""

    id: UUID
    account: UUID  # who is to do it
    made_by: UUID
    open: bool


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment in question."""

    id: UUID
    author: UUID
    posted: bool  # it belongs to a message
    withdrawn: bool  # which was taken back
    ready: bool  # all of it has come, and it was made ready to be shown


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
    responsible: bool = False  # an administrator of any organization, or the operator's
    elsewhere: bool = False  # works for another organization, or the operator, as well


@dataclass(frozen=True, slots=True)
class Asked:
    """An invitation in question."""

    id: UUID
    open: bool  # neither answered to the end nor expired
    invited_by: UUID
    accepted: bool
    approved: bool


@dataclass(frozen=True, slots=True)
class Happened:
    """An incident in question; the organization it stands with is the target of the standing."""

    id: UUID
    kind: str
    severity: str
    account: UUID | None  # whom it is about
    open: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A device in question; the organization of its ledger is the target of the standing."""

    id: UUID
    state: str
    own: bool  # the person who asks added it, or is its user
    asked_here: bool  # the organization acted for was asked for it, or lets its people use it
    sole_administrator: bool  # the organization acted for has one administrator alone
    for_operator: bool  # it waits, and is the first there, or its only administrator asked


@dataclass(frozen=True, slots=True)
class Taken:
    """A take-out in question; its organization is the target of the standing."""

    id: UUID
    account: UUID  # who asked for it
    state: str
    for_operator: bool = False  # nobody but who asked administers its organization


@dataclass(frozen=True, slots=True)
class Declared:
    """A disaster use in question."""

    id: UUID
    set_by: UUID  # who declared it, or changed it last


@dataclass(frozen=True, slots=True)
class Drafted:
    """The draft of an edition of the policy in question."""

    id: UUID
    set_by: UUID  # who wrote it, or changed it last
    operators: int  # people of the operator who could look at it


@dataclass(frozen=True, slots=True)
class Filed:
    """A paper in question; the organization it belongs to is the target of the standing."""

    id: UUID
    kept_by: str  # "operator", "organization" or "patient"


@dataclass(frozen=True, slots=True)
class Requested:
    """A request to reuse in question (A16)."""

    id: UUID
    asked_by: UUID
    purpose: str
    state: str
    in_time: bool  # the day until which it was asked for has not passed
    wrote: bool  # the person who asks is an author of something in it
    from_elsewhere: bool  # all of it are documents that came from another organization
    permitted: bool  # an author said yes, and outside care the group's manager as well


@dataclass(frozen=True, slots=True)
class Wished:
    """An erasure in question; who manages what it erases is the target of the standing."""

    id: UUID
    asked_by: UUID
    interested: bool = False  # the person who asks works for that organization


@dataclass(frozen=True, slots=True)
class Handing:
    """A hand-over in question; the receiving organization is the target of the standing."""

    id: UUID
    open: bool  # neither answered nor withdrawn, and the patient is still the proposer's


@dataclass(frozen=True, slots=True)
class What:
    """The thing in question within the group."""

    message: Message | None = None
    attachment: Attached | None = None
    task: ToDo | None = None
    colleague: Colleague | None = None
    invitation: Asked | None = None
    member: UUID | None = None
    target_organization: UUID | None = None
    incident: Happened | None = None
    person: UUID | None = None  # an account, whatever they work for
    device: Listed | None = None
    take_out: Taken | None = None
    disaster: Declared | None = None
    draft: Drafted | None = None
    paper: Filed | None = None
    reuse: Requested | None = None
    erasure: Wished | None = None
    hand_over: Handing | None = None


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
    "attachment": frozenset({"who", "patient", "group", "attachment"}),
    "task": frozenset({"who", "patient", "group", "message", "task"}),
    "invitee": frozenset({"who", "patient", "group", "colleague"}),
    "invitation": frozenset({"who", "patient", "group", "colleague", "invitation"}),
    "member": frozenset({"who", "patient", "group", "colleague"}),
    "incident": frozenset({"who", "organization", "incident"}),
    "person": frozenset({"who", "person"}),
    "device": frozenset({"who", "organization", "device"}),
    "take_out": frozenset({"who", "organization", "take_out"}),
    "disaster": frozenset({"who", "region", "disaster"}),
    "draft": frozenset({"who", "region", "draft"}),
    "paper": frozenset({"who", "organization", "paper"}),
    "reuse": frozenset({"who", "patient", "group", "reuse"}),
    "erasure": frozenset({"who", "organization", "erasure"}),
    "hand_over": frozenset({"who", "patient", "organization", "hand_over"}),
    "staff": frozenset({"who", "colleague", "account"}),  # a role of the person's region
}
On = UUID | tuple[UUID, ...] | None  # what a use case is asked about: an id, two, or nothing
