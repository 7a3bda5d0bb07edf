"""Who is missing: of one's own organization, and of all (A9, F1)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from renkei.kernel import vault
from renkei.kernel.database import rows
from renkei.kernel.japanese import sort_key
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.people.models import Organization
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure
from renkei.region import parameters
from renkei.region.models import Region
from renkei.training.certificates import Certificate, certificate_of
from renkei.training.courses import heads, region_of_reader
from renkei.training.models import Completion
from renkei.training.validity import State, states


@dataclass(frozen=True, slots=True)
class Row:
    """A person with how they stand to each course."""

    face: Face
    states: list[State]

    @property
    def word(self) -> str:
        """The most pressing of the required courses: missing · lapsed · soon · valid."""
        words = [one.word for one in self.states if one.required]
        return next((one for one in ("missing", "lapsed", "soon") if one in words), "valid")


@dataclass(frozen=True, slots=True)
class Place:
    """An organization with its people, and when its training before use was done."""

    id: UUID
    name: str
    trained_on: date | None
    people: list[Row]

    def count(self, *words: str) -> int:
        """How many of its people stand so."""
        return sum(one.word in words for one in self.people)


@dataclass(frozen=True, slots=True)
class Overview:
    """All organizations; whose training lets people begin (parameter ``training_before_use``)."""

    before_use: str  # organization · person
    places: list[Place]


_PEOPLE = f"""
    SELECT {COLUMNS}
    FROM people_practitionerrole r
    JOIN people_account a ON a.id = r.account_id
    JOIN people_organization o ON o.id = r.organization_id
    WHERE r.ended_at IS NULL AND a.suspended_at IS NULL AND {{}} = %s"""


def _people(region: Region, column: str, thing: UUID) -> list[Row]:
    found = rows(_PEOPLE.format(column), [thing.hex])
    vault.warm({UUID(str(one[1])) for one in found})
    faces = [face(one[:WIDTH]) for one in found]
    courses = heads(region.id)
    known = states({one.account for one in faces}, courses)
    lines = [Row(one, known[one.account]) for one in faces]
    return sorted(lines, key=lambda one: sort_key(one.face.kana))


def _organization(standing: Standing) -> Organization:
    assert standing.what.target_organization is not None
    return Organization.objects.get(pk=standing.what.target_organization)


@disclosure("training.see_staff", on="organization")
def see_staff_training(standing: Standing) -> Place:
    """One's own people, by kana, with what is missing or due."""
    region = region_of_reader(standing)
    own = _organization(standing)
    people = _people(region, "r.organization_id", own.id)
    return Place(own.id, own.name, own.trained_on, people)


@disclosure("training.see_all", on="region")
def see_overview(standing: Standing) -> Overview:
    """Every organization, those with somebody missing first."""
    region = region_of_reader(standing)
    by_place: dict[UUID | None, list[Row]] = {}
    for one in _people(region, "o.region_id", region.id):
        by_place.setdefault(one.face.organization_id, []).append(one)
    organizations = Organization.objects.filter(region=region, left_on=None).order_by("kana")
    places = [
        Place(one.id, one.name, one.trained_on, by_place.get(one.id, [])) for one in organizations
    ]
    places.sort(key=lambda one: (one.trained_on is not None, -one.count("missing", "lapsed")))
    return Overview(str(parameters.of(region.edition)["training_before_use"]), places)


@disclosure("training.record", on="organization")
def see_organization(standing: Standing) -> tuple[Place, list[tuple[UUID, date, str]]]:
    """An organization, and what was recorded of its training as such."""
    one = _organization(standing)
    done = Completion.objects.filter(organization=one, annulled_at=None).order_by("-on")
    recorded = list(done.values_list("id", "on", "way"))
    return Place(one.id, one.name, one.trained_on, []), recorded


@disclosure("training.see_all", on="region")
def verify_certificate(standing: Standing, number: str) -> Certificate | None:
    """What the certificate of a number says; None if there is none of this region."""
    wanted = "".join(one for one in number.upper() if one.isalnum())
    found = (
        Completion.objects.select_related("account", "organization", "region")
        .filter(number=wanted, region=standing.who.region)
        .first()
    )
    return certificate_of(found) if found else None
