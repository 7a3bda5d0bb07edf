"""Everything that leaves one server arrives on the other: row by row, provable, in use."""

import json
from base64 import b64decode
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from renkei.audit.models import AuditEvent, AuditHead
from renkei.communication.models import Communication
from renkei.communication.services import send_communication
from renkei.device.models import Listing
from renkei.files.models import File
from renkei.kernel import signing
from renkei.kernel.errors import Erased
from renkei.kernel.models import DataKey
from renkei.moving.importing import check
from renkei.patient.models import Patient
from renkei.people.faces import photo
from renkei.people.models import Account, Session
from renkei.people.sessions import stored_key
from tests.cast import PASSWORD, Cast
from tests.moving.baggage import (
    HOST_KEY,
    Rows,
    everything_fits,
    exported,
    imported,
    live_fully,
    opened,
    rows,
)


def keys() -> dict[object, tuple[object, ...]]:
    return {
        one.id: (one.purpose, one.made_at, one.destroyed_at, one.wrapped is None)
        for one in DataKey.objects.all()
    }


def without_the_move(found: Rows) -> Rows:
    """All but the lines about the move itself and where their chain ends."""
    lines = [row for row in found["audit.AuditEvent"] if "installation.move" not in row]
    heads = [row for row in found["audit.AuditHead"] if row[0] != "system:host"]
    return found | {"audit.AuditEvent": lines, "audit.AuditHead": heads}


def test_every_row_arrives_as_it_was(committed: Cast, elsewhere, tmp_path: Path) -> None:
    live_fully(committed)
    file = exported(tmp_path / "all.age")
    before, keys_before, public = rows(), keys(), signing.public_key()
    empty = {label for label, found in before.items() if not found}
    assert empty <= {"communication.Reading", "communication.Acknowledgement",
                     "enrollment.NoticeAcknowledgement"}  # fmt: skip
    with elsewhere("new") as folder:
        imported(file)
        after = rows()
        assert without_the_move(before) == without_the_move(after)
        assert len(after["audit.AuditEvent"]) == len(before["audit.AuditEvent"]) + 1
        assert keys() == keys_before
        assert signing.public_key() == public
        assert (folder / "signing.key").stat().st_mode & 0o777 == 0o600
        assert everything_fits()


def test_what_was_erased_stays_erased(committed: Cast, elsewhere, tmp_path: Path) -> None:
    erased = live_fully(committed)
    file = exported(tmp_path / "all.age")
    with elsewhere("new"):
        imported(file)
        key = DataKey.objects.get(pk=erased.key_id)
        assert key.wrapped is None and key.destroyed_at is not None
        with pytest.raises(Erased):
            _ = Patient.objects.get(pk=erased.pk).identity


def test_a_photo_arrives_as_it_was(committed: Cast, elsewhere, tmp_path: Path) -> None:
    live_fully(committed)
    nurse = committed.account("nurse")
    before = photo(Account.objects.get(pk=nurse))
    file = exported(tmp_path / "all.age")
    with elsewhere("new") as folder:
        imported(file)
        assert before and photo(Account.objects.get(pk=nurse)) == before
        found = [path for path in (folder / "files").rglob("*") if len(path.name) == 32]
        assert len(found) == File.objects.count()
        assert {path.stat().st_mode & 0o777 for path in found} == {0o600}


def test_no_secret_of_the_old_server_moves(committed: Cast, elsewhere, tmp_path: Path) -> None:
    file = exported(tmp_path / "all.age")
    content = opened(file)
    for name in ("master.key", "secret.key"):
        secret = (settings.DATA / name).read_bytes().strip()
        assert secret not in content
    assert b64decode((settings.DATA / "master.key").read_bytes()) not in content
    wrapped = set(DataKey.objects.values_list("master", flat=True))
    with elsewhere("new"):
        imported(file)
        assert not wrapped & set(DataKey.objects.values_list("master", flat=True))


def on_listed_device(cast: Cast, browser: Client) -> None:
    """The device key of the old address does not come along; the browser is enrolled anew."""
    listing = Listing.objects.get(organization=cast.people["nurse"].organization)
    kept = stored_key(browser.cookies[settings.SESSION_COOKIE_NAME].value)
    Session.objects.filter(pk=kept).update(device_id=listing.device_id)


def test_a_person_signs_in_with_the_old_password_and_goes_on(
    committed: Cast, elsewhere, tmp_path: Path
) -> None:
    signed_in, password = Client(), {"login": "nurse@example.org", "password": PASSWORD}
    assert signed_in.post("/sign-in", password).status_code == 302
    assert signed_in.get("/home").status_code == 200
    file = exported(tmp_path / "all.age")
    with elsewhere("new"):
        imported(file)
        assert signed_in.get("/home").status_code == 302  # sessions stay behind
        anew = Client()
        assert anew.post("/sign-in", password).status_code == 302
        on_listed_device(committed, anew)
        page = anew.get(f"/groups/{committed.group}")
        assert "朝の血圧は130/80でした。" in page.content.decode()
        last = Communication.objects.filter(group=committed.group).count()
        actor = committed["nurse"].__class__(session=anew.session.model.objects.get().pk)
        sent = send_communication(
            actor, committed.group, text="新しいサーバーから", key=uuid4(), confirmed=True
        )
        assert sent.seq == last + 1
        assert everything_fits()


def test_the_trail_says_who_left_for_where_and_what_arrived(
    committed: Cast, elsewhere, tmp_path: Path
) -> None:
    file = exported(tmp_path / "all.age")
    with elsewhere("new"):
        checked = imported(file)
        arriving, leaving = AuditEvent.objects.order_by("-seq").filter(stream="system:host")[:2]
        assert arriving.action == leaving.action == "installation.move"
        assert json.loads(leaving.detail)["direction"] == "out"
        assert len(json.loads(leaving.detail)["recipients"]) == 1
        said = json.loads(arriving.detail)
        assert (said["direction"], said["sums"]) == ("in", checked.digest)
        assert arriving.pk == leaving.pk + 1  # numbers go on after the highest


def test_what_has_moved_can_move_again(committed: Cast, elsewhere, tmp_path: Path) -> None:
    live_fully(committed)
    file = exported(tmp_path / "first.age")
    before = rows()
    with elsewhere("new"):
        imported(file)
        again = exported(tmp_path / "second.age")
    with elsewhere("newer"):
        imported(again)
        assert without_the_move(rows()) == without_the_move(before)
        assert AuditHead.objects.get(stream="system:host").seq == 4
        assert everything_fits()


def test_the_manifest_names_the_installation_that_signed(committed: Cast, tmp_path: Path) -> None:
    file = exported(tmp_path / "all.age")
    ours = signing.public_key()
    assert check(file, [HOST_KEY], signed_by=ours).manifest.signed_by == ours
