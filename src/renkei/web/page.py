"""Putting a page together: the frame around it, and forms that keep what was typed."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render

from renkei.group.shell import Shell, see_shell
from renkei.kernel.errors import Problem
from renkei.web.errors import sentence
from renkei.web.toast import forget, toast_of

if TYPE_CHECKING:
    from renkei.web.frame import Request


def page(
    request: "Request",
    template: str,
    *,
    shell: Shell | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """A signed-in page: the template with the frame of the person who asks."""
    shown: Shell = shell or see_shell(request.actor, None)
    context["shell"] = shown
    context["toast"] = toast_of(request)
    request.device_closed = bool(shown.me.device)
    response = render(request, template, context, status=status)
    forget(request, response)
    return response


class SaysFaulty:
    """Added to a page of allauth's: a form to be mended comes with the status that says so."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """The page again, as 422."""
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        response.status_code = 422
        return response


def tried(form: Form, action: Callable[[], Any]) -> bool:
    """Run a use case with what a form cleaned; a problem becomes the form's own error."""
    try:
        action()
    except Problem as problem:
        field = problem.field if problem.field in form.fields else None
        form.add_error(field, sentence(problem))
        return False
    return True
