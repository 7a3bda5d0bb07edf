"""The frames: neither a change nor its line exists without the other."""

import ast
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

import renkei
from renkei.audit import trail
from renkei.audit.models import AuditEvent
from renkei.communication.models import Communication, Draft
from renkei.communication.reading import read_timeline
from renkei.communication.services import (
    correct_communication,
    save_draft,
    send_communication,
    understand_communication,
)
from renkei.group.admission import invite
from renkei.group.head import see_head
from renkei.group.models import Group, Invitation
from renkei.group.services import dismiss_manager, leave_group, release_member
from renkei.group.shell import see_shell
from renkei.kernel.bus import Hint, bus
from renkei.kernel.errors import Problem, Refused, SignedOut, Unknown
from renkei.patient.models import Patient
from renkei.people.models import Account, Organization, PractitionerRole
from renkei.people.services import change_appearance, choose_role
from renkei.policy import use_case
from renkei.policy.standing import Actor
from renkei.policy.use_case import USE_CASES, GateClosed, batch
from renkei.region.models import Region
from renkei.region.services import publish_notice
from tests.cast import LOADER, Cast, loading, make_organization, post


def lines(stream: str) -> list[AuditEvent]:
    return trail.history(stream)


def count() -> int:
    return AuditEvent.objects.count()


def test_a_change_leaves_one_line_in_the_stream_of_its_group(cast: Cast) -> None:
    before = count()
    message = post(cast, "nurse", "熱が下がりました。")
    line = lines(f"group:{cast.group.hex}")[-1]
    assert count() == before + 1
    assert (line.action, line.outcome) == ("communication.send", "done")
    assert line.entity == f"Communication/{message.hex}"
    assert (line.actor, line.organization) == (
        cast.account("nurse"),
        cast.organizations["clinic"],
    )
    assert "熱" not in line.detail
    assert trail.verify()[1] == []


def test_a_line_that_cannot_be_written_takes_the_change_with_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**kwargs: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(use_case.trail, "record", full)
    before = Communication.objects.count()
    with pytest.raises(OSError, match="no space"):
        post(cast, "nurse")
    assert Communication.objects.count() == before


@pytest.mark.clause("N3.9")
@pytest.mark.parametrize("name", ["stranger", "nurse"])
def test_a_refusal_changes_nothing_and_leaves_its_line_in_the_stream_of_who_tried(
    cast: Cast, name: str
) -> None:
    PractitionerRole.objects.filter(pk=cast.role("nurse")).update(restriction="read_only")
    group_lines, before = len(lines(f"group:{cast.group.hex}")), Communication.objects.count()
    with pytest.raises(Refused):
        post(cast, name, "知りたいです")
    assert Communication.objects.count() == before
    assert len(lines(f"group:{cast.group.hex}")) == group_lines
    line = lines(f"account:{cast.account(name).hex}")[-1]
    assert (line.action, line.outcome) == ("communication.send", "refused")
    assert line.entity == f"group/{cast.group.hex}"
    assert line.actor == cast.account(name)


@pytest.mark.clause("N3.9")
def test_reading_without_a_right_is_refused_and_recorded(cast: Cast) -> None:
    with pytest.raises(Refused):
        see_head(cast["administrator_same"], cast.group)
    line = lines(f"account:{cast.account('administrator_same').hex}")[-1]
    assert (line.action, line.outcome) == ("group.see", "refused")


def test_refusals_of_one_kind_within_a_minute_are_one_line(cast: Cast, travel: object) -> None:
    stream = f"account:{cast.account('stranger').hex}"
    before = len(lines(stream))

    def knock() -> None:
        for _ in range(5):
            with pytest.raises(Refused):
                see_head(cast["stranger"], cast.group)

    knock()
    assert len(lines(stream)) == before + 1
    travel(timedelta(seconds=61))  # type: ignore[operator]
    knock()
    assert len(lines(stream)) == before + 2
    with pytest.raises(Refused):
        leave_group(cast["stranger"], cast.group, reason="別のこと")
    assert len(lines(stream)) == before + 3


def test_a_problem_undoes_the_change_alone_and_its_line_stays(cast: Cast) -> None:
    before = Invitation.objects.count()
    with pytest.raises(Problem, match="invited already"):
        invite(cast["manager"], cast.invitee("invited"), role_in_care="看護")
    line = lines(f"group:{cast.group.hex}")[-1]
    assert (line.action, line.outcome) == ("group.invite", "failed")
    assert Invitation.objects.count() == before
    assert trail.verify()[1] == []


def test_what_a_problem_leaves_behind_is_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(*args: object) -> None:
        raise Problem("too late")

    from renkei.group import services

    monkeypatch.setattr(services, "refuse_last_manager", too_late)
    before = Group.objects.get(pk=cast.group).last_seq
    with pytest.raises(Problem, match="too late"):
        release_member(cast["manager"], cast.members["nurse"], reason="配置換え")
    assert Group.objects.get(pk=cast.group).last_seq == before
    assert Group.objects.get(pk=cast.group).members.filter(ended_at=None).count() == 3
    assert lines(f"group:{cast.group.hex}")[-1].outcome == "failed"


def test_a_closed_gate_leaves_no_line(cast: Cast) -> None:
    Account.objects.filter(pk=cast.account("nurse")).update(acknowledged=None)
    before = count()
    for action in (
        lambda: post(cast, "nurse"),
        lambda: see_head(cast["nurse"], cast.group),
        lambda: read_timeline(cast["nurse"], cast.group),
        lambda: see_shell(cast["nurse"], None),
    ):
        with pytest.raises(GateClosed) as closed:
            action()
        assert closed.value.gate == "acknowledge"
    assert count() == before


def test_who_is_not_signed_in_and_what_is_not_there_leave_no_line(cast: Cast) -> None:
    before = count()
    with pytest.raises(SignedOut):
        post(cast, "nobody")
    with pytest.raises(SignedOut):
        see_head(Actor(), cast.group)
    with pytest.raises(Unknown):
        post(cast, "nurse", group=uuid4())
    assert count() == before


# What may leave no line at all. Whoever makes this list longer has to say why.
SILENT = {
    "communication.save_draft",  # nobody else can see it
    "people.change_appearance",  # size of letters and the like
}
SILENT_WHEN_NOTHING_CHANGED = {
    "communication.send_communication",  # the very same post again
    "communication.correct_communication",  # the very same words
    "communication.understand_communication",
    "enrollment.confirm_policy",
    "enrollment.confirm_notice",
    "group.appoint_manager",
    "group.dismiss_manager",
    "patient._sent_before",  # the very same registration again
}


def _silent_in_source() -> set[str]:
    """Every use case that sets ``change.silent``, from the source."""
    found = set()
    package = Path(renkei.__file__).parent
    for path in [*package.glob("*/services.py"), package / "group" / "admission.py"]:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and "change.silent" in ast.unparse(node):
                found.add(f"{path.parent.name}.{node.name}")
    return found


def test_the_list_of_silent_use_cases_is_pinned() -> None:
    assert _silent_in_source() == SILENT | SILENT_WHEN_NOTHING_CHANGED


def test_the_silent_ones_are_silent(cast: Cast) -> None:
    read_timeline(cast["manager"], cast.group)
    key, first = uuid4(), {"text": "一度だけ", "confirmed": True}
    send_communication(cast["nurse"], cast.group, key=key, **first)  # type: ignore[arg-type]
    understand_communication(cast["manager"], cast.message)
    before = count()
    save_draft(cast["nurse"], cast.group, text="書きかけ")
    change_appearance(
        cast["nurse"], None, language="en", text_size="large", contrast="more", initials_only=True
    )
    assert send_communication(cast["nurse"], cast.group, key=key, **first).again  # type: ignore[arg-type]
    understand_communication(cast["manager"], cast.message)
    correct_communication(cast["nurse"], cast.message, text="朝の血圧は130/80でした。", version=1)
    dismiss_manager(cast["manager"], cast.members["nurse"])
    assert count() == before
    assert Draft.objects.filter(account=cast.account("nurse")).exists()


def test_reading_the_same_again_moves_nothing_and_leaves_no_line(cast: Cast) -> None:
    read_timeline(cast["nurse"], cast.group)
    before = count()
    read_timeline(cast["nurse"], cast.group)
    assert count() == before


def test_use_cases_do_not_call_each_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from renkei.group import services

    def another(*args: object) -> None:
        leave_group(cast["nurse"], cast.group, reason="中から")

    monkeypatch.setattr(services, "refuse_last_manager", another)
    with pytest.raises(RuntimeError, match="durable"):
        release_member(cast["manager"], cast.members["nurse"], reason="外から")


def test_every_use_case_says_under_which_rule(cast: Cast) -> None:
    from renkei.policy.rules import RULES

    assert set(USE_CASES) <= set(RULES)


def test_hints_are_published_after_the_commit_and_never_for_what_failed(committed: Cast) -> None:
    heard: list[Hint] = []
    stop = bus().subscribe(heard.append)
    try:
        message_seq = Group.objects.get(pk=committed.group).last_seq + 1
        with pytest.raises(Problem):
            send_communication(
                committed["nurse"], committed.group, text=" ", key=uuid4(), confirmed=True
            )
        with pytest.raises(Refused):
            post(committed, "stranger")
        assert heard == []
        post(committed, "nurse")
        assert heard == [Hint("log", committed.group, message_seq)]
    finally:
        stop()


# ── The batch ────────────────────────────────────────────────────────────────────────────────────


def test_a_batch_is_all_or_nothing(cast: Cast) -> None:
    before = Organization.objects.count(), count()
    with pytest.raises(ZeroDivisionError), loading():
        make_organization(cast.region, "neu", "薬局")
        assert Organization.objects.count() == before[0] + 1
        raise ZeroDivisionError
    assert (Organization.objects.count(), count()) == before


def test_the_lines_of_a_batch_say_from_where_their_fact_was_taken_over(cast: Cast) -> None:
    with batch(LOADER, "region.load") as running:
        running.source = {"file": "organizations.csv", "line": 3, "sha256": "00"}
        organization = make_organization(cast.region, "neu", "薬局")
    (line,) = lines(f"organization:{organization.id.hex}")
    assert '"taken_over":{"file":"organizations.csv","line":3,"sha256":"00"}' in line.detail
    assert line.actor is None


@pytest.mark.parametrize("name", ["administrator_same", "operator", "nurse"])
def test_a_batch_is_the_loaders_alone(cast: Cast, name: str) -> None:
    with pytest.raises(Refused), batch(cast[name], "region.load"):
        pass
    with pytest.raises(Refused):
        make_organization_as(cast, name)


def make_organization_as(cast: Cast, name: str) -> None:
    from renkei.people.services import register_organization

    region = Region.objects.get(pk=cast.region)
    register_organization(cast[name], None, region=region, head_name="私")


def test_the_loader_may_load_and_nothing_else(cast: Cast) -> None:
    for action in (
        lambda: see_head(LOADER, cast.group),
        lambda: send_communication(LOADER, cast.group, text="x", key=uuid4(), confirmed=True),
        lambda: publish_notice(LOADER, None, title="x", body="y", acknowledge=False),
    ):
        with pytest.raises(Refused):
            action()
    assert Patient.objects.filter(pk=cast.patient).exists()


def test_after_a_batch_every_use_case_is_judged_by_its_own_rule_again(cast: Cast) -> None:
    with loading():
        pass
    with pytest.raises(Refused):
        send_communication(LOADER, cast.group, text="x", key=uuid4(), confirmed=True)


def test_what_is_chosen_for_a_session_must_be_ones_own(cast: Cast) -> None:
    with pytest.raises(Problem):
        choose_role(cast["nurse"], None, role=cast.role("manager"))
