"""The invented people of a demo region, and which of them to be first."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from renkei.group.models import Group, Member
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.region.models import Region

OPERATOR = "運営事務局"


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person, for whom they act after signing in, and where they take part."""

    account: Account
    name: str
    role: PractitionerRole | None  # None for those who work for the operator alone
    profession: str
    organization: str
    seats: list[Member]
    closed_to_them: int  # groups of their own organization in which they do not take part

    @property
    def manages(self) -> int:
        """How many groups they manage."""
        return sum(seat.manager for seat in self.seats)

    @property
    def administers(self) -> bool:
        """Whether they are an administrator (連携管理者)."""
        return self.role is not None and self.role.administrator


Part = tuple[str, Callable[[Person], int]]  # what somebody shows, and how well; 0 not at all


def _works_as(*professions: str) -> Callable[[Person], int]:
    return lambda one: len(one.seats) if one.profession in professions else 0


def _visiting_nurse_in_charge(one: Person) -> int:
    if one.role is None or one.profession != "看護師":
        return 0
    visits = one.role.organization.kind == Organization.Kind.VISITING_NURSES
    return one.manages * (100 if visits else 1)


PARTS: tuple[Part, ...] = (
    ("患者グループを管理する看護師", _visiting_nurse_in_charge),
    ("患者を登録し、同意を記録する医師", _works_as("医師")),
    ("薬の相談を受ける薬剤師", _works_as("薬剤師")),
    ("サービスを調整するケアマネジャー", _works_as("介護支援専門員")),
    ("訪問のようすを伝えるヘルパー", _works_as("訪問介護員", "介護福祉士")),
    (
        "自事業所でも、参加していないグループの中は見えない連携管理者",
        lambda one: one.closed_to_them if one.administers else 0,
    ),
    (
        "病院やリハビリからつなぐ人",
        _works_as("医療ソーシャルワーカー", "理学療法士", "作業療法士", "言語聴覚士"),
    ),
    ("患者の情報は見えない運営事務局", lambda one: int(one.profession == OPERATOR)),
)


def people_to_try(region: Region) -> list[tuple[Person, str]]:
    """Somebody for each part, and what they show: whoever does it most, the same each time."""
    free = people(region)
    chosen = []
    for shows, fits in PARTS:
        best = max(free, key=fits, default=None)
        if best is not None and fits(best):
            free.remove(best)
            chosen.append((best, shows))
    return chosen


def people(region: Region) -> list[Person]:
    """All invented people of the region, by e-mail."""
    roles: dict[UUID, PractitionerRole] = {}
    current = PractitionerRole.objects.filter(ended_at=None, account__region=region)
    for role in current.select_related("organization").order_by("started_at", "pk"):
        roles.setdefault(role.account_id, role)
    seats: dict[UUID, list[Member]] = {}
    taken = Member.objects.filter(ended_at=None, group__region=region, group__closed_at=None)
    taken = taken.exclude(group__kind=Group.Kind.NETWORK)  # where everybody is
    for seat in taken.select_related("group").order_by("group_id"):
        seats.setdefault(seat.account_id, []).append(seat)
    groups: dict[UUID, int] = {}
    own = Group.objects.filter(region=region, closed_at=None).exclude(organization=None)
    for home in own.values_list("organization_id", flat=True):
        groups[home] = groups.get(home, 0) + 1
    accounts = Account.objects.filter(region=region, demo=True).order_by("email")
    return [
        _person(account, region, roles.get(account.id), seats.get(account.id, []), groups)
        for account in accounts
    ]


def _person(
    account: Account,
    region: Region,
    role: PractitionerRole | None,
    seats: list[Member],
    groups: dict[UUID, int],
) -> Person:
    home = role.organization_id if role else None
    inside = sum(seat.group.organization_id == home for seat in seats)
    return Person(
        account=account,
        name=account.profile.name,
        role=role,
        profession=role.profession if role else OPERATOR,
        organization=role.organization.name if role else region.operator_name,
        seats=seats,
        closed_to_them=groups.get(home, 0) - inside if home else 0,
    )
