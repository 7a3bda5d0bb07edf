"""Forms that were printed, and the scans of what came back signed (F1-F3, P1-P4).

A paper has a code, in letters and as QR code. Whoever may see the record finds it by the code and
files the scan; to everybody else the code is unknown. What a scan shows lies sealed under the key
of its record: a patient's, else the region's.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_noop

from renkei.enrollment import scans
from renkei.enrollment.models import FormerScan, Paper
from renkei.files import store
from renkei.files.models import File
from renkei.kernel import clock
from renkei.kernel.database import as_uuid, row
from renkei.kernel.entity import uuid7
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.patient.identity import open_identity
from renkei.people.faces import name_by
from renkei.policy.standing import Actor, Standing
from renkei.policy.use_case import Change, disclosure, own_record, use_case
from renkei.region.form_texts import forms, in_force
from renkei.region.models import Region

KEPT_BY: Final = {  # who files a form; what is about a patient goes with the patient's record
    "form-1-application": "operator",
    "form-2-organization-pledge": "operator",
    "administrator-change": "operator",
    "organization-leaving": "operator",
}
# Crockford's, none of which looks like another, but for Z: 31 is prime, as the last letter needs.
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXY"
_READ_AS: Final = str.maketrans("OIL", "011")
_RANDOM: Final = 9  # letters that are drawn: 44 bits; the tenth tells a slip of the pen
MOST_LISTED: Final = 100


# ── Codes ────────────────────────────────────────────────────────────────────────────────────────


def _check_letter(letters: str) -> str:
    """The last letter: differs when one letter is wrong or two neighbours change places."""
    weighed = sum((at + 1) * _LETTERS.index(one) for at, one in enumerate(letters))
    return _LETTERS[weighed % len(_LETTERS)]


def make_code() -> str:
    """A new code: ten letters, ``ABCDEFGHJK``."""
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM))
    return drawn + _check_letter(drawn)


def shown_code(code: str) -> str:
    """The code as it stands on the paper: ``ABCDE-FGHJK``."""
    return f"{code[:5]}-{code[5:]}"


def read_code(typed: str) -> str:
    """The code that was meant, however it was typed; empty if it cannot be one."""
    plain = "".join(typed.upper().split()).replace("-", "").replace("－", "").translate(_READ_AS)
    whole = len(plain) == _RANDOM + 1 and all(one in _LETTERS for one in plain)
    return plain if whole and _check_letter(plain[:-1]) == plain[-1] else ""


# ── Issuing ──────────────────────────────────────────────────────────────────────────────────────


def issue(
    change: Change,
    *,
    form: str,
    about: tuple[str, UUID],
    region: UUID,
    organization: UUID | None = None,
    patient: UUID | None = None,
    key: UUID | None = None,
    edition: int | None = None,
    returns: bool = True,
    anew: bool = False,
) -> Paper:
    """Note that a form was set on paper, within a use case that has asked its own rule.

    The same record and form printed again, under the same words, keeps its paper and its code.

    Args:
        form: as ``region.form_texts`` names it.
        about: the record, as audit lines name it: ("Pledge", id).
        organization: it belongs to; None only for what comes before there is one.
        patient, key: of a patient's paper, and the patient's data key.
        edition: of the words it was signed under; else those in force today.
        anew: with a code of its own each time, for several may be signed beside one another.
        returns: it is to come back signed; False for a copy of what is on record already.

    Raises:
        KeyError: there is no such form.
    """
    number = in_force(region, form, clock.today()).number if edition is None else edition
    named = f"{about[0]}/{about[1].hex}"
    found = Paper.objects.filter(form=form, about=named, text_number=number, scan=None)
    if not anew and (before := found.order_by("-issued_at").first()) is not None:
        return before
    paper = Paper(
        id=uuid7(),
        key_id=key or Region.objects.only("key_id").get(pk=region).key_id,
        code=make_code(),
        form=form,
        text_number=number,
        about=named,
        kept_by="patient" if patient else KEPT_BY.get(form, "organization"),
        organization_id=organization,
        patient_id=patient,
        returns=returns,
        issued_by=change.standing.who.account,
        issued_at=change.now,
    )
    paper.save(force_insert=True)
    change.detail.setdefault("papers", []).append(paper.id.hex)
    return paper


# ── Finding and reading ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ScanLine:
    """One scan of a paper."""

    id: UUID
    filed_at: datetime
    filed_by: str
    replaced_at: datetime | None


@dataclass(frozen=True, slots=True)
class PaperPage:
    """A paper, and what was filed of it."""

    id: UUID
    code: str
    form: str
    title: str
    text_number: int
    kept_by: str
    about: str  # the kind of record: "Consent"
    organization: str
    patient: UUID | None
    patient_name: str
    issued_at: datetime
    issued_by: str
    scan: ScanLine | None
    former: list[ScanLine]


def find(typed: str) -> UUID:
    """The paper of a code; that there is one says nothing about who may see it.

    Raises:
        Unknown: there is none.
    """
    code = read_code(typed)
    found = row("SELECT id FROM enrollment_paper WHERE code = %s", [code]) if code else None
    paper = as_uuid(found[0]) if found else None
    if paper is None:
        raise Unknown("paper")
    return paper


def see_paper(actor: Actor, typed: str) -> PaperPage:
    """The paper of a code, for who may see its record.

    Raises:
        Unknown: there is none, or not for this person: nobody learns which codes there are.
    """
    try:
        return _see(actor, find(typed))
    except Refused:
        raise Unknown("paper") from None


_PATIENT = "SELECT id, key_id, identity_sealed FROM patient_patient WHERE id = %s"


def _patient_name(patient: UUID | None) -> str:
    found = row(_PATIENT, [patient.hex]) if patient else None
    if found is None:
        return ""
    patient_id, key = as_uuid(found[0]), as_uuid(found[1])
    assert patient_id is not None and key is not None
    return open_identity(patient_id, key, found[2]).name


@disclosure("paper.see", on="paper")
def _see(standing: Standing) -> PaperPage:
    assert standing.what.paper is not None
    paper = Paper.objects.select_related("organization").get(pk=standing.what.paper.id)
    current = None
    if paper.scan_id is not None and paper.filed_at is not None:
        current = ScanLine(paper.scan_id, paper.filed_at, name_by(paper.filed_by), None)
    return PaperPage(
        id=paper.id,
        code=shown_code(paper.code),
        form=paper.form,
        title=forms()[paper.form].title,
        text_number=paper.text_number,
        kept_by=paper.kept_by,
        about=paper.about.split("/")[0],
        organization=paper.organization.name if paper.organization else "",
        patient=paper.patient_id,
        patient_name=_patient_name(paper.patient_id),
        issued_at=paper.issued_at,
        issued_by=name_by(paper.issued_by),
        scan=current,
        former=[
            ScanLine(one.scan_id, one.filed_at, name_by(one.filed_by), one.replaced_at)
            for one in paper.former.order_by("-filed_at")
        ],
    )


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan as it goes to the browser."""

    type: str  # "application/pdf" or "image/jpeg"
    content: bytes


def read_scan(actor: Actor, typed: str, *, scan: UUID) -> Scan:
    """One scan of a paper; that it was read stands in the reader's own stream before it leaves.

    Raises:
        Unknown: there is no such scan, or not for this person.
        Missing, Tampered, Erased: from reading its file.
    """
    try:
        standing, file = _open(actor, find(typed), scan)
    except Refused:
        raise Unknown("paper") from None
    assert standing.what.paper is not None
    content = b"".join(store.read(file))
    with own_record(standing, "paper.see", f"Paper/{standing.what.paper.id.hex}") as change:
        change.detail["scan"] = file.id.hex
    return Scan(scans.type_of(content), content)


@disclosure("paper.see", on="paper")
def _open(standing: Standing, scan: UUID) -> tuple[Standing, File]:
    assert standing.what.paper is not None
    paper = Paper.objects.select_related("scan").get(pk=standing.what.paper.id)
    if paper.scan is not None and paper.scan_id == scan:
        return standing, paper.scan
    former = paper.former.select_related("scan").filter(scan_id=scan).first()
    if former is None:
        raise Unknown("scan")
    return standing, former.scan


# ── Filing ───────────────────────────────────────────────────────────────────────────────────────


def file_scan(actor: Actor, typed: str, *, content: bytes) -> None:
    """File the scan of a paper; one filed before stays with it.

    The content is looked at and written before the change begins, so that nobody who writes waits.

    Raises:
        Unknown: there is no such paper, or not for this person.
        Problem: what came is no scan.
        OSError: it could not be written; nothing was filed.
    """
    paper = find(typed)
    try:
        key = _key_for_scan(actor, paper)
        _keep(actor, paper, file=store.write(key, [scans.kept(content)]))
    except Refused:
        raise Unknown("paper") from None


@disclosure("paper.file", on="paper")
def _key_for_scan(standing: Standing) -> UUID:
    """The data key it will be sealed under; and the rule is asked before anything is opened."""
    assert standing.what.paper is not None
    return Paper.objects.only("key_id").get(pk=standing.what.paper.id).key_id


@use_case("paper.file", on="paper")
def _keep(change: Change, *, file: File) -> None:
    assert change.standing.what.paper is not None
    paper = Paper.objects.select_for_update().get(pk=change.standing.what.paper.id)
    if paper.former.count() >= 20:
        raise Problem(gettext_noop("This scan was replaced too often."), field="scan")
    file.save(force_insert=True)
    if paper.scan_id is not None:
        FormerScan.objects.create(
            paper=paper,
            scan_id=paper.scan_id,
            filed_by=paper.filed_by,
            filed_at=paper.filed_at,
            replaced_at=change.now,
        )
    paper.scan, paper.filed_by, paper.filed_at = file, change.account, change.now
    paper.save(update_fields=["scan", "filed_by", "filed_at"])
    if paper.patient_id is not None:
        change.stream = f"patient:{paper.patient_id.hex}"
    change.about("Paper", paper.id, scan=file.id.hex, sealed=file.sha256)


# ── What waits ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper that was printed and has not come back."""

    code: str
    title: str
    organization: str
    issued_at: datetime
    filed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Desk:
    """Where papers are filed."""

    waiting: list[PaperLine]
    filed: list[PaperLine]


def _mine(standing: Standing) -> Q:
    """The papers a person may file; names of patients are not among what is listed."""
    who, wanted = standing.who, Q(pk=None)
    if who.operator:
        of_region = Q(organization__region=who.region) | Q(organization=None)
        wanted |= Q(kept_by="operator") & of_region
    if who.organization and who.administrator:
        wanted |= Q(organization=who.organization, kept_by__in=("operator", "organization"))
    if who.organization:
        wanted |= Q(organization=who.organization, kept_by="patient")
    return wanted


def _lines(found: Iterator[Paper]) -> list[PaperLine]:
    return [
        PaperLine(
            code=shown_code(one.code),
            title=forms()[one.form].title,
            organization=one.organization.name if one.organization else "",
            issued_at=one.issued_at,
            filed_at=one.filed_at,
        )
        for one in found
    ]


@disclosure("papers.list", on="region")
def see_papers(standing: Standing) -> Desk:
    """The papers of one's own that wait for their scan, and those filed last."""
    mine = Paper.objects.filter(_mine(standing)).select_related("organization")
    waiting = mine.filter(scan=None, returns=True).order_by("-issued_at")[:MOST_LISTED]
    filed = mine.exclude(scan=None).order_by("-filed_at")[:20]
    return Desk(_lines(iter(waiting)), _lines(iter(filed)))
