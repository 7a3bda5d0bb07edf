"""What an attacker, an accident or another version may have made of a file: refused, with words."""

import io
import json
import os
import tarfile
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import OperationalError

from renkei.files import store
from renkei.kernel import age, clock, signing
from renkei.kernel.errors import Problem
from renkei.kernel.models import DataKey
from renkei.moving import archive
from renkei.moving.importing import check, refuse_faults, take_in
from renkei.moving.rows import Rows
from renkei.moving.tables import tables
from tests.moving.baggage import (
    HOST_KEY,
    OTHERS_KEY,
    Parts,
    forged,
    imported,
    member,
    opened,
    parts_of,
    quiet,
    sealed_bytes,
    sealed_tar,
    signed,
)

Change = Callable[[Parts], None]


# ── The tar: only plain files under known names ──────────────────────────────────────────────────


def link(kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo("tables/region.Region/0001.jsonl")
    info.type, info.linkname = kind, "/etc/passwd"
    return info, b""


STRANGE_MEMBERS = {
    "a path out": member("../escaped", b"x"),
    "a path out of a table": member("tables/../../x/0001.jsonl", b"x"),
    "an absolute path": member("/tmp/escaped", b"x"),
    "a file that is no id": member("files/..", b"x"),
    "a name nobody writes": member("notes.txt", b"x"),
    "a symbolic link": link(tarfile.SYMTYPE),
    "a hard link": link(tarfile.LNKTYPE),
    "a device": link(tarfile.CHRTYPE),
    "a pipe": link(tarfile.FIFOTYPE),
    "a folder": link(tarfile.DIRTYPE),
    "a sparse file": link(tarfile.GNUTYPE_SPARSE),
    "a header about the next": member(
        "README.md", b"30 path=../../escaped\n", type=tarfile.XHDTYPE
    ),
    "a long name": member("README.md", b"../../escaped\0", type=tarfile.GNUTYPE_LONGNAME),
}


@pytest.mark.parametrize("what", STRANGE_MEMBERS)
def test_nothing_but_plain_files_under_known_names(tmp_path: Path, what: str) -> None:
    before = set(tmp_path.iterdir())
    file = sealed_tar(tmp_path / "x.age", [STRANGE_MEMBERS[what]])
    with pytest.raises(Problem, match="no part of an export"):
        check(file, [HOST_KEY])
    assert set(tmp_path.iterdir()) == before | {file}


def test_no_member_twice(an_export: Path, tmp_path: Path) -> None:
    parts = list(parts_of(an_export).items())
    twice = [member(name, content) for name, content in [*parts, parts[-4]]]
    with pytest.raises(Problem, match="twice"):
        check(sealed_tar(tmp_path / "x.age", twice), [HOST_KEY])


def test_a_size_that_is_not_there_or_far_too_large_takes_no_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("manifest.json")
    for size, why in ((10**11, "larger than any"), (100_000, "cut off"), (-512, "no part")):
        info.size = size
        head = info.tobuf(tarfile.GNU_FORMAT)
        file = sealed_bytes(tmp_path / f"{size}.age", head + bytes(1024))
        with pytest.raises(Problem, match=why):
            check(file, [HOST_KEY])


@pytest.mark.parametrize("left", [0, 100, 512, 2000, -600])
def test_a_tar_cut_off(an_export: Path, tmp_path: Path, left: int) -> None:
    file = sealed_bytes(tmp_path / "x.age", opened(an_export)[:left])
    with pytest.raises(Problem):
        check(file, [HOST_KEY])


def test_something_behind_the_end(an_export: Path, tmp_path: Path) -> None:
    file = sealed_bytes(tmp_path / "x.age", opened(an_export) + bytes(5000) + b"x")
    with pytest.raises(Problem, match="no part"):
        check(file, [HOST_KEY])


def test_no_tar_at_all(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"x" * 600, os.urandom(5000), bytes(1024))):
        with pytest.raises(Problem):
            check(sealed_bytes(tmp_path / str(number), content), [HOST_KEY])


# ── The seal and the signature ───────────────────────────────────────────────────────────────────


def test_sealed_to_somebody_else_cut_off_or_changed(an_export: Path, tmp_path: Path) -> None:
    raw = an_export.read_bytes()
    with pytest.raises(age.Unreadable):
        check(an_export, [OTHERS_KEY])
    for number, content in enumerate((raw[:-1], raw[:-1] + b"x", raw[:400], raw + b"x", b"")):
        file = tmp_path / str(number)
        file.write_bytes(content)
        with pytest.raises(age.Unreadable):
            check(file, [HOST_KEY])


def test_each_changed_member_is_named(an_export: Path, tmp_path: Path) -> None:
    for number, name in enumerate(parts_of(an_export)):
        if name.startswith("SHA256SUMS"):
            continue
        parts = parts_of(an_export)
        parts[name] += b"\n"
        file = sealed_tar(tmp_path / str(number), [member(*one) for one in parts.items()])
        with pytest.raises(Problem) as raised:
            check(file, [HOST_KEY])
        assert raised.value.values["member"] == name


def test_a_member_more_or_less_is_named(an_export: Path, tmp_path: Path) -> None:
    fewer, more = parts_of(an_export), parts_of(an_export)
    del fewer["keys/0001.jsonl"]
    more[f"files/{uuid4()}"] = b"x"
    for number, parts in enumerate((fewer, more)):
        file = sealed_tar(tmp_path / str(number), [member(*one) for one in parts.items()])
        with pytest.raises(Problem, match="not what was exported"):
            check(file, [HOST_KEY])


def test_sums_that_were_made_to_fit_need_the_signing_key(an_export: Path, tmp_path: Path) -> None:
    parts = parts_of(an_export)
    parts["README.md"] += b"\n"
    parts = signed(parts, parts["signing.key"]) | {"SHA256SUMS.sig": parts["SHA256SUMS.sig"]}
    file = sealed_tar(tmp_path / "x", [member(*one) for one in parts.items()])
    with pytest.raises(Problem, match="signature does not match"):
        check(file, [HOST_KEY])


def test_a_forgery_signed_with_another_key_shows_when_the_key_is_named(
    an_export: Path, tmp_path: Path
) -> None:
    ours = json.loads(parts_of(an_export)["manifest.json"])["signed_by"]
    key = Ed25519PrivateKey.generate()

    def change(parts: Parts) -> None:
        theirs = b64encode(key.public_key().public_bytes_raw())
        parts["manifest.json"] = parts["manifest.json"].replace(ours.encode(), theirs)
        parts["signing.key"] = b64encode(key.private_bytes_raw())

    file = forged(an_export, tmp_path / "x", change, b64encode(key.private_bytes_raw()))
    assert check(file, [HOST_KEY])  # whole, and signed by somebody
    with pytest.raises(Problem, match="another installation"):
        check(file, [HOST_KEY], signed_by=ours)
    assert check(an_export, [HOST_KEY], signed_by=ours)


# ── The manifest ─────────────────────────────────────────────────────────────────────────────────


def in_manifest(**facts: Any) -> Change:
    def change(parts: Parts) -> None:
        parts["manifest.json"] = json.dumps(json.loads(parts["manifest.json"]) | facts).encode()

    return change


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"format": 2}, "format"),
        ({"format": "1"}, "format"),
        ({"schema": {"people": "9999_later"}}, "tables differ"),
        ({"what": "something else"}, "not a file that Renkei exported"),
        ({"keys": "many"}, "not a file that Renkei exported"),
        ({"keys": True}, "not a file that Renkei exported"),
        ({"tables": []}, "not a file that Renkei exported"),
        ({"faults": [{"x": 1}]}, "not a file that Renkei exported"),
        ({"faults": 7}, "not a file that Renkei exported"),
        ({"signed_by": 1}, "not a file that Renkei exported"),
        ({"more": 1}, "not a file that Renkei exported"),
    ],
)
def test_another_format_another_shape(
    an_export: Path, tmp_path: Path, facts: dict[str, Any], why: str
) -> None:
    with pytest.raises(Problem, match=why):
        check(forged(an_export, tmp_path / "x", in_manifest(**facts)), [HOST_KEY])


def test_what_was_damaged_is_not_imported_unasked(an_export: Path, tmp_path: Path) -> None:
    fault = {"table": "region.Notice", "id": "x", "column": "content", "why": "tampered"}
    file = forged(an_export, tmp_path / "x", in_manifest(faults=[fault]))
    with pytest.raises(Problem, match="damaged already"):
        refuse_faults(check(file, [HOST_KEY]).manifest)


# ── Rows, keys and files: forged by somebody who has every key ───────────────────────────────────


def row(table: str, **facts: Any) -> Change:
    """Other values in the first row of a table."""

    def change(parts: Parts) -> None:
        name = f"tables/{table}/0001.jsonl"
        first, *rest = parts[name].splitlines(keepends=True)
        said = {key: one for key, one in (json.loads(first) | facts).items() if one is not ...}
        parts[name] = json.dumps(said).encode() + b"\n" + b"".join(rest)

    return change


def line(name: str, change_line: Callable[[dict[str, Any]], Any]) -> Change:
    """Something else in the first line of a member."""

    def change(parts: Parts) -> None:
        first, *rest = parts[name].splitlines(keepends=True)
        changed = change_line(json.loads(first))
        raw = changed if isinstance(changed, bytes) else json.dumps(changed).encode() + b"\n"
        parts[name] = raw + b"".join(rest)

    return change


def message(**facts: Any) -> Change:
    return line(
        "tables/communication.Communication/0001.jsonl",
        lambda said: said | {"text": said["text"] | facts},
    )


def other_message(parts: Parts) -> None:
    name = "tables/communication.Communication/0001.jsonl"
    assert "朝の血圧は130/80でした。".encode() in parts[name]
    parts[name] = parts[name].replace(b"130/80", b"190/80", 1)


def first_file(parts: Parts) -> str:
    return next(name for name in parts if name.startswith("files/") and "." not in name)


def other_content(parts: Parts) -> None:
    first, *rest = parts[first_file(parts)]
    parts[first_file(parts)] = bytes([first ^ 1, *rest])


def no_content(parts: Parts) -> None:
    del parts[first_file(parts)]


def unknown_content(parts: Parts) -> None:
    sums = [parts.pop(name) for name in ("manifest.json",)]
    parts[f"files/{uuid4()}"] = b"x"
    parts["manifest.json"] = sums[0]


def one_less(parts: Parts) -> None:
    name = "tables/communication.Communication/0001.jsonl"
    parts[name] = b"".join(parts[name].splitlines(keepends=True)[:-1])


def unknown_table(parts: Parts) -> None:
    parts["tables/people.Session/0001.jsonl"] = b"{}\n"


def twice(parts: Parts) -> None:
    name = "tables/people.OperatorRole/0001.jsonl"
    parts[name] += parts[name]
    said = json.loads(parts["manifest.json"])
    said["tables"]["people.OperatorRole"]["rows"] *= 2
    parts["manifest.json"] = json.dumps(said).encode()


def no_region(parts: Parts) -> None:
    said = json.loads(parts["manifest.json"])
    for name in [one for one in parts if one.startswith(("tables", "files", "keys"))]:
        del parts[name]
    for table in said["tables"].values():
        table["rows"] = 0
    said["keys"] = said["files"] = 0
    said["audit"] = {"streams": 0, "sha256": sha256().hexdigest()}
    parts["manifest.json"] = json.dumps(said).encode()


def strange_signing_key(parts: Parts) -> None:
    parts["signing.key"] = b64encode(os.urandom(16))


def other_signing_key(parts: Parts) -> None:
    parts["signing.key"] = b64encode(os.urandom(32))


HASH = "00" * 32
FORGERIES: dict[str, tuple[Change, str]] = {
    "a table nobody knows": (unknown_table, "does not know"),
    "a column nobody knows": (row("region.Region", superuser=True), "not the columns"),
    "a column missing": (row("region.Region", phone=...), "not the columns"),
    "no object": (line("tables/region.Region/0001.jsonl", lambda said: [said]), "not one that"),
    "no JSON": (line("tables/region.Region/0001.jsonl", lambda _: b"{\n"), "not one that"),
    "an empty line": (line("tables/region.Region/0001.jsonl", lambda _: b"\n"), "not one that"),
    "far too deep": (line("keys/0001.jsonl", lambda _: b"[" * 90_000 + b"\n"), "not one that"),
    "text too long": (row("region.Region", name="長" * 101), "cannot be there"),
    "text with a zero": (row("region.Region", name="a\0b"), "cannot be there"),
    "a number for text": (row("region.Region", name=1), "cannot be there"),
    "null where none may be": (row("region.Region", name=None), "cannot be there"),
    "an id in capitals": (row("region.Region", id=str(uuid4()).upper()), "cannot be there"),
    "an id that is none": (row("region.Region", id="1' OR 1=1"), "cannot be there"),
    "a moment without zone": (row("region.Region", opened_at="2026-01-01T00:00:00.0"), "cannot"),
    "no moment": (row("region.Region", opened_at="2026-13-01T00:00:00.000000Z"), "cannot"),
    "a huge number": (row("region.Region", standing_epoch=2**63), "cannot"),
    "a broken number": (row("region.Region", standing_epoch=1.5), "cannot"),
    "true for a number": (row("region.Region", standing_epoch=True), "cannot"),
    "no date": (row("region.PolicyVersion", effective_on="20260101"), "cannot"),
    "no boolean": (row("people.PractitionerRole", administrator=1), "cannot"),
    "no hash": (row("audit.AuditHead", hash="zz"), "cannot"),
    "a key nobody has": (row("region.Region", key_id=str(uuid4())), "cannot"),
    "refers to nothing": (row("people.OperatorRole", account_id=str(uuid4())), "refers to"),
    "the same row twice": (twice, "did not accept"),
    "a check of the database": (row("group.Group", patient_id=None), "did not accept"),
    "a row less": (one_less, "as many rows"),
    "no region": (no_region, "as much as it says"),
    "another message": (other_message, "does not fit"),
    "another author": (row("communication.Communication", seq=99), "does not fit"),
    "another line": (row("audit.AuditEvent", action="group.see"), "does not fit"),
    "another hash": (row("audit.AuditEvent", hash=HASH), "does not fit"),
    "another end": (row("audit.AuditHead", hash=HASH), "does not fit"),
    "no nonce": (message(nonce="AAAA"), "cannot"),
    "no base64": (message(nonce="!"), "cannot"),
    "no text": (message(value={"a": 1}), "cannot"),
    "more than a value": (message(html="x"), "cannot"),
    "bytes that differ": (message(plain=b64encode(b"other").decode()), "cannot"),
    "said to be erased": (
        row("communication.Communication", text={"erased": True, "sealed": "AAAA"}), "cannot",
    ),
    "said to be damaged": (
        row("region.Notice", content={"fault": "tampered", "sealed": "AAAA"}), "not what it says",
    ),
    "a short key": (line("keys/0001.jsonl", lambda one: one | {"key": "AAAA"}), "no data key"),
    "no key": (line("keys/0001.jsonl", lambda one: one | {"key": None}), "no data key"),
    "a key and more": (line("keys/0001.jsonl", lambda one: one | {"x": 1}), "no data key"),
    "a master key": (
        line("keys/0001.jsonl", lambda one: one | {"purpose": "master-next"}), "no data key",
    ),
    "a key twice": (
        line("keys/0001.jsonl", lambda one: json.dumps(one).encode() + b"\n"
             + json.dumps(one).encode() + b"\n"), "no data key",
    ),
    "other content": (other_content, "not the file"),
    "content missing": (no_content, "file is missing"),
    "content nobody knows": (unknown_content, "nothing that says"),
    "a file twice in the index": (
        line("files/0001.jsonl", lambda one: json.dumps(one).encode() + b"\n"
             + json.dumps(one).encode() + b"\n"), "not one that",
    ),
    "a file said to be missing": (
        line("files/0001.jsonl", lambda one: {"id": one["id"], "fault": "missing"}), "not one that",
    ),
    "no signing key": (strange_signing_key, "not a file that Renkei"),
    "another signing key": (other_signing_key, "signature does not match"),
}  # fmt: skip


def is_empty() -> bool:
    rows = any(table.model._default_manager.exists() for table in tables().values())
    return not (rows or DataKey.objects.exists() or signing.key_file().exists()
                or store.holds_anything())  # fmt: skip


@pytest.mark.slow
def test_each_forgery_is_named_and_nothing_of_it_is_kept(
    an_export: Path, elsewhere, tmp_path: Path
) -> None:
    wrong = []
    with elsewhere("new"):
        for what, (change, why) in FORGERIES.items():
            file = forged(an_export, tmp_path / f"{what}.age", change)
            try:
                take_in(check(file, [HOST_KEY]), progress=quiet)
                wrong.append((what, "imported"))
                break
            except Problem as problem:
                if why not in problem.message:
                    wrong.append((what, problem.message, repr(problem.__cause__)))
            if not is_empty():
                wrong.append((what, "something was kept"))
                break
        assert not wrong, "\n".join(map(repr, wrong))  # all of them, each with its cause
        imported(an_export)
        with pytest.raises(Problem, match="only be imported into an empty"):
            imported(an_export)
        assert not is_empty()


def test_a_database_that_cannot_be_written_is_not_the_fault_of_the_file(
    an_export: Path, elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Rows) -> None:
        raise OperationalError("database or disk is full")

    with elsewhere("new"):
        with monkeypatch.context() as patched, pytest.raises(OperationalError, match="full"):
            patched.setattr(Rows, "end", full)
            imported(an_export)
        assert is_empty()


def test_the_file_is_the_one_that_was_checked(an_export: Path, elsewhere, tmp_path: Path) -> None:
    file = tmp_path / "x.age"
    file.write_bytes(an_export.read_bytes())
    checked = check(file, [HOST_KEY])
    file.unlink()
    forged(an_export, file, row("region.Region", name="別の地域"))
    with elsewhere("new"):
        with pytest.raises(Problem, match="not what was exported"):
            take_in(checked, progress=quiet)
        assert is_empty()


@pytest.mark.parametrize("what", ["files", "signing.key"])
def test_a_folder_with_files_of_another_is_left_alone(
    an_export: Path, elsewhere, what: str
) -> None:
    with elsewhere("new") as folder:
        kept = folder / what / "somebody's" if what == "files" else folder / what
        kept.parent.mkdir(exist_ok=True)
        kept.write_text("kept")
        with pytest.raises(Problem, match="only be imported into an empty"):
            imported(an_export)
        assert kept.read_text() == "kept"
        assert not DataKey.objects.exists()


def test_a_long_line_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="larger than any"):
        list(archive.lines(b'{"a": "' + b"x" * archive.LONGEST + b'"}\n'))
    with pytest.raises(ValueError, match="a line of"):
        writer = archive.Writer(io.BytesIO(), clock.now())
        writer.add_lines("keys", [b"x" * (archive.LONGEST + 1)])
