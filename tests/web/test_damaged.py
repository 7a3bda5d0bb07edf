"""A value that does not open is never shown, and takes nothing else down with it."""

import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from renkei.communication.live_backend import LiveBackend
from renkei.communication.models import Communication, Draft
from renkei.communication.services import (
    correct_communication,
    save_draft,
    withdraw_communication,
)
from renkei.config.logs import JsonLine
from renkei.group.admission import decline_invitation
from renkei.group.models import Invitation
from renkei.kernel import damage
from renkei.kernel.errors import Tampered
from renkei.kernel.sealed import SealedField, sealed_fields
from renkei.patient.models import Basics, Relative
from renkei.patient.services import change_basics
from renkei.people.models import Account
from renkei.people.services import change_profile
from renkei.region.services import publish_notice
from tests.cast import Cast, post
from tests.web.test_patient import client

SENTENCE = "保存したときのものと一致しないため表示できません"
WORD = "表示できません"
ERROR_PAGE = "書き換え"


@pytest.fixture(autouse=True)
def _nothing_told() -> Iterator[None]:
    damage._told.clear()
    yield


def spoil(column: SealedField, **which: Any) -> None:
    """Flip the last bit of every value in the column."""
    manager = column.model._default_manager
    for row, sealed in manager.filter(**which).values_list("pk", column.name):
        if sealed is not None:
            changed = bytearray(sealed)
            changed[-1] ^= 1
            manager.filter(pk=row).update(**{column.name: bytes(changed)})


def column(name: str) -> SealedField:
    return next(one for one in sealed_fields() if str(one) == name)


class World:
    """A group in which there is something of everything."""

    def __init__(self, cast: Cast) -> None:
        relative = {"person": Relative("髙橋 一郎", "子", phones=["0312345678"])}
        change_basics(
            cast["administrator_same"],
            cast.patient,
            basics=Basics(allergies="そば"),
            relatives=[relative],
        )
        self.plain = post(cast, "nurse", "読めるはずの言葉")
        self.corrected = post(cast, "nurse", "初めの言葉")
        correct_communication(cast["nurse"], self.corrected, text="直した言葉", version=1)
        self.withdrawn = post(cast, "nurse", "取り消す言葉")
        withdraw_communication(cast["nurse"], self.withdrawn, reason="間違い")
        save_draft(cast["nurse"], cast.group, text="書きかけ")
        self.notice = publish_notice(
            cast["operator"], None, title="停電", body="夜に", acknowledge=False
        ).id
        self.invitation = cast.invitations["invited"]
        decline_invitation(cast["invited"], self.invitation, reason="家風")
        group, patient = f"/groups/{cast.group}", f"/patients/{cast.patient}"
        self.pages = {
            "nurse": [
                "/home", "/menu", "/patients", "/groups", group, f"{group}/entries?before=99",
                f"/messages/{self.plain}", f"/messages/{self.corrected}/versions",
                f"/messages/{self.plain}/receipts", f"{group}/members", f"{group}/basics",
                f"{group}/files", f"/notices/{self.notice}", f"{group}/leave", "/help", "/me",
                f"/messages/{self.corrected}/correct", f"/messages/{self.plain}/withdraw",
            ],
            "administrator_same": [
                "/home", "/patients", patient, f"{patient}/identity", f"{patient}/basics",
                f"{patient}/consent", "/consents", f"{group}/manage", f"{group}/invite",
            ],
            "manager": [f"{group}/basics/edit", f"/invitations/{self.invitation}"],
            "invited": [f"/invitations/{self.invitation}"],
            "nobody": ["/", "/organizations"],
        }  # fmt: skip


# Pages that are about the damaged value itself, where there is nothing else to read.
RECORD = {"patient", "patient/identity", "patient/basics", "patient/consent"}
WHOLE_PAGE = {
    "patient.Patient.identity_sealed": RECORD,
    "patient.Patient.basics_sealed": {*RECORD, "edit"},
    "patient.RelatedPerson.person_sealed": {"edit", "patient/basics"},
    "people.Account.profile_sealed": {"me"},
}


def shown(cast: Cast, world: World) -> dict[tuple[str, str], tuple[int, str]]:
    found = {}
    for name, pages in world.pages.items():
        browser = Client(HTTP_HOST="localhost") if name == "nobody" else client(cast, name)
        for page in pages:
            answer = browser.get(page)
            found[name, page] = answer.status_code, answer.content.decode()
    return found


def _kind(page: str) -> str:
    """What a page is, without the ids: "patient/basics", "edit", "me"."""
    parts = page.split("/")
    if parts[1] == "patients" and len(parts) > 2:
        return "/".join(["patient", *parts[3:]])
    return parts[-1]


@pytest.mark.parametrize("name", [str(one) for one in sealed_fields()])
def test_a_damaged_value_takes_no_page_down_on_which_others_stand(cast: Cast, name: str) -> None:
    world = World(cast)
    before = shown(cast, world)
    assert {status for status, _ in before.values()} == {200}
    spoil(column(name))
    after = shown(cast, world)
    for place, (status, html) in after.items():
        if _kind(place[1]) in WHOLE_PAGE.get(name, ()):
            assert (status, ERROR_PAGE in html) == (500, True), place
        else:
            assert status == 200, (place, status)


SEEN = [  # what is damaged, where it stands, what stands there instead, what else is still there
    ("communication.Communication.text", "group", SENTENCE, "station事業所"),
    ("communication.Communication.text", "plain", SENTENCE, "nurse"),
    ("communication.Version.text", "versions", SENTENCE, "直した言葉"),
    ("communication.Communication.withdrawal_reason", "group", SENTENCE, "読めるはずの言葉"),
    ("communication.Draft.content", "group", "下書き：", "読めるはずの言葉"),
    ("patient.Patient.basics_sealed", "basics", SENTENCE, "髙橋 節子"),
    ("patient.Patient.identity_sealed", "group", WORD, "読めるはずの言葉"),
    ("patient.RelatedPerson.person_sealed", "basics", WORD, "そば"),
    ("patient.Consent.signature_sealed", "files", WORD, "髙橋 節子"),
    ("people.Account.profile_sealed", "group", WORD, "読めるはずの言葉"),
    ("region.Notice.content", "notice", SENTENCE, ""),
    ("region.Notice.content", "home", WORD, ""),
]


@pytest.mark.parametrize(("name", "where", "said", "rest"), SEEN)
def test_at_its_place_stands_a_sentence_and_the_rest_is_there(
    cast: Cast, name: str, where: str, said: str, rest: str
) -> None:
    world = World(cast)
    address = {
        "group": f"/groups/{cast.group}",
        "plain": f"/messages/{world.plain}",
        "versions": f"/messages/{world.corrected}/versions",
        "basics": f"/groups/{cast.group}/basics",
        "files": f"/groups/{cast.group}/files",
        "notice": f"/notices/{world.notice}",
        "home": "/home",
    }[where]
    browser = client(cast, "nurse")
    assert said not in browser.get(address).content.decode()
    spoil(column(name))
    html = browser.get(address).content.decode()
    assert said in html
    assert rest in html


def test_one_damaged_message_leaves_the_others_and_is_nobodys_words(cast: Cast) -> None:
    damaged, whole = post(cast, "nurse", "傷つく言葉"), post(cast, "nurse", "残る言葉")
    spoil(column("communication.Communication.text"), pk=damaged)
    html = client(cast, "manager").get(f"/groups/{cast.group}").content.decode()
    assert "傷つく言葉" not in html
    assert "残る言葉" in html
    assert html.count(SENTENCE) == html.count('class="damaged"') == 1
    seq = Communication.objects.get(pk=damaged).seq
    for language, words in (("ja", SENTENCE), ("en", "it is not what was stored")):
        live = LiveBackend().event(cast.group, seq, language)
        assert live is not None and words in live
    assert len(LiveBackend().events(cast.group, seq - 1, "ja", 10)) == 2
    assert Communication.objects.get(pk=whole).seq == seq + 1


def test_the_first_words_at_home_are_replaced_too(cast: Cast) -> None:
    spoil(column("communication.Communication.text"), pk=post(cast, "nurse", "傷つく言葉"))
    assert SENTENCE in client(cast, "manager").get("/home").content.decode()


def test_a_damaged_allergy_never_reads_as_none(cast: Cast) -> None:
    World(cast)
    spoil(column("patient.Patient.basics_sealed"))
    html = client(cast, "nurse").get(f"/groups/{cast.group}/basics").content.decode()
    assert html.count(SENTENCE) >= 2


def test_nothing_is_written_over_what_was_changed_from_outside(cast: Cast) -> None:
    world = World(cast)
    chief = cast["administrator_same"]
    spoil(column("patient.Patient.basics_sealed"))
    with pytest.raises(Tampered):
        change_basics(chief, cast.patient, basics=Basics(), relatives=[])
    spoil(column("people.Account.profile_sealed"))
    with pytest.raises(Tampered):
        change_profile(cast["nurse"], None, name="名", kana="な", phone="")
    spoil(column("communication.Communication.text"), pk=world.plain)
    with pytest.raises(Tampered):
        correct_communication(cast["nurse"], world.plain, text="新しく", version=1)


def test_a_damaged_draft_can_be_written_anew(cast: Cast) -> None:
    save_draft(cast["nurse"], cast.group, text="書きかけ")
    spoil(column("communication.Draft.content"))
    save_draft(cast["nurse"], cast.group, text="書き直し")
    assert Draft.objects.get(account=cast.account("nurse")).unseal("content")["text"] == "書き直し"


def test_it_is_logged_by_its_place_alone_and_once_a_minute(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    message = post(cast, "nurse", "傷つく言葉")
    spoil(column("communication.Communication.text"), pk=message)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            client(cast, "manager").get(f"/groups/{cast.group}")
    lines = [json.loads(JsonLine().format(one)) for one in caplog.records]
    (told,) = [line for line in lines if line["event"] == "tampered"]
    assert told["place"] == f"communication.Communication/{message.hex}/text.1"
    assert told["level"] == "critical"


def test_one_damaged_key_takes_down_what_it_sealed_alone(cast: Cast) -> None:
    from renkei.kernel import vault
    from renkei.kernel.models import DataKey

    message = Communication.objects.get(pk=cast.message)
    key = DataKey.objects.get(pk=message.key_id)
    assert key.wrapped is not None
    DataKey.objects.filter(pk=key.pk).update(wrapped=bytes(key.wrapped)[:-1] + b"\0")
    vault.forget_everything()
    browser = client(cast, "nurse")
    assert browser.get("/home").status_code == 200
    html = browser.get(f"/groups/{cast.group}").content.decode()
    assert SENTENCE in html
    vault.forget_everything()


def test_a_name_that_was_erased_says_so(cast: Cast) -> None:
    from renkei.kernel import clock, vault
    from renkei.kernel.models import DataKey
    from renkei.patient.models import Patient

    key: UUID = Patient.objects.get(pk=cast.patient).key_id
    DataKey.objects.filter(pk=key).update(wrapped=None, destroyed_at=clock.now())
    vault.forget_everything()
    html = client(cast, "nurse").get(f"/groups/{cast.group}").content.decode()
    assert "消去済み" in html
    vault.forget_everything()


def test_a_group_whose_key_was_destroyed_says_so_once(cast: Cast) -> None:
    from renkei.kernel import clock, vault
    from renkei.kernel.models import DataKey

    key = Communication.objects.get(pk=cast.message).key_id
    DataKey.objects.filter(pk=key).update(wrapped=None, destroyed_at=clock.now())
    vault.forget_everything()
    assert client(cast, "nurse").get("/home").status_code == 200
    assert client(cast, "nurse").get(f"/groups/{cast.group}").status_code == 410
    vault.forget_everything()


def test_faces_and_invitations_have_a_word_where_the_name_stood(cast: Cast) -> None:
    spoil(column("people.Account.profile_sealed"), pk=cast.account("nurse"))
    html = client(cast, "manager").get(f"/groups/{cast.group}/members").content.decode()
    assert WORD in html
    assert Account.objects.count() > 2
    assert Invitation.objects.filter(group=cast.group).exists()
