"""Every address, walked by the whole cast, and compared with the one matrix of the policy."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from renkei.config.routes import HOST, LIVE, PUBLIC, SIGNED_IN, routes
from renkei.kernel.clock import now
from renkei.patient.models import Consent
from renkei.policy.loading import load
from renkei.policy.rules import may
from renkei.region.audience import Audience
from renkei.region.models import News
from renkei.region.services import publish_notice
from tests.cast import (
    NAMES,
    NOBODY,
    Cast,
    application_of,
    attachment_of,
    device_of,
    draft_of,
    erasure_of,
    hand_over_of,
    incident_of,
    issuer_of,
    notice_draft_of,
    paper_of,
    reuse_of,
    take_out_of,
    task_of,
)
from tests.policy.test_rules import MATRIX
from tests.training.world import edition_of, lecture_of

WALKED = [one for one in routes() if one["route"] != LIVE["route"]]
# A picture is there or not; without one the answer is 404 to everybody who may see pictures.
# So are an app to remove, and recovery codes to look at.
NOT_THERE = {"emergency_settle", "face", "mfa_deactivate_totp", "mfa_view_recovery_codes"}
# There is no scan, and no request of that number.
NOT_THERE |= {"paper_scan", "rights_one", "rights_paper"}
# Nor is there a session or a sign-in of that id.
NOT_THERE |= {"session_end", "sign_in_mine", "sign_in_disown"}
# Nor is there a video, a certificate of that number, or a completion of that id.
NOT_THERE |= {"training_video", "training_captions", "training_edition_video"}
NOT_THERE |= {"training_certificate", "training_annul"}
# Nothing has been erased, so there is no certificate.
NOT_THERE |= {"erasure_certificate", "erasure_facts"}
# Nobody has turned notifications on in a browser of that id.
NOT_THERE |= {"notification_device_end"}
# There is no provision of that id.
NOT_THERE |= {"provision_end"}
# Nobody asks to be connected.
NOT_THERE |= {"connection"}
# Nobody seems to be registered twice.
NOT_THERE |= {"same_person_arrange"}
# Nobody has registered anybody, no administrator has changed, and nobody has left.
NOT_THERE |= {"registration", "administrator_noted", "staff_receipt"}
# Nor is there a page of the attachment, and it is no film.
NOT_THERE |= {"attachment_page", "attachment_thumb", "attachment_film", "attachment_poster"}
# Of no film anything was asked for.
NOT_THERE |= {"reuse_cut", "reuse_frame", "reuse_clip"}
# Nor has anybody reviewed anything.
NOT_THERE |= {"review_paper", "account_review_paper"}
# Nor was the message withdrawn.
NOT_THERE |= {"withdrawn"}
# No organization has a form of its own.
NOT_THERE |= {"organization_template_remove"}
# For everybody, but of no use without the password, or a passkey, just shown.
AFTER_THE_FIRST_STEP = {"card_step", "mfa_authenticate", "mfa_login_webauthn"}
# Enough that a form goes through to the use case behind it.
SENT = {
    "reason": "担当ではないため",
    "choice": "other",
    "words": "担当ではないため",
    "refuse-choice": "other",
    "refuse-words": "担当ではないため",
    "points": "staff",
    "first": "1",
    "last": "1",
    "role": "00000000-0000-7000-8000-000000000000",
    "key": "00000000-0000-7000-8000-000000000001",
    "rules": "00000000-0000-7000-8000-000000000002",
    "name": "林 一",
    "kana": "はやし はじめ",
    "birth_date": "1940-01-01",
    "sex": "女",
}
# These addresses name no organization: they are about the one the person acts for.
ABOUT_ONES_OWN = {
    "consents", "patient_new", "simultaneous", "staff", "views", "emergencies",
    "staff_new", "staff_import", "staff_bulk", "training_staff",
    "emergency_settle", "safety_staff",
    "rights_requests", "devices", "devices_csv", "devices_pdf", "device_new", "device_stock",
    "rules", "rules_edit", "rules_confirm", "hand_overs", "reuse_register", "reuse_csv",
    "erasures_own",
    "organization_templates", "organization_template", "organization_template_new",
    "organization_template_hide", "organization_template_remove",
    "reviews", "account_review", "account_review_paper",
}  # fmt: skip


def browser(cast: Cast, name: str) -> Client:
    """The browser of one of the cast, signed in unless it is nobody's."""
    client = Client(raise_request_exception=False)
    if name != NOBODY:
        client.cookies[settings.SESSION_COOKIE_NAME] = cast.people[name].cookie
    return client


def visit(cast: Cast, name: str, address: str) -> HttpResponse:
    """Look at a page; where only sending makes sense, send nothing."""
    client = browser(cast, name)
    response = client.get(address)
    if response.status_code == 405:
        response = client.post(address, SENT)
    elif response.headers.get("Location") == "/me":  # a page that only takes what is sent
        response = client.get("/me")
    return response  # type: ignore[return-value]


def address_of(cast: Cast, name: str, one: dict[str, Any], notice: str) -> str:
    asked = name if name in cast.invitations else "invited"
    if one["name"] in ("notice_edit", "notice_preview"):
        notice = str(notice_draft_of(cast))
    parts = {
        "code": paper_of(cast).code,
        "form": "form-4-patient-consent"
        if one["name"] not in ("application_paper", "join_paper")
        else "form-1-application",
        "consent": Consent.objects.get(patient=cast.patient, ended_at=None).id,
        "scan": cast.account("nurse"),  # no scan of any paper
        "group": cast.group,
        "patient": cast.patient,
        "message": cast.message,
        "attachment": attachment_of(cast),
        "task": task_of(cast),
        "template": "visit-nurse",
        "page": "1",
        "member": cast.members["nurse"],
        "invitation": cast.invitations[asked],
        "account": cast.account("nurse"),
        "role": cast.role("nurse"),
        "incident": incident_of(cast),
        "organization": cast.organizations["station"],
        "notice": notice,
        "news": news_of(cast),
        "link": cast.account("nurse"),  # no reset that anybody is told of
        "entry": cast.account("nurse"),  # no sign-in of anybody
        "pk": 0,
        "device": device_of(cast),
        "take_out": take_out_of(cast),
        "reuse": reuse_of(cast),
        "film": cast.account("nurse"),  # no film of that request
        "hand_over": hand_over_of(cast),
        "pair": cast.account("nurse"),  # no pair of records
        "token": "ABCDE",
        "disaster": cast.disaster,
        "erasure": erasure_of(cast),
        "application": application_of(cast),
        "step": "check",
        "draft": draft_of(cast),
        "int:number": 0,
        "key": "security",
        "provision": cast.account("nurse"),  # none of the region's
        "issuer": issuer_of(cast),
        "use": cast.account("nurse"),  # no entry of anybody's
        "course": "first",
        "part": "1",
        "edition": edition_of(cast),
        "lecture": lecture_of(cast),
        "completion": cast.account("nurse"),  # no completion of anybody's
        "number": 1 if one["name"] == "policy_edition" else "2" * 12,
        "registration": cast.account("nurse"),  # no registration of anybody
        "subscription": cast.account("nurse"),  # no browser of anybody's
        "connection": cast.account("nurse"),  # nobody asks to be connected
    }
    return "/" + re.sub(
        r"<(\w+):(\w+)>",
        lambda part: str(parts[named if (named := part[0][1:-1]) in parts else part[2]]),
        one["route"],
    )


def news_of(cast: Cast) -> UUID:
    """News that everybody may read."""
    made = {"title": "題", "body": "文", "published_at": now(), "published_by": uuid4()}
    return News.objects.get_or_create(region_id=cast.region, defaults=made)[0].id


def may_in_matrix(permission: str, name: str) -> bool:
    """Whether the matrix says yes of the person when consent is recorded."""
    if permission == PUBLIC:
        return True
    if permission == HOST:  # by where one comes from, not by who one is: tests/web/test_metrics.py
        return False
    if permission == SIGNED_IN:
        return name != NOBODY
    _, cells = MATRIX[permission]
    return "c" in cells.split()[NAMES.index(name)]


def verdict(response: HttpResponse) -> str:
    """What the answer means: "in", "out" or "sign in"; anything else is a fault."""
    status = response.status_code
    if status == 401 or response.headers.get("Location", "").startswith("/sign-in"):
        return "sign in"
    if status in (403, 404):
        return "out"
    return "in" if status < 500 and status != 405 else f"fault {status}"


def may_at_ones_own(cast: Cast, permission: str, name: str) -> bool:
    own = cast.people[name].organization
    return own is not None and may(load(cast[name], "organization", own), permission)


def expected(cast: Cast, one: dict[str, Any], name: str) -> str:
    if one["name"] in ABOUT_ONES_OWN:
        yes = may_at_ones_own(cast, one["permission"], name)
    else:
        yes = may_in_matrix(one["permission"], name)
    if yes and not (name == NOBODY and one["name"] in AFTER_THE_FIRST_STEP):
        return "in"
    if one["permission"] == HOST:
        return "out"
    return "sign in" if name == NOBODY else "out"


@pytest.mark.clause("N3.9", "N2.3")
@pytest.mark.parametrize("one", WALKED, ids=lambda one: str(one["name"]))
def test_who_gets_in_where(cast: Cast, one: dict[str, Any]) -> None:
    """Who does not get in with looking does not get in with sending either."""
    everybody = Audience(families=True)  # all who work here, patients and relatives
    notice = publish_notice(
        cast["operator"], None, title="停電", body="点検", acknowledge=True, to=everybody
    ).id
    wanted = {name: expected(cast, one, name) for name in NAMES}
    found = {}
    for name in NAMES:
        address = address_of(cast, name, one, str(notice))
        mark = transaction.savepoint()  # what one person does is undone before the next comes
        answer = visit(cast, name, address)
        found[name] = verdict(answer)
        transaction.savepoint_rollback(mark)
        if wanted[name] != "in" and answer.request["REQUEST_METHOD"] != "POST":  # type: ignore[attr-defined]
            sent = browser(cast, name).post(address, SENT)
            assert sent.status_code == 405 or verdict(sent) in ("out", "sign in"), name  # type: ignore[arg-type]
    if one["name"] in NOT_THERE:
        wanted = {name: "out" if what == "in" else what for name, what in wanted.items()}
    assert found == wanted
