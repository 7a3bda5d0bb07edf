"""What helps to write: who can be meant, and the forms (ひな形).

A script opens both over the writing box and sets what was chosen into it. Without scripts they are
pages in between, which bring along what stands in the box and hand it back.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_http_methods

from renkei.communication.templates import people_for, see_template, see_templates
from renkei.communication.whom import see_whom
from renkei.group.head import see_head
from renkei.web.box import box_of
from renkei.web.communication import json, piece, sent
from renkei.web.errors import wants_json

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_http_methods(["GET", "POST"])
def whom(request: "Request", group: UUID) -> HttpResponse:
    """Who can be meant by a message in this group."""
    shown, box = see_whom(request.actor, group), box_of(sent(request))
    if wants_json(request) and request.method == "GET":
        context = {"head": shown.head, "whom": shown, "box": box, "shell": shown.head.shell}
        html = render_to_string("communication/whom.html", context, request)
        return json({"html": html, "offers": [one._asdict() for one in shown.offers]})
    return piece(request, "communication/whom.html", shown.head, whom=shown, box=box)


@require_http_methods(["GET", "POST"])
def templates(request: "Request", group: UUID) -> HttpResponse:
    """The forms that are offered here."""
    offered, box = see_templates(request.actor, group), box_of(sent(request))
    return piece(request, "communication/templates.html", offered.head, offered=offered, box=box)


@require_GET
def template(request: "Request", group: UUID, template: str) -> HttpResponse:
    """The fields of one form, for the writing box of a page that is open."""
    form = see_template(request.actor, group, key=template)
    head = see_head(request.actor, group)
    context = {"form": people_for(form, head.members), "values": {}, "head": head}
    html = render_to_string("communication/template_fields.html", context, request)
    return json({"html": html, "kind": form.kind})
