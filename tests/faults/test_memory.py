"""What judges the others notices what it is there to notice."""

from collections.abc import Callable
from typing import Any

import pytest

from .memory import Coming, Memory, Post

GROUP, ME, KEY = "g", "a", "k1"


def _found() -> dict[str, Any]:
    entry = {"id": "m", "seq": 1, "event": "", "subject": "", "key": KEY, "text": "熱#k1",
             "version": 1, "withdrawn": False}  # fmt: skip
    group = {"last_seq": 1, "entries": [entry], "cursors": {ME: 1}, "readings": [["m1", ME, 1, 1]],
             "drafts": {ME: "書きかけ"}, "invited": []}  # fmt: skip
    return {"breaks": [], "groups": {GROUP: group}, "understood": [["m", ME]]}


def _memory() -> Memory:
    memory = Memory()
    memory.posts[KEY] = Post(GROUP, ME, KEY, "熱#k1", "m", 1, wordings={"熱#k1"})
    memory.drafts[GROUP, ME] = {"書きかけ"}
    memory.understood.add(("m", ME))
    memory.read[GROUP, ME] = [(1, 1)]
    return memory


def _lost(there: dict[str, Any]) -> None:
    there["entries"].clear()
    there["last_seq"] = 0
    there["cursors"][ME] = 0


def _doubled(there: dict[str, Any]) -> None:
    there["entries"].append({**there["entries"][0], "seq": 2})
    there["last_seq"] = 2


def _other_words(there: dict[str, Any]) -> None:
    there["entries"][0]["text"] = "平熱#k1"


def _gap(there: dict[str, Any]) -> None:
    there["entries"][0]["seq"] = 2


def _behind(there: dict[str, Any]) -> None:
    there["last_seq"] = 3


def _cursor_beyond(there: dict[str, Any]) -> None:
    there["cursors"][ME] = 9


def _no_draft(there: dict[str, Any]) -> None:
    there["drafts"].clear()


def _no_reading(there: dict[str, Any]) -> None:
    there["readings"].clear()


@pytest.mark.parametrize(
    "harm",
    [_lost, _doubled, _other_words, _gap, _behind, _cursor_beyond, _no_draft, _no_reading],
)
def test_harm_is_noticed(harm: Callable[[dict[str, Any]], None]) -> None:
    assert _memory().judge(_found()).clean
    found = _found()
    harm(found["groups"][GROUP])
    assert not _memory().judge(found).clean


def test_a_cursor_that_goes_back_is_noticed() -> None:
    memory, found = _memory(), _found()
    assert memory.judge(found).clean
    found["groups"][GROUP]["cursors"][ME] = 0
    assert not memory.judge(found).clean


def test_what_was_not_acknowledged_may_be_there_or_not() -> None:
    memory, found = _memory(), _found()
    memory.posts["k2"] = Post(GROUP, ME, "k2", "咳#k2", wordings={"咳#k2"})
    assert memory.judge(found).clean


@pytest.mark.parametrize(("step", "invited", "inside"), [(1, False, False), (3, False, False)])
def test_an_admission_that_is_gone_is_noticed(step: int, invited: bool, inside: bool) -> None:
    memory = _memory()
    memory.coming.append(Coming(GROUP, "b", "r", step))
    assert not memory.judge(_found()).clean


def test_a_break_of_a_chain_is_noticed() -> None:
    found = _found()
    found["breaks"].append("group:g 1: the line was changed")
    assert not _memory().judge(found).clean
