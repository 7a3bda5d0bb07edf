"""The pages of erasing: what is kept when something is missing, what is shown to whom."""

import pytest
from django.conf import settings
from django.test import Client

from renkei.config.erasing import carry_out
from renkei.disclosure import certificate
from renkei.disclosure.models import Erasure
from renkei.patient.models import Patient
from renkei.people.models import PractitionerRole
from tests.cast import Cast
from tests.disclosure.world import asked, confirmed, filed, known, over, wish

pytestmark = pytest.mark.clause("A11.7")


def browser(cookie: str) -> Client:
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    return client


def of(cast: Cast, name: str) -> Client:
    return browser(cast.people[name].cookie)


def sent(**given: str) -> dict[str, str]:
    one = wish()
    facts = {"what": "record", "relation": one.relation, "who": one.who, "way": one.way}
    facts |= {"words": one.words, "wished_on": one.wished_on.isoformat()}
    facts |= {f"retention-{key}": answer for key, answer in one.retention.items()}
    return {**facts, "copied": "on", "explained": "on", **given}


def test_what_was_typed_is_kept_when_something_is_missing(cast: Cast) -> None:
    chief, address = of(cast, "administrator_same"), f"/patients/{cast.patient}/erasure"
    for missing in ({"retention-care": ""}, {"retention-dispute": "exists"}, {"wished_on": ""}):
        answer = chief.post(address, sent(**missing))
        assert answer.status_code == 422
        assert wish().who in answer.content.decode()
    assert not Erasure.objects.exists()
    answer = chief.post(address, sent())
    assert answer.headers["Location"] == f"/erasures/{Erasure.objects.get().id}"


def test_one_group_is_asked_for_where_the_record_could_be(cast: Cast) -> None:
    chief = of(cast, "administrator_same")
    chief.post(f"/patients/{cast.patient}/erasure", sent(what=str(cast.group)))
    erasure = Erasure.objects.get()
    assert (erasure.kind, erasure.group_id, erasure.patient_id) == ("patient", cast.group, None)


def test_the_operator_sees_what_to_decide_by_and_not_whose_it_is(cast: Cast) -> None:
    erasure = filed(cast, asked(cast))
    name = Patient.objects.get(pk=cast.patient).identity.name
    one = f"/erasures/{erasure.id}"
    seen = of(cast, "operator").get(one).content.decode()
    assert name not in seen and wish().who not in seen and wish().words not in seen
    assert "診療録" in seen
    assert name in of(cast, "administrator_same").get(one).content.decode()
    for page in ("/erasures", "/home", "/operator"):
        assert name not in of(cast, "operator").get(page).content.decode()
    listed = of(cast, "operator").get("/home").content.decode()
    assert f"/erasures/{erasure.id}" in listed
    assert of(cast, "operator").post(f"{one}/return", {"reason": ""}).status_code == 422
    assert of(cast, "operator").post(f"{one}/confirm").headers["Location"] == one
    again = of(cast, "operator").post(f"{one}/confirm")
    assert again.status_code < 500 and Erasure.objects.get().state == "confirmed"


def test_the_band_says_when_and_no_box_to_write_stands_there(cast: Cast) -> None:
    confirmed(cast)
    page = of(cast, "nurse").get(f"/groups/{cast.group}").content.decode()
    assert 'class="strip" data-tone="danger"' in page
    assert 'id="text"' not in page
    posted = of(cast, "nurse").post(
        f"/groups/{cast.group}/messages",
        {"text": "もう一言", "key": "00000000-0000-7000-8000-000000000001", "confirmed": "1"},
    )
    assert posted.status_code == 403


def test_the_certificate_is_a_paper_that_proves_itself(committed: Cast, travel) -> None:
    erasure = confirmed(committed)
    early = of(committed, "administrator_same").get(f"/erasures/{erasure.id}/certificate")
    assert early.status_code == 404
    name = Patient.objects.get(pk=committed.patient).identity.name
    over(travel)
    carry_out()
    role = committed.role("administrator_same")
    found = PractitionerRole.objects.select_related("account").get(pk=role)
    chief = browser(known(committed, found.account, found).cookie)
    assert chief.get(f"/erasures/{erasure.id}").status_code == 200
    paper = chief.get(f"/erasures/{erasure.id}/certificate")
    assert paper.headers["Content-Type"] == "application/pdf"
    facts = chief.get(f"/erasures/{erasure.id}/certificate.json")
    for content in (paper.content, facts.content):
        assert certificate.verify(certificate.read(content)) == []
        assert name.encode() not in content and wish().who.encode() not in content
