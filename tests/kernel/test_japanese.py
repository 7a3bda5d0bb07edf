"""Dates, kana, numbers and names as Japanese offices write them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel import japanese
from renkei.kernel.japanese import (
    DateTooEarly,
    EmailFault,
    NotADate,
    OutsideEra,
    PhoneFault,
    PostalCodeFault,
    parse_date,
)

pytestmark = pytest.mark.once

FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
FLAG = "\U0001f1ef\U0001f1f5"
TSUJI = "辻\U000e0100"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-22", date(2026, 11, 22)),
        ("2026/11/22", date(2026, 11, 22)),
        ("2026.11.22", date(2026, 11, 22)),
        ("2026年11月22日", date(2026, 11, 22)),
        ("２０２６－１１－２２", date(2026, 11, 22)),
        ("R8.11.22", date(2026, 11, 22)),
        ("R8/11/22", date(2026, 11, 22)),
        ("r8-11-22", date(2026, 11, 22)),
        ("令和8年11月22日", date(2026, 11, 22)),
        (" 令和　８年 １１月 ２２日 ", date(2026, 11, 22)),
        ("㋿8年11月22日", date(2026, 11, 22)),
        ("R元.5.1", date(2019, 5, 1)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("令和1年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("大正15年12月25日", date(1926, 12, 25)),
        ("T14.6.30", date(1925, 6, 30)),
        ("明治45年7月30日", date(1912, 7, 30)),
        ("M6.1.1", date(1873, 1, 1)),
        ("1948-02-29", date(1948, 2, 29)),
        ("2024-2-29", date(2024, 2, 29)),
    ],
)
def test_a_date_is_read_however_an_office_writes_it(written, meant):
    assert parse_date(written) == meant


@pytest.mark.parametrize(
    "written",
    ["昭和64年1月8日", "S64.1.8", "平成元年1月7日", "平成31年5月1日", "令和元年4月30日",
     "R0.1.1", "昭和元年12月24日", "大正15年12月26日", "T1.7.29"],
)  # fmt: skip
def test_a_date_outside_its_era_is_refused_with_a_sentence_about_the_era(written):
    with pytest.raises(OutsideEra, match=r"元号と年を確かめてください"):
        parse_date(written)


@pytest.mark.parametrize(
    "written",
    ["", "きのう", "2026-02-29", "2026-13-01", "2026-11/22", "11/22", "X8.1.1", "20261122",
     "令和8年11月", "2026-11-22x", "٢٠٢٦-١١-٢٢"],
)  # fmt: skip
def test_what_is_no_date_is_refused(written):
    with pytest.raises(NotADate):
        parse_date(written)


@pytest.mark.parametrize("written", ["1872-12-31", "M5.1.1", "0001-01-01"])
def test_a_day_before_the_gregorian_calendar_is_refused(written):
    with pytest.raises(DateTooEarly):
        parse_date(written)
    with pytest.raises(DateTooEarly):
        japanese.wareki(date(1872, 12, 31))


def test_every_day_since_1873_reads_back_from_its_era():
    day = date(1873, 1, 1)
    while day < date(2060, 1, 1):
        assert parse_date(japanese.wareki(day)) == day
        day += timedelta(days=1)


@given(st.dates(min_value=date(1873, 1, 1), max_value=date(2117, 1, 1)))
def test_a_day_reads_back_from_every_western_form(day):
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"):
        assert parse_date(day.strftime(form)) == day


@given(st.text())
def test_any_text_is_a_date_or_a_fault(text):
    try:
        parse_date(text)
    except japanese.DateFault as fault:
        assert str(fault)


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(1942, 3, 3), "昭和17年3月3日"),
        (date(1989, 1, 7), "昭和64年1月7日"),
        (date(1989, 1, 8), "平成元年1月8日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(1926, 12, 25), "昭和元年12月25日"),
        (date(1912, 7, 30), "大正元年7月30日"),
    ],
)
def test_a_day_is_written_in_its_era(day, written):
    assert japanese.wareki(day) == written


def test_a_day_is_written_with_its_weekday():
    assert japanese.format_date(date(2026, 11, 22)) == "2026年11月22日(日)"


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(1942, 3, 3), date(2026, 3, 2), 83),
        (date(1942, 3, 3), date(2026, 3, 3), 84),
        (date(1948, 2, 29), date(2026, 2, 28), 77),
        (date(1948, 2, 29), date(2026, 3, 1), 78),
        (date(2026, 3, 1), date(2026, 3, 1), 0),
    ],
)
def test_age_is_in_completed_years(birth, day, age):
    assert japanese.age_on(birth, day) == age


def test_nobody_has_an_age_before_birth():
    with pytest.raises(ValueError, match="生年月日より前"):
        japanese.age_on(date(2026, 3, 1), date(2026, 2, 28))


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("タカハシ", "たかはし"),
        ("ﾐﾄﾞﾘﾉ", "みどりの"),
        ("ﾊﾟｰﾄﾅｰ", "ぱーとなー"),
        ("ヴァン　ミン", "ゔぁん みん"),
        ("か\u3099っこう", "がっこう"),
        ("髙﨑𠮷" + TSUJI, "髙﨑𠮷" + TSUJI),
        ("㈱２４", "㈱２４"),
    ],
)
def test_kana_is_folded_and_nothing_else(written, folded):
    assert japanese.fold_kana(written) == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙橋", "高橋"), ("山﨑", "山崎"), ("山嵜", "山崎"), ("齋藤", "斎藤"), ("斉藤", "齊藤"),
        ("𠮷田", "吉田"), ("渡邊", "渡辺"), ("渡邉", "渡辺"), ("廣瀬", "広瀨"), ("辻󠄀", "辻"),
        ("櫻井", "桜井"), ("冨田", "富田"), ("中嶋", "中島"), ("眞田", "真田"), ("桒原", "桑原"),
        ("ﾀｶﾊｼ", "たかはし"), ("ガーゼ", "がーぜ"), ("ﾊﾟﾝ", "ぱん"), ("か\u3099", "ガ"),
        ("ＳｐＯ２", "spo2"), ("㌔", "キロ"), ("①", "1"), ("鎌ヶ谷", "鎌ケ谷"), ("頸部", "頚部"),
        ("高橋　節子", "高橋 節子"),
    ],
)  # fmt: skip
def test_what_people_take_for_the_same_is_folded_to_the_same(one, other):
    assert japanese.fold(one) == japanese.fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("高橋", "高崎"),
        ("褥瘡", "褥創"),
        ("はい", "ばい"),
        ("びょういん", "びよういん"),
        ("1", "2"),
    ],
)
def test_what_differs_stays_different(one, other):
    assert japanese.fold(one) != japanese.fold(other)


JAPANESE = st.text(
    st.sampled_from("髙﨑𠮷齋ｶﾞﾊﾟａＡ1１ 　\nがぱーヴ㈱㌔①辻\U000e0100か\u3099\u200b漢字、。")
)


@given(JAPANESE)
def test_what_is_folded_stands_where_it_is_said_to_stand(text):
    found = japanese.folded(text)
    assert found.text == japanese.fold(text)
    assert japanese.fold(found.text) == found.text
    for at in range(len(found.text)):
        first, end = found.stretch(at, at + 1)
        assert found.text[at] in japanese.fold(text[first:end])


@given(st.text())
def test_folding_twice_changes_nothing(text):
    once = japanese.fold_kana(text)
    assert japanese.fold_kana(once) == once


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("たかはし せつこ", True),
        ("ﾀｶﾊｼ ｾﾂｺ", True),
        ("ぶ・ばん みん", True),
        ("とくがわ ゑい", True),
        ("髙橋", False),
        ("Maria", False),
        ("", False),
        ("ー", False),
        ("たか1", False),
    ],
)
def test_a_reading_is_kana_alone(text, answer):
    assert japanese.is_kana(text) is answer


def test_readings_sort_like_a_dictionary():
    readings = ["かとう", "がとう", "かとうだ", "かっと", "カー", "かあ", "あべ", "たかはしま あ",
                "たかはし ん", "んだ"]  # fmt: skip
    assert sorted(reversed(readings), key=japanese.sort_key) == [
        "あべ", "かあ", "カー", "かっと", "かとう", "がとう", "かとうだ", "たかはし ん",
        "たかはしま あ", "んだ",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kana", "row"),
    [("がとう", "か"), ("ﾊﾟｰﾄ", "は"), ("ヴァン", "あ"), ("ゑい", "わ"), ("んだ", "わ"),
     ("っ", "た"), ("A", "他"), ("", "他")],
)  # fmt: skip
def test_a_reading_is_filed_under_its_row(kana, row):
    assert japanese.kana_row(kana) == row


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("０００0-00-１０６１", "0000-00-1061"),
        (" 0000001061 ", "0000001061"),
        ("090ー0000−0001", "090-0000-0001"),
        ("（0000）00－1061", "0000-00-1061"),
        ("0000(00)1061", "0000-00-1061"),
    ],
)
def test_a_phone_number_keeps_its_hyphens(written, number):
    assert japanese.normalise_phone(written) == number


@pytest.mark.parametrize(
    "written", ["", "0000-00-106", "0000-00-106123", "0000-00-1061内線2", "-0000-00-1061", "なし"]
)
def test_a_phone_number_has_ten_or_eleven_digits(written):
    with pytest.raises(PhoneFault):
        japanese.normalise_phone(written)


@pytest.mark.parametrize("written", ["000-0001", "0000001", "〒０００－０００１"])
def test_a_postal_code_has_seven_digits(written):
    assert japanese.normalise_postal_code(written) == "000-0001"


@pytest.mark.parametrize("written", ["", "000-001", "00-00001", "〒"])
def test_another_postal_code_is_refused(written):
    with pytest.raises(PostalCodeFault):
        japanese.normalise_postal_code(written)


def test_an_email_is_lower_case_and_half_width():
    assert japanese.normalise_email(" Taka＠Hoshimi.Example ") == "taka@hoshimi.example"


@pytest.mark.parametrize("written", ["", "a@b", "a b@c.example", "@c.example", "鷹@c.example"])
def test_what_is_no_email_is_refused(written):
    with pytest.raises(EmailFault):
        japanese.normalise_email(written)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("髙橋 節子", ("髙橋", "節子")),
        ("髙橋\u3000節子", ("髙橋", "節子")),
        ("グエン ティ ホア", ("グエン", "ティ ホア")),
        ("一", ("一", "")),
        (TSUJI + " 汐里", (TSUJI, "汐里")),
    ],
)
def test_a_name_parts_at_its_first_space(name, parts):
    assert japanese.split_name(name) == parts


@pytest.mark.parametrize(
    ("name", "kana", "shown"),
    [
        ("髙橋 節子", "たかはし せつこ", "た・せ"),
        ("髙橋 節子", "ﾀｶﾊｼ ｾﾂｺ", "た・せ"),
        ("一", "はじめ", "は"),
        (TSUJI + " 汐里", "", TSUJI + "・汐"),
    ],
)
def test_initials_are_the_first_kana_of_each_part(name, kana, shown):
    assert japanese.initials(name, kana) == shown


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("一行\r\n二行\r三行\n\t字下げ", "一行\n二行\n三行\n\t字下げ"),
        ("薬\x00を\x1b[31m3錠\x9f", "薬を[31m3錠"),
        ("\u202e54.61\u202c\u2067\u2069\u200f", "54.61"),
        (FAMILY + FLAG, FAMILY + FLAG),
        (TSUJI + "❤\ufe0f", TSUJI + "❤\ufe0f"),
        ("\ud800", ""),
    ],
)
def test_a_message_loses_only_what_cannot_be_seen(written, cleaned):
    assert japanese.clean_text(written) == cleaned


@given(st.text())
def test_a_cleaned_message_stays_as_it_is_and_can_be_stored(text):
    cleaned = japanese.clean_text(text)
    assert japanese.clean_text(cleaned) == cleaned
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned


def test_length_counts_code_points():
    assert japanese.length("𠮷" + FLAG) == 3


def test_a_hidden_character_in_a_cell_is_named():
    assert japanese.stray_control("髙橋\u202e") == "U+202E"
    assert japanese.stray_control("髙橋 節子\n") is None
