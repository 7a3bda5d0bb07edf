"""Empty forms for everybody: to print, fill in by hand, sign and stamp."""

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from renkei.enrollment.printing import blank_form, blank_forms
from renkei.web.pdf_answer import shown

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_safe
def forms(request: "Request") -> HttpResponse:
    """The forms to download."""
    return render(request, "public/forms.html", {"forms": blank_forms()})


@require_safe
def form(request: "Request", form: str) -> HttpResponse:
    """One of them as PDF, in the words in force."""
    response = shown(blank_form(form))
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
