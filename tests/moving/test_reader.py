"""A reader written from the description alone proves the messages against the trail.

It uses nothing of the program: tar, JSON, SHA-256, AES-GCM and Ed25519.
"""

import base64
import hashlib
import io
import json
import re
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.kernel.test_nothing_in_clear import SECRETS
from tests.moving.baggage import opened

Row = dict


class Reader:
    """What somebody else would write."""

    def __init__(self, raw: bytes) -> None:
        with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
            self.files = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
        self.manifest = json.loads(self.files["manifest.json"])
        self.keys = {
            one["id"]: base64.b64decode(one["key"]) if one["key"] else None
            for one in self.lines("keys")
        }

    def lines(self, folder: str) -> list[Row]:
        names = sorted(name for name in self.files if re.match(rf"{folder}/\d+\.jsonl$", name))
        return [json.loads(line) for name in names for line in self.files[name].splitlines()]

    def table(self, name: str) -> list[Row]:
        return self.lines(f"tables/{name}")

    def check_sums(self) -> None:
        sums = dict(
            reversed(line.split("  ", 1)) for line in self.files["SHA256SUMS"].decode().splitlines()
        )
        assert set(sums) == set(self.files) - {"SHA256SUMS", "SHA256SUMS.sig"}
        for name, digest in sums.items():
            assert hashlib.sha256(self.files[name]).hexdigest() == digest
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(self.manifest["signed_by"]))
        key.verify(base64.b64decode(self.files["SHA256SUMS.sig"]), self.files["SHA256SUMS"])

    def ciphertext(self, table: str, row: Row, column: str) -> bytes:
        about = self.manifest["tables"][table]["columns"][column]
        value = row[column]
        if "sealed" in value:
            return base64.b64decode(value["sealed"])
        place = re.sub(
            r"\{(\w+)\}", lambda name: str(row[name[1]]).replace("-", ""), about["place"]
        )
        owner = place.split("/")[0]
        key_id = row.get("key_id")
        if owner != table:
            reference = re.search(r"\{(\w+)\}", about["place"])[1]  # type: ignore[index]
            key_id = next(one["key_id"] for one in self.table(owner) if one["id"] == row[reference])
        return self.seal(self.keys[key_id], value, about["holds"], place)

    @staticmethod
    def seal(key: bytes, value: Row, holds: str, place: str) -> bytes:
        if "plain" in value:
            plain = base64.b64decode(value["plain"])
        elif holds == "json":
            plain = json.dumps(value["value"], ensure_ascii=False, separators=(",", ":")).encode()
        elif holds == "text":
            plain = value["value"].encode()
        else:
            plain = base64.b64decode(value["value"])
        nonce = base64.b64decode(value["nonce"])
        return b"\x01" + nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


@pytest.fixture
def reader(an_export: Path) -> Reader:
    return Reader(opened(an_export))


def test_every_sum_and_the_signature_fit(reader: Reader) -> None:
    reader.check_sums()
    assert reader.manifest["format"] == 1
    for name, table in reader.manifest["tables"].items():
        found = reader.table(name)
        assert len(found) == table["rows"]
        assert all(set(row) == set(table["columns"]) for row in found)


def test_every_message_is_what_the_trail_says(reader: Reader) -> None:
    wordings = {}
    for row in reader.table("communication.Communication"):
        sealed = reader.ciphertext("communication.Communication", row, "text")
        wordings[row["id"].replace("-", ""), row["version"]] = sealed
    for row in reader.table("communication.Version"):
        sealed = reader.ciphertext("communication.Version", row, "text")
        wordings[row["communication_id"].replace("-", ""), row["number"]] = sealed
    proved = 0
    for line in reader.table("audit.AuditEvent"):
        detail = json.loads(line["detail"])
        if line["outcome"] == "done" and line["entity"].startswith("Communication/"):
            if "sealed" in detail and "version" in detail:
                message = line["entity"].removeprefix("Communication/")
                found = wordings[message, detail["version"]]
                assert hashlib.sha256(found).hexdigest() == detail["sealed"]
                proved += 1
    assert proved >= 4  # a correction among them


def test_every_chain_of_the_trail_holds(reader: Reader) -> None:
    heads = {one["stream"]: (one["seq"], one["hash"]) for one in reader.table("audit.AuditHead")}
    lines = sorted(reader.table("audit.AuditEvent"), key=lambda one: (one["stream"], one["seq"]))
    ends: dict[str, tuple[int, str]] = {}
    for line in lines:
        seq, before = ends.get(line["stream"], (0, "00" * 32))
        at = datetime.fromisoformat(line["at"]) - datetime(1970, 1, 1, tzinfo=UTC)
        said = {
            "action": line["action"],
            "actor": line["actor"] and line["actor"].replace("-", ""),
            "at": (at.days * 86400 + at.seconds) * 1_000_000 + at.microseconds,
            "detail": line["detail"],
            "entity": line["entity"],
            "organization": line["organization"] and line["organization"].replace("-", ""),
            "outcome": line["outcome"],
            "seq": line["seq"],
            "stream": line["stream"],
        }
        written = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        digest = hashlib.sha256(bytes.fromhex(before) + written.encode()).hexdigest()
        assert (line["seq"], line["hash"]) == (seq + 1, digest)
        ends[line["stream"]] = (line["seq"], digest)
    assert ends == heads
    told = "".join(f"{stream} {seq} {end}\n" for stream, (seq, end) in sorted(heads.items()))
    assert reader.manifest["audit"]["sha256"] == hashlib.sha256(told.encode()).hexdigest()


def test_every_attached_file_is_what_its_record_says(reader: Reader) -> None:
    records = {one["id"]: one for one in reader.table("files.File")}
    index = reader.lines("files")
    assert {one["id"] for one in index} == set(records) and index
    for one in index:
        record, digits = records[one["id"]], one["id"].replace("-", "")
        key = base64.b64decode(one["key"]["value"])
        place = f"files.File/{digits}/key"
        sealed = b"\x01" + reader.seal(reader.keys[record["key_id"]], one["key"], "bytes", place)
        content = reader.files[f"files/{one['id']}"]
        pieces = [content[at : at + 65536] for at in range(0, len(content), 65536)] or [b""]
        for number, piece in enumerate(pieces):
            nonce = number.to_bytes(11, "big") + bytes([number == len(pieces) - 1])
            sealed += AESGCM(key).encrypt(nonce, piece, bytes.fromhex(digits) + nonce)
        assert hashlib.sha256(sealed).hexdigest() == record["sha256"]


def test_what_people_wrote_is_readable_and_what_was_erased_is_not(reader: Reader) -> None:
    texts = [one["text"].get("value") for one in reader.table("communication.Communication")]
    assert SECRETS["corrected message"] in texts
    assert SECRETS["draft"] in json.dumps(reader.table("communication.Draft"), ensure_ascii=False)
    erased = [key for key, plain in reader.keys.items() if plain is None]
    assert len(erased) == 1
    gone = [one for one in reader.table("patient.Patient") if one["key_id"] == erased[0]]
    assert gone and all(one["identity_sealed"]["erased"] is True for one in gone)
    assert SECRETS["corrected name"] not in str(reader.files)
