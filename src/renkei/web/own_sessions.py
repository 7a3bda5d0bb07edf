"""One's own ID: where one is signed in, every sign-in there was, and saying that it was not me."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from renkei.incident import disowning
from renkei.people import history, idle, own_sessions
from renkei.people.models import SignIn
from renkei.web.browser import address_of
from renkei.web.communication import json
from renkei.web.page import page

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_safe
def sessions(request: "Request") -> HttpResponse:
    """Where one is signed in."""
    lines = own_sessions.see_sessions(request.actor, None)
    return page(request, "profile/sessions.html", lines=lines)


@require_POST
def end(request: "Request") -> HttpResponse:
    """Sign out in one other browser, or in all others."""
    if "others" in request.POST:
        own_sessions.end_other_sessions(request.actor, None)
    else:
        own_sessions.end_session(request.actor, None, key=request.POST.get("session", "")[:40])
    return redirect("sessions")


@require_safe
def left(request: "Request") -> HttpResponse:
    """How long this session lasts if nothing is done; for the page that warns."""
    return json({"left": idle.see_left(request.actor, None)})


@require_POST
def stay(request: "Request") -> HttpResponse:
    """Somebody is there: they touched a key, or said that they go on."""
    idle.move_on(request.actor.session, address=address_of(request))
    return json({"left": idle.see_left(request.actor, None)})


@require_safe
def sign_ins(request: "Request") -> HttpResponse:
    """Every sign-in and attempt with one's own ID."""
    attempts, uses = history.see_history(request.actor, None)
    return page(request, "profile/history.html", attempts=attempts, uses=uses)


@require_POST
def mine(request: "Request", entry: UUID) -> HttpResponse:
    """Both places at once are oneself; go on where one was."""
    own_sessions.say_mine(request.actor, None, use=entry)
    after = request.POST.get("next", "")
    own = after.startswith("/") and url_has_allowed_host_and_scheme(after, allowed_hosts=None)
    return HttpResponseRedirect(after) if own else redirect("sign_ins")


@require_http_methods(["GET", "POST"])
def disown(request: "Request", entry: UUID) -> HttpResponse:
    """It was not me: first what will happen, then it happens, then what comes next."""
    if request.method == "GET":
        found = disowning.see_entry(request.actor, None, entry)
        at = found.at if isinstance(found, SignIn) else found.last_at
        return render(request, "profile/disown.html", {"at": at})
    done = disowning.disown(request.actor, None, thing=entry)
    work, contacts = disowning.see_whom_to_call(request.actor, None)
    context = {"done": done, "work": work, "contacts": contacts}
    return render(request, "profile/disowned.html", context)
