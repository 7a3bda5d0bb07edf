"""A list of people as offices have it: read from whatever it comes in, every fault told."""

import time
import zipfile
from datetime import date
from io import BytesIO

import pytest

from renkei.enrollment.roster import BYTES_MAX, LINES_MAX, Roster, read
from renkei.enrollment.roster.reading import (
    EMAIL_TWICE,
    FUTURE,
    MISSING,
    NO_ANSWER,
    NO_COLUMN,
    NO_DATE,
    NO_EMAIL,
    NO_KANA,
    NO_PROFESSION,
    NO_SEX,
    PERHAPS,
    STRAY,
    TOO_LONG,
    TOO_MANY,
    TOO_MANY_LINES,
    TWICE_COLUMN,
    UNQUOTED,
)
from renkei.enrollment.roster.reading import UNREADABLE as UNREADABLE_CHARACTER
from renkei.enrollment.roster.sheet import EMPTY, OLD
from renkei.enrollment.roster.words import find_profession
from renkei.enrollment.roster.workbook import MACROS, TOO_LARGE, UNREADABLE

pytestmark = pytest.mark.once

TODAY = date(2026, 11, 22)
HEAD = "氏名\tふりがな\t職種\t性別\tメールアドレス\t連携管理者\t誓約日\t講習日"
SATO = "佐藤　花\tサトウ ハナ\t正看護師\t女性\tSATO@Hoshimi.example\t1\t令和8年11月1日\t"


def the_only(found: Roster) -> tuple[int, str, str]:
    assert len(found.faults) == 1, found.faults
    fault = found.faults[0]
    return fault.line, fault.column, fault.message


def named(found: Roster) -> list[tuple[int, str, str]]:
    return [(one.line, one.column, one.message) for one in found.faults]


# ── Where it comes from ──────────────────────────────────────────────────────────────────────────


def workbook(rows: list[list[str]], *extra: tuple[str, bytes], sheet: str | None = None) -> bytes:
    """A small XLSX; cells that are digits are numbers."""
    strings: list[str] = []
    lines = []
    for at, cells in enumerate(rows, start=1):
        inside = []
        for place, cell in enumerate(cells):
            where = f"{'ABCDEFGHIJ'[place]}{at}"
            if cell.isdigit():
                inside.append(f'<c r="{where}"><v>{cell}</v></c>')
            elif cell:
                strings.append(cell)
                inside.append(f'<c r="{where}" t="s"><v>{len(strings) - 1}</v></c>')
        lines.append(f'<row r="{at}">{"".join(inside)}</row>')
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    texts = "".join(f"<si><t>{one}</t><rPh sb='0' eb='1'><t>ヨミ</t></rPh></si>" for one in strings)
    parts = {
        "xl/workbook.xml": f'<workbook {space} xmlns:r="{relation}"><sheets>'
        '<sheet name="隠し" sheetId="1" state="hidden" r:id="r9"/>'
        '<sheet name="名簿" sheetId="2" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": "<Relationships>"
        '<Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/sharedStrings.xml": f"<sst {space}>{texts}</sst>",
        "xl/worksheets/sheet1.xml": sheet
        or f"<worksheet {space}><sheetData>{''.join(lines)}</sheetData></worksheet>",
    }
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        for name, data in extra:
            archive.writestr(name, data)
    return made.getvalue()


@pytest.mark.clause("A8.5")
def test_pasted_from_excel() -> None:
    found = read(f"{HEAD}\r\n{SATO}\r\n\t\t\t\t\t\t\t\r\n", today=TODAY)
    assert found.faults == ()
    (sato,) = found.lines
    assert (sato.name, sato.kana, sato.profession, sato.sex) == (
        "佐藤 花", "さとう はな", "看護師", "女",
    )  # fmt: skip
    assert (sato.line, sato.email, sato.administrator) == (2, "sato@hoshimi.example", True)
    assert (sato.pledged_on, sato.trained_on, sato.desk) == (date(2026, 11, 1), None, False)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_file_in_any_usual_encoding_says_the_same(separator: str, encoding: str) -> None:
    text = f"{HEAD}\n{SATO}\n".replace("\t", separator)
    assert read(text.encode(encoding)).lines == read(f"{HEAD}\n{SATO}").lines


def test_a_workbook_says_the_same_with_days_as_excel_counts_them() -> None:
    head, sato = HEAD.split("\t"), SATO.split("\t")
    sato[6] = "46327"
    found = read(workbook([["職員名簿"], [], head, sato]), today=TODAY)
    assert found.faults == ()
    (line,) = found.lines
    assert (line.line, line.name, line.pledged_on) == (4, "佐藤 花", date(2026, 11, 1))


def test_a_cell_with_a_line_break_is_one_cell() -> None:
    found = read(f'{HEAD}\n"佐藤\n花"\tさとう はな\t医師\t\ts@a.example\t\t\t\n{SATO}')
    assert [(one.line, one.name) for one in found.lines] == [(2, "佐藤 花"), (4, "佐藤 花")]


def test_without_headings_the_usual_order_counts_and_the_sex_may_be_left_out() -> None:
    full = read("佐藤 花,さとう はな,看護師,女,s@a.example")
    short = read("佐藤 花,さとう はな,看護師,s@a.example")
    assert [one.email for one in (*full.lines, *short.lines)] == ["s@a.example"] * 2
    assert (full.faults, short.faults) == ((), ())


def test_surnames_and_given_names_may_stand_apart_and_other_columns_are_passed_over() -> None:
    found = read(
        "No.,姓,名,セイ,メイ,職種（必須）,e-mail,電話番号\n"
        "1,佐藤,花,サトウ,ハナ,Ns,s@a.example,0000-00-1061"
    )
    assert found.faults == ()
    assert found.ignored == ("No.", "電話番号")
    assert (found.lines[0].name, found.lines[0].kana) == ("佐藤 花", "さとう はな")
    assert found.lines[0].administrator is None


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("正看護師", "看護師"), ("ＮＳ", "看護師"), ("ケアマネ", "介護支援専門員"),
        ("ケアマネージャー", "介護支援専門員"), ("PT", "理学療法士"), ("Ｐ．Ｔ．", "理学療法士"),
        ("ヘルパー", "訪問介護員"), ("Dr.", "医師"), ("MSW", "医療ソーシャルワーカー"),
        ("看護師", "看護師"), ("宇宙飛行士", None), ("", None),
    ],
)  # fmt: skip
def test_professions_have_many_names(word: str, meant: str | None) -> None:
    assert find_profession(word) == meant


def test_an_address_of_a_desk_is_asked_about_and_is_no_fault() -> None:
    found = read("佐藤 花,さとう はな,看護師,女,info@hoshimi.example")
    assert found.faults == ()
    assert found.lines[0].desk


# ── What can be wrong ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("\tさとう はな\t医師\t\ta@a.example", "name", MISSING),
        ("佐藤 花\t\t医師\t\ta@a.example", "kana", MISSING),
        ("佐藤 花\t佐藤 花\t医師\t\ta@a.example", "kana", NO_KANA),
        ("佐藤 花\tさとう はな\t\t\ta@a.example", "profession", MISSING),
        ("佐藤 花\tさとう はな\t宇宙飛行士\t\ta@a.example", "profession", NO_PROFESSION),
        ("佐藤 花\tさとう はな\t看護士\t\ta@a.example", "profession", PERHAPS),
        ("佐藤 花\tさとう はな\t医師\t女子\ta@a.example", "sex", NO_SEX),
        ("佐藤 花\tさとう はな\t医師\t\ta@@a.example", "email", NO_EMAIL),
        ("佐藤 花\tさとう はな\t医師\t\t", "email", MISSING),
        ("佐藤 花\tさとう はな\t医師\t\tSATO@hoshimi.example", "email", EMAIL_TWICE),
        ("佐藤 花\tさとう はな\t医師\t\ta@a.example\t多分", "administrator", NO_ANSWER),
        ("佐藤 花\tさとう はな\t医師\t\ta@a.example\t\t済", "pledged_on", NO_DATE),
        ("佐藤 花\tさとう はな\t医師\t\ta@a.example\t\t2026-02-30", "pledged_on", NO_DATE),
        ("佐藤 花\tさとう はな\t医師\t\ta@a.example\t\t\t2026/11/23", "trained_on", FUTURE),
        ("佐\ue000藤 花\tさとう はな\t医師\t\ta@a.example", "name", UNREADABLE_CHARACTER),
        ("佐\ufffd藤 花\tさとう はな\t医師\t\ta@a.example", "name", UNREADABLE_CHARACTER),
        ("佐\u202e藤 花\tさとう はな\t医師\t\ta@a.example", "name", STRAY),
        ("佐" * 101 + "\tさとう はな\t医師\t\ta@a.example", "name", TOO_LONG),
        ("佐藤 花\tさとう はな\t医師\t\ta@a.example\t\t\t\t余り", "", TOO_MANY),
        ('"佐藤 花\tさとう はな\t医師\t\ta@a.example', "", UNQUOTED),
    ],
)
def test_a_fault_is_told_once_where_it_stands(line: str, column: str, message: str) -> None:
    found = read(f"{HEAD}\n{SATO}\n{line}", today=TODAY)
    assert the_only(found) == (3, column, message)
    assert [one.line for one in found.lines] == [2]


def test_all_faults_are_told_and_not_only_the_first() -> None:
    found = read(f"{HEAD}\n\tx\t?\t?\tx\t?\t?\t?\n{SATO}")
    assert [one.column for one in found.faults] == [
        "name", "kana", "profession", "sex", "email", "administrator", "pledged_on", "trained_on",
    ]  # fmt: skip
    assert {one.line for one in found.faults} == {2}


def test_missing_and_double_columns_are_told_at_the_headings_and_nobody_is_read() -> None:
    found = read("氏名,職種,職業\n佐藤 花,医師,医師")
    assert named(found) == [
        (1, "kana", NO_COLUMN),
        (1, "profession", TWICE_COLUMN),
        (1, "email", NO_COLUMN),
    ]
    assert found.lines == ()


def test_gaiji_of_cp932_are_unreadable_for_everybody_else() -> None:
    data = f"{HEAD}\n{SATO}".encode("cp932").replace("花".encode("cp932"), b"\xf0\x40", 1)
    assert the_only(read(data)) == (2, "name", UNREADABLE_CHARACTER)


# ── What is no list at all ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("data", [b"", "", "\r\n\t\t\r\n", b"\xef\xbb\xbf", ",,,\n"])
def test_nothing(data: bytes | str) -> None:
    assert the_only(read(data)) == (0, "", EMPTY)


def test_headings_alone_are_nobody() -> None:
    assert the_only(read(HEAD)) == (0, "", "Nobody is in the list.")


def _bomb() -> bytes:
    return workbook([], sheet="<worksheet>" + " " * (25 * 1024 * 1024) + "</worksheet>")


_ENTITY = '<!DOCTYPE a [<!ENTITY b "c">]><worksheet><sheetData/></worksheet>'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a" * (BYTES_MAX + 1), TOO_LARGE),
        (b"\xd0\xcf\x11\xe0 old Excel, or locked", OLD),
        (b"PK\x03\x04 no archive at all", UNREADABLE),
        (workbook([["氏名"]], ("xl/vbaProject.bin", b"x")), MACROS),
        (workbook([["氏名"]], *((f"p{at}", b"") for at in range(500))), TOO_LARGE),
        (_bomb(), TOO_LARGE),
        (workbook([], sheet=_ENTITY), UNREADABLE),
        (workbook([], sheet="<worksheet><sheetData>"), UNREADABLE),
        (workbook([["氏名"]])[:-40], UNREADABLE),
        (workbook([]), EMPTY),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(data: bytes, message: str) -> None:
    assert the_only(read(data)) == (0, "", message)


def test_more_lines_than_an_organization_has_people_are_refused() -> None:
    lines = "\n".join(SATO for _ in range(LINES_MAX + 1))
    assert the_only(read(f"{HEAD}\n{lines}")) == (0, "", TOO_MANY_LINES)


def test_three_hundred_lines_are_read_in_no_time() -> None:
    lines = "\n".join(SATO.replace("SATO", f"sato{at}") for at in range(300))
    began = time.perf_counter()
    found = read(f"{HEAD}\n{lines}".encode("cp932"), today=TODAY)
    assert time.perf_counter() - began < 0.5
    assert len(found.lines) == 300
