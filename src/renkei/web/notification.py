"""通知: how one is told that there is something new, on which devices, and of what in a group."""

from contextlib import suppress
from datetime import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from renkei.kernel.errors import Problem, Unknown
from renkei.notification import bounces, choosing, devices
from renkei.web.communication import json, sent
from renkei.web.errors import sentence
from renkei.web.page import page, tried

if TYPE_CHECKING:
    from renkei.web.frame import Request

_TIME = {"class": "input input--auto", "type": "time", "step": "300"}


class ChoiceForm(forms.Form):
    """Mail, and the hours in which nothing comes."""

    mail = forms.ChoiceField(
        label=_("Mail"),
        choices=[
            ("at_once", _("Each time")),
            ("digest", _("Morning and evening")),
            ("none", _("No mail")),
        ],
        widget=forms.RadioSelect,
    )
    quiet = forms.BooleanField(label=_("Have quiet hours"), required=False)
    quiet_from = forms.TimeField(
        label=_("From"), required=False, widget=forms.TimeInput(format="%H:%M", attrs=_TIME)
    )
    quiet_until = forms.TimeField(
        label=_("Until"), required=False, widget=forms.TimeInput(format="%H:%M", attrs=_TIME)
    )
    urgent_through = forms.BooleanField(
        label=_("Let what is urgent through"),
        help_text=_("Disaster use and incidents always come through."),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """Quiet hours need both their ends."""
        cleaned = super().clean() or {}
        if cleaned.get("quiet"):
            for name in ("quiet_from", "quiet_until"):
                if cleaned.get(name) is None and name not in self.errors:
                    self.add_error(name, gettext("Please write the time."))
        return cleaned

    def chosen(self) -> dict[str, Any]:
        """What the use case takes; without quiet hours both ends are the same."""
        data = self.cleaned_data
        begin, end = data["quiet_from"], data["quiet_until"]
        quiet = data["quiet"] and begin is not None and end is not None
        return {
            "mail": data["mail"],
            "quiet_from": _minutes(begin) if quiet else 0,
            "quiet_until": _minutes(end) if quiet else 0,
            "urgent_through": data["urgent_through"],
        }


class CodeForm(forms.Form):
    """The number that was mailed."""

    code = forms.CharField(
        label=_("The number in the mail"),
        max_length=10,
        error_messages={"required": _("Please type the number.")},
        widget=forms.TextInput(
            attrs={"class": "input input--auto", "inputmode": "numeric",
                   "autocomplete": "one-time-code"}
        ),
    )  # fmt: skip


def _minutes(value: time) -> int:
    return value.hour * 60 + value.minute


def _time(minutes: int) -> time:
    return time(*divmod(minutes, 60))


def _page(request: "Request", status: int = 200, **shown: Any) -> HttpResponse:
    chosen = choosing.see_choices(request.actor, None)
    quiet = chosen.quiet_from != chosen.quiet_until
    now = {
        "mail": chosen.mail,
        "quiet": quiet,
        "quiet_from": _time(chosen.quiet_from if quiet else 21 * 60),
        "quiet_until": _time(chosen.quiet_until if quiet else 7 * 60),
        "urgent_through": chosen.urgent_through,
    }
    context: dict[str, Any] = {"form": ChoiceForm(initial=now), "code_form": CodeForm(), "said": ""}
    context |= shown
    return page(request, "notification/own.html", status=status, chosen=chosen, **context)


@require_http_methods(["GET", "POST"])
def own(request: "Request") -> HttpResponse:
    """How one is told."""
    if request.method == "GET":
        done = request.GET.get("done", "")
        return _page(request, said=done if done in ("saved", "tried", "confirmed", "sent") else "")
    form = ChoiceForm(request.POST)
    if form.is_valid() and tried(
        form, lambda: choosing.choose(request.actor, None, **form.chosen())
    ):
        return _back("saved")
    return _page(request, 422, form=form)


def _back(done: str) -> HttpResponse:
    response = redirect("notifications")
    response["Location"] += f"?done={done}"
    return response


@require_POST
def device(request: "Request") -> HttpResponse:
    """A script says how this browser can be reached; or that it is to be reached no more."""
    form = sent(request)
    endpoint = form.get("endpoint", "")
    if form.get("do") == "end":
        with suppress(Unknown):  # it was ended already, which is what was asked for
            devices.unsubscribe(request.actor, None, endpoint=endpoint)
        return json({})
    key = devices.subscribe(
        request.actor,
        None,
        endpoint=endpoint,
        p256dh=form.get("p256dh", ""),
        auth=form.get("auth", ""),
        key=form.get("key", ""),
    )
    return json({"key": key})


@require_POST
def device_end(request: "Request", subscription: UUID) -> HttpResponse:
    """Be told no more in one of one's browsers."""
    devices.unsubscribe(request.actor, None, subscription=subscription)
    return redirect("notifications")


@require_POST
def test(request: "Request") -> HttpResponse:
    """Be told of a test, to see how it comes."""
    try:
        choosing.try_out(request.actor, None)
    except Problem as problem:
        return _page(request, 422, problem=sentence(problem))
    return _back("tried")


@require_POST
def address(request: "Request") -> HttpResponse:
    """See whether mail arrives at one's own address: have a number sent, and type it."""
    if request.POST.get("do") == "send":
        try:
            arrived = bounces.mail_code(bounces.ask_address(request.actor, None))
        except Problem as problem:
            return _page(request, 422, problem=sentence(problem))
        if not arrived:
            return _page(request, 422, problem=gettext("The mail could not be sent just now."))
        return _back("sent")
    form = CodeForm(request.POST)
    if form.is_valid():
        if bounces.confirm_address(request.actor, None, code=form.cleaned_data["code"]):
            return _back("confirmed")
        form.add_error(
            "code", gettext("This is not the number, or it is too old. Have a new one sent.")
        )
    return _page(request, 422, code_form=form)


@require_http_methods(["GET", "POST"])
def level(request: "Request", group: UUID) -> HttpResponse:
    """Of what one is told in one group."""
    if request.method == "POST":
        choosing.choose_level(request.actor, group, level=request.POST.get("level", ""))
        return redirect("timeline", group=group)
    found = choosing.see_level(request.actor, group)
    return page(
        request,
        "notification/level.html",
        shell=found.head.shell,
        head=found.head,
        level=found.level,
    )
