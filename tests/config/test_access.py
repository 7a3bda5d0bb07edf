"""``renkei access``: the first way in after a region was taken over."""

import re
import sqlite3
import subprocess
import sys

import pytest

from tests.commands import HOSHI, KEPT, renkei

WORD = "さくらもち七"
EMAIL = "hokuto@hoshigahara.example"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A region taken over, in which nobody has a password; and what was said."""
    data = tmp_path_factory.mktemp("access") / "data"
    return data, renkei("load", HOSHI, "--data", data)


def access(data, *arguments, word=WORD):
    return subprocess.run(
        [sys.executable, "-m", "renkei", "access", "--data", str(data), *arguments],
        env=KEPT, input=word + "\n", capture_output=True, text=True, encoding="utf-8", timeout=60,
    )  # fmt: skip


def links(data):
    with sqlite3.connect(data / "renkei.db") as database:
        sql = "SELECT way, ended_at IS NULL, token, secret FROM people_onetimelink ORDER BY made_at"
        return database.execute(sql).fetchall()


@pytest.mark.clause("A14.1")
def test_loading_says_how_the_first_one_comes_in(loaded):
    _, said = loaded
    assert said.returncode == 0, said.stderr
    assert f"renkei access {EMAIL}" in said.stdout


@pytest.mark.clause("A14.1")
def test_the_operators_staff_get_a_link_and_the_last_one_alone_is_good(loaded):
    data, _ = loaded
    first, second = access(data, EMAIL), access(data, EMAIL)
    assert first.returncode == second.returncode == 0, first.stderr
    numbers = [re.search(r"/begin\?paper#(\S{23})", one.stdout)[1] for one in (first, second)]
    found = links(data)
    assert [(way, good) for way, good, _, _ in found[-2:]] == [("terminal", 0), ("terminal", 1)]
    kept = repr(found)
    assert not any(number in kept or number.replace("-", "") in kept for number in numbers)
    assert WORD not in kept + first.stdout + first.stderr


@pytest.mark.parametrize(
    ("arguments", "word", "says"),
    [
        (["nobody@hoshigahara.example"], WORD, "連携管理者"),
        ([EMAIL], "短い", "合言葉"),
        ([EMAIL], "", "合言葉"),
        ([EMAIL, "--mail"], "", "EMAIL_URL"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_made(loaded, arguments, word, says):
    data, _ = loaded
    before = len(links(data))
    done = access(data, *arguments, word=word)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(links(data)) == before
