"""An erasure on paper: the request to be signed, and the certificate with its signed facts (A11.7).

The certificate names nobody whose wish it was: that is left to be written by hand, so that nothing
here tells who the patient was.
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from renkei.disclosure import retention
from renkei.disclosure.erasing import FORM, taken
from renkei.disclosure.models import Erasure
from renkei.enrollment.papers import issue
from renkei.enrollment.printing import Printed, Ready, day, organization_values, printed
from renkei.group.models import Group
from renkei.kernel import clock
from renkei.kernel.errors import Unknown
from renkei.kernel.japanese import wareki
from renkei.paperwork.form import Filled
from renkei.patient.models import Patient
from renkei.people.faces import name_of
from renkei.people.models import Organization
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import Change, disclosure, use_case
from renkei.region.form_texts import in_force, wording_of

CERTIFICATE: Final = "erasure-certificate"
SCOPES: Final = {
    "patient": "患者グループの内容",
    "family": "ご家族グループの内容",
    "free": "自由グループの内容",
    "record": "患者の登録すべて",
}
RELATIONS: Final = {
    "patient": "本人",
    "legal": "法定代理人・成年後見人",
    "family": "ご家族",
    "bereaved": "ご遺族",
    "members": "グループの参加者",
}
WAYS: Final = {"paper": "書面", "meeting": "面談", "phone": "電話の後に書面"}
ON_FORM: Final = {  # as the options of the form call what is kept
    "medical": "診療録（完結から5年）は別に保存",
    "pharmacy": "薬局の記録は別に保存",
    "visiting_nursing": "訪問看護の記録は別に保存",
    "care": "介護の記録（条例の年数）は別に保存",
    "care_management": "介護の記録（条例の年数）は別に保存",
    "claims": "公費・保険請求の控えは別に保存",
}
COUNTED: Final = {
    "entries": "投稿・できごと", "corrections": "訂正前の文", "acknowledgements": "了解",
    "drafts": "下書き", "tasks": "やること", "files": "添付・控えのファイル",
    "members": "参加の記録",
    "invitations": "招待", "consents": "同意の記録", "relatives": "ご家族など",
    "rights": "開示などの請求", "papers": "書類", "safety": "安否の報告",
    "charters": "使い方の取決め", "reviews": "参加者の点検", "hand_overs": "引継ぎの記録",
    "groups": "グループ", "records": "患者の登録",
}  # fmt: skip


# ── The request ──────────────────────────────────────────────────────────────────────────────────


def print_request(actor: Actor, erasure: UUID, *, origin: str) -> Printed:
    """The request as a form to be signed, with its code; its scan is filed under it.

    Raises:
        Unknown: it is over, so that there is nothing to sign.
        Problem: there is no Japanese font on this machine.
    """
    return _ready(actor, erasure).printed(origin)


@use_case("erasure.print", on="erasure")
def _ready(change: Change) -> Ready:
    erasure = taken(change)
    if erasure.state not in Erasure.STANDS:
        raise Unknown("erasure")
    group_id = erasure.group_id
    group = Group.objects.filter(pk=group_id).first() if group_id else None
    record = erasure.patient_id or (group.patient_id if group else None)
    patient = Patient.objects.filter(pk=record).first() if record else None
    manager = change.standing.what.target_organization
    assert manager is not None
    organization = Organization.objects.get(pk=manager)
    paper = issue(
        change,
        form=FORM,
        about=("Erasure", erasure.id),
        region=change.region,
        organization=organization.id,
        patient=patient.id if patient else None,
        key=patient.key_id if patient else None,
    )
    change.about("Paper", paper.id, form=FORM)
    values = _values(erasure, organization, patient)
    words = wording_of(change.region, FORM, paper.text_number)
    return Ready(paper, words, Filled(values, ticked=frozenset([""])))  # it was explained


def _values(
    erasure: Erasure, organization: Organization, patient: Patient | None
) -> dict[str, str]:
    wish = erasure.unseal("wish_sealed") or {}
    kept = [
        ON_FORM.get(one.key, f"{one.title['ja'].split('（')[0]}は別に保存")
        for one in retention.items()
        if erasure.retention.get(one.key) in retention.KEPT
    ]
    return {
        **organization_values(organization),
        "date": _day(erasure.asked_at),
        "patient.name": patient.identity.name if patient else "",
        "group_number": f"{erasure.subject}（申請 {erasure.shown_number}）",
        "scope": SCOPES[erasure.kind],
        "wished_by": f"{wish.get('who', '')}（{RELATIONS[erasure.relation]}）",
        "wished_on": day(erasure.wished_on),
        "wished_how": WAYS[erasure.way],
        "retention_checks": "、".join([*dict.fromkeys(kept), "係争・調査中でない"]),
        "transfers": "申請した事業所の記録に、必要なものがあります" if kept else "なし",
        "members_told": "待機期間の間、グループの上部に表示します",
        "applicant": name_of(erasure.asked_by),
        "head_name": "",
        "operator_confirmed_by": name_of(erasure.decided_by) if erasure.due_at else "",
        "waiting_until": _moment(erasure.due_at),
    }


def _day(at: datetime | None) -> str:
    return day(at.astimezone(clock.JAPAN).date()) if at else ""


def _moment(at: datetime | None) -> str:
    """A moment as papers have it: 令和8年11月27日 18時05分."""
    if at is None:
        return ""
    here = at.astimezone(clock.JAPAN)
    return f"{wareki(here.date())} {here:%-H}時{here:%M}分"


# ── The certificate ──────────────────────────────────────────────────────────────────────────────


@disclosure("erasure.see", on="erasure")
def see_certificate(standing: Standing) -> Erasure:
    """The erasure whose certificate is asked for.

    Raises:
        Unknown: it is not done, so there is none.
    """
    assert standing.what.erasure is not None
    found = Erasure.objects.select_related(
        "region", "organization", "asked_by", "decided_by"
    ).filter(pk=standing.what.erasure.id, state=Erasure.State.DONE)
    one = found.first()
    if one is None:
        raise Unknown("certificate")
    return one


def certificate_file(actor: Actor, erasure: UUID) -> Printed:
    """The signed facts, as they are verified: ``renkei erase verify``."""
    one = see_certificate(actor, erasure)
    return Printed(f"erasure-{one.shown_number}.json", one.certificate.encode() + b"\n")


def print_certificate(actor: Actor, erasure: UUID, *, origin: str) -> Printed:
    """The certificate twice, for the organization and for who wished it; the facts lie in it.

    Raises:
        Unknown: there is none.
        Problem: there is no Japanese font on this machine.
    """
    one = see_certificate(actor, erasure)
    done_on = one.done_at.astimezone(clock.JAPAN).date() if one.done_at else clock.today()
    words = in_force(one.region_id, CERTIFICATE, done_on)
    return replace(
        printed(
            CERTIFICATE,
            words=words,
            filled=Filled(_certified(one)),
            code=f"消去 {one.shown_number}",
            address=f"{origin}/erasures/{one.id}",
            attached=(f"erasure-{one.shown_number}.json", one.certificate),
        ),
        name=f"erasure-{one.shown_number}.pdf",
    )


def _certified(one: Erasure) -> dict[str, str]:
    facts = one.certificate
    hashed = re.search(r'"hash":"([0-9a-f]{64})"', facts)
    counts = "、".join(
        f"{COUNTED[name]} {count}"
        for name, count in one.counts.items()
        if count and name in COUNTED
    )
    return {
        **organization_values(one.organization),
        "number": one.shown_number,
        "issued_on": _day(one.done_at),
        "group_number": one.subject,
        "scope": SCOPES[one.kind],
        "requested_on": _day(one.asked_at),
        "confirmed_by": (
            f"{one.organization.name} {name_of(one.asked_by)}（{_day(one.asked_at)} 申請）、"
            f"{one.region.operator_name} {name_of(one.decided_by)}（{_day(one.decided_at)} 確認）"
        ),
        "executed_at": _moment(one.removed_at),
        "counts": counts or "消すものはありませんでした",
        "key_destroyed": _moment(one.destroyed_at),
        "backup_note": _copies(one.copies),
        "audit_head": _grouped(hashed[1]) if hashed else "",
        "audit.head": _grouped(hashed[1]) if hashed else "",
        "host.name": "このシステムの署名の鍵による",
    }


def _copies(copies: dict[str, Any]) -> str:
    rewritten, by_hand = int(copies.get("rewritten", 0)), int(copies.get("given_up", 0))
    if not rewritten and not by_hand:
        return "鍵の写しはありませんでした"
    parts = [f"鍵の写し {rewritten}か所を作り直しました"] if rewritten else []
    parts += [f"{by_hand}か所は人の手で廃棄しました"] if by_hand else []
    return "、".join(parts)


def _grouped(digits: str) -> str:
    """A long number as it can be compared: eight characters at a time."""
    return " ".join(digits[at : at + 8] for at in range(0, len(digits), 8))
