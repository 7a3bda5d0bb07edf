"""A paper as an answer: shown in the browser, kept nowhere."""

from django.http import HttpResponse

from renkei.enrollment.printing import Printed


def shown(printed: Printed) -> HttpResponse:
    """The paper, to be seen and printed; nothing is kept of it on the way."""
    response = HttpResponse(printed.content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{printed.name}"'
    return response
