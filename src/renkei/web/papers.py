"""Papers: found by the code that stands on them, and the scans of what came back signed (F1-F3)."""

from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from renkei.enrollment import papers as desk
from renkei.enrollment.papers import PaperPage
from renkei.kernel.errors import Unknown
from renkei.web.fields import Line
from renkei.web.page import page, tried
from renkei.web.patient import after

if TYPE_CHECKING:
    from renkei.web.frame import Request

ABOUT = {
    "Patient": _("To be signed by the patient"),
    "Consent": _("A consent on record"),
    "RightsRequest": _("A request about a patient's own information"),
    "Erasure": _("A request to erase for good"),
    "Pledge": _("A pledge on record"),
    "Organization": _("An organization that takes part"),
    "Application": _("An application"),
    "PractitionerRole": _("A member of staff"),
    "Account": _("A member of staff"),
}


class CodeForm(forms.Form):
    """The code of a paper, typed from it."""

    code = Line(
        label=_("Code on the paper"),
        max_length=30,
        inputmode="text",
        help_text=_("Ten letters and digits below the square pattern, for example 7K3QM-XR2VD."),
    )


class ScanForm(forms.Form):
    """The scan of a paper, or a photo of it."""

    scan = forms.FileField(
        label=_("Scan or photo of the signed paper"),
        help_text=_("PDF, JPEG or PNG, up to 10 MB. All pages in one PDF, or one photo."),
        error_messages=dict.fromkeys(
            ("required", "invalid", "missing", "empty"), _("Please choose the scan or photo.")
        ),
        widget=forms.FileInput(
            attrs={"class": "input", "accept": "application/pdf,image/jpeg,image/png"}
        ),
    )


@require_http_methods(["GET", "POST"])
def papers(request: "Request") -> HttpResponse:
    """Enter a code, and what waits for its scan."""
    found = desk.see_papers(request.actor, None)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            return after(
                "paper", code=desk.see_paper(request.actor, form.cleaned_data["code"]).code
            )
        except Unknown:
            form.add_error(
                "code", _("No paper of yours has this code. Please check it letter by letter.")
            )
    status = 422 if form.errors else 200
    return page(request, "papers/desk.html", status=status, desk=found, form=form)


def _paper(request: "Request", seen: PaperPage, form: ScanForm) -> HttpResponse:
    status = 422 if form.errors else 200
    about = ABOUT.get(seen.about, "")
    return page(request, "papers/paper.html", status=status, paper=seen, form=form, about=about)


@require_http_methods(["GET", "POST"])
def paper(request: "Request", code: str) -> HttpResponse:
    """One paper: which record it is of, its scan, and filing one."""
    seen = desk.see_paper(request.actor, code)
    form = ScanForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data["scan"].read()
        if tried(form, lambda: desk.file_scan(request.actor, code, content=content)):
            return after("paper", code=seen.code)
    return _paper(request, seen, form)


@require_safe
def scan(request: "Request", code: str, scan: UUID) -> HttpResponse:
    """A scan, in the browser; that it was opened is recorded."""
    found = desk.read_scan(request.actor, code, scan=scan)
    ending = "pdf" if found.type == "application/pdf" else "jpg"
    response = HttpResponse(found.content, content_type=found.type)
    response.headers["Content-Disposition"] = f'inline; filename="scan.{ending}"'
    return response
