"""A patient's forms on paper: form 4 twice in one, its change, requests of rights and answers (P4).

What is known stands in them; what was signed on the screen is set again under the words it was
signed under. The sheet is set after the paper was noted, so that nobody who writes waits for it.
"""

from datetime import date
from typing import Any, Final
from uuid import UUID

from renkei.enrollment.papers import issue
from renkei.enrollment.printing import Printed, Ready, day, organization_values
from renkei.kernel.errors import Unknown
from renkei.paperwork.form import Filled
from renkei.patient.models import UNKNOWN, Consent, Patient, RightsRequest
from renkei.patient.purposes import FORM
from renkei.people.faces import name_of
from renkei.policy.standing import Actor
from renkei.policy.use_case import Change, use_case
from renkei.region.form_texts import in_force, wording_of

AGREE, DECLINE, TOLD = "同意する", "同意しない", "説明を受けた"
ON_SCREEN: Final = "（画面で署名）"
BY_HAND: Final = ("form-4-patient-consent", "consent-change", "rights-request", "family-consent")
KINDS: Final = {
    "purpose": "利用目的を知る",
    "disclosure": "内容を見る（開示）",
    "provision": "第三者提供の記録を見る",
    "correction": "直す・加える",
    "erasure": "消す",
    "stop_use": "使うのをやめる",
    "stop_provision": "他への提供をやめる",
}
REQUESTERS: Final = {
    "patient": "本人",
    "legal": "法定代理人",
    "delegate": "本人が委任した代理人",
    "bereaved": "遺族（診療記録等の提供）",
}
RESULTS: Final = {
    "granted": "全部に応じる",
    "partly": "一部に応じる",
    "refused": "応じられない",
    "nothing": "情報を持っていない",
}
HOW: Final = {"meeting": "面談", "telephone": "電話", "letter": "書面", "family": "家族から"}


def print_form(actor: Actor, patient: UUID, form: str, *, origin: str) -> Printed:
    """A form to be signed by hand, with what is known of the patient.

    Raises:
        Unknown: there is no such form for a patient.
        Problem: there is no Japanese font on this machine.
    """
    if form not in BY_HAND:
        raise Unknown("form")
    return _ready(actor, patient, form=form).printed(origin)


def print_consent(
    actor: Actor, patient: UUID, consent: UUID, *, withdrawal: bool = False, origin: str
) -> Printed:
    """Form 4 as it was given, or the notice that changed it, twice in one, with the signature.

    Args:
        withdrawal: not the consent, but the notice that took it back, with its receipt.

    Raises:
        Unknown: this patient gave no such consent, or did not take it back.
        Problem: there is no Japanese font on this machine.
    """
    return _ready(actor, patient, consent=consent, withdrawal=withdrawal).printed(origin)


def print_request(
    actor: Actor, patient: UUID, number: int, *, answer: bool, origin: str
) -> Printed:
    """A request of rights as it was received, or its answer.

    Raises:
        Unknown: this patient has no such request, or it has no answer yet.
        Problem: there is no Japanese font on this machine.
    """
    return _ready(actor, patient, request=number, answer=answer).printed(origin)


@use_case("paper.print", on="patient")
def _ready(
    change: Change,
    *,
    form: str = "",
    consent: UUID | None = None,
    withdrawal: bool = False,
    request: int | None = None,
    answer: bool = False,
) -> Ready:
    patient = Patient.objects.select_related("organization").get(pk=change.patient)
    change.about("Patient", patient.id)
    about, filled, returns = ("Patient", patient.id), Filled(_known(patient)), True
    edition: int | None = None
    if consent is not None:
        found = patient.consents.filter(pk=consent, state=Consent.State.GIVEN).first()
        if found is None or (withdrawal and found.withdrawn_on is None):
            raise Unknown("consent")
        changed = withdrawal or found.signature.changed
        form = "consent-change" if changed else "form-4-patient-consent"
        about = ("Consent", found.id)
        edition = _edition(change, found, form)
        filled = _withdrawn(patient, found) if withdrawal else _given(patient, found)
        # signed on paper, whose scan is filed
        returns = withdrawal or found.drawing_sealed is None
    if request is not None:
        asked = patient.rights_requests.filter(number=request).first()
        if asked is None or (answer and asked.answered_on is None):
            raise Unknown("rights request")
        form = "rights-answer" if answer else "rights-request"
        about, filled = ("RightsRequest", asked.id), _requested(patient, asked)
        returns = not answer
    paper = issue(
        change,
        form=form,
        about=about,
        region=change.region,
        organization=patient.organization_id,
        patient=patient.id,
        key=patient.key_id,
        edition=edition,
        returns=returns,
        anew=form == "family-consent",  # each of the family signs one
    )
    change.about("Paper", paper.id, form=form)
    return Ready(paper, wording_of(change.region, form, paper.text_number), filled)


def _edition(change: Change, consent: Consent, form: str) -> int | None:
    """The words it was signed under; None where nobody recorded them."""
    if form == FORM:
        return consent.text_number
    day_of = consent.withdrawn_on or consent.signed_on
    return in_force(change.region, form, day_of).number if day_of else None


def _born(born: date) -> str:
    return "" if born == UNKNOWN else day(born)


def _known(patient: Patient) -> dict[str, str]:
    """What the record knows."""
    one, basics = patient.identity, patient.basics
    phones = "・".join(each for each in (one.phone, one.mobile) if each)
    known = {
        **organization_values(patient.organization),
        "patient.name": one.name,
        "patient.kana": one.kana,
        "patient.birth_date": _born(one.born),
        "patient.address": one.address,
        "patient.phone": phones,
        "physician.name": basics.physician_name,
    }
    contacts = patient.related_persons.all()
    contact = next((each for each in contacts if each.emergency_contact), None)
    if contact is not None:
        person = contact.person
        known |= {
            "emergency_name": person.name,
            "emergency_relationship": person.relationship,
            "emergency_phone": "・".join(person.phones),
        }
    current = patient.consents.filter(ended_at=None, state=Consent.State.GIVEN).first()
    known["consent.date"] = day(current.signed_on) if current else ""
    return known


def _signing(consent: Consent) -> dict[str, Any]:
    """The signature: drawn, or the name of who signed on paper that is kept elsewhere."""
    strokes = consent.unseal("drawing_sealed") or []
    return {"strokes": strokes, "signed": ON_SCREEN if strokes else ""}


def _given(patient: Patient, consent: Consent) -> Filled:
    signature, declined = consent.signature, set(consent.declined_purposes)
    keeper, proxy = consent.original_kept_by, signature.relationship != "本人"
    answers = {one: DECLINE if one in declined else AGREE for one in Consent.DECLINABLE}
    values = {
        **_known(patient),
        "date": day(consent.signed_on),
        "explained_by": signature.explained_by,
        "purpose_4_who": signature.family_told,
        "declined_reason": signature.declined_reason,
        "proxy_name": signature.signer if proxy else "",
        "proxy_relationship": signature.relationship if proxy else "",
        "proxy_reason": signature.proxy_reason,
        "copy_given_date": day(consent.copy_given_on),
        "original_place": "　".join(
            each for each in (keeper.name if keeper else "", signature.original_place) if each
        ),
        "signature": "" if consent.drawing_sealed else signature.signer,
    }
    if signature.changed:
        values |= _changed(consent, signature.changed)
    return Filled(
        values=values,
        purposes={**answers, 6: TOLD, 7: TOLD},
        ticked=frozenset(
            {"本人の意思を確かめました"} if proxy and signature.wish_confirmed else ()
        ),
        **_signing(consent),
    )


def _withdrawn(patient: Patient, consent: Consent) -> Filled:
    """The notice that takes everything back, and the receipt that says what was done."""
    return Filled(
        {
            **_known(patient),
            "date": day(consent.withdrawn_on),
            "consent.date": day(consent.signed_on),
            "kind": "全部を取り消す",
            "from_when": "今すぐ",
            "measures": "患者グループを他の事業所に対して閉じた",
        }
    )


def _changed(consent: Consent, changed: str) -> dict[str, str]:
    """What a notice of change says beside what form 4 does."""
    signature = consent.signature
    told = [one.split(":") for one in changed.split(",")]
    stopped = [number for number, said in told if said == "no"]
    proxy = signature.relationship != "本人"
    closed = bool({1, 2, 5} & {int(number) for number in stopped})
    measures = [f"目的{number}の利用を止めた" for number in stopped]
    measures += [f"目的{number}の同意を記録した" for number, said in told if said == "yes"]
    if closed:
        measures.append("患者グループを他の事業所に対して閉じた")
    receipt = date.fromisoformat(signature.receipt_on) if signature.receipt_on else None
    before = consent.patient.consents.filter(recorded_at__lt=consent.recorded_at)
    earlier = before.order_by("-recorded_at").first()
    return {
        "kind": "一部を変える",
        "purposes_declined": "、".join(stopped),
        "purposes_agreed": "、".join(number for number, said in told if said == "yes"),
        "from_when": "今すぐ",
        "consent.date": day(earlier.signed_on) if earlier else "",
        "proxy_name": f"{signature.signer}　{signature.relationship}" if proxy else "",
        "received_how": HOW.get(signature.received_how, ""),
        "received_by": name_of(consent.recorded_by),
        "receipt_date": day(receipt),
        "measures": "、".join(measures),
    }


def _requested(patient: Patient, request: RightsRequest) -> Filled:
    asked, answer = request.asked, request.answer
    requester = asked.requester_name or patient.identity.name
    return Filled(
        {
            **_known(patient),
            "date": day(request.answered_on or request.received_on),
            "kind": "、".join(KINDS[one] for one in request.kinds.split(",")),
            "requester": REQUESTERS[request.requester],
            "requester_name": asked.requester_name,
            "requester.name": requester,
            "identity": "、".join(asked.identity),
            "scope": asked.scope,
            "period": asked.period,
            "way": asked.way,
            "correction": asked.correction,
            "reason": asked.reason,
            "received_on": day(request.received_on),
            "rights.received_on": day(request.received_on),
            "received_by": name_of(request.received_by),
            "due_on": day(request.due_on),
            "request_number": f"第{request.number}号",
            "result": RESULTS.get(request.result, ""),
            "done": answer.done,
            "provided": answer.provided,
            "withheld": answer.withheld,
            "reasons": answer.reasons,
            "told_others": answer.told_others,
            "answerer": answer.answerer,
        }
    )
