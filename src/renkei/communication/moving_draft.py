"""Moving a draft to where it belongs: from a connection into the patient's own group (A13.2)."""

from collections.abc import Mapping

from renkei.communication.measuring import NOTHING_TYPED
from renkei.communication.models import Draft
from renkei.communication.services import DRAFT_MAX, too_long
from renkei.kernel.entity import uuid7
from renkei.kernel.japanese import clean_text
from renkei.policy.use_case import Change, use_case


@use_case("communication.draft", on="group")
def add_to_draft(change: Change, *, text: str, vitals: Mapping[str, str] = NOTHING_TYPED) -> None:
    """Put what was begun elsewhere into one's draft here, below what stands there. No line.

    Args:
        vitals: vital signs as typed; those that were typed here before stay instead.

    Raises:
        Problem: far longer than a message can be.
    """
    change.silent = True
    group, key = change.group, change.where.key
    assert key is not None
    draft = Draft.objects.filter(group_id=group, account_id=change.account).first()
    content = draft.unseal("content") if draft else {"kind": "report", "importance": "normal"}
    parts = [content.get("text", "").strip(), clean_text(text).strip()]
    whole = "\n\n".join(part for part in parts if part)
    if len(whole) > DRAFT_MAX:
        raise too_long(len(whole))
    draft = draft or Draft(id=uuid7(), group_id=group, account_id=change.account, key_id=key)
    kept = content.get("vitals") or dict(vitals)
    draft.seal("content", {**content, "text": whole, "reply_to": None, "vitals": kept})
    draft.saved_at = change.now
    draft.save()
