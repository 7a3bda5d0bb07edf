"""Nothing that says who a patient is, and nothing anybody wrote, lies readable anywhere."""

import json
import logging
import os
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection, connections

from renkei.communication.reading import read_timeline
from renkei.communication.services import (
    correct_communication,
    save_draft,
    send_communication,
    withdraw_communication,
)
from renkei.config.logs import JsonLine
from renkei.group.admission import (
    accept_invitation,
    approve_invitation,
    decline_invitation,
    invite,
    take_back_invitation,
)
from renkei.group.services import close_group, leave_group, open_group, release_member
from renkei.kernel.errors import Problem, Refused
from renkei.patient.models import Basics, Identity, Relative, Signature
from renkei.patient.services import (
    ConsentForm,
    change_basics,
    change_identity,
    record_consent,
    register_patient,
    withdraw_consent,
)
from renkei.people.services import change_profile
from renkei.region.services import publish_notice
from tests.cast import Cast

# Each is found nowhere else. Those of ASCII alone are long enough not to turn up by chance.
SECRETS = {
    "name": "鷲頭 燈里絵",
    "kana": "わしず ともりえ",
    "birth date": "1931-07-23",
    "address": "鯖街道九丁目八番七号",
    "phone": "0987654321",
    "mobile": "08076543219",
    "corrected name": "鷲頭 灯莉絵",
    "insurer number": "H918273645",
    "conditions": "多系統萎縮症疑い",
    "allergies": "鯖とセフェム系",
    "wishes": "縁側で最期を",
    "physician": "霧ヶ峰 譲二",
    "relative": "鷲頭 権三郎",
    "relative's phone": "0876123459",
    "signer": "鷲頭 権之助",
    "proxy's reason": "利き手の麻痺のため代筆",
    "place of the original": "北棚の三段目の箱",
    "withdrawal of consent": "遠方の娘の意向により",
    "message": "褥瘡が仙骨部に三センチ",
    "corrected message": "褥瘡は踵部に二センチ",
    "message taken back": "隣家の犬に噛まれた",
    "why taken back": "別の方の話でしたので",
    "draft": "まだ誰にも言えないこと",
    "role in care of nobody": "ZQX7-secret-words",
    "why declined": "家風に合わないため",
    "why taken out": "勤務態度を見かねて",
    "why left": "腰を痛めましたので",
    "why taken back, the invitation": "宛先を取り違えました",
    "why ended": "施設に移られました",
    "notice": "計画停電の夜の当番表",
    "own name": "獅子王 小百合",
    "own phone": "09011223344",
}


def forms(secret: str) -> Iterator[tuple[str, bytes]]:
    """How it could stand somewhere: encodings, base64 at each of three places, JSON escapes."""
    plain = {
        "utf-8": secret.encode(),
        "utf-16-le": secret.encode("utf-16-le"),
        "utf-16-be": secret.encode("utf-16-be"),
    }
    for encoding, raw in plain.items():
        yield encoding, raw
        for shift in range(3):
            coded = b64encode(bytes(shift) + raw)
            # what the bytes before and after it decide as well is cut off
            yield (
                f"base64 of {encoding}, {shift}",
                coded[(0, 2, 3)[shift] : len(coded) // 4 * 4 - 4],
            )
        yield f"hex of {encoding}", raw.hex().encode()
    escaped = json.dumps(secret)[1:-1]
    if escaped != secret:
        yield "\\u", escaped.encode()
        yield "\\U", escaped.upper().replace("\\U", "\\u").encode()


def live(cast: Cast) -> None:
    """Everything a patient's group sees in its life, through the use cases."""
    say = SECRETS.__getitem__
    chief, station = cast["administrator_same"], cast.organizations["station"]
    identity = Identity(
        say("name"),
        say("kana"),
        say("birth date"),
        "女",
        say("address"),
        say("phone"),
        say("mobile"),
    )
    basics = Basics(
        insurer_number=say("insurer number"), conditions=say("conditions"),
        allergies=say("allergies"), wishes=say("wishes"), physician_name=say("physician"),
    )  # fmt: skip
    patient = register_patient(chief, station, identity=identity, basics=basics).id
    corrected = Identity(say("corrected name"), say("kana"), say("birth date"), "女")
    change_identity(chief, patient, identity=corrected)
    relative = Relative(say("relative"), "子", phones=[say("relative's phone")])
    change_basics(chief, patient, basics=basics, relatives=[{"person": relative, "proxy": True}])
    signature = Signature(
        say("signer"),
        "子",
        say("proxy's reason"),
        True,
        original_place=say("place of the original"),
    )
    form = ConsentForm("given", signature, date(2026, 5, 1), (), station, date(2026, 5, 2))
    record_consent(chief, patient, form=form)
    group = open_group(chief, patient, role_in_care="連絡調整").id
    talk(cast, group)
    withdraw_consent(
        chief, patient, reason=say("withdrawal of consent"), withdrawn_on=date(2026, 6, 1)
    )
    close_group(chief, group, reason=say("why ended"))
    publish_notice(cast["operator"], None, title="停電", body=say("notice"), acknowledge=True)
    change_profile(
        cast["nurse"], None, name=say("own name"), kana="ししおう", phone=say("own phone")
    )


def talk(cast: Cast, group: UUID) -> None:
    """Coming, saying, leaving; and what goes wrong on the way."""
    say, chief = SECRETS.__getitem__, cast["administrator_same"]
    for name, role in (("nurse", "訪問看護"), ("invited", "栄養"), ("manager", "看護")):
        asked = invite(chief, (group, cast.role(name)), role_in_care=role).id
        if name == "manager":
            approve_invitation(cast["self_inviting"], asked)
        else:
            approve_invitation(cast["administrator_other"], asked)
        accept_invitation(cast[name], asked)
    asked = invite(chief, (group, cast.role("sole")), role_in_care="薬の管理").id
    decline_invitation(cast["sole"], asked, reason=say("why declined"))
    asked = invite(chief, (group, cast.role("sole")), role_in_care="薬の管理").id
    take_back_invitation(chief, asked, reason=say("why taken back, the invitation"))
    sent = send_communication(
        cast["nurse"], group, text=say("message"), key=uuid4(), confirmed=True
    ).id
    correct_communication(cast["nurse"], sent, text=say("corrected message"), version=1)
    wrong = send_communication(
        cast["nurse"], group, text=say("message taken back"), key=uuid4(), confirmed=True
    ).id
    withdraw_communication(cast["nurse"], wrong, reason=say("why taken back"))
    save_draft(cast["nurse"], group, text=say("draft"))
    read_timeline(cast["manager"], group)
    with pytest.raises(Refused):
        send_communication(
            cast["stranger"], group, text=say("role in care of nobody"), key=uuid4(), confirmed=True
        )
    with pytest.raises(Problem):
        invite(chief, (group, cast.role("nurse")), role_in_care=say("role in care of nobody"))
    leave_group(cast["invited"], group, reason=say("why left"))
    seat = read_timeline(chief, group).head.members
    nurse = next(line.id for line in seat if line.face.account == cast.account("nurse"))
    release_member(chief, nurse, reason=say("why taken out"))


def postgresql_rows() -> Iterator[tuple[str, bytes]]:
    """Every row of every table, as the server gives it out in binary."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            with cursor.copy(f'COPY "{table}" TO STDOUT (FORMAT binary)') as copy:
                yield table, b"".join(bytes(part) for part in copy)


def found_in(places: dict[str, bytes]) -> list[tuple[str, str, str]]:
    return [
        (place, what, form)
        for what, secret in SECRETS.items()
        for form, needle in forms(secret)
        for place, content in places.items()
        if needle in content
    ]


def test_nothing_of_a_patient_or_of_what_was_written_lies_in_clear(
    committed: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    logged = StringIO()
    handler = logging.StreamHandler(logged)
    handler.setFormatter(JsonLine())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        live(committed)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)

    def places() -> dict[str, bytes]:
        files = [path for folder in (settings.DATA, scratch) for path in folder.rglob("*")]
        found = {path.name: path.read_bytes() for path in files if path.is_file()}
        found["the log"] = logged.getvalue().encode()
        return found

    before = places()  # the WAL is still there
    assert {"keys.db", "master.key"} <= set(before)
    assert (connection.vendor == "postgresql") != ("renkei.db-wal" in before)
    assert found_in(before) == []
    if connection.vendor == "postgresql":
        rows = dict(postgresql_rows())
        assert len(rows["communication_communication"]) > 1_000
        assert found_in(rows) == []
    connections.close_all()
    assert found_in(places()) == []


@pytest.mark.parametrize("what", ["name", "message", "phone", "draft"])
def test_the_search_would_find_it(what: str) -> None:
    secret = SECRETS[what]
    hiding = {
        "as it is": b"\x00" + secret.encode() + b"\x00",
        "wide": b"\xff" + secret.encode("utf-16-le"),
        "the other way": secret.encode("utf-16-be"),
        "escaped": json.dumps({"a": secret}).encode(),
        "in hex": os.urandom(3) + secret.encode().hex().encode(),
    }
    for shift in range(3):
        hiding[f"coded {shift}"] = b64encode(b"q" * (shift + 3) + secret.encode() + b"end")
    for place, content in hiding.items():
        if place == "escaped" and secret.isascii():
            continue
        assert found_in({place: content}), place
