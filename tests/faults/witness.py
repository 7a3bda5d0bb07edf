"""A process beside the server that says what lies in its data, read with the program's own code.

Run as ``python -m tests.faults.witness`` with the server's environment; each line on its input is a
question, each line on its output the answer as JSON. It keeps no connection between questions.
"""

import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings")
import django

django.setup()

import orjson  # noqa: E402
from django.db import connections  # noqa: E402

from renkei.audit import trail  # noqa: E402
from renkei.communication import log, proof  # noqa: E402
from renkei.communication.models import (  # noqa: E402
    Acknowledgement,
    Communication,
    Draft,
    Reading,
)
from renkei.group.models import Group, Invitation, Member  # noqa: E402
from renkei.kernel import vault  # noqa: E402
from renkei.kernel.errors import Tampered  # noqa: E402
from renkei.patient.models import Patient  # noqa: E402


def _entry(one: Communication) -> dict[str, Any]:
    try:
        text = log.unseal(one.key_id, one.id, one.version, one.text) if not one.event else ""
    except Tampered:
        text = "TAMPERED"
    return {
        "id": str(one.id),
        "seq": one.seq,
        "event": one.event,
        "subject": one.subject_id.hex if one.subject_id else "",
        "key": str(one.idempotency_key or ""),
        "text": text,
        "version": one.version,
        "withdrawn": one.withdrawn_at is not None,
        "posted": one._meta.get_field("posted_at").get_prep_value(one.posted_at),
    }


def _group(one: Group) -> dict[str, Any]:
    entries, members = Communication.objects.filter(group=one), Member.objects.filter(group=one)
    readings = Reading.objects.filter(member__group=one)
    drafts = Draft.objects.filter(group=one)
    invitations = Invitation.objects.filter(group=one)
    return {
        "last_seq": one.last_seq,
        "patient": str(one.patient_id),
        "open": one.closed_at is None,
        "entries": [_entry(line) for line in entries.order_by("seq")],
        "cursors": {str(m.account_id): m.read_seq for m in members if m.ended_at is None},
        "readings": [
            [str(r.member_id), str(r.member.account_id), r.first_seq, r.last_seq]
            for r in readings.select_related("member")
        ],
        "drafts": {str(draft.account_id): draft.unseal("content")["text"] for draft in drafts},
        "invited": [str(i.account_id) for i in invitations if i.state == "open"],
    }


def everything() -> dict[str, Any]:
    """Every group with its log, and whether trail and messages fit together."""
    vault.forget_everything()
    lines, breaks = trail.verify()
    wordings, changed = proof.verify()
    understood = Acknowledgement.objects.values_list("communication_id", "account_id")
    return {
        "lines": lines,
        "wordings": wordings,
        "breaks": [f"{one.stream} {one.seq}: {one.why}" for one in (*breaks, *changed)],
        "groups": {str(one.id): _group(one) for one in Group.objects.order_by("opened_at", "pk")},
        "understood": [[str(message), str(account)] for message, account in understood],
        "patients": [str(one.id) for one in Patient.objects.all() if one.unseal("identity_sealed")],
    }


def main() -> None:
    """Answer until nobody asks any more."""
    for _ in sys.stdin:
        answer = everything()
        connections.close_all()
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
