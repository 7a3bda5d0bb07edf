"""The device in one's hand: what it is in the ledger, asking for it, checking it (A14.6, A8.2)."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from renkei.device import asking, enrolling, in_hand
from renkei.device.browser import Guess, guess
from renkei.web import device_words as words
from renkei.web.device_forms import AskForm, CodeForm, ConfirmForm
from renkei.web.device_key import HINTS
from renkei.web.page import page, tried
from renkei.web.patient import after
from renkei.web.qr import qr
from renkei.web.second_step import show_again
from renkei.web.values import id_or_unknown

if TYPE_CHECKING:
    from renkei.web.frame import Request


def origin(request: HttpRequest) -> str:
    """The address people type, for links that leave the page."""
    return settings.ORIGIN.rstrip("/") or f"{request.scheme}://{request.get_host()}"


def seen(request: "Request") -> Guess:
    """What the browser says of the device."""
    return guess(request.headers)


def _page(request: "Request", template: str, status: int = 200, **context: Any) -> HttpResponse:
    response = page(request, template, status=status, words=words, **context)
    response.headers["Accept-CH"] = HINTS
    return response


@require_http_methods(["GET"])
def own(request: "Request") -> HttpResponse:
    """What this device is in the ledger, and what can be done about it."""
    found = in_hand.see_own_device(request.actor, None)
    certificates = bool(settings.DEVICE_CERTIFICATE_HEADER)
    return _page(request, "device/own.html", own=found, seen=seen(request), certs=certificates)


def _asking(own: in_hand.Own) -> list[tuple[str, str]]:
    ordered = sorted(own.organizations, key=lambda one: one[0] != own.acting_for)
    return [(str(one), name) for one, name, _state in ordered]


@require_http_methods(["GET", "POST"])
def ask(request: "Request") -> HttpResponse:
    """Ask for the device in one's hand; a private one by form A15.10."""
    found = in_hand.see_asking(request.actor, None)
    if found.device is not None:
        return redirect("device")
    organizations, browser = _asking(found), seen(request)
    initial = {**browser.facts, "organization": organizations[0][0] if organizations else ""}
    form = AskForm(
        request.POST if request.method == "POST" else None,
        organizations=organizations,
        initial=initial,
    )
    if form.is_valid():
        cookies: list[str] = []
        if tried(
            form,
            lambda: cookies.append(
                asking.ask_for_device(
                    request.actor,
                    None,
                    asked=form.application(),
                    confirmed=form.confirmed,
                    seen=form.seen(browser.browser),
                )
            ),
        ):
            request.device_cookie = cookies[0]
            return after("device")
    return _page(request, "device/ask.html", 422 if form.is_bound else 200, form=form, own=found)


@require_http_methods(["GET", "POST"])
def add(request: "Request", token: str) -> HttpResponse:
    """The page behind a link: one looks at it as often as one likes, and takes it once."""
    found = in_hand.see_enrolling(request.actor, None)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    cookies: list[str] = []
    if form.is_valid() and tried(
        form,
        lambda: cookies.append(
            enrolling.enroll(
                request.actor,
                None,
                token=token[:100],
                confirmed=form.confirmed,
                seen=seen(request),
            )
        ),
    ):
        request.device_cookie = cookies[0]
        return after("device")
    status = 422 if form.is_bound else 200
    return _page(request, "device/add.html", status, form=form, own=found, seen=seen(request))


@require_http_methods(["GET", "POST"])
def confirm(request: "Request", device: UUID) -> HttpResponse:
    """Check the device in one's hand: four ticks, twenty seconds."""
    found = in_hand.see_confirming(request.actor, device)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and tried(
        form,
        lambda: enrolling.confirm(
            request.actor, device, confirmed=form.confirmed, seen=seen(request)
        ),
    ):
        return after("device")
    return _page(
        request, "device/confirm.html", 422 if form.is_bound else 200, form=form, row=found
    )


@require_POST
def code(request: "Request", device: UUID) -> HttpResponse:
    """Show a code for another browser on this device, to who has just shown who they are."""
    in_hand.see_linking(request.actor, device)
    if again := show_again(request, reverse("device")):
        return again
    made = enrolling.make_code(request.actor, device)
    address = f"{origin(request)}/device/enter?code={made}"
    return _page(request, "device/code.html", code=f"{made[:4]}-{made[4:]}", qr=qr(address))


@require_http_methods(["GET", "POST"])
def enter(request: "Request") -> HttpResponse:
    """Enter the code that the same device shows in its first browser."""
    found = in_hand.see_enrolling(request.actor, None)
    form = CodeForm(
        request.POST if request.method == "POST" else None,
        initial={"code": request.GET.get("code", "")[:20]},
    )
    cookies: list[str] = []
    if form.is_valid() and tried(
        form,
        lambda: cookies.append(
            enrolling.use_code(
                request.actor, None, code=form.cleaned_data["code"], seen=seen(request)
            )
        ),
    ):
        if cookies[0]:
            request.device_cookie = cookies[0]
            return after("device")
        form.add_error("code", _("This code is wrong or older than ten minutes."))
    return _page(request, "device/enter.html", 422 if form.is_bound else 200, form=form, own=found)


@require_POST
def elsewhere(request: "Request", device: UUID) -> HttpResponse:
    """Ask another of one's organizations to accept the device."""
    asking.ask_acceptance(request.actor, device, organization=chosen_organization(request))
    return after("device")


def chosen_organization(request: "Request") -> UUID:
    """The one that was chosen; what is no id is nobody's, so that the use case says so."""
    return id_or_unknown(request.POST.get("organization"))
