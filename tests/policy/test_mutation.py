"""The policy is broken on purpose, one rule at a time: the tests of its clauses have to notice.

For each rule that a kept clause names, the clause's own tests run while that rule says yes to
everybody. If they all still pass, the clause is not proved; nor is it if they only see the code
stumble over somebody it never expected. It happens in processes of their own, on SQLite, whatever
the rest of the suite runs on: rules are Python.

An ordinary run breaks a sixth of the rules, the next sixth on the next day; ``make mutations``
(RENKEI_MUTATIONS=all) breaks them all.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from renkei.policy import clauses
from renkei.policy.clauses import CLAUSES

pytestmark = pytest.mark.once

PROCESSES = 2
PARTS = 6  # of an ordinary run, one a day
UNBROKEN = ""  # a control: with no rule broken, no test notices anything


def parts() -> int:
    """In how many parts the rules are broken."""
    return 1 if os.environ.get("RENKEI_MUTATIONS") == "all" else PARTS


def rules_of_clauses() -> dict[str, list[str]]:
    """Each rule that is named, with the clauses it keeps."""
    found: dict[str, list[str]] = defaultdict(list)
    for clause in CLAUSES.values():
        for keeper in clause.kept_by:
            if keeper.startswith("rule:"):
                found[keeper.removeprefix("rule:")].append(clause.id)
    return dict(found)


def files_of(named: set[str]) -> list[str]:
    """The files in which the clauses have tests that need no browser and no threads."""
    proved = clauses.tests()
    files = {test.split("::")[0] for clause in named for test in proved[clause]}
    elsewhere = (
        "tests/e2e", "tests/web", "tests/live", "tests/paperwork", "tests/policy/test_races.py",
    )  # fmt: skip
    return sorted(file for file in files if not file.startswith(elsewhere))


def break_each(plan: dict[str, list[str]], folder: Path) -> dict[str, dict[str, str]]:
    """By rule the clauses whose tests notice, each with the test and what it said."""
    folder.mkdir()
    report = folder / "plan.json"
    report.write_text(json.dumps(plan))
    named = {clause for clauses_ in plan.values() for clause in clauses_}
    run = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider",
            "-p", "no:xdist", "--override-ini=addopts=--import-mode=importlib -p no:randomly",
            f"--basetemp={folder / 'temp'}", f"--break-each={report}",
            f"--clauses={','.join(sorted(named))}", *files_of(named),
        ],
        cwd=clauses.PROJECT,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=900 * PARTS // parts(),
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    found: dict[str, dict[str, str]] = json.loads(report.read_text())
    return found


def _environment() -> dict[str, str]:
    kept = os.environ.items()
    ours = ("PYTEST_", "RENKEI_", "COV_", "DATABASE_URL", "REDIS_URL", "DJANGO_")
    return {name: value for name, value in kept if not name.startswith(ours)}


@pytest.mark.slow
def test_every_rule_that_keeps_a_clause_is_missed_when_it_is_gone(tmp_path: Path) -> None:
    named = rules_of_clauses()
    assert len(named) > 15
    today = date.today().toordinal() % parts()
    every = sorted(named.items())[today :: parts()]
    plans = [dict(every[part::PROCESSES]) for part in range(PROCESSES)]
    plans[0][UNBROKEN] = ["A5.2", "N3.6"]
    with ThreadPoolExecutor(PROCESSES) as pool:
        folders = [tmp_path / str(part) for part in range(PROCESSES)]
        noticed = {
            rule: found
            for part in pool.map(break_each, plans, folders)
            for rule, found in part.items()
        }
    assert noticed.pop(UNBROKEN) == {}
    unnoticed = {rule: set(named[rule]) - noticed[rule].keys() for rule, _ in every}
    assert {rule: left for rule, left in unnoticed.items() if left} == {}
