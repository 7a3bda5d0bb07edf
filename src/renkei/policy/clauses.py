"""The operating policy clause by clause, and what keeps each of them.

The sentences stand in ``clauses.toml``. ``KEPT`` says what keeps a clause: rules of ``rules.py``,
screens by the name of their route, duties by their name. A clause that is not in it is not kept
yet, and says so. A test names its clauses with ``@pytest.mark.clause("A6")``; the suite refuses to
start when a clause said to be kept has no test, and breaks every rule named here on purpose, once,
to see that the tests of its clauses notice.
"""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]  # meaningful in a checkout only
MODES = {"E": "enforced", "A": "assisted", "V": "evidenced", "I": "informed"}
KEPT_FULLY, PARTLY, NOT_YET = "kept", "partly", "not yet"


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: what must be true, what the software owes it, and what keeps it."""

    id: str
    mode: str  # letters of MODES; empty if nothing is owed
    title_ja: str
    title_en: str
    ja: str
    en: str
    status: str
    kept_by: tuple[str, ...]  # "rule:…", "screen:…", "duty:…"
    missing: str  # of a clause kept partly: what is not there yet


@dataclass(frozen=True, slots=True)
class _Keeping:
    by: tuple[str, ...]
    missing: str = ""


def _kept(*by: str) -> _Keeping:
    return _Keeping(by)


def _partly(*by: str, missing: str) -> _Keeping:
    return _Keeping(by, missing)


_ACKNOWLEDGED = _kept("rule:home.see", "screen:policy_confirm")
_DEVICE_CHECKED = _kept("rule:device.confirm", "screen:device_confirm")

# fmt: off
KEPT: dict[str, _Keeping] = {
    "A1":    _kept("rule:policy.draft", "screen:policy", "screen:policy_editions"),
    "A2":    _kept("rule:home.see", "rule:missing.see", "rule:law.keep", "rule:law.remove",
                   "screen:policy_confirm", "screen:missing", "screen:laws"),
    "A3":    _kept("rule:application.see", "rule:application.handle", "rule:application.approve",
                   "rule:application.write", "rule:group.see", "rule:organization.leave",
                   "screen:account_signup", "screen:application", "screen:application_step",
                   "screen:organization_leaving"),
    "A4":    _kept("rule:patient.register", "rule:patient.change", "rule:hand_over.propose",
                   "rule:hand_over.accept", "rule:hand_over.decline", "rule:hand_over.withdraw",
                   "rule:hand_over.see", "rule:same_person.arrange", "rule:same_person.answer",
                   "screen:hand_over_propose", "screen:hand_over", "screen:hand_overs",
                   "screen:same_persons", "screen:same_person"),
    "A5.1":  _kept("rule:group.open", "rule:group.close", "rule:group.take_over",
                   "screen:free_take_over", "screen:organization_leaving"),
    "A5.2":  _kept("rule:group.invite", "rule:member.release", "rule:invitation.take_back"),
    "A6":    _kept("rule:group.see", "rule:communication.send", "rule:group.invite",
                   "rule:consent.record", "rule:consent.withdraw", "screen:consents"),
    "A8.2":  _kept("rule:device.add", "rule:device.change", "rule:device.approve",
                   "rule:device.accept", "rule:device.take_stock", "rule:device.list",
                   "screen:devices", "screen:device_ask", "screen:device_add"),
    "A7":    _kept("rule:staff.appoint", "rule:staff.dismiss", "rule:administrators.note",
                   "screen:staff_one", "screen:administrators"),
    "A8.1":  _kept("rule:staff.add", "rule:staff.import", "rule:staff.change",
                   "rule:staff.leave", "screen:staff", "screen:staff_one"),
    "A8.3":  _kept("rule:access.give", "rule:staff.see", "rule:administrators.see",
                   "rule:staff.leave", "screen:staff", "screen:access", "screen:administrators",
                   "screen:staff_restrict", "screen:staff_leave"),
    "A8.4":  _kept("rule:invitation.approve", "rule:invitation.refuse", "rule:invitation.accept",
                   "rule:group.invite", "rule:member.release"),
    "A8.5":  _kept("rule:staff.add", "rule:staff.import", "rule:staff.leave",
                   "screen:staff_new", "screen:staff_import", "screen:registration",
                   "screen:staff_leave"),
    "A9":    _kept("rule:group.see", "rule:pledge.sign", "rule:pledge.record",
                   "rule:training.take", "rule:training.see_staff", "rule:training.see_all",
                   "rule:training.define", "rule:training.record", "screen:pledge",
                   "screen:training", "screen:training_check", "screen:training_staff",
                   "screen:training_all"),
    "A10":   _kept("screen:points", "screen:points_noted"),
    "A11.1": _kept("screen:group_open"),
    "A11.2": _kept("rule:member.appoint", "rule:member.dismiss", "rule:group.manage",
                   "rule:group.invite_manager", "screen:members", "screen:group_open"),
    "A11.3": _kept("screen:patient", "screen:patients"),
    "A11.4": _kept("rule:group.see", "screen:invite", "screen:members"),
    "A11.5": _kept("rule:family.open", "rule:family.add", "rule:family.invite", "rule:family.link",
                   "rule:group.see", "rule:observation.see", "screen:family",
                   "screen:family_invite", "screen:timeline"),
    "A11.6": _kept("rule:patient.record_death", "rule:group.archive", "rule:group.bring_back",
                   "rule:group.put_off", "rule:communication.send", "screen:patient_death",
                   "screen:group_archive", "screen:group_back", "screen:archive"),
    "A11.7": _kept("rule:erasure.ask", "rule:erasure.ask_group", "rule:erasure.confirm",
                   "rule:erasure.see", "rule:erasure.withdraw", "screen:erasure_ask",
                   "screen:erasure", "screen:erasures", "screen:erasures_own",
                   "screen:erasure_certificate"),
    "A11.8": _kept("rule:charter.see", "rule:charter.read", "rule:charter.write",
                   "rule:communication.ask_again", "screen:receipts", "screen:timeline",
                   "screen:charter", "screen:charter_edit"),
    "A12.1": _kept("rule:group.find", "screen:free"),
    "A12.2": _kept("screen:confirm", "screen:correct"),
    "A12.3": _kept("rule:group.found", "rule:group.admit", "screen:free_new",
                   "screen:free_wishes"),
    "A12.4": _kept("rule:group.read_about", "rule:group.join", "rule:group.ask",
                   "rule:group.describe", "screen:free_about", "screen:free_describe"),
    "A12.5": _kept("rule:communication.hide", "rule:member.release", "screen:hide"),
    "A13.1": _kept("rule:connection.ask", "rule:connection.answer", "rule:connection.block",
                   "rule:connection.see", "screen:connections", "screen:connection_people"),
    "A13.2": _kept("screen:confirm", "screen:move_draft"),
    "A14.1": _kept("rule:access.give", "rule:access.open", "rule:access.use",
                   "screen:account_change_password", "screen:begin"),
    "A14.2": _kept("rule:session.see", "rule:session.answer", "rule:sign_in.disown",
                   "screen:sign_ins", "screen:sign_in_disown", "screen:simultaneous"),
    "A14.3": _kept("rule:home.see", "screen:account_change_password", "screen:mfa_index",
                   "screen:administrators"),
    "A14.4": _kept("rule:session.end", "screen:account_logout", "screen:signed_out",
                   "screen:sessions"),
    "A14.5": _kept("rule:session.stay", "screen:session_stay"),
    "A14.6": _kept("rule:device.confirm", "screen:device_confirm"),
    "A15.1": _DEVICE_CHECKED,
    "A15.2": _DEVICE_CHECKED,
    "A15.3": _DEVICE_CHECKED,
    "A15.4": _DEVICE_CHECKED,
    "A15.5": _kept("rule:attachment.see", "rule:fax.print", "screen:attachment", "screen:files",
                   "screen:timeline", "screen:reuse_fax"),
    "A15.6": _kept("rule:device.change", "screen:device_edit"),
    "A15.7": _kept("rule:device.change", "screen:device_edit"),
    "A15.8": _kept("rule:device.change", "screen:device_edit"),
    "A15.9": _kept("rule:take_out.ask", "rule:take_out.see", "rule:take_out.decide",
                   "rule:take_out.list", "screen:take_outs"),
    "A15.10": _kept("rule:device.approve", "screen:device_ask", "screen:device_approve"),
    "A16.e": _kept("rule:charter.write", "rule:charter.read", "screen:charter",
                   "screen:charter_edit", "screen:reuse"),
    "A19.1": _kept("rule:organization.change", "screen:start", "screen:organizations",
                   "screen:organization_edit", "screen:join_step"),
    "A16.a": _kept("rule:reuse.ask", "rule:reuse.open", "screen:timeline"),
    "A16.b": _kept("rule:reuse.permit", "rule:reuse.decline", "rule:reuse.open",
                   "rule:reuse.see", "rule:reuse.withdraw", "rule:reuse.register",
                   "screen:reuse_ask", "screen:reuse", "screen:reuse_open",
                   "screen:reuse_register", "screen:reuse_clip"),
    "A16.c": _kept("rule:reuse.permit", "rule:reuse.open"),
    "A16.d": _kept("rule:reuse.permit_outside", "rule:reuse.decline_outside",
                   "rule:reuse.anonymise", "rule:reuse.open", "rule:reuse.cut",
                   "screen:reuse_anonymise", "screen:reuse_cut"),
    "A17.1": _kept("rule:attachment.change", "screen:attachment_answer", "screen:attachments"),
    "A17.2": _kept("rule:issuer.see", "rule:issuer.keep", "rule:issuer.remove",
                   "rule:organization.change", "rule:attachment.change", "screen:issuers",
                   "screen:organization_edit", "screen:attachment_answer",
                   "screen:attachment_pages"),
    "A18":   _kept("rule:network.open", "rule:group.leave", "rule:notice.write",
                   "rule:notice.publish", "screen:groups", "screen:network_people",
                   "rule:notice.withdraw", "rule:notice.readers", "screen:notices",
                   "screen:notice_readers"),
    "A19.2": _kept("rule:news.publish", "rule:news.withdraw", "rule:group.ask_listing",
                   "rule:listing.answer", "rule:listing.see", "screen:news", "screen:start",
                   "screen:listings"),
    "A20":   _kept("rule:disaster.declare", "rule:disaster.confirm", "rule:emergency.settle",
                   "rule:disaster.see", "rule:safety.report", "screen:emergency",
                   "screen:emergencies", "screen:disaster_results", "screen:safety_text"),
    "A22":   _kept("rule:policy.draft", "rule:policy.enact", "rule:policy.take_back",
                   "rule:provision.keep", "rule:provision.end", "rule:rules.set",
                   "rule:rules.see", "rule:rules.confirm", "screen:policy_preview",
                   "screen:policy_editions", "screen:provisions", "screen:rules"),
    "N1.1":  _kept("rule:group.see", "rule:invitation.accept"),
    "N1.2":  _kept("rule:staff.leave", "rule:group.review", "rule:staff.review",
                   "rule:reviews.see", "rule:reviews.count", "screen:staff_leave",
                   "screen:group_leave", "screen:group_review", "screen:review_paper",
                   "screen:account_review", "screen:account_review_paper", "screen:reviews",
                   "screen:reviews_counts"),
    "N2.1":  _kept("rule:group.archive", "rule:group.put_off", "screen:home", "screen:archive"),
    "N2.2":  _kept("rule:staff.restrict", "rule:person.suspend", "rule:organization.suspend",
                   "screen:staff_restrict", "screen:stops"),
    "N2.3":  _kept("rule:group.see", "rule:communication.send"),
    "N3.1":  _kept("screen:access", "screen:account_login", "screen:sign_ins",
                   "screen:simultaneous"),
    "N3.2":  _kept("rule:invitation.see", "rule:invitation.accept", "rule:invitation.decline",
                   "screen:invitation"),
    "N3.3":  _kept("rule:templates.change", "screen:confirm", "screen:correct",
                   "screen:templates", "screen:organization_templates"),
    "N3.4":  _kept("screen:timeline"),
    "N3.5":  _kept("rule:profile.change", "rule:people.see", "screen:me", "screen:members"),
    "N3.6":  _kept("rule:group.leave", "rule:staff.see_groups", "screen:group_leave",
                   "screen:former_groups", "screen:staff_groups"),
    "N3.7":  _kept("rule:staff.leave", "screen:staff_leave", "screen:staff_receipt"),
    "N3.8":  _kept("rule:communication.correct", "rule:communication.withdraw", "screen:confirm"),
    "N3.9":  _kept("rule:communication.send", "rule:patient.see", "rule:organization.see",
                   "rule:observation.set_ranges"),
    "N3.10": _kept("rule:incident.receive", "screen:report", "screen:report_code"),
    "N3.11": _kept("rule:incident.see", "rule:incident.handle", "rule:views.see",
                   "screen:incidents", "screen:incident_statement", "screen:views"),
    "N4.1":  _ACKNOWLEDGED,
    "N4.2":  _ACKNOWLEDGED,
    "N4.3":  _ACKNOWLEDGED,
    "N4.4":  _ACKNOWLEDGED,
    "N4.5":  _ACKNOWLEDGED,
    "N4.6":  _ACKNOWLEDGED,
    "N4.7":  _ACKNOWLEDGED,
    "N4.8":  _kept("rule:own_backup.take", "screen:own_backup"),
    "N4.9":  _kept("screen:confirm", "screen:correct"),
    "F1":    _kept("rule:training.record", "rule:application.approve", "screen:account_signup",
                   "screen:join_step", "screen:applications", "screen:application",
                   "screen:training_lectures",
                   "screen:training_organization"),
    "F2":    _kept("rule:pledge.sign", "rule:pledge.record", "rule:pledge.print", "rule:paper.see",
                   "rule:paper.file", "screen:pledge", "screen:staff_pledge", "screen:paper"),
    "F3":    _kept("rule:consent.record", "rule:paper.see", "rule:paper.file", "screen:consent",
                   "screen:paper"),
    "P1":    _kept("rule:application.write", "rule:application.print", "rule:paper.see",
                   "rule:paper.file", "rule:form.set", "screen:join_step",
                   "screen:application_step", "screen:join_paper", "screen:form_blank",
                   "screen:paper"),
    "P2":    _kept("rule:application.print", "rule:paper.see", "rule:paper.file", "rule:form.set",
                   "screen:join_step", "screen:join_paper", "screen:form_blank", "screen:paper"),
    "P3":    _kept("rule:pledge.sign", "rule:pledge.print", "rule:paper.see", "rule:paper.file",
                   "rule:form.set", "screen:pledge", "screen:staff_pledge_paper",
                   "screen:form_blank", "screen:paper"),
    "P4":    _kept("rule:consent.record", "rule:consent.change", "rule:paper.print",
                   "rule:paper.see", "rule:paper.file", "rule:form.set", "rule:rights.see",
                   "rule:rights.receive", "rule:rights.answer", "rule:rights.list",
                   "rule:rights.count", "screen:consent", "screen:consent_change",
                   "screen:consent_paper", "screen:rights_one", "screen:form_blank"),
}
# fmt: on


def _load() -> dict[str, Clause]:
    text = (Path(__file__).parent / "clauses.toml").read_text(encoding="utf-8")
    clauses = {}
    for name, given in tomllib.loads(text)["clause"].items():
        keeping = KEPT.get(name, _Keeping(()))
        clauses[name] = Clause(
            id=name,
            mode="".join(given["mode"]),
            title_ja=given["title_ja"],
            title_en=given["title_en"],
            ja=given["ja"],
            en=given["en"],
            status=_status(name),
            kept_by=keeping.by,
            missing=keeping.missing,
        )
    if strangers := set(KEPT) - set(clauses):
        raise KeyError(f"no such clause: {', '.join(sorted(strangers))}")
    return clauses


def _status(name: str) -> str:
    if name not in KEPT:
        return NOT_YET
    return PARTLY if KEPT[name].missing else KEPT_FULLY


CLAUSES: dict[str, Clause] = _load()


# ── The tests that prove them ────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=4)
def tests(folder: Path = PROJECT / "tests") -> dict[str, list[str]]:
    """The tests of each clause as pytest ids, read from the source of the tests; nothing is run.

    A mark counts where it is written out: on a function, on a class, or as ``pytestmark`` of a
    module. Without a checkout there are no tests to list.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("test_*.py")) if folder.is_dir() else ():
        module = ast.parse(path.read_text(encoding="utf-8"))
        name = path.relative_to(folder.parent).as_posix()
        for test, clauses in _marked(module, name, _module_marks(module)):
            for clause in clauses:
                found[clause].append(test)
    return dict(found)


def _module_marks(module: ast.Module) -> list[str]:
    marks = []
    for statement in module.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            if statement.targets[0].id == "pytestmark":
                marks += [mark for node in ast.walk(statement.value) for mark in _mark(node)]
    return marks


def _marked(
    body: ast.Module | ast.ClassDef, before: str, inherited: list[str]
) -> Iterator[tuple[str, list[str]]]:
    for node in body.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        own = [mark for decorator in node.decorator_list for mark in _mark(decorator)]
        marks, name = list(dict.fromkeys([*inherited, *own])), f"{before}::{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from _marked(node, name, marks)
        elif node.name.startswith("test_"):
            yield name, marks


def _mark(node: ast.AST) -> list[str]:
    """The clauses of ``pytest.mark.clause("A6")``; none for anything else."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return []
    if node.func.attr != "clause":
        return []
    return [str(one.value) for one in node.args if isinstance(one, ast.Constant)]


def untested() -> list[str]:
    """The clauses said to be kept, fully or partly, that no test names."""
    proved = tests()
    return [clause.id for clause in CLAUSES.values() if clause.kept_by and clause.id not in proved]


def listed() -> list[dict[str, object]]:
    """All clauses as ``renkei policy --json`` prints them."""
    proved = tests()
    return [
        {
            "id": clause.id,
            "mode": list(clause.mode),
            "status": clause.status,
            "kept_by": list(clause.kept_by),
            "tests": proved.get(clause.id, []),
            "title": {"ja": clause.title_ja, "en": clause.title_en},
            "sentence": {"ja": clause.ja, "en": clause.en},
            "missing": clause.missing,
        }
        for clause in CLAUSES.values()
    ]


def document() -> str:
    """``docs/policy.md``: the catalogue for people."""
    counts = {
        status: sum(clause.status == status for clause in CLAUSES.values())
        for status in (KEPT_FULLY, PARTLY, NOT_YET)
    }
    lines = [
        "# The operating policy, clause by clause",
        "",
        "Generated by `renkei policy --docs` from `src/renkei/policy/clauses.py`; do not edit.",
        "",
        f"{len(CLAUSES)} clauses: {counts[KEPT_FULLY]} kept, {counts[PARTLY]} partly,"
        f" {counts[NOT_YET]} not yet. Mode: what the software owes the clause - "
        + ", ".join(f"**{letter}** {word}" for letter, word in MODES.items())
        + ".",
        "",
        "| id | mode | status | clause | kept by |",
        "|---|---|---|---|---|",
    ]
    lines += [_document_line(clause) for clause in CLAUSES.values()]
    return "\n".join(lines) + "\n"


def _document_line(clause: Clause) -> str:
    status = f"{clause.status}<br>*missing: {clause.missing}*" if clause.missing else clause.status
    by = "<br>".join(f"`{one}`" for one in clause.kept_by)
    sentence = f"**{clause.title_en}** · {clause.title_ja}<br>{clause.en}<br>{clause.ja}"
    return f"| {clause.id} | {' '.join(clause.mode) or '-'} | {status} | {sentence} | {by} |"
