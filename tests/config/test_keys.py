"""The life of the master key at the command line: lost, damaged, in custody, changed."""

import os
import pty
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from contextlib import closing

import pytest

from benchmarks.server import answers, free_port, wait_until_ready
from renkei.config import sheets
from renkei.kernel import custody
from tests.commands import HOSHI, KEPT, renkei


def state(data):
    return {one.name: (one.read_bytes(), one.stat().st_mode) for one in data.iterdir()}


def serves(data, *, meanwhile=lambda: None, pass_fds=(), **environment):
    """Whether a real server starts on it, says ready, and opens what is sealed.

    With something done meanwhile: whether it still does so afterwards.
    """
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "renkei", "serve", "--port", str(port), "--data", str(data)],
        env={**KEPT, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=pass_fds,
    )
    try:
        wait_until_ready(process, port)
        meanwhile()
        return answers(port)
    except RuntimeError:
        return False
    finally:
        process.terminate()
        process.communicate(timeout=20)


# ── A lost key ───────────────────────────────────────────────────────────────────────────────────


def _gone(data):
    (data / "master.key").unlink()


def _empty(data):
    (data / "master.key").write_text("")


def _cut(data):
    (data / "master.key").write_bytes((data / "master.key").read_bytes()[:20])


def _noise(data):
    (data / "master.key").write_bytes(bytes(range(128, 256)))


def _another(data):
    (data / "master.key").write_bytes(b64encode(os.urandom(32)) + b"\n")


def _open_to_all(data):
    (data / "master.key").chmod(0o644)


def _open_to_the_group(data):
    (data / "master.key").chmod(0o640)


SPOILT = {
    _gone: "マスター鍵がないか、読めません",
    _empty: "マスター鍵が壊れているか",
    _cut: "マスター鍵が壊れているか",
    _noise: "マスター鍵が壊れているか",
    _another: "このデータのものではありません",
    _open_to_all: "所有者のほかの人も読めます",
    _open_to_the_group: "所有者のほかの人も読めます",
}


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda one: one.__name__)
@pytest.mark.parametrize("command", [["serve", "--port", "8125"], ["keys", "rotate"]])
def test_without_the_right_key_nothing_starts_and_nothing_is_touched(data, spoil, command):
    spoil(data)
    (data / "secret.key").unlink()  # nor is this made anew
    key = (data / "master.key").read_bytes() if (data / "master.key").exists() else b""
    before = state(data)
    done = renkei(*command, "--data", data)
    assert done.returncode == 78
    assert SPOILT[spoil] in done.stderr
    assert str(data / "master.key") in done.stderr
    assert "何も変更せずに止まりました" in done.stderr
    assert "Traceback" not in done.stderr
    assert not key.strip() or key.strip().decode(errors="replace") not in done.stderr
    assert state(data) == before


def test_a_key_given_from_outside_that_is_wrong_is_told_by_its_name(data):
    right = (data / "master.key").read_text().strip()
    _gone(data)
    wrong = b64encode(os.urandom(32)).decode()
    done = renkei("serve", "--data", data, RENKEI_MASTER_KEY=wrong)
    assert done.returncode == 78
    assert "RENKEI_MASTER_KEY" in done.stderr
    assert wrong not in done.stderr
    done = renkei("serve", "--data", data, RENKEI_MASTER_KEY_FILE="/nowhere/key")
    assert done.returncode == 78
    assert "/nowhere/key" in done.stderr
    assert serves(data, RENKEI_MASTER_KEY=right)


def test_a_key_comes_from_a_named_file_or_a_credential_of_systemd(data, tmp_path):
    named = tmp_path / "credentials" / "master.key"
    named.parent.mkdir()
    shutil.move(data / "master.key", named)
    assert serves(data, RENKEI_MASTER_KEY_FILE=str(named))
    named.chmod(0o440)  # as systemd shows it to a service: it guards the folder
    assert serves(data, CREDENTIALS_DIRECTORY=str(named.parent))
    assert not serves(data, RENKEI_MASTER_KEY_FILE=str(named))
    assert not (data / "master.key").exists()


def test_a_damaged_key_among_others_does_not_keep_the_server_from_starting(data):
    with sqlite3.connect(data / "keys.db") as store:
        store.execute(
            "UPDATE kernel_datakey SET wrapped = zeroblob(60) WHERE id ="
            " (SELECT min(id) FROM kernel_datakey)"
        )
    assert serves(data)
    done = renkei("keys", "rotate", "--data", data)
    assert done.returncode == 1
    assert "壊れた鍵があります（key " in done.stderr
    assert len((data / "master.key").read_text().split()) == 2  # nothing is let go
    assert serves(data)


def test_a_key_store_of_nothing_but_damage_is_told_from_a_wrong_key(data):
    with closing(sqlite3.connect(data / "keys.db")) as store, store:
        store.execute("UPDATE kernel_datakey SET wrapped = zeroblob(60)")
    before = state(data)
    done = renkei("serve", "--data", data)
    assert done.returncode == 78
    assert "鍵の保管庫（keys.db）の中の鍵が壊れています" in done.stderr
    assert state(data) == before


def test_what_needs_no_key_works_without_it(data):
    _gone(data)
    code = "from renkei.config.installation import prepare; import django; django.setup();"
    code += "prepare(); from renkei.audit import trail; print(trail.verify()[1])"
    settings = {"RENKEI_DATA": str(data), "DJANGO_SETTINGS_MODULE": "renkei.config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=KEPT | settings, capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr
    assert not (data / "master.key").exists()


def test_a_fresh_installation_starts_and_makes_its_key_when_it_first_needs_one(tmp_path):
    assert serves(tmp_path / "fresh")
    assert not (tmp_path / "fresh" / "master.key").exists()


# ── Changing it from outside ─────────────────────────────────────────────────────────────────────


def test_the_key_in_the_environment_is_changed_with_old_and_new(data):
    old = (data / "master.key").read_text().strip()
    _gone(data)
    alone = renkei("keys", "rotate", "--data", data, RENKEI_MASTER_KEY=old)
    assert alone.returncode == 1
    assert "新しいマスター鍵" in alone.stderr
    new = b64encode(os.urandom(32)).decode()
    done = renkei("keys", "rotate", "--data", data, RENKEI_MASTER_KEY=f"{new},{old}")
    assert done.returncode == 0, done.stderr
    assert "もう設定から外して" in done.stdout
    assert serves(data, RENKEI_MASTER_KEY=new)
    assert not serves(data, RENKEI_MASTER_KEY=old)
    assert not (data / "master.key").exists()


def test_every_change_leaves_its_line_in_the_trail(data, tmp_path):
    renkei("keys", "rotate", "--data", data)
    in_custody(data, tmp_path / "sheets")
    with sqlite3.connect(data / "renkei.db") as database:
        lines = database.execute(
            "SELECT stream, outcome, entity, detail FROM audit_auditevent"
            " WHERE action = 'keys.change' ORDER BY id"
        ).fetchall()
    assert [one[:2] for one in lines] == [("system:host", "done")] * 3
    assert [re.search('"what":"([^"]*)"', one[3])[1] for one in lines] == [
        "rotation begun",
        "rotated",
        "given to custodians",
    ]
    assert lines[0][2] != lines[1][2] == lines[2][2]
    assert re.search(r'"keys":\d\d?\b', lines[1][3])


# ── Custody ──────────────────────────────────────────────────────────────────────────────────────


def files(folder):
    return [folder / f"sheet-{number}.txt" for number in (1, 2, 3)]


def in_custody(data, folder):
    one, two, _ = files(folder)
    done = renkei("keys", "split", "--to", folder, "--prove", one, two, "--data", data)
    assert done.returncode == 0, done.stderr
    return done


def test_after_splitting_the_key_is_on_no_disk_and_two_sheets_start_the_server(data, tmp_path):
    key = (data / "master.key").read_bytes().strip()
    done = in_custody(data, tmp_path / "sheets")
    assert not (data / "master.key").exists()
    left = b"".join(one.read_bytes() for one in data.iterdir())
    assert key not in left
    assert b64decode(key) not in left
    assert b64decode(key).hex().encode() not in left
    assert (data / "master.custody").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "sheets").stat().st_mode & 0o777 == 0o700
    assert all(one.stat().st_mode & 0o777 == 0o600 for one in files(tmp_path / "sheets"))
    words = {word for one in files(tmp_path / "sheets") for word in words_of(one)}
    assert not words & set(done.stdout.split())
    brought = tmp_path / "brought"
    for two in ((0, 1), (2, 1)):
        texts = [files(tmp_path / "sheets")[at].read_text() for at in two]
        brought.write_text("\n".join(texts))
        with brought.open() as given:
            fd = given.fileno()
            assert serves(data, pass_fds=(fd,), RENKEI_SHEETS_FD=str(fd))
    assert not (data / "master.key").exists()


def test_a_server_at_rest_goes_on_when_the_key_is_changed_and_then_given_away(data, tmp_path):
    def meanwhile():
        assert renkei("keys", "rotate", "--data", data).returncode == 0
        time.sleep(1.5)
        in_custody(data, tmp_path / "sheets")
        time.sleep(1.5)

    assert serves(data, meanwhile=meanwhile)


def words_of(path):
    (found,) = sheets.sheets_in(path.read_text())
    return found


def test_a_sheet_says_what_it_is_and_what_to_do(data, tmp_path):
    in_custody(data, tmp_path / "sheets")
    note = (data / "master.custody").read_text()
    for number, path in enumerate(files(tmp_path / "sheets"), start=1):
        text = path.read_text()
        assert f"控え　{number}/3" in text
        print_ = re.search("鍵の指紋  ([0-9a-f]{16})", text)[1]
        assert print_ in note
        assert "■ してはいけないこと" in text
        assert len(words_of(path)) == custody.WORDS


def test_without_a_terminal_the_server_says_that_two_custodians_have_to_come(data, tmp_path):
    in_custody(data, tmp_path / "sheets")
    before = state(data)
    done = renkei("serve", "--data", data)
    assert done.returncode == 78
    assert "保管者2人に来てもらい" in done.stderr
    assert state(data) == before
    assert renkei("load", HOSHI, "--data", data).returncode == 78


def test_sheets_that_were_not_written_down_right_take_nothing_from_the_machine(data, tmp_path):
    one, two, _ = files(tmp_path / "sheets")
    wrong = tmp_path / "wrong"
    wrong.write_text(" ".join(custody.split(os.urandom(32))[1][0]))
    done = renkei("keys", "split", "--to", one.parent, "--prove", one, wrong, "--data", data)
    assert done.returncode == 1
    assert "別の設置の控え" in done.stderr
    assert (data / "master.key").exists()
    assert not (data / "master.custody").exists()
    again = renkei("keys", "split", "--to", one.parent, "--prove", one, two, "--data", data)
    assert again.returncode == 1  # never over sheets that are there
    assert "控えを書けません" in again.stderr
    assert serves(data)


@pytest.mark.parametrize("wrong", ["same", "one", "other", "word"])
def test_sheets_that_cannot_be_used_are_told_without_their_words(data, tmp_path, wrong):
    in_custody(data, tmp_path / "sheets")
    one, two, _ = files(tmp_path / "sheets")
    spoilt = tmp_path / "spoilt"
    words = words_of(two)
    if wrong == "other":
        words = custody.split(os.urandom(32))[1][0]
    elif wrong == "word":
        words[8] = "sakura"
    elif wrong == "one":
        words = words[:12]
    spoilt.write_text(" ".join(words))
    brought = (one, one) if wrong == "same" else (one, spoilt)
    done = renkei("keys", "join", "--sheets", *brought, "--data", data)
    said = {
        "same": "同じ控えが2度",
        "one": "数が合いません",
        "other": "別の設置の控え",
        "word": "9番目の言葉",
    }
    assert done.returncode == 1
    assert said[wrong] in done.stderr
    assert not {*words, *words_of(one)} & set(re.findall("[a-z]+", done.stderr))
    assert not (data / "master.key").exists()


def test_joining_puts_the_key_back(data, tmp_path):
    before = (data / "master.key").read_bytes()
    in_custody(data, tmp_path / "sheets")
    done = renkei("keys", "join", "--sheets", *files(tmp_path / "sheets")[1:], "--data", data)
    assert done.returncode == 0, done.stderr
    assert (data / "master.key").read_bytes() == before
    assert (data / "master.key").stat().st_mode & 0o777 == 0o600
    assert not (data / "master.custody").exists()
    assert serves(data)


def test_a_change_in_custody_makes_new_sheets_and_the_old_ones_open_nothing(data, tmp_path):
    in_custody(data, tmp_path / "old")
    old, new = files(tmp_path / "old"), files(tmp_path / "new")
    asked = ["keys", "rotate", "--sheets", *old[:2], "--to", tmp_path / "new", "--prove", *new[1:]]
    done = renkei(*asked, "--data", data)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\b\d+個のデータ鍵", done.stdout)
    assert "前の控えはもう使えません" in done.stdout
    refused = renkei("keys", "join", "--sheets", *old[:2], "--data", data)
    assert refused.returncode == 1
    assert "古い控えです" in refused.stderr
    joined = renkei("keys", "join", "--sheets", *new[:2], "--data", data)
    assert joined.returncode == 0, joined.stderr
    assert serves(data)


def test_no_key_and_no_sheet_is_taken_as_an_argument(data, tmp_path):
    in_custody(data, tmp_path / "sheets")
    words = " ".join(words_of(files(tmp_path / "sheets")[0]))
    for wanted in (["--key", "x"], ["--sheets", words, words]):
        done = renkei("keys", "join", *wanted, "--data", data)
        assert done.returncode in (1, 2)
        assert not (data / "master.key").exists()


# ── At a terminal ────────────────────────────────────────────────────────────────────────────────


class Terminal:
    """A command at a terminal of its own; what it shows."""

    def __init__(self, *arguments):
        command = [sys.executable, "-m", "renkei", *map(str, arguments)]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # even if the suite itself ignores it
            os.execve(sys.executable, command, KEPT)
        self.shown = ""
        self.from_here = 0

    def until(self, words, seconds=30):
        ends = time.monotonic() + seconds
        while words not in self.shown[self.from_here :]:
            assert time.monotonic() < ends, self.shown
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.shown += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    break
        assert words in self.shown[self.from_here :], self.shown
        self.from_here = self.shown.index(words, self.from_here) + len(words)

    def type(self, text):
        time.sleep(0.05)  # getpass drops what was typed before it asked
        os.write(self.fd, text.encode() + b"\n")

    def ends(self):
        while True:
            try:
                if not os.read(self.fd, 65536):
                    break
            except OSError:
                break
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_two_custodians_start_the_server_at_the_terminal(data, tmp_path):
    in_custody(data, tmp_path / "sheets")
    one, two, _ = [words_of(path) for path in files(tmp_path / "sheets")]
    port = free_port()
    terminal = Terminal("serve", "--port", port, "--data", data)
    terminal.until("1人目の保管者の方")
    terminal.until("1語目から")
    terminal.type(" ".join(one[:5]))
    terminal.until("6語目から")
    terminal.type(f"{one[5]} sakura")  # a slip of the pen
    terminal.until("7番目の言葉は")
    terminal.until("7語目から")
    terminal.type(" ".join(word[:4] for word in one[6:]))
    terminal.until("控え 1/3 を受け取りました")
    terminal.until("2人目の保管者の方")
    terminal.until("1語目から")
    terminal.type(" ".join(one))
    terminal.until("同じ控えが2度")
    terminal.until("1語目から")
    terminal.type(" ".join(two))
    terminal.until("控え 2/3 を受け取りました")
    try:
        until = time.monotonic() + 60
        while not answers(port):
            assert time.monotonic() < until, terminal.shown
            time.sleep(0.02)
    finally:
        os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.ends() in (0, -signal.SIGTERM)
    assert not {*one, *two} & set(re.findall("[a-z]+", terminal.shown))  # nothing was echoed
    assert not (data / "master.key").exists()


def test_the_sheets_are_shown_one_by_one_and_the_screen_is_cleared(data):
    terminal = Terminal("keys", "split", "--data", data)
    found = []
    for number in (1, 2, 3):
        terminal.until(f"{number}人目の保管者だけが")
        terminal.type("")
        begins = terminal.from_here
        terminal.until("紙に書き写したら Enter")
        (words,) = sheets.sheets_in(terminal.shown[begins:].replace("\r", ""))
        found.append(words)
        terminal.type("")
        terminal.until("\x1b[2J\x1b[3J\x1b[H")
    for at in (2, 0):
        terminal.until("1語目から")
        terminal.type(" ".join(found[at]))
        terminal.until("受け取りました")
    terminal.until("マスター鍵をこの機械から消しました")
    assert terminal.ends() == 0
    assert not (data / "master.key").exists()


def test_giving_up_at_the_terminal_changes_nothing(data, tmp_path):
    in_custody(data, tmp_path / "sheets")
    before = state(data)
    terminal = Terminal("serve", "--data", data)
    terminal.until("1語目から")
    terminal.type("\x03")
    terminal.until("やめました")
    assert terminal.ends() == 1
    assert state(data) == before
