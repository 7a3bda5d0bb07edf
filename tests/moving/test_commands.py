"""Moving as a host does it: two commands, their words, and what is on the disk afterwards."""

import fcntl
import os
import pty
import shutil
import sqlite3
from contextlib import closing, suppress
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from tests.commands import Demo, renkei
from tests.moving.baggage import HOST_KEY, OTHERS_KEY

TO = ["--to", str(HOST_KEY.to_public())]


@pytest.fixture(scope="module")
def moved(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the small demo region in it."""
    return Path(shutil.copytree(demo.data, tmp_path_factory.mktemp("moved") / "data"))


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("identity") / "host.key"
    path.write_text(f"# made for this test\n{HOST_KEY}\n")
    return path


@pytest.fixture(scope="module")
def file(moved: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "all.age"
    done = renkei("export", "--all", path, *TO, "--yes", "--data", moved)
    assert done.returncode == 0, done.stderr
    return path


def tables(data: Path) -> dict[str, list[tuple]]:
    """What stands in a SQLite installation, without what stays behind and the move's own lines."""
    found = {}
    with sqlite3.connect(f"file:{data / 'renkei.db'}?mode=ro", uri=True) as link:
        names = link.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            if not name.startswith(("django_", "auth_", "account_", "sqlite_", "people_session")):
                found[name] = sorted(link.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
    lines = [row for row in found["audit_auditevent"] if "installation.move" not in row]
    heads = [row for row in found["audit_audithead"] if row[0] != "system:host"]
    return found | {"audit_auditevent": lines, "audit_audithead": heads}


def test_a_demo_region_moves_and_is_the_same(
    moved: Path, file: Path, identity: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    done = renkei("import", file, "--identity", identity, "--data", new)
    assert done.returncode == 0, done.stderr
    assert "監査証跡がすべて合うことを確かめました" in done.stdout
    assert tables(new) == tables(moved)
    assert {path.stat().st_mode & 0o077 for path in new.rglob("*")} == {0}
    proved = renkei("audit", "verify", "--data", new)
    assert proved.returncode == 0 and "すべて合っています" in proved.stdout


@pytest.mark.slow
def test_from_sqlite_to_postgresql_and_back(
    moved: Path, file: Path, identity: Path, postgresql: str, tmp_path: Path
) -> None:
    there, back, again = tmp_path / "there", tmp_path / "back", tmp_path / "again.age"
    given = {"DATABASE_URL": postgresql}
    done = renkei("import", file, "--identity", identity, "--data", there, **given)
    assert done.returncode == 0, done.stderr
    assert not (there / "renkei.db").exists()
    assert renkei("audit", "verify", "--data", there, **given).returncode == 0
    done = renkei("export", "--all", again, *TO, "--yes", "--data", there, **given)
    assert done.returncode == 0, done.stderr
    done = renkei("import", again, "--identity", identity, "--data", back)
    assert done.returncode == 0, done.stderr
    assert tables(back) == tables(moved)
    twice = renkei("import", file, "--identity", identity, "--data", tmp_path / "x", **given)
    assert twice.returncode == 1 and "何も書き込んでいません" in twice.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("spoil", ["cut", "flip", "other key", "no key", "no file", "signer"])
def test_what_cannot_be_imported_leaves_the_disk_as_it_was(
    file: Path, identity: Path, tmp_path: Path, spoil: str
) -> None:
    raw, given, more = file.read_bytes(), tmp_path / "given.age", []
    given.write_bytes(raw)
    key = tmp_path / "key"
    key.write_text(identity.read_text())
    if spoil == "cut":
        given.write_bytes(raw[:-1000])
    elif spoil == "flip":
        given.write_bytes(raw[:9000] + bytes([raw[9000] ^ 1]) + raw[9001:])
    elif spoil == "other key":
        key.write_text(str(OTHERS_KEY))
    elif spoil == "no key":
        key.write_text("AGE-SECRET-KEY-1NONSENSE")
    elif spoil == "no file":
        given.unlink()
    else:
        more = ["--signed-by", "AAAA"]
    new = tmp_path / "new"
    done = renkei("import", given, "--identity", key, *more, "--data", new)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr and "NONSENSE" not in done.stderr
    assert not new.exists()


def test_an_installation_in_use_is_left_alone(moved: Path, file: Path, identity: Path) -> None:
    def there() -> tuple[object, ...]:
        keys = {path.name: path.read_bytes() for path in moved.glob("*.key")}
        names = {path.name for path in moved.iterdir() if "-" not in path.name}
        return names, keys, tables(moved)

    before = there()
    done = renkei("import", file, "--identity", identity, "--data", moved)
    assert done.returncode == 1
    assert there() == before


def test_what_another_writes_meanwhile_is_never_removed(tmp_path: Path) -> None:
    command = import_module("renkei.config.management.commands.import")
    path = tmp_path / "renkei.db"
    with closing(sqlite3.connect(path)) as idle:
        idle.execute("PRAGMA journal_mode = WAL")
        idle.execute("CREATE TABLE said (what TEXT)")
    assert [one.name for one in tmp_path.iterdir()] == ["renkei.db"]
    with closing(sqlite3.connect(path, isolation_level=None)) as server:
        with pytest.raises(CommandError), command._as_it_was(tmp_path):
            server.execute("INSERT INTO said VALUES ('meanwhile')")
            (tmp_path / "of-the-import").touch()
            raise CommandError
        assert not (tmp_path / "of-the-import").exists()
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT what FROM said").fetchall() == [("meanwhile",)]


def test_a_folder_that_is_served_is_not_imported_into(
    file: Path, identity: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    new.mkdir()
    with (new / "serve.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = renkei("import", file, "--identity", identity, "--data", new)
    assert done.returncode == 1 and "もうサーバーが動いています" in done.stderr
    assert [path.name for path in new.iterdir()] == ["serve.lock"]


def test_nothing_leaves_without_a_yes(moved: Path, tmp_path: Path) -> None:
    target = tmp_path / "all.age"
    done = renkei("export", "--all", target, *TO, "--data", moved)
    assert done.returncode == 1 and "--yes" in done.stderr
    for answer, leaves in (("いいえ", False), ("", False), ("はい", True)):
        master, slave = pty.openpty()
        os.write(master, f"{answer}\n".encode())
        done = renkei("export", "--all", target, *TO, "--data", moved, stdin=slave)
        for end in (master, slave):
            with suppress(OSError):
                os.close(end)
        assert "すべてを読むことができます" in done.stdout
        assert str(HOST_KEY.to_public()) in done.stdout
        assert (done.returncode == 0) == leaves == target.exists(), done.stderr
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_not_written_over(moved: Path, tmp_path: Path) -> None:
    (tmp_path / "all.age").write_text("kept")
    (tmp_path / "link.age").symlink_to(tmp_path / "nowhere")
    for name in ("all.age", "link.age"):
        done = renkei("export", "--all", tmp_path / name, *TO, "--yes", "--data", moved)
        assert done.returncode == 1 and "もうあります" in done.stderr
    assert (tmp_path / "all.age").read_text() == "kept"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "to",
    ["age1nonsense", str(OTHERS_KEY), "", "ssh-ed25519 AAAA"],
    ids=["nonsense", "an identity", "nothing", "another kind"],
)
def test_only_a_recipient_is_a_recipient(moved: Path, tmp_path: Path, to: str) -> None:
    done = renkei("export", "--all", tmp_path / "x", "--to", to, "--yes", "--data", moved)
    assert done.returncode == 1 and "age1" in done.stderr
    assert "AGE-SECRET-KEY" not in done.stderr + done.stdout
    assert not (tmp_path / "x").exists()


def test_nowhere_to_write(moved: Path, tmp_path: Path) -> None:
    done = renkei("export", "--all", tmp_path / "no" / "x", *TO, "--yes", "--data", moved)
    assert done.returncode == 1 and "書けません" in done.stderr


def test_an_empty_installation_has_nothing_to_export(tmp_path: Path) -> None:
    done = renkei("export", "--all", tmp_path / "x", *TO, "--yes", "--data", tmp_path / "data")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert not (tmp_path / "x").exists()
