"""The policy is broken on purpose, one rule at a time: the tests of its clauses have to notice.

For each rule that a kept clause names, the clause's own tests run in a process of their own in which
that rule says yes to everybody. If they all still pass, the clause is not proved.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from renkei.policy import clauses
from renkei.policy.clauses import CLAUSES
from tests.conftest import Template

AT_ONCE = max(2, os.cpu_count() or 2)


def rules_of_clauses() -> dict[str, set[str]]:
    """Each rule that is named, with the clauses it keeps."""
    found: dict[str, set[str]] = defaultdict(set)
    for clause in CLAUSES.values():
        for keeper in clause.kept_by:
            if keeper.startswith("rule:"):
                found[keeper.removeprefix("rule:")].add(clause.id)
    return dict(found)


def files_of(named: set[str]) -> list[str]:
    """The files in which the clauses have tests that need no browser."""
    proved = clauses.tests()
    tests = {test.split("::")[0] for clause in named for test in proved[clause]}
    return sorted(test for test in tests if not test.startswith(("tests/e2e", "tests/web")))


def survivors(rule: str, named: set[str], template: Template, folder: Path) -> list[str]:
    """The clauses whose tests do not notice that the rule says yes to everybody."""
    report = folder / f"{rule}.json"
    run = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider",
            "-p", "no:xdist", "--override-ini", "addopts=--import-mode=importlib", "--tb=no",
            "-o", "console_output_style=classic", f"--basetemp={folder / rule}",
            f"--always-yes={rule}", f"--clauses={','.join(sorted(named))}",
            f"--failed-to={report}", *files_of(named),
        ],
        cwd=clauses.PROJECT,
        env={**_environment(), "RENKEI_TEST_TEMPLATE": str(template.folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    assert report.exists(), run.stdout + run.stderr
    return sorted(named - set(json.loads(report.read_text())))


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "RENKEI_", "COV_"))
    }


@pytest.mark.slow
def test_every_rule_that_keeps_a_clause_is_missed_when_it_is_gone(
    template: Template, tmp_path: Path
) -> None:
    named = rules_of_clauses()
    assert len(named) > 15
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda rule: survivors(rule, named[rule], template, tmp_path), named)
        unnoticed = {rule: left for rule, left in zip(named, found, strict=True) if left}
    assert unnoticed == {}
