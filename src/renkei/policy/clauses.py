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

# fmt: off
KEPT: dict[str, _Keeping] = {
    "A1":    _kept("screen:policy"),
    "A2":    _partly("rule:home.see", "screen:policy_confirm",
                     missing="the list of who has not acknowledged yet"),
    "A4":    _partly("rule:patient.register", "rule:patient.change",
                     missing="handing a patient over to another organization"),
    "A5.1":  _partly("rule:group.open", "rule:group.close",
                     missing="free groups and their founding organization"),
    "A5.2":  _kept("rule:group.invite", "rule:member.release", "rule:invitation.take_back"),
    "A6":    _kept("rule:group.see", "rule:communication.send", "rule:group.invite",
                   "rule:consent.record", "rule:consent.withdraw", "screen:consents"),
    "A8.4":  _kept("rule:invitation.approve", "rule:invitation.refuse", "rule:invitation.accept",
                   "rule:group.invite", "rule:member.release"),
    "A11.1": _kept("screen:group_open"),
    "A11.2": _partly("rule:member.appoint", "rule:group.manage",
                     missing="what a physician of another organization may do by delegation"),
    "A11.3": _kept("screen:patient", "screen:patients"),
    "A11.4": _kept("rule:group.see", "screen:invite", "screen:members"),
    "A14.1": _kept("screen:account_change_password"),
    "A14.3": _partly("rule:home.see", "screen:account_change_password",
                     missing="the region's own rule for accounts with a second factor"),
    "A14.4": _kept("screen:account_logout", "screen:signed_out"),
    "A19.1": _partly("screen:start", "screen:organizations",
                     missing="asking an organization whether it wants to be listed"),
    "N1.1":  _kept("rule:group.see", "rule:invitation.accept"),
    "N2.3":  _kept("rule:group.see", "rule:communication.send"),
    "N3.2":  _kept("rule:invitation.see", "rule:invitation.accept", "rule:invitation.decline",
                   "screen:invitation"),
    "N3.4":  _kept("screen:timeline"),
    "N3.5":  _kept("rule:profile.change", "rule:people.see", "screen:me", "screen:members"),
    "N3.6":  _kept("rule:group.leave", "screen:group_leave"),
    "N3.8":  _kept("rule:communication.correct", "rule:communication.withdraw", "screen:confirm"),
    "N3.9":  _kept("rule:communication.send", "rule:patient.see", "rule:organization.see"),
    "N4.1":  _ACKNOWLEDGED,
    "N4.2":  _ACKNOWLEDGED,
    "N4.3":  _ACKNOWLEDGED,
    "N4.4":  _ACKNOWLEDGED,
    "N4.5":  _ACKNOWLEDGED,
    "N4.6":  _ACKNOWLEDGED,
    "N4.7":  _ACKNOWLEDGED,
    "F3":    _partly("rule:consent.record", "screen:consent",
                     missing="a proof that the visiting physician's institution is proposed"),
    "P4":    _partly("rule:consent.record", "screen:consent",
                     missing="form 4 as a PDF and as a filed scan"),
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
