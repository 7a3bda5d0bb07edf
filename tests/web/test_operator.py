"""The operator reads nothing of any patient: every address, with every id there is, both ways.

What stands for a patient is written once and found nowhere else. Pages, files, papers, searches,
the list of groups and the live stream are asked with the operator's own session.
"""

import re
import subprocess
from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from renkei.communication.live_backend import LiveBackend
from renkei.communication.models import Communication
from renkei.config.routes import HOST, LIVE, routes
from renkei.group.models import Group, Invitation, Member
from renkei.incident.models import Incident
from renkei.patient.models import Patient
from renkei.people.models import Account, Organization, PractitionerRole, SignIn
from renkei.region.models import Notice
from tests.cast import Cast, device_of, draft_of, issuer_of, reuse_of, take_out_of
from tests.kernel.test_nothing_in_clear import SECRETS, live
from tests.web.test_routes import SENT

OF_PATIENTS = (
    "name", "kana", "birth date", "address", "corrected name", "insurer number", "conditions",
    "allergies", "wishes", "physician", "relative", "signer", "proxy's reason",
    "place of the original", "withdrawal of consent", "message", "corrected message",
    "message taken back", "why taken back", "draft", "role in care of nobody", "why ended",
    "where the patient is", "how the patient is",
)  # fmt: skip
SENTINELS = [SECRETS[one] for one in OF_PATIENTS] + ["髙橋 節子", "朝の血圧は130/80でした。"]
# What the operator's own session would end, or what only a host may ask.
NOT_ASKED = {"account_logout"}
QUERIES = ("", "?csv=1", "?q=130", "?q=%E3%82%8F%E3%81%97", "?after=0", "?before=9", "?print=1")
WALKED = [
    one for one in routes()
    if one["route"] != LIVE["route"] and one["permission"] != HOST and one["name"] not in NOT_ASKED
]  # fmt: skip


def ids_of(cast: Cast) -> dict[str, list[Any]]:
    """Every id of a kind there is; for kinds of which there are many, some of each sort."""

    def some(model: Any) -> list[UUID]:
        return list(model.objects.values_list("pk", flat=True)[:6])

    return {
        "group": some(Group),
        "patient": some(Patient),
        "message": [cast.message, *some(Communication)],
        "member": some(Member),
        "invitation": some(Invitation),
        "account": some(Account)[:2],
        "role": some(PractitionerRole)[:2],
        "incident": some(Incident),
        "organization": some(Organization),
        "notice": some(Notice),
        "entry": some(SignIn) or [cast.account("nurse")],
        "device": [device_of(cast)],
        "take_out": [take_out_of(cast)],
        "reuse": [reuse_of(cast)],
        "disaster": [cast.disaster],
        "draft": [draft_of(cast)],
        "issuer": [issuer_of(cast)],
        "number": [1],
        "pk": [0],
        "token": ["ABCDE"],
        "key": ["security"],
    }


def addresses(route: str, ids: dict[str, list[Any]], cast: Cast) -> Iterator[str]:
    """The route with every id that its places could take."""
    places = re.findall(r"<\w+:(\w+)>", route)
    choices = [ids.get(one) or [cast.account("nurse")] for one in places]
    for chosen in product(*choices):
        parts = dict(zip(places, chosen, strict=True))
        yield "/" + re.sub(r"<\w+:(\w+)>", partial(_part, parts), route)


def _part(parts: dict[str, Any], found: re.Match[str]) -> str:
    return str(parts[found[1]])


def text_of(response: Any) -> str:
    """What a person could read in an answer; of a paper, the text that is set on it."""
    raw = b"".join(response.streaming_content) if response.streaming else response.content
    if raw.startswith(b"%PDF"):
        run = subprocess.run(["pdftotext", "-", "-"], input=raw, capture_output=True, check=True)
        raw = run.stdout
    return " ".join(raw.decode(errors="replace").split())


def shown(response: Any) -> set[str]:
    text = text_of(response)
    return {one for one in SENTINELS if one in text}


def operator(cast: Cast, name: str = "operator") -> Client:
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


@pytest.fixture
def lived(cast: Cast) -> Cast:
    """A patient's whole life beside that of the cast's, so that there is something to read."""
    live(cast)
    return cast


@pytest.mark.clause("N2.3", "N3.9", "A22")
def test_no_address_shows_the_operator_anything_of_a_patient(lived: Cast) -> None:
    ids, client, leaks, asked = ids_of(lived), operator(lived), {}, 0
    for one in WALKED:
        for address in addresses(one["route"], ids, lived):
            queries = QUERIES if "<" not in one["route"] else QUERIES[:2]
            for query in queries:
                mark = transaction.savepoint()  # what it changes is undone before the next comes
                answers = [client.get(address + query)]
                if not query:
                    answers.append(client.post(address, SENT))
                transaction.savepoint_rollback(mark)
                client = operator(lived)
                asked += len(answers)
                for answer in answers:
                    if found := shown(answer):
                        leaks[address + query] = found
    assert leaks == {}
    assert asked > 500


def test_the_walk_would_notice(lived: Cast) -> None:
    """A member of the group reads what the operator does not: the walk is no empty promise."""
    nurse = operator(lived, "nurse")
    assert shown(nurse.get(f"/groups/{lived.group}")) >= {"朝の血圧は130/80でした。", "髙橋 節子"}


@pytest.mark.clause("N2.3")
def test_nor_does_the_stream(lived: Cast) -> None:
    def heard(name: str) -> dict[UUID, int]:
        cookie = f"{settings.SESSION_COOKIE_NAME}={lived.people[name].cookie}"
        hears = LiveBackend().admit(cookie)
        return hears.groups if hears else {}

    assert lived.group in heard("nurse")
    assert heard("operator") == {}
