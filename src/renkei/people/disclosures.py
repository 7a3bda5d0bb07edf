"""What a person is shown of themselves and of colleagues."""

from dataclasses import dataclass
from uuid import UUID

from renkei.kernel.database import row, rows
from renkei.kernel.errors import Unknown
from renkei.people import services
from renkei.people.faces import COLUMNS, WIDTH, Face, face
from renkei.people.models import Account
from renkei.policy.standing import Standing
from renkei.policy.use_case import disclosure


@dataclass(frozen=True, slots=True)
class Me:
    """The signed-in person as the frame of every page needs them."""

    face: Face
    administrator: bool
    operator: bool
    region: str
    operator_name: str
    operator_phone: str
    text_size: str
    contrast: str
    initials_only: bool
    language: str
    several_roles: bool


_ME = f"""
    SELECT {COLUMNS}, rg.name, rg.operator_name, rg.phone, a.text_size, a.contrast,
      a.initials_only, a.language,
      (SELECT COUNT(*) FROM people_practitionerrole x
        WHERE x.account_id = a.id AND x.ended_at IS NULL)
    FROM people_account a
    JOIN region_region rg ON rg.id = a.region_id
    LEFT JOIN people_practitionerrole r ON r.id = %s
    LEFT JOIN people_organization o ON o.id = r.organization_id
    WHERE a.id = %s"""


def me(standing: Standing) -> Me:
    """The signed-in person; for pages whose own rule has been asked already."""
    who = standing.who
    assert who.account is not None
    found = row(_ME, [who.role.hex if who.role else None, who.account.hex])
    assert found is not None
    return Me(
        face=face(found[:WIDTH]),
        administrator=who.administrator,
        operator=who.operator,
        region=found[WIDTH],
        operator_name=found[WIDTH + 1],
        operator_phone=found[WIDTH + 2],
        text_size=found[WIDTH + 3],
        contrast=found[WIDTH + 4],
        initials_only=bool(found[WIDTH + 5]),
        language=found[WIDTH + 6],
        several_roles=found[WIDTH + 7] > 1,
    )


@disclosure("people.see", on="region")
def see_photo(standing: Standing, account: UUID) -> bytes:
    """The face photo of somebody in the region, as JPEG.

    Raises:
        Unknown: nobody of that id in this region, or no photo.
    """
    found = Account.objects.filter(pk=account, region_id=standing.who.region).first()
    picture = services.photo(found) if found else b""
    if not picture:
        raise Unknown("photo")
    return picture


@disclosure("people.see", on="region")
def colleagues(standing: Standing) -> list[Face]:
    """Everybody who works in the region, for the pickers, in the order of their kana."""
    found = rows(
        f"SELECT {COLUMNS} FROM people_practitionerrole r"
        " JOIN people_account a ON a.id = r.account_id"
        " JOIN people_organization o ON o.id = r.organization_id"
        " WHERE a.region_id = %s AND r.ended_at IS NULL AND a.suspended_at IS NULL"
        " AND o.suspended_at IS NULL",
        [standing.who.region.hex if standing.who.region else None],
    )
    return sorted((face(one) for one in found), key=lambda one: one.kana)
