"""The pages about form 4: giving consent, the exemption, taking it back, and the register."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST

from renkei.group.shell import see_shell
from renkei.kernel import clock
from renkei.patient import changing, services
from renkei.patient.consents import see_register
from renkei.patient.desk import ConsentDesk, see_consent_desk
from renkei.patient.disclosures import see_record
from renkei.patient.printing import print_consent, print_form
from renkei.patient.purposes import purposes
from renkei.web.consent_forms import STEPS, ChangeForm, ConsentForm, ExemptionForm, WithdrawalForm
from renkei.web.device import origin
from renkei.web.frame import Request
from renkei.web.page import page, tried
from renkei.web.patient import after, own_organization
from renkei.web.pdf_answer import shown


@require_http_methods(["GET", "POST"])
def consent(request: Request, patient: UUID) -> HttpResponse:
    """Form 4 in three steps, or the exemption from it."""
    desk = see_consent_desk(request.actor, patient)
    if "exempt" in request.GET:
        return _exemption(request, desk)
    known = desk.record.consent
    initial = {"signed_on": clock.today(), "explained_by": desk.record.shell.me.face.name}
    if desk.keepers:
        initial["original_kept_by"] = str(desk.keepers[0].id)
    if known is not None and known.given:
        explained = initial["explained_by"]
        initial = ConsentForm.of(known)
        initial["explained_by"] = initial["explained_by"] or explained
    form = ConsentForm(
        request.POST or None,
        initial=initial,
        keepers=desk.keepers,
        born=desk.record.identity.born,
        patient=desk.record.identity.name,
    )
    if request.method == "GET":
        step = 3 if known is not None and request.GET.get("step") == "3" else 1
        return _consent_page(request, desk, form, step)
    return _consent_step(request, desk, form)


def _consent_step(request: Request, desk: ConsentDesk, form: ConsentForm) -> HttpResponse:
    """Go to the step asked for, unless an earlier one has something to mend."""
    go = request.POST.get("go", "")
    form.is_valid()
    if go in ("1", "2", "3"):
        wanted = int(go)
        faulty = form.faulty_step(upto=wanted - 1)
        form.forget_errors_after(faulty or 0)
        return _consent_page(request, desk, form, faulty or wanted, 422 if faulty else 200)
    if form.is_valid() and tried(
        form,
        lambda: services.record_consent(request.actor, desk.record.patient, form=form.given()),
    ):
        return after("patient", patient=desk.record.patient)
    return _consent_page(request, desk, form, form.faulty_step() or 3, 422)


def _consent_page(
    request: Request, desk: ConsentDesk, form: ConsentForm, step: int, status: int = 200
) -> HttpResponse:
    return page(
        request,
        "patient/consent.html",
        shell=desk.record.shell,
        record=desk.record,
        form=form,
        step=step,
        steps=STEPS,
        purposes=purposes(get_language() or "ja"),
        status=status,
    )


def _exemption(request: Request, desk: ConsentDesk) -> HttpResponse:
    form = ExemptionForm(request.POST or None, today=clock.today(), effective_on=desk.effective_on)
    if form.is_valid() and tried(
        form,
        lambda: services.record_consent(request.actor, desk.record.patient, form=form.given()),
    ):
        return after("patient", patient=desk.record.patient)
    return page(
        request,
        "patient/exemption.html",
        shell=desk.record.shell,
        desk=desk,
        record=desk.record,
        form=form,
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
def withdraw_consent(request: Request, patient: UUID) -> HttpResponse:
    """The patient takes the consent back."""
    seen = see_record(request.actor, patient)
    form = WithdrawalForm(request.POST or None, initial={"withdrawn_on": clock.today()})
    if form.is_valid() and tried(
        form,
        lambda: services.withdraw_consent(
            request.actor,
            patient,
            reason=form.cleaned_data["reason"],
            withdrawn_on=form.cleaned_data["withdrawn_on"],
        ),
    ):
        return after("patient", patient=patient)
    return page(
        request,
        "patient/withdraw.html",
        shell=seen.shell,
        record=seen,
        form=form,
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
def change_consent(request: Request, patient: UUID) -> HttpResponse:
    """The patient changes single purposes; it takes effect at once, and says whom it touches."""
    desk = changing.see_change_desk(request.actor, patient)
    known = desk.record.consent
    initial = {"changed_on": clock.today()}
    if known is not None and known.given:
        initial |= ChangeForm.of(known)
    form = ChangeForm(request.POST or None, initial=initial, patient=desk.record.identity.name)
    if form.is_valid() and tried(
        form, lambda: changing.change_consent(request.actor, patient, form=form.changed())
    ):
        return after("patient", patient=patient)
    return page(
        request,
        "patient/consent_change.html",
        shell=desk.record.shell,
        record=desk.record,
        desk=desk,
        form=form,
        purposes=[one for one in purposes(get_language() or "ja") if one.choice],
        status=422 if form.errors else 200,
    )


@require_POST
def consent_paper(request: Request, patient: UUID, consent: UUID) -> HttpResponse:
    """A consent as it was given, twice in one PDF: for the institution and for the patient.

    With ``what=withdrawal`` the notice that took it back.
    """
    withdrawal = request.POST.get("what") == "withdrawal"
    return shown(
        print_consent(
            request.actor, patient, consent, withdrawal=withdrawal, origin=origin(request)
        )
    )


@require_POST
def patient_form(request: Request, patient: UUID, form: str) -> HttpResponse:
    """A form to be signed by hand, with what is known of the patient."""
    return shown(print_form(request.actor, patient, form, origin=origin(request)))


@require_http_methods(["GET"])
def consents(request: Request) -> HttpResponse:
    """The register of consents, for administrators."""
    shell = see_shell(request.actor, None)
    register = see_register(request.actor, own_organization(shell))
    return page(request, "patient/consents.html", shell=register.shell, register=register)
