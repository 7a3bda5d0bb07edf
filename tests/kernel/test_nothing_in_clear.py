"""Nothing that says who a patient is, and nothing anybody wrote, lies readable anywhere."""

import json
import logging
import os
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import connection, connections
from PIL import Image

from renkei.communication.answering import answer_consent, answer_source
from renkei.communication.asking_again import ask_again
from renkei.communication.attaching import begin_upload, receive
from renkei.communication.index.keeping import Indexing
from renkei.communication.marks import bookmark_communication, pin_communication
from renkei.communication.models import Communication
from renkei.communication.observations import Observed
from renkei.communication.query import Query
from renkei.communication.reading import read_timeline
from renkei.communication.search import search
from renkei.communication.services import (
    correct_communication,
    save_draft,
    send_communication,
    withdraw_communication,
)
from renkei.communication.tasks import make_task
from renkei.communication.template_desk import keep_form
from renkei.communication.viewing import see_attachment
from renkei.config.logs import JsonLine
from renkei.device.services import Facts, add_device
from renkei.device.taking_out import Wanted, ask_to_take_out, refuse_take_out
from renkei.disclosure import retention
from renkei.disclosure.anonymising import Decision
from renkei.disclosure.answering import permit_outside, permit_reuse
from renkei.disclosure.asking import Reuse, ask_to_reuse
from renkei.disclosure.enclosing import Box, Covered
from renkei.disclosure.erasing import Wish, ask_for_record, return_erasure
from renkei.disclosure.extracting import Decided, keep_extracts, see_editor
from renkei.disclosure.faxing import To, note_pages, prepare_fax
from renkei.disclosure.own_backup import take_own_backup
from renkei.enrollment.models import Application, Departure, Pledge
from renkei.group.admission import (
    accept_invitation,
    approve_invitation,
    decline_invitation,
    invite,
    take_back_invitation,
)
from renkei.group.archiving import archive_group, bring_back_group
from renkei.group.charters import write_charter
from renkei.group.direct import accept_connection, ask_to_connect, block_person
from renkei.group.family import open_family_group
from renkei.group.family_ways_in import Agreement, Relation, invite_family
from renkei.group.free import ask_to_join, decline_request, found_group
from renkei.group.ranges import take_over_ranges
from renkei.group.services import close_group, leave_group, open_group, release_member
from renkei.incident import handling, reporting, stops
from renkei.incident.models import Incident
from renkei.incident.opening import Report
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Refused
from renkei.notification.devices import subscribe
from renkei.notification.push_keys import current, make_push_key
from renkei.patient.death import record_death
from renkei.patient.handing_over import (
    Proposal,
    decline_hand_over,
    propose_hand_over,
    withdraw_hand_over,
)
from renkei.patient.models import Answer, Asked, Basics, Identity, Relative, Signature
from renkei.patient.rights import Received, answer_request, receive_request
from renkei.patient.services import (
    ConsentForm,
    change_basics,
    change_identity,
    record_consent,
    register_patient,
    withdraw_consent,
)
from renkei.people.access import Identified, give_access
from renkei.people.disclosures import see_photo
from renkei.people.models import Account, Registration, Session
from renkei.people.services import change_photo, change_profile
from renkei.policy.standing import HOST
from renkei.region.declaring import declare_disaster, end_disaster
from renkei.region.models import Region
from renkei.region.services import publish_notice
from renkei.region.vitals import Range
from renkei.review import accounts, members
from renkei.safety.reporting import report_oneself, report_patient, report_place
from renkei.training.hints import note_points
from renkei.training.lectures import hold_lecture, record_attendance
from tests.cast import LOADER, Cast, loading
from tests.communication.attached import bring, brought, film, pdf, post
from tests.safety.unlisted import elsewhere, enter
from tests.training.world import published, take

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
    "vital sign": "体重 137.53kg",
    "vital sign as data": '"weight":137.53',
    "corrected vital sign": "体重 138.41kg",
    "usual of a patient": "[37.11,39.22]",
    "message taken back": "隣家の犬に噛まれた",
    "why taken back": "別の方の話でしたので",
    "draft": "まだ誰にも言えないこと",
    "what is to be done": "土間の簀子を外しておく",
    "what stands in a form": "夜ごと障子を数えている",
    "title of a form": "蚊帳の中の申し送り",
    "name of a file": "袋小路の奥の間取り図",
    "what a film says": "廊下の手すりが外れている",
    "whose document it is": "鴨居外科リハビリ医院",
    "who allowed it": "受付の雁金さん",
    "role in care of nobody": "ZQX7-secret-words",
    "why declined": "家風に合わないため",
    "why taken out": "勤務態度を見かねて",
    "why left": "腰を痛めましたので",
    "why released in a review": "半年お見かけしないので",
    "why taken back, the invitation": "宛先を取り違えました",
    "why ended": "施設に移られました",
    "notice": "計画停電の夜の当番表",
    "own name": "獅子王 小百合",
    "serial number": "XK77-09-Q331",
    "remark on a device": "角に赤い紐を結んである",
    "what is taken out": "屋根裏部屋の見取図",
    "why not taken out": "電話で足りる話だから",
    "how identified": "社員証の裏の筆跡で",
    "own word": "hisui no kozue",
    "own phone": "09011223344",
    "incident": "終電の座席に薄い板を忘れた",
    "caller": "車持 千代丸",
    "caller's phone": "08055667788",
    "incident's note": "駅の遺失物係に照会ずみ",
    "incident told": "長男に夜八時半に電話",
    "incident's cause": "膝に置いたまま眠った",
    "incident's measure": "首から下げる紐を配る",
    "report to the authority": "拾得物として交番に届出",
    "why stopped": "番号を同僚に教えていた",
    "why lifted": "面談で確かめた",
    "flood": "荒瀬川の堤が切れた",
    "why on another's phone": "姪の電話を借りたので",
    "where the patient is": "高台の集会所の二階",
    "how the patient is": "酸素ボンベあと二本",
    "how oneself is": "床上まで水が来た",
    "how the organization is": "裏口だけ開けています",
    "teacher": "鬼怒川 弁次郎",
    "place of a lecture": "旧分校の理科室",
    "guest": "蓮華寺 トヨ",
    "who applies": "霞棚引堂薬局",
    "why returned": "電話番号が一桁たりない",
    "who pledged": "十六夜 玖美子",
    "who was registered": "小鳥遊 万里央",
    "whom to ask afterwards": "朱雀大路 蔵之介",
    "what is asked for": "昨年の秋の書き込みぜんぶ",
    "what was answered": "閲覧室で原本を読んでいただいた",
    "what it is to be used for": "秋の症例検討会の二例目に",
    "who is to use it": "栄養科の朝霧班",
    "on which condition": "写真は使わないでほしい",
    "to whom by fax": "藻塩ヶ浜療養院",
    "whom by fax": "蜻蛉切 友蔵",
    "fax number": "0987001122",
    "what is left of it": "足先の冷えだけが続く",
    "what was searched for": "踵部に 鳶色の斑点",
    "who wishes it": "鷲頭 千鶴子（三女）",
    "how it was wished": "母の話は家で覚えておきたい",
    "why it was returned": "三女の方の印が薄いため",
    "who agreed to the family": "菩提樹 小太郎",
    "how the group is used": "夕刻の報告は三行まで",
    "why handed over": "隣町の息子宅に転居",
    "why not handed over": "転居が取りやめになり",
    "why not taken over": "当院の枠が埋まり",
    "word on archiving": "長い間の看護に御礼",
    "why brought back": "退院が決まりました由",
    "day of death": "2019-02-17",
    "name of a free group": "卯月の嚥下勉強会",
    "what a free group is for": "のみこみの工夫を持ち寄る",
    "how a free group is used": "第三水曜の夜に集う",
    "why let in": "舌圧計の使い方を知りたく",
    "why not let in": "席が埋まりましたので次回",
    "what two people write": "先だっての講演録を送ります",
    "how a browser is reached": "ZQX9-push-capability",
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


def _flood(cast: Cast) -> None:
    """A disaster in which somebody comes in on another's phone, and all is reported."""
    say = SECRETS.__getitem__
    declared = declare_disaster(
        cast["operator"], None, drill=False, word="storm", note=say("flood"), area=None,
        until=clock.now() + timedelta(days=1),
    )  # fmt: skip
    session = Session.objects.filter(pk=cast["stranger"].session)
    device = session.get().device_id
    elsewhere(cast, "stranger", "totp")
    enter(cast, "stranger", say("why on another's phone"))
    report_patient(
        cast["nurse"], cast.group, state="help", place=say("where the patient is"),
        note=say("how the patient is"),
    )  # fmt: skip
    report_oneself(cast["nurse"], None, state="help", note=say("how oneself is"))
    clinic = cast.organizations["clinic"]
    report_place(cast["nurse"], clinic, state="limited", note=say("how the organization is"))
    end_disaster(cast["operator"], declared)
    Authenticator.objects.filter(user_id=cast.account("stranger")).delete()
    session.update(device_id=device, second_factor="", emergency_id=None)


def live(cast: Cast) -> None:
    """Everything a patient's group sees in its life, through the use cases."""
    _flood(cast)
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
    form = ConsentForm(
        "given", signature, date(2026, 5, 1), (), station, date(2026, 5, 2),
        drawing=[[[100, 100], [400, 300]], [[200, 50], [200, 400]]],
    )  # fmt: skip
    record_consent(chief, patient, form=form)
    group = open_group(chief, patient, role_in_care="連絡調整").id
    talk(cast, group)
    leave_traces(cast, group)
    rest(cast, patient, group)
    withdraw_consent(
        chief, patient, reason=say("withdrawal of consent"), withdrawn_on=date(2026, 6, 1)
    )
    close_group(chief, group, reason=say("why ended"))
    publish_notice(cast["operator"], None, title="停電", body=say("notice"), acknowledge=True)
    change_profile(
        cast["nurse"], None, name=say("own name"), kana="ししおう", phone=say("own phone")
    )
    change_photo(cast["nurse"], None, picture=noise())
    go_wrong(cast, patient)
    ask_of_rights(cast, patient)
    wish_to_erase(cast, patient)
    lend_out(cast)
    learn(cast)
    come_and_go(cast)
    be_among_colleagues(cast)
    be_told(cast)


def be_told(cast: Cast) -> None:
    """Somebody turns notifications on in a browser, and waits to be told."""
    make_push_key(HOST, None)
    key = current()
    assert key is not None
    address = f"https://push.example/{SECRETS['how a browser is reached']}"
    browser = {"p256dh": key.public, "auth": "A" * 22}  # any point of the curve will do
    subscribe(cast["nurse"], None, endpoint=address, key=key.public, **browser)


def be_among_colleagues(cast: Cast) -> None:
    """A free group that somebody asks to join, and two people who write, until one blocks."""
    say = SECRETS.__getitem__
    group = found_group(
        cast["nurse"], None, name=say("name of a free group"),
        purpose=say("what a free group is for"), use=say("how a free group is used"),
        entry="request",
    ).id  # fmt: skip
    asked = ask_to_join(cast["stranger"], group, words=say("why let in"), agreed=True).id
    decline_request(cast["nurse"], group, request=asked, reason=say("why not let in"))
    connection = ask_to_connect(cast["nurse"], cast.role("stranger")).id
    direct = accept_connection(cast["stranger"], None, connection=connection)
    assert direct is not None
    send_communication(
        cast["nurse"], direct, text=say("what two people write"), key=uuid4(), confirmed=True
    )
    block_person(cast["stranger"], cast.account("nurse"))


def leave_traces(cast: Cast, group: UUID) -> None:
    """What somebody wrote is asked for, permitted, faxed, made anonymous, and taken as a backup."""
    say, chief = SECRETS.__getitem__, cast["administrator_same"]
    shown = brought(chief, group)
    said = post(chief, group, shown, text=say("corrected message")).id
    save_draft(chief, group, text=say("draft"))  # the one before went with what was said
    until = clock.today() + timedelta(days=3)
    use = partial(
        Reuse, detail=say("what it is to be used for"), users=say("who is to use it"),
        agreed="family", agreed_how="paper",
    )  # fmt: skip
    requests = [
        ask_to_reuse(
            chief, group, messages=[said], asked=use(purpose=purpose, until=until), files=[shown]
        )
        for purpose in ("record", "outside")
    ]
    for request in requests:
        permit_reuse(chief, request.id, condition=say("on which condition"))
    to = To(say("to whom by fax"), say("whom by fax"), say("fax number"), "往診の件")
    number = say("fax number")
    fax = prepare_fax(chief, requests[0].id, to=to, again=number, called=True)
    note_pages(chief, requests[0].id, fax=fax.fax, pages=2)
    permit_outside(chief, requests[1].id)
    for part in see_editor(chief, requests[1].id).parts:
        words = Decided({one.key: Decision("change", "足先の冷えだけが続く") for one in part.found})
        covered = {one.id: Covered(boxes=(Box(1, 2, 300, 400),)) for one in part.files}
        keep_extracts(
            chief, requests[1].id, decided={part.item: words}, read_through=True, covered=covered
        )
    take_own_backup(chief, None, group=group)
    beside(cast, group)


def beside(cast: Cast, group: UUID) -> None:
    """A group with the family, with the patient in it by somebody's word for them."""
    chief, told = cast["administrator_same"], SECRETS["who agreed to the family"]
    family = open_family_group(chief, group, members=[])
    agreement = Agreement(told, "子", "words", clock.today())
    who = Relation(None, "", "kiyo@example.jp")
    invite_family(chief, family.id, who=who, agreement=agreement, way="mail")


def rest(cast: Cast, patient: UUID, group: UUID) -> None:
    """How it is used, two hand-overs that come to nothing, the archive and back, a death."""
    say, chief = SECRETS.__getitem__, cast["administrator_same"]
    write_charter(chief, group, text=say("how the group is used"), reuse=["record"], number=0)
    proposal = Proposal(cast.organizations["clinic"], say("why handed over"), clock.today())
    proposed = propose_hand_over(chief, patient, proposal=proposal).id
    withdraw_hand_over(chief, proposed, reason=say("why not handed over"))
    proposed = propose_hand_over(chief, patient, proposal=proposal).id
    decline_hand_over(cast["administrator_other"], proposed, reason=say("why not taken over"))
    archive_group(chief, group, reason=say("word on archiving"))
    bring_back_group(chief, group, reason=say("why brought back"))
    record_death(chief, patient, died_on=date.fromisoformat(say("day of death")))


def ask_of_rights(cast: Cast, patient: UUID) -> None:
    """Somebody asks to see what stands about them, and is answered."""
    say, keeper = SECRETS.__getitem__, cast["administrator_same"]
    asked = Asked(identity=["運転免許証"], scope=say("what is asked for"))
    received = Received(("disclosure",), "patient", asked, clock.today())
    number = receive_request(keeper, patient, received=received).number
    answer = Answer(done=say("what was answered"), answerer="林 一")
    answer_request(
        keeper, patient, number=number, result="granted", answer=answer, answered_on=clock.today()
    )


def wish_to_erase(cast: Cast, patient: UUID) -> None:
    """Somebody wishes that all of it is erased; the operator returns it."""
    say = SECRETS.__getitem__
    wish = Wish(
        relation="family", who=say("who wishes it"), way="paper", words=say("how it was wished"),
        wished_on=clock.today(), retention={one.key: "none" for one in retention.items()},
        copied=True, explained=True,
    )  # fmt: skip
    erasure = ask_for_record(cast["administrator_same"], patient, wish=wish)
    return_erasure(cast["operator"], erasure.id, reason=say("why it was returned"))


def come_and_go(cast: Cast) -> None:
    """An application, a pledge, a registration and a leaving, as rows."""
    say, now, nurse = SECRETS.__getitem__, clock.now(), cast.account("nurse")
    sealed = {"key_id": Region.objects.get().key_id}
    application = Application(
        **sealed, region_id=cast.region, token="a" * 64, made_at=now, changed_at=now
    )
    application.seal("content", {"name": say("who applies")})
    application.seal("note", say("why returned"))
    application.save(force_insert=True)
    pledge = Pledge(
        **sealed, form="form-3-staff-pledge", organization_id=cast.organizations["clinic"],
        account_id=nurse, way=Pledge.Way.SCREEN, signed_on=clock.today(), recorded_at=now,
    )  # fmt: skip
    pledge.seal("signature", {"name": say("who pledged"), "address": ""})
    pledge.save(force_insert=True)
    registration = Registration(
        **sealed, account_id=nurse, organization_id=cast.organizations["pharmacy"],
        profession="看護師", made_at=now,
    )  # fmt: skip
    said = {"name": say("who was registered"), "kana": "たかなし まりお", "sex": ""}
    registration.seal("said_sealed", said)
    registration.save(force_insert=True)
    departure = Departure(
        **sealed, organization_id=cast.organizations["helpers"], left_on=clock.today(),
        originals="kept", text_number=0, by_id=nurse, at=now,
    )  # fmt: skip
    departure.seal("contact", say("whom to ask afterwards"))
    departure.save(force_insert=True)


def learn(cast: Cast) -> None:
    """A course, taken; a lecture with a guest; points to note that were noted."""
    say, actor = SECRETS.__getitem__, cast["operator"]
    take(cast, "nurse", published(cast, video=None))
    lecture = hold_lecture(
        actor, None, course="first", on=clock.today(), place=say("place of a lecture"),
        teacher=say("teacher"),
    )  # fmt: skip
    present = [cast.account("manager")]
    record_attendance(actor, None, lecture=lecture, accounts=present, guests=say("guest"))
    note_points(cast["nurse"], None, role="staff")


def lend_out(cast: Cast) -> None:
    """A device with what is noted of it, one taken out and refused, and access given anew."""
    say, chief = SECRETS.__getitem__, cast["administrator_same"]
    station, now = cast.organizations["station"], clock.now()
    note = {"serial": say("serial number"), "remark": say("remark on a device")}
    add_device(chief, station, facts=Facts(number="T-99"), note=note)
    wanted = Wanted(say("what is taken out"), "紙", "担当者会議", "公民館")
    asked = ask_to_take_out(
        cast["manager"], None, wanted=wanted, device=None, patients=2, encrypted=True,
        from_at=now, to_at=now + timedelta(hours=3),
    ).id  # fmt: skip
    refuse_take_out(chief, asked, reason=say("why not taken out"))
    identified = Identified("in_person", say("how identified"), True)
    give_access(
        cast["administrator_other"], cast.role("invited"), purpose="reset", way="paper",
        word=say("own word"), identified=identified,
    )  # fmt: skip


def go_wrong(cast: Cast, patient: UUID) -> None:
    """An incident from its report to its end, and somebody stopped and let in again."""
    say, chief, today = SECRETS.__getitem__, cast["administrator_same"], clock.today()
    reporting.receive(
        reporting.REPORT_PAGE,
        None,
        kind="lost_device",
        what=say("incident"),
        report=Report(say("caller"), "", say("caller's phone")),
        organization=cast.organizations["station"],
    )
    incident = Incident.objects.get(way="unproved").id
    handling.note(chief, incident, word="note", text=say("incident's note"))
    handling.tell(
        chief, incident, patient=patient, organization=None, day=today, how=say("incident told")
    )
    statement = handling.Statement(outline=say("report to the authority"))
    handling.state(
        chief, incident, statement=statement, first_reported_on=None, final_reported_on=None
    )
    handling.assess(
        chief, incident, severity="serious", duty="not_required", wrongful=False,
        known_on=today, assigned=None,
    )  # fmt: skip
    handling.close(
        chief, incident, cause=say("incident's cause"), measure=say("incident's measure")
    )
    stops.restrict(chief, cast.role("manager"), word="read_only", reason=say("why stopped"))
    stops.lift(chief, cast.role("manager"), reason=say("why lifted"))


def noise() -> bytes:
    """A picture that packs badly, so that no part of it turns up by chance."""
    written = BytesIO()
    Image.frombytes("RGB", (256, 256), os.urandom(3 * 256 * 256)).save(written, "PNG")
    return written.getvalue()


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
    measured = Observed(clock.now(), {"weight": 137.53})
    sent = send_communication(
        cast["nurse"], group, text=say("message"), observed=measured, key=uuid4(), confirmed=True
    ).id
    measured = replace(measured, values={"weight": 138.41})
    correct_communication(
        cast["nurse"], sent, text=say("corrected message"), observed=measured, version=1
    )
    with loading():
        take_over_ranges(
            LOADER, group, ranges={"weight": Range(37.11, 39.22)}, author=cast.account("nurse"),
            role=cast.role("nurse"),
        )  # fmt: skip
    wrong = send_communication(
        cast["nurse"], group, text=say("message taken back"), key=uuid4(), confirmed=True
    ).id
    withdraw_communication(cast["nurse"], wrong, reason=say("why taken back"))
    for who in ("nurse", "administrator_same"):  # one goes with its writer, one stays
        save_draft(
            cast[who], group, text=say("draft"), template="visit-nurse",
            values={"change": say("what stands in a form")},
        )  # fmt: skip
    attach(cast, group)
    read_timeline(cast["manager"], group)
    mark(cast, sent)
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
    go_through(cast, group)


def go_through(cast: Cast, group: UUID) -> None:
    """A review of the members, in which one is released, and one of the people."""
    chief, station = cast["administrator_same"], cast.organizations["station"]
    desk = members.see_desk(chief, group)
    decisions = [
        members.Decision(
            one.member, "release" if one.release else "keep",
            reason=SECRETS["why released in a review"],
        )
        for one in desk.seats
    ]  # fmt: skip
    members.review_members(chief, group, seen=desk.seen, decisions=decisions)
    people = accounts.see_desk(chief, station)
    kept = {one.role: accounts.KEEP for one in people.places}
    accounts.review_accounts(chief, station, seen=people.seen, decisions=kept)


def mark(cast: Cast, message: UUID) -> None:
    """A message is indexed, searched for, pinned and bookmarked."""
    Indexing().follow()
    search(cast["manager"], Query(words=SECRETS["what was searched for"], author="獅子王"))
    pin_communication(cast["nurse"], message)
    bookmark_communication(cast["manager"], message)
    weigh(cast, Communication.objects.get(pk=message).group_id, message)


def weigh(cast: Cast, group: UUID, message: UUID) -> None:
    """Somebody is meant, told again, given something to do; an organization has its own form."""
    meant = send_communication(
        cast["nurse"], group, text=SECRETS["message"], importance="urgent", key=uuid4(),
        mentions=("role:訪問看護", "role:栄養", "all"), confirmed=True,
    ).id  # fmt: skip
    ask_again(cast["nurse"], meant)
    make_task(
        cast["nurse"], message, text=SECRETS["what is to be done"], account=cast.account("manager")
    )
    keep_form(
        cast["administrator_same"], cast.organizations["station"], title=SECRETS["title of a form"],
        hint="", kind="report", groups=["patient"], professions=["*"],
        fields=[{"label": SECRETS["what stands in a form"], "type": "text", "required": False,
                 "options": [], "example": ""}],
    )  # fmt: skip


def attach(cast: Cast, group: UUID) -> None:
    """A film and a document of somebody else's, which are posted and looked at; one waits."""
    say, nurse = SECRETS.__getitem__, cast["nurse"]
    told = film(body=say("what a film says").encode() * 3000)
    shown = bring(nurse, group, told, say("name of a file") + ".mp4")
    answer_consent(nurse, shown, shows=True, who="family", how="words")
    paper = bring(nurse, group, pdf(1), say("name of a file") + ".pdf")
    answer_source(
        nurse, paper, source="outside", name=say("whose document it is"),
        asked=say("who allowed it"), allowed=True,
    )  # fmt: skip
    post(nurse, group, shown, paper)
    see_attachment(cast["manager"], paper)
    brought(nurse, group)
    begun = begin_upload(nurse, group, name=say("name of a file"), size=len(told))
    receive(nurse, begun, at=0, source=BytesIO(told[:200_000]))


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
    shown, _ = see_photo(committed["manager"], None, committed.account("nurse"))
    account = Account.objects.get(pk=committed.account("nurse"))
    assert account.photo_id is not None and len(before[account.photo_id.hex]) > len(shown)
    for at in range(0, len(shown) - 24, 1000):
        assert not [place for place, found in before.items() if shown[at : at + 24] in found]
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
