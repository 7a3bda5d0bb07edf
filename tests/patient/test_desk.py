"""Who is proposed to keep the signed original of form 4 (F3)."""

import pytest

from renkei.kernel.errors import Refused
from renkei.patient.desk import see_consent_desk
from renkei.people.models import Organization
from tests.cast import Cast


def proposed(cast: Cast) -> list[str]:
    desk = see_consent_desk(cast["administrator_same"], cast.patient)
    return [one.name for one in desk.keepers]


@pytest.mark.clause("F3")
def test_the_visiting_physicians_institution_is_proposed_where_no_institution_manages(
    cast: Cast,
) -> None:
    first, *others = proposed(cast)
    assert first == "clinic事業所"  # its physician takes part in the patient's group
    assert others == ["station事業所"]  # no pharmacy and no helpers: they are no institutions


@pytest.mark.clause("F3")
def test_an_institution_that_manages_the_patient_keeps_it_itself(cast: Cast) -> None:
    Organization.objects.filter(pk=cast.organizations["station"]).update(kind="診療所")
    assert proposed(cast)[0] == "station事業所"


@pytest.mark.clause("F3")
@pytest.mark.parametrize("name", ["administrator_other", "operator", "nurse"])
def test_nobody_else_decides_who_keeps_it(cast: Cast, name: str) -> None:
    with pytest.raises(Refused):
        see_consent_desk(cast[name], cast.patient)
