"""What of patients is on any page for who lacks one thing of good standing, or operates."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from renkei.config.routes import HOST, LIVE, PUBLIC, routes
from renkei.kernel import clock
from renkei.patient.models import Patient
from renkei.people.models import Organization, PractitionerRole
from tests.cast import Cast, post, set_parameters
from tests.web.test_routes import address_of

SAID = "夜間の体温は三十八度二分"
OPEN = (PUBLIC, HOST)  # where nobody is anybody
WALKED = [
    one for one in routes() if one["permission"] not in OPEN and one["route"] != LIVE["route"]
]
PEOPLE = ("manager", "administrator_same")  # who reach most of the patient's data


def lacking(cast: Cast, what: str) -> None:
    """Take one thing from the patient's own organization, or its people."""
    place = Organization.objects.filter(pk=cast.organizations["station"])
    roles = PractitionerRole.objects.filter(organization=cast.organizations["station"])
    if what == "approved":
        place.update(approved_on=None)
    elif what == "organization pledged":
        place.update(pledged_on=None)
    elif what == "pledged":
        roles.update(pledged_on=None)
    elif what == "trained":
        place.update(trained_on=None)
    elif what == "each trained":
        set_parameters(cast, training_before_use="person")
        roles.update(trained_on=None)
    elif what == "left":
        place.update(left_on=clock.today())
    elif what == "last day over":
        roles.update(until=clock.now() - timedelta(seconds=1))


LACKING = (
    "approved", "organization pledged", "pledged", "trained", "each trained", "left",
    "last day over",
)  # fmt: skip


def secrets(cast: Cast) -> list[str]:
    """What stands nowhere but in the patient's record and group."""
    post(cast, "nurse", SAID)
    identity = Patient.objects.get(pk=cast.patient).identity
    said = [identity.name, identity.kana, "".join(identity.name.split()), SAID]
    return [one for one in said if one]


def pages(cast: Cast, name: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every page there is, as this person gets it."""
    client = Client(HTTP_HOST="localhost", raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    for one in WALKED:
        mark = transaction.savepoint()
        answer = client.get(address_of(cast, name, one, str(cast.account("nurse"))))
        transaction.savepoint_rollback(mark)
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code == 200 and not kind.startswith(("application/pdf", "image/")):
            yield one, b"".join(answer).decode()
        elif answer.status_code == 200:
            assert not one["route"].startswith(("patients/", "rights")), one["name"]


def test_the_walk_finds_what_it_looks_for(cast: Cast) -> None:
    """Else it would prove nothing: in good standing these people are shown it."""
    wanted = secrets(cast)
    for name, shown in (("manager", {"timeline", "home"}), ("administrator_same", {"patient"})):
        found = {one["name"] for one, text in pages(cast, name) if any(s in text for s in wanted)}
        assert shown <= found, found


@pytest.mark.clause("A3", "A9", "F1", "F2")
@pytest.mark.parametrize(("what", "name"), list(zip(LACKING, PEOPLE * 4, strict=False)))
def test_who_lacks_one_thing_sees_nothing_of_a_patient_on_any_page(
    cast: Cast, what: str, name: str
) -> None:
    """In turn, because the walk is long: the rules' own matrix has everybody with everything."""
    wanted = secrets(cast)
    lacking(cast, what)
    for one, text in pages(cast, name):
        assert not any(secret in text for secret in wanted), one["name"]


@pytest.mark.clause("N1.1", "A18")
def test_the_operator_sees_nothing_of_a_patient_on_any_page(cast: Cast) -> None:
    wanted = secrets(cast)
    seen = 0
    for one, text in pages(cast, "operator"):
        seen += 1
        assert not any(secret in text for secret in wanted), one["name"]
    assert seen > 40
