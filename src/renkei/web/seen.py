"""Who saw what (見た記録), as page and PDF."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from renkei.group.shell import see_shell
from renkei.incident.case import LOOKED_BACK_DAYS
from renkei.incident.seen import Choice, SeenBy, see_choice, see_seen
from renkei.kernel import clock
from renkei.web.frame import Request
from renkei.web.incident_paper import seen_paper
from renkei.web.incident_words import PAGES
from renkei.web.page import page
from renkei.web.patient import own_organization

_INPUT = {"class": "input"}
_DATE = forms.DateInput(attrs={**_INPUT, "type": "date"}, format="%Y-%m-%d")


class SeenForm(forms.Form):
    """Whom or what, and when. Ids only: nothing of a patient stands in an address."""

    person = forms.ChoiceField(label=_("Person"), required=False, widget=forms.Select(attrs=_INPUT))
    device = forms.ChoiceField(label=_("Device"), required=False, widget=forms.Select(attrs=_INPUT))
    since = forms.DateField(label=_("From"), widget=_DATE)
    until = forms.DateField(label=_("Until"), widget=_DATE)

    def __init__(self, *args: Any, choice: Choice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person: Any = self.fields["person"]
        person.choices = [
            ("", _("Everybody on the device")),
            (_("Our own staff"), [(str(one), name) for one, name in choice.staff]),
            (_("Others in our groups"), [(str(one), name) for one, name in choice.guests]),
        ]
        device: Any = self.fields["device"]
        device.choices = [
            ("", _("Every device")),
            *((str(one), number) for one, number in choice.devices),
        ]

    def clean(self) -> dict[str, Any]:
        """Somebody or something has to be named, and time runs forwards."""
        given: dict[str, Any] = super().clean() or {}
        if not given.get("person") and not given.get("device"):
            self.add_error("person", _("Please choose a person or a device."))
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("until", _("The end lies before the beginning."))
        return given


def _found(request: Request, organization: UUID, form: SeenForm) -> SeenBy | None:
    if not (request.GET.get("person") or request.GET.get("device")) or not form.is_valid():
        return None
    given = form.cleaned_data
    return see_seen(
        request.actor,
        organization,
        account=UUID(given["person"]) if given["person"] else None,
        device=UUID(given["device"]) if given["device"] else None,
        since=clock.begins(given["since"]),
        until=clock.begins(given["until"] + timedelta(days=1)),
    )


@require_safe
def views(request: Request) -> HttpResponse:
    """Choose whom; then what they saw, by patient."""
    shell = see_shell(request.actor, None)
    organization = own_organization(shell)
    choice = see_choice(request.actor, organization)
    first = clock.today() - timedelta(days=LOOKED_BACK_DAYS)
    initial = {"since": first, "until": clock.today(), **request.GET.dict()}
    asked = bool(request.GET.get("person") or request.GET.get("device"))
    data = {"since": first.isoformat(), "until": clock.today().isoformat(), **request.GET.dict()}
    form = SeenForm(data if asked else None, initial=initial, choice=choice)
    found = _found(request, organization, form)
    if found is not None and "pdf" in request.GET:
        response = HttpResponse(seen_paper(found), content_type="application/pdf")
        response.headers["Content-Disposition"] = 'inline; filename="seen.pdf"'
        return response
    status = 422 if asked and found is None else 200
    return page(
        request,
        "incident/views.html",
        shell=shell,
        form=form,
        found=found,
        pages=PAGES,
        query=request.GET.urlencode(),
        status=status,
    )
