"""What authors say to a request to reuse, and outside care the group's manager (A16.b, A16.d)."""

from typing import Final
from uuid import UUID

from django.utils.translation import gettext_noop

from renkei.disclosure.asking import standing_of
from renkei.disclosure.models import ReuseFile, ReuseItem, ReuseRequest
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.policy.use_case import Change, use_case

CONDITION: Final = 200  # characters
TIMES_OVER: Final = gettext_noop("This request is over. Nothing was changed.")


def _request(change: Change) -> ReuseRequest:
    asked = change.standing.what.reuse
    assert asked is not None
    request = ReuseRequest.objects.select_for_update().get(pk=asked.id)
    change.about("ReuseRequest", request.id)
    return request


def _own(request: ReuseRequest, account: UUID) -> list[ReuseItem]:
    """What the person wrote of it and can answer for: no document from elsewhere (A16.c)."""
    return list(request.items.filter(author_id=account, from_elsewhere=False))


def _settle(request: ReuseRequest) -> None:
    """Bring the request to what its answers come to."""
    if request.refusal == ReuseRequest.Refusal.DECLINED:
        return
    if request.state != ReuseRequest.State.WITHDRAWN:
        request.state, request.refusal = standing_of(request, request.items.all())
    request.save()


@use_case("reuse.permit", on="reuse")
def permit_reuse(change: Change, *, condition: str = "", words_only: bool = False) -> None:
    """The author permits it: all that they wrote of it, for this purpose, until this day.

    Args:
        words_only: the pictures and files that were asked for with it stay.
    """
    request = _request(change)
    own = _own(request, change.account)
    kept = _keep_files(own, words_only)
    change.silent = not kept and all(one.answer == ReuseItem.Answer.YES for one in own)
    words = clean_text(condition).strip()[:CONDITION]
    for one in own:
        one.answer, one.refusal = ReuseItem.Answer.YES, ReuseItem.Refusal.NONE
        one.beforehand, one.answered_at = False, change.now
        if words:
            one.seal("condition", words)
        one.save()
    _settle(request)
    change.detail |= {"answer": "yes", "items": len(own)}
    if kept:
        change.detail["files"] = "stay" if words_only else "go"


def _keep_files(own: list[ReuseItem], words_only: bool) -> int:
    """Let the files of these messages stay or go; of how many that changed something.

    What a rule refused stays refused.
    """
    states = (ReuseFile.Refusal.NONE, ReuseFile.Refusal.WORDS)
    was, becomes = states if words_only else states[::-1]
    return ReuseFile.objects.filter(item__in=own, refusal=was).update(refusal=becomes)


@use_case("reuse.decline", on="reuse")
def decline_reuse(change: Change, *, talk: bool = False) -> None:
    """The author does not permit it, wants to talk first, or takes back what they permitted.

    From then on nothing of it opens, whoever has asked and whatever was permitted before.

    Raises:
        Problem: the request is over.
    """
    request = _request(change)
    if request.state == ReuseRequest.State.WITHDRAWN or request.refusal == "declined":
        raise Problem(TIMES_OVER)
    own = _own(request, change.account)
    for one in own:
        had = one.answer == ReuseItem.Answer.YES or one.refusal == ReuseItem.Refusal.TAKEN_BACK
        one.answer = ReuseItem.Answer.TALK if talk else ReuseItem.Answer.NO
        one.refusal = ReuseItem.Refusal.NONE
        if not talk:
            one.refusal = ReuseItem.Refusal.TAKEN_BACK if had else ReuseItem.Refusal.AUTHOR
        one.beforehand, one.answered_at = False, change.now
        one.save()
    _settle(request)
    change.detail |= {"answer": "talk" if talk else "no", "items": len(own)}


@use_case("reuse.permit_outside", on="reuse")
def permit_outside(change: Change) -> None:
    """The group's manager permits the use outside care, beside the authors (A16.d)."""
    _as_manager(change, "yes")


@use_case("reuse.decline_outside", on="reuse")
def decline_outside(change: Change) -> None:
    """The group's manager does not permit it, or takes back what was permitted.

    Raises:
        Problem: the request is over.
    """
    _as_manager(change, "no")


def _as_manager(change: Change, answer: str) -> None:
    request = _request(change)
    if request.state == ReuseRequest.State.WITHDRAWN or request.refusal == "declined":
        raise Problem(TIMES_OVER)
    change.silent = request.manager_answer == answer
    request.manager_answer, request.manager_id = answer, change.account
    request.manager_at = change.now
    _settle(request)
    change.detail["manager"] = answer
