"""One's own backup: what one wrote and was permitted, readable without Renkei (N4.8)."""

import io
import json
import zipfile
from datetime import timedelta
from hashlib import sha256

import pytest
from django.conf import settings
from django.test import Client

from renkei.audit.models import AuditEvent
from renkei.communication.models import Attachment
from renkei.communication.services import withdraw_communication
from renkei.disclosure.answering import decline_reuse, permit_reuse
from renkei.disclosure.models import OwnBackup, ReuseOpening, ReuseRequest
from renkei.disclosure.own_backup import A_DAY, Taken, own_part, take_own_backup
from renkei.files import store
from renkei.group.services import leave_group
from renkei.kernel import clock
from renkei.kernel.clock import shifted
from renkei.kernel.errors import Problem, Refused, Unknown
from renkei.web import own_backup as pages
from renkei.web.backup_folder import folder
from tests.cast import Cast, group_of_kind, post
from tests.communication import attached
from tests.disclosure.test_extracting import study
from tests.disclosure.test_reuse import ask
from tests.safety.unlisted import declare, elsewhere, enter

Files = dict[str, bytes]


def files(cast: Cast, name: str, taken: Taken | None = None) -> Files:
    """What is in the folder, by its name there."""
    taken = taken or take_own_backup(cast[name], None)
    packed = b"".join(folder(cast[name], taken))
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        assert opened.testzip() is None
        return {one.removeprefix("renkei/"): opened.read(one) for one in opened.namelist()}


def everything(found: Files) -> str:
    return "\n".join(one.decode() for name, one in found.items() if not name.endswith(".pdf"))


@pytest.mark.clause("N4.8")
def test_it_holds_what_one_wrote_and_nothing_that_others_wrote(cast: Cast) -> None:
    post(cast, "manager", "担当者会議を\n木曜にします。<b>")
    found = files(cast, "manager")
    page = found["group-001/messages.html"].decode()
    assert "担当者会議を<br>木曜にします。&lt;b&gt;" in page
    listed = json.loads(found["group-001/messages.json"])
    assert listed["patient"] == "髙橋 節子"
    assert [one["text"] for one in listed["messages"]] == ["担当者会議を\n木曜にします。<b>"]
    assert "group-001/messages.html" in found["index.html"].decode()
    assert "130/80" not in everything(found)


@pytest.mark.clause("N4.8")
def test_it_holds_permitted_copies_and_each_counts_as_opened(cast: Cast) -> None:
    request, waiting = ask(cast), ask(cast)
    permit_reuse(cast["nurse"], request.id)
    found = files(cast, "manager")
    number = f"{request.number[:5]}-{request.number[5:]}"
    assert "130/80" in found[f"copies/{number}.txt"].decode()
    assert found[f"copies/{number}.pdf"].startswith(b"%PDF")
    assert not any(waiting.number[:5] in name for name in found)
    assert [(one.way, one.request_id) for one in ReuseOpening.objects.all()] == [
        ("backup", request.id)
    ]


@pytest.mark.clause("N4.8", "A16.b", "A16.d")
@pytest.mark.parametrize("why", ["taken back", "over", "of another", "not made anonymous"])
def test_what_does_not_open_is_not_in_it(cast: Cast, why: str) -> None:
    request = study(cast) if why == "not made anonymous" else ask(cast)
    permit_reuse(cast["nurse"], request.id)
    if why == "taken back":
        decline_reuse(cast["nurse"], request.id)
    elif why == "over":
        ReuseRequest.objects.update(until=clock.now())
    elif why == "of another":
        ReuseRequest.objects.update(asked_by=cast.account("physician"))
    found = files(cast, "manager")
    assert not any(name.startswith("copies/") for name in found)
    assert "130/80" not in everything(found)
    assert not ReuseOpening.objects.exists()


@pytest.mark.clause("N4.8")
def test_every_file_has_its_checksum(cast: Cast) -> None:
    post(cast, "manager", "会議です。")
    found = files(cast, "manager")
    sums = dict(line.split("  ")[::-1] for line in found.pop("checksums.txt").decode().splitlines())
    assert sums == {name: sha256(content).hexdigest() for name, content in found.items()}


@pytest.mark.clause("N4.8", "A16.a")
def test_nothing_of_a_group_one_has_left(cast: Cast) -> None:
    assert files(cast, "nurse")["group-001/messages.json"]
    leave_group(cast["nurse"], cast.group, reason="担当を外れました")
    with pytest.raises(Problem):
        take_own_backup(cast["nurse"], None)
    with pytest.raises((Refused, Unknown)):
        own_part(cast["nurse"], cast.group)


@pytest.mark.clause("N4.8", "A16.a")
def test_who_leaves_while_it_is_made_gets_nothing_of_the_group(cast: Cast) -> None:
    taken = take_own_backup(cast["nurse"], None)
    leave_group(cast["nurse"], cast.group, reason="担当を外れました")
    found = files(cast, "nurse", taken)
    assert not any(name.startswith("group-") for name in found)
    assert "1件あり、入っていません" in found["index.html"].decode()


@pytest.mark.clause("N4.8", "A16.c")
def test_ones_own_pictures_are_in_it_and_no_document_of_another_organization(cast: Cast) -> None:
    own, letter = (
        attached.brought(cast["nurse"], cast.group),
        attached.document(cast["nurse"], cast.group),
    )
    posted = attached.post(cast["nurse"], cast.group, own, letter)
    attached.post(cast["physician"], cast.group, attached.brought(cast["physician"], cast.group))
    Attachment.objects.filter(pk=letter).update(source="issuer")
    found = files(cast, "nurse")
    pictures = [name for name in found if "/files/" in name]
    assert pictures == [f"group-001/files/{posted.seq:06}-1.jpg"]
    kept = Attachment.objects.get(pk=own).content
    assert kept is not None and found[pictures[0]] == b"".join(store.read(kept))
    listed = json.loads(found["group-001/messages.json"])["messages"][-1]["files"]
    assert [one["file"] for one in listed] == [f"files/{posted.seq:06}-1.jpg"]
    assert f'href="files/{posted.seq:06}-1.jpg"' in found["group-001/messages.html"].decode()
    withdraw_communication(cast["nurse"], posted.id, reason="別の方の写真でした")
    assert not any("/files/" in name for name in files(cast, "nurse"))


@pytest.mark.clause("N4.8")
def test_what_one_withdrew_is_not_in_it(cast: Cast) -> None:
    withdraw_communication(cast["nurse"], cast.message, reason="別の方の話でした")
    assert "130/80" not in everything(files(cast, "nurse"))


@pytest.mark.clause("N4.8")
@pytest.mark.parametrize("name", ["former", "stranger", "administrator_same", "family", "operator"])
def test_who_is_in_no_group_takes_nothing(cast: Cast, name: str) -> None:
    with pytest.raises((Problem, Refused)):
        take_own_backup(cast[name], None)
    with pytest.raises((Problem, Refused)):
        take_own_backup(cast[name], None, group=cast.group)


@pytest.mark.clause("N4.8", "A11.5")
def test_a_relative_takes_what_they_wrote_themselves_and_nothing_of_others(cast: Cast) -> None:
    group, _ = group_of_kind(cast, "family", {"manager": True, "family": False})
    post(cast, "family", "昨夜はよく眠れました", group)
    post(cast, "manager", "木曜に伺います", group)
    found = files(cast, "family")
    whole = everything(found)
    assert "昨夜はよく眠れました" in whole and "ご本人・ご家族" in whole
    assert "木曜に伺います" not in whole and "130/80" not in whole
    leave_group(cast["family"], group, reason="もう使わないため")
    with pytest.raises(Problem):
        take_own_backup(cast["family"], None)


@pytest.mark.clause("N4.8")
def test_not_from_a_device_outside_the_ledger(cast: Cast) -> None:
    elsewhere(cast, "nurse", "totp")
    with pytest.raises(Refused):
        take_own_backup(cast["nurse"], None)


@pytest.mark.clause("N4.8")
def test_nor_in_a_disaster_that_opens_the_groups_there(cast: Cast) -> None:
    elsewhere(cast, "nurse", "totp")
    declare(cast)
    enter(cast, "nurse")
    assert own_part(cast["nurse"], cast.group).messages  # the group is open to read
    with pytest.raises(Refused):
        take_own_backup(cast["nurse"], None)


@pytest.mark.clause("N4.8")
def test_it_is_recorded_and_only_so_often(cast: Cast) -> None:
    for _ in range(A_DAY):
        take_own_backup(cast["nurse"], None, group=cast.group)
    line = AuditEvent.objects.filter(action="own_backup.take").last()
    assert line is not None
    said = json.loads(line.detail)
    assert (said["groups"], said["messages"], said["copies"]) == ([cast.group.hex], 1, [])
    with pytest.raises(Problem):
        take_own_backup(cast["nurse"], None)
    assert OwnBackup.objects.count() == A_DAY
    OwnBackup.objects.update(at=clock.now() - timedelta(days=1, minutes=1))
    with shifted(timedelta(seconds=1)):
        assert take_own_backup(cast["nurse"], None).groups == [cast.group]


@pytest.mark.clause("N4.8")
def test_the_page_asks_who_one_is_and_sends_the_folder_as_it_is_made(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = cast.people["nurse"].cookie
    assert client.get("/own-backup").status_code == 200
    asked = client.post("/own-backup/take", {"group": ""})
    assert asked.status_code == 302 and asked.headers["Location"].startswith("/again/")
    assert not OwnBackup.objects.exists()
    monkeypatch.setattr(pages, "show_again", lambda request, after: None)
    answer = client.post("/own-backup/take", {"group": str(cast.group)})
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.streaming
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as opened:
        assert "renkei/index.html" in opened.namelist()
    assert client.post("/own-backup/take", {"group": "nonsense"}).status_code == 422
