"""What an author says to what was found in a draft, and the rule that it was said (A12.2, N4.9).

Recorded is the fact: what kinds were found, how often, and the answer; never the text.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from renkei.communication import holding, observations
from renkei.communication.guard.check import ASK, STOP, Finding, Verdict
from renkei.communication.observations import Observed
from renkei.kernel import clock
from renkei.kernel.errors import Problem
from renkei.kernel.japanese import clean_text
from renkei.policy.use_case import Change

MEANT: Final = "meant"  # it may stand here all the same
CALLED: Final = "called"
NOT_NEEDED: Final = "not_needed"
REASONS: Final = {
    "settled": gettext_noop("It has settled already"),
    "past": gettext_noop("A report of what is over"),
    "plan": gettext_noop("A plan or an explanation"),
    "wish": gettext_noop("The patient or family does not want it, as agreed"),
    "other": gettext_noop("Another reason"),
}
NAMED: Final = gettext_noop(
    "“%(words)s” tells who a patient is and cannot stand in a free group. Please take it out."
)
_WHOM_MAX = 60  # characters


@dataclass(frozen=True, slots=True)
class Answers:
    """What the author answered beside the draft; empty: nothing."""

    named: str = ""  # MEANT
    phone: str = ""  # CALLED or NOT_NEEDED
    whom: str = ""  # who was called, as the page calls them
    reason: str = ""  # why the telephone was not needed: a key of ``REASONS``
    sure: str = ""  # MEANT: a vital sign is unusual, and right


def accept(
    change: Change,
    text: str,
    answers: Answers,
    *,
    names: Sequence[str] = (),
    before: str | None = None,
) -> str:
    """What is added to the text: that somebody was called, or why nobody was.

    Leaves in the line what was found and what was answered.

    Args:
        names: of the files that go with it.
        before: the wording that is corrected; what stood in it already was answered then.

    Raises:
        Problem: something stands in the text that may not stand here, or is not answered.
    """
    if answers.phone == CALLED:  # it will stand in the text as well
        names = [*names, _whom(answers)]
    verdict, of_names = holding.judge_all(change.standing, text, names)
    findings = [*verdict.findings, *(found for name in of_names for found in name.findings)]
    if not findings:
        return ""
    verdict = replace(verdict, findings=tuple(findings))
    if before is not None:
        verdict = _without(verdict, holding.judge(change.standing, before))
    if verdict.verdict == STOP:
        _note(change, verdict)
        raise Problem(
            gettext_noop(
                "This tells who a patient is and cannot be sent here. Please take it out."
            ),
            field="text",
        )
    if verdict.verdict == ASK and answers.named != MEANT:
        raise Problem(
            gettext_noop("Please say whether what stands here about a patient belongs here."),
            field="named",
        )
    said = _said(answers) if verdict.phone else ""
    if verdict.verdict == ASK:
        change.detail["named"] = MEANT
    if verdict.phone:
        change.detail["phone"] = answers.phone
        if answers.phone == NOT_NEEDED:
            change.detail["phone_reason"] = answers.reason
    if verdict.verdict == ASK or verdict.phone:
        change.detail["found"] = _counted(verdict.findings)
    return said


def refuse_named(change: Change, kind: str, **texts: str) -> None:
    """Refuse what tells who a patient is beside the messages of a free group (A12.2).

    What it is for and how it is used, reasons, wishes: there is nobody to ask about them, so they
    pass or they do not.

    Args:
        kind: of the group.
        texts: by the name of their field.

    Raises:
        Problem: a patient can be told from one of them.
    """
    if kind not in ("free", "network"):
        return
    for name, text in texts.items():
        verdict = holding.judge_free(change.standing.who, text) if text else None
        if verdict is None or verdict.verdict != STOP:
            continue
        if not change.entity:
            change.about("Account", change.account)
        change.detail |= {"held_back": True, "found": _counted(verdict.findings)}
        first = next(one for one in verdict.findings if one.kind != "emergency")
        raise Problem(NAMED, field=name, words=text[first.start : first.end])


def sure_of(
    change: Change, observed: Observed | None, before: Observed | None, answers: Answers
) -> None:
    """See that the author says an unusual value is meant; how many there were is on record.

    Raises:
        Problem: they did not.
    """
    if not (unusual := observations.asked(observed, before)):
        return
    if answers.sure != MEANT:
        raise Problem(
            gettext_noop("Really %(values)s? Please say that it is right, or mend it."),
            field="sure",
            values=_(", ").join(observations.questions(observed, unusual)),
        )
    change.detail["unusual"] = len(unusual)


def _said(answers: Answers) -> str:
    whom = _whom(answers)
    if answers.phone == CALLED and whom:
        time = clock.now().astimezone(clock.JAPAN)
        return _("Called %(whom)s by telephone (%(time)s)") % {
            "whom": whom,
            "time": f"{time:%H:%M}",
        }
    if answers.phone == CALLED:
        raise Problem(gettext_noop("Please say whom you called."), field="whom")
    if answers.phone == NOT_NEEDED and answers.reason in REASONS:
        return _("No call needed (%(reason)s)") % {"reason": _(REASONS[answers.reason])}
    if answers.phone == NOT_NEEDED:
        raise Problem(gettext_noop("Please say why no call is needed."), field="reason")
    raise Problem(gettext_noop("Please call first, or say that it is not needed."), field="phone")


def _whom(answers: Answers) -> str:
    return clean_text(answers.whom).strip()[:_WHOM_MAX].replace("\n", " ")


def _without(verdict: Verdict, before: Verdict) -> Verdict:
    """What is new in a correction."""
    stood = {one for found in before.findings for one in _told(found)}
    new = [found for found in verdict.findings if not _told(found) <= stood]
    given_away = any(found.kind != "emergency" for found in new)
    return Verdict(
        verdict.verdict if given_away else "pass", verdict.phone and not before.phone, tuple(new)
    )


def _told(found: Finding) -> set[tuple[str, str]]:
    """What is told of whom: a name that stood there answers for no date of birth."""
    return {(patient, found.kind) for patient in found.patients} or {("", found.kind)}


def _counted(findings: tuple[Finding, ...]) -> str:
    """The kinds with their numbers: name:1,birth-date:2."""
    counts = Counter(found.kind for found in findings)
    return ",".join(f"{kind}:{count}" for kind, count in sorted(counts.items()))


def _note(change: Change, verdict: Verdict) -> None:
    """What is held back is on record as well, without a word of it."""
    where = change.where
    if not change.entity and where.group is not None:
        change.about("Group", where.group)
    change.detail |= {"held_back": True, "found": _counted(verdict.findings)}
