"""The pages about single colleagues one writes to: asking, answering, blocking (A13.1)."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from renkei.group import direct
from renkei.group.connections import see_colleagues, see_connections
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import fold_kana, narrow
from renkei.web.errors import sentence
from renkei.web.page import page
from renkei.web.patient import after

if TYPE_CHECKING:
    from renkei.web.frame import Request


def _connections_page(request: "Request", status: int = 200, **context: Any) -> HttpResponse:
    context.setdefault("faulty", "")
    seen = see_connections(request.actor, None)
    return page(
        request, "direct/connections.html", shell=seen.shell, seen=seen, status=status, **context
    )


@require_safe
def connections(request: "Request") -> HttpResponse:
    """Whom one writes to, with what is unread; who asks; whom one has blocked."""
    return _connections_page(request)


def _people_page(
    request: "Request", words: str, status: int = 200, faulty: str = ""
) -> HttpResponse:
    people, shell = see_colleagues(request.actor, None)
    wanted = _plain(words)
    found = [one for one in people if wanted in _plain("".join(one.face[2:6]))]
    return page(
        request, "direct/people.html", shell=shell, found=found, q=words, faulty=faulty,
        status=status,
    )  # fmt: skip


def _plain(text: str) -> str:
    return fold_kana(narrow(text)).lower().replace(" ", "")


@require_safe
def people(request: "Request") -> HttpResponse:
    """Whom one could ask: everybody who works in the region."""
    return _people_page(request, request.GET.get("q", "")[:50])


@require_POST
def ask(request: "Request", role: UUID) -> HttpResponse:
    """Ask a colleague to be connected."""
    try:
        direct.ask_to_connect(request.actor, role)
    except Problem as problem:
        return _people_page(request, request.POST.get("q", "")[:50], 422, sentence(problem))
    return after("connections")


@require_POST
def answer(request: "Request", connection: UUID) -> HttpResponse:
    """Say yes or no to who asks; or take back what one asked oneself."""
    word = request.POST.get("answer", "")
    try:
        if word == "take_back":
            direct.take_back_connection(request.actor, None, connection=connection)
            return after("connections")
        if word == "yes":
            group = direct.accept_connection(request.actor, None, connection=connection)
            return after("timeline", group=group)
        direct.decline_connection(request.actor, None, connection=connection)
    except Problem as problem:
        return _connections_page(request, 422, faulty=sentence(problem))
    return after("connections")


@require_POST
def block(request: "Request", account: UUID) -> HttpResponse:
    """Be reached by somebody no more, or again."""
    change = direct.unblock_person if "lift" in request.POST else direct.block_person
    change(request.actor, account)
    return after("connections")
