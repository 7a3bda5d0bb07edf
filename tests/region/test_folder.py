"""Region folders: what offices hand over is read as it is meant, and every fault is told once."""

import hashlib
import json
import random
import time
from datetime import UTC, date, datetime

import pytest

from renkei.region.folder import Fault, read_folder

pytestmark = pytest.mark.once

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
REGION = """\
# みどり野
[region]
name = "みどり野"
operator = "みどり野在宅連携推進室"
phone = "0000-00-1900"
email = "office@midorino.example"
address = "みどり野市広場2番1号"
policy_effective = 2026-04-01

[[operator_staff]]
name = "水城 遥"
kana = "みずき はるか"
email = "mizuki@midorino.example"

[parameters]
session_hours = 12
"""
ORGANIZATIONS = """\
code,kind,name,kana,postal_code,address,phone,fax,email,manager_name
M01,診療所,星見坂診療所,ほしみざかしんりょうじょ,000-0001,星見坂一丁目,0000-00-1001,,a@h.example,藤ヶ谷 悠
M07,訪問看護,つむぎ訪問看護,つむぎほうもんかんご,000-0004,若葉町二丁目,0000-00-1061,0000-00-1062,,鷹取 みさ
"""  # noqa: E501
STAFF = """\
organization_code,profession,name,kana,sex,email,administrator,pledge_date
M01,医師,藤ヶ谷 悠,ふじがや ゆう,男,yu@h.example,1,R8.4.1
M07,看護師,鷹取 みさ,たかとり みさ,女,misa@t.example,1,令和8年4月1日
M07,看護師,髙嶋 涼,たかしま りょう,,ryo@t.example,0,
"""
PATIENTS = """\
code,organization_code,name,kana,birth_date,sex,address,phone,consent_date,consent_signer,consent_relationship,copy_given_date
Q01,M01,髙橋 ハナ,たかはし はな,S12.3.5,女,星見坂三丁目,0000-00-2001,2026/08/20,髙橋 ハナ,本人,2026/08/20
Q02,M07,𠮷田 一,よしだ はじめ,大正15年12月24日,男,若葉町,,,,,
"""  # noqa: E501
TEAMS = """\
patient_code,email,organization_code,role_in_care,manager
Q01,yu@h.example,M01,主治医,1
Q01,misa@t.example,M07,訪問看護,0
Q02,misa@t.example,M07,訪問看護,1
"""
MESSAGES = [
    ("Q01", "misa@t.example", "2026-08-24T10:32:00+09:00", "訪問しました。体重46.2kg。"),
    ("Q01", "yu@h.example", "2026-08-24T12:51:00+09:00", "了解。"),
    ("Q02", "misa@t.example", "2026-08-24T04:00:00Z", "仙骨の写真です。"),
]


def line(patient, author, at, text):
    values = {"patient": patient, "author": author, "at": at, "text": text}
    return json.dumps(values, ensure_ascii=False)


FILES = {
    "region.toml": REGION,
    "organizations.csv": ORGANIZATIONS,
    "staff.csv": STAFF,
    "patients.csv": PATIENTS,
    "teams.csv": TEAMS,
    "messages.jsonl": "".join(line(*message) + "\n" for message in MESSAGES),
}


@pytest.fixture
def read(tmp_path):
    """Read the good folder with some files replaced; None leaves one out."""

    def read(changes=None, **options):
        for name, content in (FILES | (changes or {})).items():
            if content is not None:
                data = content if isinstance(content, bytes) else content.encode()
                (tmp_path / name).write_bytes(data)
        options.setdefault("check_parameter", lambda name, value: None)
        return read_folder(tmp_path, **{"now": NOW} | options)

    return read


def places(folder):
    return [(fault.file, fault.line, fault.column) for fault in folder.faults]


def changed(file, *pairs):
    """One file with text replaced; each text has to be there."""
    content = FILES[file]
    for old, new in pairs:
        assert old in content
        content = content.replace(old, new, 1)
    return {file: content}


def test_a_good_folder_has_no_faults_and_typed_values(read):
    folder = read()
    assert folder.faults == []
    assert folder.region.policy_effective == date(2026, 4, 1)
    assert folder.region.parameters == {"session_hours": 12}
    assert [one.email for one in folder.operator_staff] == ["mizuki@midorino.example"]
    assert [one.code for one in folder.organizations] == ["M01", "M07"]
    assert folder.staff[0].administrator is True
    assert folder.staff[0].pledge_date == date(2026, 4, 1)
    assert folder.staff[2].pledge_date is None
    assert folder.patients[0].birth_date == date(1937, 3, 5)
    assert folder.patients[1].name == "𠮷田 一"
    assert folder.patients[1].consent_date is None
    assert [one.manager for one in folder.teams] == [True, False, True]
    assert folder.messages[2].at == datetime(2026, 8, 24, 4, 0, tzinfo=UTC)


def test_a_record_knows_its_line_and_the_hash_of_its_bytes(read):
    patient = read().patients[1]
    assert patient.line == 3
    raw = PATIENTS.splitlines()[2].encode()
    assert patient.raw_sha256 == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_the_encodings_of_offices_are_read(read, encoding):
    content = ORGANIZATIONS.replace("藤ヶ谷 悠", "髙﨑 悠").replace("\n", "\r\n")
    folder = read({"organizations.csv": content.encode(encoding)})
    assert folder.faults == []
    assert folder.organizations[0].manager_name == "髙﨑 悠"


def test_quoted_newlines_blank_lines_and_trailing_commas_are_no_faults(read):
    content = ORGANIZATIONS.replace("星見坂一丁目", '"星見坂一丁目\r\n2番3号"')
    content = content.replace("\nM07", "\n\n,,,,,,,,,\nM07")
    folder = read({"organizations.csv": content})
    assert folder.faults == []
    assert folder.organizations[0].address == "星見坂一丁目\n2番3号"
    assert [one.line for one in folder.organizations] == [2, 6]


def test_half_width_kana_and_full_width_digits_are_understood(read):
    folder = read(
        changed(
            "organizations.csv",
            ("星見坂診療所", "ﾐﾄﾞﾘ診療所"),
            ("ほしみざか", "ﾎｼﾐｻﾞｶ"),
            ("000-0001", "０００－０００１"),
            ("0000-00-1001", "００００－００－１００１"),
            ("M01", "Ｍ０１"),
        )
        | changed("patients.csv", ("髙橋 ハナ,たかはし はな", "髙橋 ﾊﾅ,ﾀｶﾊｼ　ハナ"))
    )
    assert folder.faults == []
    one = folder.organizations[0]
    assert (one.code, one.name, one.kana) == ("M01", "ミドリ診療所", "ほしみざかしんりょうじょ")
    assert (one.postal_code, one.phone) == ("000-0001", "0000-00-1001")
    assert (folder.patients[0].name, folder.patients[0].kana) == ("髙橋 ﾊﾅ", "たかはし はな")


def test_optional_columns_may_be_there(read):
    content = "\n".join(
        row + tail
        for row, tail in zip(
            ORGANIZATIONS.splitlines(),
            [",application_date,listed,documents_policy", ",R8.3.1,0,ask", ",,,"],
            strict=True,
        )
    )
    folder = read({"organizations.csv": content})
    assert folder.faults == []
    assert folder.organizations[0].application_date == date(2026, 3, 1)
    assert [one.listed for one in folder.organizations] == [False, None]
    assert [one.documents_policy for one in folder.organizations] == ["ask", ""]


def test_one_person_may_have_roles_in_two_organizations(read):
    more = STAFF + "M01,看護師,鷹取\u3000みさ,たかとり みさ,女,MISA@t.example,0,\n"
    assert read({"staff.csv": more}).faults == []


BAD_CELLS = [
    # file, old text, new text, line, column
    ("region.toml", 'name = "みどり野"', 'nam = "みどり野"', 3, "nam"),
    ("region.toml", '"0000-00-1900"', '"1900"', 5, "phone"),
    ("region.toml", "2026-04-01", '"きのう"', 8, "policy_effective"),
    ("region.toml", '"みずき はるか"', '"水城"', 12, "kana"),
    ("region.toml", "[parameters]", "[extra]\na = 1\n[parameters]", 15, "extra"),
    ("organizations.csv", "診療所,星見坂", "診寮所,星見坂", 2, "kind"),
    ("organizations.csv", "星見坂診療所", "", 2, "name"),
    ("organizations.csv", "つむぎほう", "紬ほう", 3, "kana"),
    ("organizations.csv", "000-0004", "000-004", 3, "postal_code"),
    ("organizations.csv", "0000-00-1061", "", 3, "phone"),
    ("organizations.csv", "0000-00-1062", "なし", 3, "fax"),
    ("organizations.csv", "a@h.example", "a.h.example", 2, "email"),
    ("organizations.csv", ",鷹取 みさ", ",", 3, "manager_name"),
    ("organizations.csv", "M07", "M01", 3, "code"),
    ("organizations.csv", "M07", "", 3, "code"),
    ("organizations.csv", "若葉町二丁目", "若" * 201, 3, "address"),
    ("organizations.csv", "若葉町二丁目", "若\u202e葉", 3, "address"),
    ("organizations.csv", "若葉町二丁目", "若\x00葉", 3, "address"),
    ("staff.csv", "M07,看護師,髙嶋", "M99,看護師,髙嶋", 4, "organization_code"),
    ("staff.csv", "看護師,髙嶋", "看護士,髙嶋", 4, "profession"),
    ("staff.csv", "たかしま りょう", "髙嶋", 4, "kana"),
    ("staff.csv", ",男,", ",男性,", 2, "sex"),
    ("staff.csv", "ryo@t.example", "", 4, "email"),
    ("staff.csv", "misa@t.example", "misa@@t", 3, "email"),
    ("staff.csv", "ryo@t.example", "misa@t.example", 4, "email"),
    ("staff.csv", "ryo@t.example", "yu@h.example", 4, "email"),
    ("staff.csv", "ryo@t.example", "mizuki@midorino.example", 4, "email"),
    ("staff.csv", ",0,", ",2,", 4, "administrator"),
    ("staff.csv", "R8.4.1", "R8.4.31", 2, "pledge_date"),
    ("patients.csv", "Q02", "Q01", 3, "code"),
    ("patients.csv", "Q02,M07", "Q02,M99", 3, "organization_code"),
    ("patients.csv", "S12.3.5", "2026-11-24", 2, "birth_date"),
    ("patients.csv", "S12.3.5", "昭和64年1月8日", 2, "birth_date"),
    ("patients.csv", "S12.3.5", "2026-02-29", 2, "birth_date"),
    ("patients.csv", "S12.3.5", "", 2, "birth_date"),
    ("patients.csv", "S12.3.5", "2026-08-21", 2, "consent_date"),
    ("patients.csv", "2026/08/20,髙橋", "きょう,髙橋", 2, "consent_date"),
    ("patients.csv", ",髙橋 ハナ,本人", ",,本人", 2, "consent_signer"),
    ("patients.csv", "本人", "", 2, "consent_relationship"),
    ("patients.csv", "本人", "長女", 2, "consent_relationship"),
    ("patients.csv", "本人,2026/08/20", "本人,2026/08/19", 2, "copy_given_date"),
    ("patients.csv", "0000-00-2001", "2001", 2, "phone"),
    ("teams.csv", "Q02,", "Q99,", 4, "patient_code"),
    ("teams.csv", "Q01,misa@t.example", "Q01,nobody@t.example", 3, "email"),
    ("teams.csv", "misa@t.example,M07,訪問看護,0", "misa@t.example,M01,訪問看護,0", 3,
     "organization_code"),
    ("teams.csv", "主治医", "", 2, "role_in_care"),
    ("teams.csv", "主治医", "主" * 51, 2, "role_in_care"),
    ("teams.csv", "主治医,1", "主治医,はい", 2, "manager"),
    ("teams.csv", "主治医,1", "主治医,0", 2, "manager"),
    ("teams.csv", "Q02,misa", "Q01,yu@h.example,M01,主治医,0\nQ02,misa", 4, "email"),
    ("teams.csv", "Q02,misa", "Q02,yu@h.example,M01,主治医,0\nQ02,misa", 4, "patient_code"),
    ("messages.jsonl", '"Q02"', '"Q99"', 3, "patient"),
    ("messages.jsonl", "yu@h.example", "ryo@t.example", 2, "author"),
    ("messages.jsonl", "2026-08-24T12:51", "2026-08-24T09:51", 2, "at"),
    ("messages.jsonl", "2026-08-24T04:00:00Z", "2026-08-24T14:00:00", 3, "at"),
    ("messages.jsonl", "2026-08-24T04:00:00Z", "2026-11-25T04:00:00Z", 3, "at"),
    ("messages.jsonl", "了解。", "", 2, "text"),
    ("messages.jsonl", "了解。", "\\u202e\\u0000 ", 2, "text"),
    ("messages.jsonl", "了解。", "薬" * 10_001, 2, "text"),
    ("messages.jsonl", '"text": "了解。"', '"body": "了解。", "text": "x"', 2, "body"),
    ("messages.jsonl", '"text": "了解。"', '"text": 5', 2, "text"),
    ("messages.jsonl", '{"patient": "Q01", "author": "yu', '{"author": "yu', 2, "patient"),
    ("messages.jsonl", '"了解。"}', '"了解。"', 2, ""),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "line", "column"), BAD_CELLS)
def test_a_bad_cell_is_one_fault_where_it_stands(read, file, old, new, line, column):
    folder = read(changed(file, (old, new)))
    assert places(folder) == [(file, line, column)]
    assert all(fault.message.strip() for fault in folder.faults)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_one_fault(read, file):
    assert places(read({file: None})) == [(file, 1, "")]


@pytest.mark.parametrize("file", [name for name in FILES if name != "messages.jsonl"])
def test_an_empty_file_is_one_fault(read, file):
    assert places(read({file: b""})) == [(file, 1, "")]


def test_vital_signs_of_a_message_are_read_and_what_cannot_be_is_a_fault(read):
    def with_vitals(written):
        first = FILES["messages.jsonl"].splitlines()[0]
        return {"messages.jsonl": first[:-1] + f', "vitals": {written}}}\n'}

    good = '{"systolic": 132, "diastolic": 74, "spo2": 96, "oxygen": 0, "by": "family"}'
    [message] = read(with_vitals(good)).messages
    assert message.measured.values == {"systolic": 132, "diastolic": 74, "spo2": 96}
    assert (message.measured.oxygen, message.measured.by) == (0, "family")
    for wrong in (
        '{"spo2": 101}', '{"spo2": "96"}', '{"spo2": true}', '{"spo2": 96, "spo2": 97}', "{}", "96",
        '{"diastolic": 74}', '{"systolic": 70, "diastolic": 74}', '{"fever": 38}', '{"by": "me"}',
        '{"pulse": 72, "meal": "before"}', '{"temperature": 36.55}', '{"spo2": NaN}',
        '{"spo2": 1e999}',
    ):  # fmt: skip
        assert places(read(with_vitals(wrong))) == [("messages.jsonl", 1, "vitals")], wrong


def test_a_region_in_which_nobody_has_written_yet_is_good(read):
    assert read({"messages.jsonl": b""}).faults == []


@pytest.mark.parametrize("file", FILES)
def test_a_workbook_in_disguise_is_one_fault_that_says_what_to_do(read, file):
    folder = read({file: b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256))})
    assert places(folder) == [(file, 1, "")]
    assert "CSV" in folder.faults[0].message


@pytest.mark.parametrize("file", ["organizations.csv", "staff.csv", "patients.csv", "teams.csv"])
def test_a_missing_column_is_one_fault_for_each(read, file):
    for column in FILES[file].splitlines()[0].split(","):
        rows = [row.split(",") for row in FILES[file].splitlines()]
        at = rows[0].index(column)
        content = "\n".join(",".join(row[:at] + row[at + 1 :]) for row in rows)
        assert places(read({file: content})) == [(file, 1, column)]


@pytest.mark.parametrize("file", ["organizations.csv", "staff.csv", "patients.csv", "teams.csv"])
def test_a_misspelt_or_unknown_column_is_one_fault(read, file):
    head, rest = FILES[file].split("\n", 1)
    first = head.split(",")[0]
    assert places(read({file: head.replace(first, "氏名", 1) + "\n" + rest})) == [(file, 1, first)]
    more = "\n".join(row + "," for row in rest.splitlines())
    assert places(read({file: f"{head},memo\n{more}"})) == [(file, 1, "memo")]


def test_a_table_without_header_is_one_fault(read):
    headless = PATIENTS.split("\n", 1)[1]
    assert places(read({"patients.csv": headless})) == [("patients.csv", 1, "")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("つむぎ訪問看護,つ", "つむぎ訪問看護,x,つ"),
        ("M07,訪問看護,", "M07,"),
        ("つむぎ訪問看護,", '"つむぎ訪問看護,'),
    ],
)
def test_a_row_of_the_wrong_shape_is_one_fault(read, old, new):
    folder = read(changed("organizations.csv", (old, new)))
    assert places(folder) == [("organizations.csv", 3, "")]


def test_an_open_quote_hides_nothing_after_it(read):
    content = STAFF.replace("医師,藤ヶ谷", '"医師,藤ヶ谷').replace("看護師,髙嶋", "看護士,髙嶋")
    found = places(read({"staff.csv": content}))
    assert ("staff.csv", 2, "") in found
    assert ("staff.csv", 4, "profession") in found


def test_bytes_that_are_no_text_are_faults_in_their_cells(read):
    content = PATIENTS.encode().replace("星見坂三丁目".encode(), b"\xff\xfe\xe6")
    assert places(read({"patients.csv": content})) == [("patients.csv", 2, "address")]


def test_bytes_that_are_no_text_in_cp932_are_faults_in_their_cells(read):
    content = ORGANIZATIONS.encode("cp932").replace("若葉町".encode("cp932"), b"\xff\xfd")
    assert places(read({"organizations.csv": content})) == [("organizations.csv", 3, "address")]


def test_all_faults_come_in_the_order_of_files_and_lines(read):
    folder = read(
        changed("messages.jsonl", ("了解。", ""))
        | changed("staff.csv", ("たかしま りょう", "髙嶋"), ("R8.4.1", "?"))
        | changed("organizations.csv", ("0000-00-1061", ""))
        | changed("region.toml", ("office@", "office"))
    )
    assert places(folder) == [
        ("region.toml", 6, "email"),
        ("organizations.csv", 3, "phone"),
        ("staff.csv", 2, "pledge_date"),
        ("staff.csv", 4, "kana"),
        ("messages.jsonl", 2, "text"),
    ]


def test_a_wrong_profession_suggests_the_nearest(read):
    folder = read(changed("staff.csv", ("看護師,髙嶋", "看護士,髙嶋")))
    sentence = "職種「看護士」が一覧にありません。近いもの:「看護師」"
    assert folder.faults == [Fault("staff.csv", 4, "profession", sentence)]


def test_parameters_are_judged_by_the_policy(read):
    def check(name, value):
        return "大きすぎます。" if value > 10 else None

    folder = read(check_parameter=check)
    assert folder.faults == [Fault("region.toml", 16, "session_hours", "大きすぎます。")]


def test_a_broken_region_file_is_one_fault_at_its_line(read):
    assert places(read(changed("region.toml", ('"0000-00-1900"', "0000-00")))) == [
        ("region.toml", 5, "")
    ]


def test_an_operators_person_may_also_be_staff(read):
    more = STAFF + "M01,事務,水城 遥,みずき はるか,女,mizuki@midorino.example,0,\n"
    assert read({"staff.csv": more}).faults == []


def test_a_manager_of_another_organization_is_allowed_besides(read):
    assert read(changed("teams.csv", ("M07,訪問看護,0", "M07,訪問看護,1"))).faults == []


def test_a_message_of_ten_thousand_characters_is_good(read):
    folder = read(changed("messages.jsonl", ("了解。", "薬" * 10_000)))
    assert folder.faults == []
    assert len(folder.messages[1].text) == 10_000


def test_an_emoji_flag_survives_and_hidden_controls_go(read):
    folder = read(changed("messages.jsonl", ("了解。", "\U0001f1ef\U0001f1f5\u202e了解\\u0007")))
    assert folder.faults == []
    assert folder.messages[1].text == "\U0001f1ef\U0001f1f5了解"


def test_a_line_that_refers_to_a_faulty_line_is_no_further_fault(read):
    """The codes meant are those that most lines refer to and nobody has."""
    folder = read(
        changed("organizations.csv", ("M07,訪問看護", "M01,訪問看護"))
        | changed("staff.csv", ("yu@h.example", "yu@h"), ("M07,看護師,髙嶋", "M99,看護師,髙嶋"))
        | changed("messages.jsonl", ("了解。", ""))
    )
    assert places(folder) == [
        ("organizations.csv", 3, "code"),
        ("staff.csv", 2, "email"),
        ("staff.csv", 4, "organization_code"),
        ("messages.jsonl", 2, "text"),
    ]


def test_only_the_line_that_goes_back_in_time_is_a_fault(read):
    times = ["10:00", "09:00", "09:30", "11:00"]
    content = "\n".join(
        line("Q01", "yu@h.example", f"2026-09-01T{at}:00+09:00", "了解。") for at in times
    )
    assert places(read({"messages.jsonl": content})) == [("messages.jsonl", 2, "at")]


def test_no_line_of_random_bytes_stops_the_reading(read):
    noise = random.Random(7)
    for file in FILES:
        for _ in range(60):
            data = bytearray(FILES[file].encode())
            for _ in range(noise.randrange(1, 8)):
                data[noise.randrange(len(data))] = noise.choice(b'",\n\r\x00\xff\x81{}[]=09aA ')
            folder = read({file: bytes(data)})
            assert all(fault.message and fault.line >= 1 for fault in folder.faults)


def test_ten_thousand_messages_take_well_under_five_seconds(read):
    content = "\n".join(
        line(
            "Q01", "yu@h.example", f"2026-09-01T{n // 600:02}:{n // 10 % 60:02}:00+09:00", "了解。"
        )
        for n in range(10_000)
    )
    before = time.process_time()
    folder = read({"messages.jsonl": content})
    assert folder.faults == []
    assert len(folder.messages) == 10_000
    assert time.process_time() - before < 2.5
