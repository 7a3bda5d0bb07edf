"""Papers: found by their code by who keeps the record, and unknown to everybody else."""

import string
from collections.abc import Callable
from uuid import UUID

import pytest

from renkei.audit.models import AuditEvent
from renkei.enrollment import papers
from renkei.enrollment.models import FormerScan, Paper
from renkei.enrollment.papers import file_scan, read_scan, see_paper, see_papers
from renkei.files.models import File
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.patient.models import Patient
from renkei.patient.printing import print_consent, print_form
from renkei.people.models import PractitionerRole
from renkei.region.models import Region
from tests.cast import NAMES, NOBODY, Cast, paper_of
from tests.enrollment.test_scans import PDF, picture

KEEPERS = {"administrator_same", "self_inviting"}


def of_staff(cast: Cast) -> Paper:
    """The pledge of the managing organization's nurse, on paper."""
    return paper_of(
        cast,
        form="form-3-staff-pledge",
        about=f"PractitionerRole/{cast.role('manager').hex}",
        kept_by="organization",
        patient_id=None,
        key_id=Region.objects.get(pk=cast.region).key_id,
    )


def of_operator(cast: Cast, **facts: object) -> Paper:
    """What an organization hands in to the operator."""
    return paper_of(
        cast,
        form="form-2-organization-pledge",
        about=f"Organization/{cast.organizations['station'].hex}",
        kept_by="operator",
        patient_id=None,
        key_id=Region.objects.get(pk=cast.region).key_id,
        **facts,
    )


def who_sees(cast: Cast, paper: Paper) -> set[str]:
    seen = set()
    for name in NAMES:
        try:
            see_paper(cast[name], paper.code)
        except (Unknown, SignedOut):
            continue
        seen.add(name)
    return seen


# ── Codes ────────────────────────────────────────────────────────────────────────────────────────


def test_a_code_is_read_however_it_was_written() -> None:
    code = papers.make_code()
    shown = papers.shown_code(code)
    assert len(shown) == 11
    for typed in (shown, shown.lower(), f" {shown[:3]} {shown[3:]} ", shown.replace("0", "O")):
        assert papers.read_code(typed) == code


READ_AS = str.maketrans("OIL", "011")


def test_a_slip_of_the_pen_is_no_code() -> None:
    """One letter wrong, or two neighbours in the wrong order, is no code and not another's."""
    code = papers.make_code()
    for at in range(len(code)):
        for other in string.digits + string.ascii_uppercase:
            wrong = code[:at] + other + code[at + 1 :]
            assert papers.read_code(wrong) in ("", code)  # 0 and O, 1 and I are the same
            assert papers.read_code(wrong) == "" or other.translate(READ_AS) == code[at]
    for at in range(len(code) - 2):
        turned = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        assert turned == code or papers.read_code(turned) == ""
    assert papers.read_code("") == papers.read_code("' OR 1=1 --") == ""


# ── Who finds which ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("F3", "P4")
def test_a_patients_paper_is_found_by_who_keeps_the_patients_record(cast: Cast) -> None:
    assert who_sees(cast, paper_of(cast)) == KEEPERS


@pytest.mark.clause("F2", "P3")
def test_a_pledge_of_staff_is_found_by_their_own_administrators_alone(cast: Cast) -> None:
    assert who_sees(cast, of_staff(cast)) == KEEPERS


@pytest.mark.clause("F1", "P1", "P2")
def test_what_goes_to_the_operator_is_found_by_both_ends(cast: Cast) -> None:
    assert who_sees(cast, of_operator(cast)) == KEEPERS | {"operator"}


def test_what_belongs_to_no_organization_yet_is_found_by_the_operator(cast: Cast) -> None:
    paper = of_operator(cast, organization_id=None)
    assert who_sees(cast, paper) == {"operator"}


def test_the_paper_of_another_region_is_unknown_to_this_operator(cast: Cast) -> None:
    patient = Patient.objects.get(pk=cast.patient)
    paper = of_operator(cast, organization_id=None)
    Paper.objects.filter(pk=paper.pk).update(key_id=patient.key_id)
    assert who_sees(cast, paper) == set()


def test_a_guessed_code_and_somebody_elses_are_the_same(cast: Cast) -> None:
    paper = paper_of(cast)
    for code in (papers.make_code(), paper.code, "", "../../etc/passwd"):
        for act in (
            lambda code=code: see_paper(cast["administrator_other"], code),
            lambda code=code: file_scan(cast["administrator_other"], code, content=PDF),
            lambda code=code: read_scan(cast["administrator_other"], code, scan=UUID(int=1)),
        ):
            with pytest.raises(Unknown):
                act()
    assert not File.objects.exclude(pk__in=FormerScan.objects.values("scan")).filter(
        pk__in=Paper.objects.exclude(scan=None).values("scan")
    )


def test_former_staff_find_nothing_any_more(cast: Cast) -> None:
    paper = paper_of(cast)
    PractitionerRole.objects.filter(pk=cast.role("administrator_same")).update(ended_at=1)
    with pytest.raises(Unknown):
        see_paper(cast["administrator_same"], paper.code)


@pytest.mark.clause("F2", "F3", "P1", "P2", "P3", "P4")
@pytest.mark.parametrize("which", [paper_of, of_staff, of_operator])
def test_who_may_only_read_files_nothing(cast: Cast, which: Callable[[Cast], Paper]) -> None:
    paper = which(cast)
    PractitionerRole.objects.filter(pk=cast.role("administrator_same")).update(
        restriction="read_only"
    )
    with pytest.raises(Unknown):
        file_scan(cast["administrator_same"], paper.code, content=PDF)


def test_the_list_shows_each_person_their_own_papers(cast: Cast) -> None:
    codes = {papers.shown_code(one.code) for one in (paper_of(cast), of_staff(cast))}
    theirs = papers.shown_code(of_operator(cast).code)

    def listed(name: str) -> set[str]:
        return {one.code for one in see_papers(cast[name], None).waiting}

    assert listed("administrator_same") == codes | {theirs}
    assert listed("operator") == {theirs}
    assert listed("administrator_other") == listed("physician") == set()
    with pytest.raises(Refused):
        see_papers(cast["nurse"], None)
    with pytest.raises(SignedOut):
        see_papers(cast[NOBODY], None)


# ── Filing and reading ───────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("F2", "F3")
def test_a_scan_is_filed_read_again_and_the_reading_recorded(cast: Cast) -> None:
    paper = paper_of(cast)
    file_scan(cast["administrator_same"], paper.code, content=PDF)
    page = see_paper(cast["administrator_same"], paper.code)
    assert page.scan is not None and page.patient_name == "髙橋 節子"
    scan = read_scan(cast["self_inviting"], paper.code, scan=page.scan.id)
    assert (scan.type, scan.content) == ("application/pdf", PDF)
    reader = f"account:{cast.account('self_inviting').hex}"
    line = AuditEvent.objects.filter(stream=reader).order_by("-seq").first()
    assert line is not None
    assert (line.action, line.entity) == ("paper.see", f"Paper/{paper.id.hex}")
    filed = AuditEvent.objects.get(action="paper.file")
    assert filed.stream == f"patient:{cast.patient.hex}"
    assert "髙橋" not in filed.detail


def test_it_lies_sealed_under_the_patients_key(cast: Cast) -> None:
    paper = paper_of(cast)
    file_scan(cast["administrator_same"], paper.code, content=PDF)
    file = File.objects.get(pk=Paper.objects.get(pk=paper.pk).scan_id)
    assert file.key_id == Patient.objects.get(pk=cast.patient).key_id


def test_a_scan_in_place_of_another_keeps_the_former(cast: Cast) -> None:
    paper = paper_of(cast)
    file_scan(cast["administrator_same"], paper.code, content=PDF)
    first = see_paper(cast["administrator_same"], paper.code).scan
    assert first is not None
    file_scan(cast["administrator_same"], paper.code, content=picture())
    page = see_paper(cast["administrator_same"], paper.code)
    assert [one.id for one in page.former] == [first.id]
    assert read_scan(cast["administrator_same"], paper.code, scan=first.id).content == PDF
    assert page.scan is not None
    now = read_scan(cast["administrator_same"], paper.code, scan=page.scan.id)
    assert now.type == "image/jpeg"


def test_the_scan_of_one_paper_is_not_read_through_another(cast: Cast) -> None:
    paper, other = paper_of(cast), of_staff(cast)
    file_scan(cast["administrator_same"], paper.code, content=PDF)
    scan = see_paper(cast["administrator_same"], paper.code).scan
    assert scan is not None
    with pytest.raises(Unknown):
        read_scan(cast["administrator_same"], other.code, scan=scan.id)


def test_what_is_refused_leaves_nothing(cast: Cast) -> None:
    paper = paper_of(cast)
    before = File.objects.count()
    with pytest.raises(Problem):
        file_scan(cast["administrator_same"], paper.code, content=b"<svg/>")
    assert File.objects.count() == before
    assert see_paper(cast["administrator_same"], paper.code).scan is None


# ── Issuing ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.clause("P4")
def test_the_same_form_printed_again_keeps_its_code_until_it_is_filed(cast: Cast) -> None:
    def issued() -> Paper:
        print_form(cast["administrator_same"], cast.patient, "rights-request", origin="http://here")
        return Paper.objects.filter(form="rights-request").latest("issued_at")

    first = issued()
    assert issued() == first
    file_scan(cast["administrator_same"], first.code, content=PDF)
    assert issued() != first


@pytest.mark.clause("P4")
@pytest.mark.parametrize("name", ["administrator_other", "manager", "nurse", "operator", "former"])
def test_nobody_else_prints_a_patients_forms(cast: Cast, name: str) -> None:
    consent = Patient.objects.get(pk=cast.patient).consents.get(ended_at=None)
    with pytest.raises(Refused):
        print_form(cast[name], cast.patient, "form-4-patient-consent", origin="")
    with pytest.raises(Refused):
        print_consent(cast[name], cast.patient, consent.id, origin="")


def test_a_form_that_is_not_for_patients_is_not_printed_for_one(cast: Cast) -> None:
    for form in ("form-1-application", "nothing", "../policy"):
        with pytest.raises(Unknown):
            print_form(cast["administrator_same"], cast.patient, form, origin="")
