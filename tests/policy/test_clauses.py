"""The catalogue of the policy, what it says of itself, and the commands that print it."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from renkei.config.routes import (
    HOST,
    PUBLIC,
    SIGNED_IN,
    every_route_says_what_it_needs,
    route,
    routes,
)
from renkei.policy import clauses
from renkei.policy.clauses import CLAUSES, MODES
from renkei.policy.rules import RULES

pytestmark = pytest.mark.once

ARTICLES = """
A1 A2 A3 A4 A5.1 A5.2 A6 A7 A8.1 A8.2 A8.3 A8.4 A8.5 A9 A10 A11.1 A11.2 A11.3 A11.4 A11.5 A11.6
A11.7 A11.8 A12.1 A12.2 A12.3 A12.4 A12.5 A13.1 A13.2 A14.1 A14.2 A14.3 A14.4 A14.5 A14.6 A15.1
A15.2 A15.3 A15.4 A15.5 A15.6 A15.7 A15.8 A15.9 A15.10 A16.a A16.b A16.c A16.d A16.e A17.1 A17.2
A18 A19.1 A19.2 A20 A21 A22
N1.1 N1.2 N2.1 N2.2 N2.3 N3.1 N3.2 N3.3 N3.4 N3.5 N3.6 N3.7 N3.8 N3.9 N3.10 N3.11
N4.1 N4.2 N4.3 N4.4 N4.5 N4.6 N4.7 N4.8 N4.9 F1 F2 F3 P1 P2 P3 P4
"""


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_every_clause_of_the_policy_is_there() -> None:
    assert list(CLAUSES) == ARTICLES.split()


@pytest.mark.parametrize("name", CLAUSES)
def test_a_clause_says_what_it_is_in_both_languages(name: str) -> None:
    clause = CLAUSES[name]
    assert clause.title_ja and clause.title_en and clause.ja and clause.en
    assert set(clause.mode) <= set(MODES)
    assert (clause.status == "not yet") == (not clause.kept_by)
    assert (clause.status == "partly") == bool(clause.missing)


def test_what_keeps_a_clause_exists() -> None:
    screens = {one["name"] for one in routes()}
    for clause in CLAUSES.values():
        for keeper in clause.kept_by:
            kind, _, name = keeper.partition(":")
            assert {"rule": name in RULES, "screen": name in screens}.get(kind), keeper


def test_every_clause_that_is_kept_has_a_test() -> None:
    assert clauses.untested() == []


def test_tests_are_found_in_the_source(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "here"
    folder.mkdir(parents=True)
    (folder / "test_one.py").write_text(
        "import pytest\n"
        'pytestmark = [pytest.mark.slow, pytest.mark.clause("A1")]\n'
        '@pytest.mark.clause("A2", "A6")\n'
        "def test_a(): ...\n"
        '@pytest.mark.clause("N1.1")\n'
        "class TestB:\n"
        "    def test_c(self): ...\n"
        "    def helper(self): ...\n"
        '@pytest.mark.parametrize("clause", ["A9"])\n'
        "async def test_d(): ...\n"
    )
    here = "tests/here/test_one.py::"
    assert clauses.tests(tmp_path / "tests") == {
        "A1": [f"{here}test_a", f"{here}TestB::test_c", f"{here}test_d"],
        "A2": [f"{here}test_a"],
        "A6": [f"{here}test_a"],
        "N1.1": [f"{here}TestB::test_c"],
    }
    assert clauses.tests(tmp_path / "nowhere") == {}


def test_the_document_is_what_the_catalogue_says() -> None:
    call_command("policy", docs=True, check=True)


def test_a_stale_document_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from renkei.config.management.commands import policy

    monkeypatch.setattr(policy, "DOCUMENT", tmp_path / "docs" / "policy.md")
    with pytest.raises(CommandError, match="stale"):
        call_command("policy", docs=True, check=True)
    call_command("policy", docs=True)
    call_command("policy", docs=True, check=True)
    (tmp_path / "docs" / "policy.md").write_text("old")
    with pytest.raises(CommandError, match="stale"):
        call_command("policy", docs=True, check=True)


def test_the_policy_as_json() -> None:
    listed = json.loads(run("policy", "--json"))
    assert [one["id"] for one in listed] == list(CLAUSES)
    for one in listed:
        assert {"id", "mode", "status", "kept_by", "tests"} <= set(one)
        assert one["status"] in ("kept", "partly", "not yet")
        assert one["status"] == "not yet" or one["tests"]
        for test in one["tests"]:
            assert (clauses.PROJECT / test.split("::")[0]).exists()


def test_the_policy_as_a_table() -> None:
    table = run("policy")
    for name in CLAUSES:
        assert f"\n{name} " in f"\n{table}"
    assert "rule:group.see" in table


# ── Routes ───────────────────────────────────────────────────────────────────────────────────────


def test_every_route_says_what_it_needs() -> None:
    assert every_route_says_what_it_needs(None) == []
    for one in routes():
        assert one["permission"] in {HOST, PUBLIC, SIGNED_IN, *RULES}


def test_a_route_that_says_nothing_or_something_unknown_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from django.urls import path

    from renkei.config import urls

    silent = path("silent", lambda request: None)
    wrong = route("wrong", lambda request: None, name="wrong", needs="group.shout")
    monkeypatch.setattr(urls, "urlpatterns", [*urls.urlpatterns, silent, wrong])
    from django.urls import clear_url_caches

    clear_url_caches()
    try:
        errors = every_route_says_what_it_needs(None)
    finally:
        monkeypatch.undo()
        clear_url_caches()
    assert [error.id for error in errors] == ["renkei.E002"] * 2
    assert {"silent", "wrong"} == {error.msg.split()[1].strip("/") for error in errors}


def test_the_routes_as_json_and_as_a_table() -> None:
    listed = json.loads(run("routes", "--json"))
    assert {one["route"] for one in listed} >= {"", "home", "live", "groups/<uuid:group>"}
    assert all(set(one) >= {"route", "permission"} for one in listed)
    assert "/home" in run("routes")
