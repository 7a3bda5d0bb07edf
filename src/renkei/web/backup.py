"""The operator's page about copies of the installation."""

import shlex
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.backup.disclosures import see_backups
from renkei.backup.judgement import Copies
from renkei.backup.models import Kind
from renkei.web.page import page

if TYPE_CHECKING:
    from renkei.web.frame import Request


@require_safe
def backups(request: "Request") -> HttpResponse:
    """When copies were made and tried, where they lie, and what is to be done."""
    found = see_backups(request.actor, None)
    return page(request, "backup/backups.html", backups=found, commands=_commands(found.copies))


def _commands(copies: list[Copies]) -> dict[str, list[str]]:
    """What the host has to run, in parts: to make a copy, and to try the one that did not open."""
    content = [one for one in copies if one.kind == Kind.CONTENT]
    trial = sorted(content, key=lambda one: not one.trial_failed)
    identity = _("KEY-FILE")
    return {
        "content": _at("renkei backup", content, copies),
        "again": _at("renkei backup", trial, copies),
        "verify": [*_at("renkei backup verify", trial, copies), f"--identity {identity}"],
    }


def _at(command: str, content: list[Copies], copies: list[Copies]) -> list[str]:
    """The command at the first of these places, and its keys: those beside it, else the newest."""
    keys = [one for one in copies if one.kind == Kind.KEYS]
    keys.sort(key=lambda one: not any(one.place == f"{it.place}-keys" for it in content[:1]))
    where, keys_where = _place(content, _("FOLDER")), _place(keys, _("KEY-FOLDER"))
    return [f"{command} {where}", f"--keys {keys_where}"]


def _place(known: list[Copies], unknown: str) -> str:
    """A place as a shell takes it; a word for it if it is not known, or not known whole."""
    if not known or known[0].place.startswith("…"):
        return unknown
    return shlex.quote(known[0].place)
