"""The signed sheet of an agreement that somebody of the family takes part (A11.5).

The sheet is printed with its code, signed, and its scan filed like every paper; here the agreement
on record is told which sheet it is, so that whoever asks for the one finds the other.
"""

from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.enrollment.models import Paper
from renkei.enrollment.papers import read_code
from renkei.group.models import FamilyAgreement
from renkei.kernel.errors import Problem, Unknown
from renkei.policy.use_case import Change, use_case

FORM = "family-consent"


def sheet_of(typed: str, patient: UUID) -> Paper:
    """The sheet of this number, if it is one of this patient's and nobody else's agreement.

    Raises:
        Problem: it is not; whether there is such a paper elsewhere, nobody learns.
    """
    found = Paper.objects.filter(code=read_code(typed) or None, form=FORM, patient_id=patient)
    sheet = found.first()
    if sheet is None:
        raise Problem(
            gettext_noop("There is no sheet of this patient with that number."), field="sheet"
        )
    if FamilyAgreement.objects.filter(paper=sheet).exists():
        raise Problem(gettext_noop("This sheet belongs to another agreement."), field="sheet")
    return sheet


@use_case("family.link", on="member")
def link_sheet(change: Change, *, typed: str) -> None:
    """Say which signed sheet an agreement on record is.

    A wrong number is put right, and the line says which one it was, until the scan is filed: from
    then on the sheet is the proof of the agreement, and stays.

    Raises:
        Unknown: nobody wrote down an agreement of this member.
        Problem: there is no such sheet of this patient, or it belongs to another agreement; or the
            scan of the one that is linked is filed.
    """
    agreement = FamilyAgreement.objects.select_for_update().filter(
        member=change.standing.what.member
    )
    kept = agreement.first()
    if kept is None:
        raise Unknown("agreement")
    change.about("FamilyAgreement", kept.id)
    papers = Paper.objects.select_for_update()
    before = papers.get(pk=kept.paper_id) if kept.paper_id else None
    if before is not None and read_code(typed) == before.code:
        change.silent = True  # it is this one already
        return
    if before is not None and before.scan_id is not None:
        raise Problem(
            gettext_noop("The scan of the signed sheet is filed. It stays with this agreement."),
            field="sheet",
        )
    sheet = sheet_of(typed, change.patient)
    kept.paper, kept.how = sheet, FamilyAgreement.How.PAPER
    kept.save(update_fields=["paper", "how"])
    change.detail |= {"paper": sheet.id.hex, "before": before.id.hex if before else None}
