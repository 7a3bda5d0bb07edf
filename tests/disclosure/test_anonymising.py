"""What says who somebody is, found in the notations of care workers, and put otherwise (A16.d)."""

import re
from datetime import date
from time import process_time

import pytest

from renkei.disclosure import anonymising, dating, notation
from renkei.disclosure.anonymising import (
    CHANGE,
    LEAVE,
    TAKE,
    Decision,
    Known,
    Person,
    applied,
    decade,
    find,
    still_there,
    undecided,
)
from renkei.disclosure.notation import comparable, fold, number

pytestmark = [pytest.mark.once, pytest.mark.clause("A16.d")]

KNOWN = Known(
    people=(
        Person("髙橋 ハナ", "たかはし はな", "A氏", strict=True),
        Person("𠮷田 一", "よしだ はじめ", "長男", strict=True),
        Person("山﨑 茜", "やまざき あかね", "長女", strict=True),
        Person("林 春", "はやし はる", "家族", strict=True),
        Person("渡邉 陽子", "わたなべ ようこ", "看護師"),
    ),
    organizations=("若葉訪問看護ステーション", "髙橋医院"),
    addresses=("みどり野市若葉町2-3-4",),
    numbers=("0000-00-0101", "0000123456"),
    born=date(1937, 3, 5),
    written=date(2026, 11, 20),
    shift=-17,
)


def taken_out(text: str, known: Known = KNOWN) -> str:
    """The text with every proposal taken."""
    found = find(text, known)
    return applied(text, found, {one.key: Decision(TAKE) for one in found})


NAMES = [
    "髙橋ハナさんの件で相談です",
    "高橋 ハナ様、食欲がありません",
    "髙橋　ハナさま",
    "ﾀｶﾊｼﾊﾅさんの薬が余っています",
    "たかはし　はな さん、退院です",
    "タカハシ・ハナ氏",
    "Hana Takahashi, BP 120/70",
    "HANA TAKAHASHI 様",
    "takahasi hana 様",
    "H. Takahashi さん",
    "髙橋さん宅のハナさんが",
    "髙橋さん（88歳、ハナ様）",
    "吉田一さんの褥瘡",
    "よしだ はじめさん",
    "山崎茜様から電話",
    "ヤマザキ アカネさんの後に伺います",
    "林 春さん、受診",
    "林さんに電話",
    "渡辺陽子さんと同行",
    "髙\U000e0101橋ハナ様",
    "髙\u200b橋ハナ様",
]


@pytest.mark.parametrize("text", NAMES)
def test_no_known_name_is_left_however_it_is_written(text: str) -> None:
    left = comparable(taken_out(text))
    for name in (
        "高橋",
        "はな",
        "吉田",
        "山崎",
        "茜",
        "渡辺",
        "陽子",
        "林",
        "takahas",
        "たかはし",
        "よしだ",
    ):
        assert name not in left, left


@pytest.mark.parametrize(
    "text", ["林の中を散歩する企画です", "春の勉強会のお知らせ", "一から説明します"]
)
def test_a_name_of_one_letter_is_no_name_without_being_called_so(text: str) -> None:
    assert find(text, KNOWN) == []


BIRTH_DATES = [
    "昭和12年3月5日", "昭和12年03月05日", "昭和十二年三月五日", "昭12.3.5", "S12.3.5", "S12/3/5",
    "S12-03-05", "Ｓ１２．３．５", "ｓ12年3月5日生", "S120305", "3-120305", "1937年3月5日",
    "1937/3/5", "1937-03-05", "1937.03.05", "19370305", "'37/3/5", "3/5/1937", "Mar 5, 1937",
    "㍼12年3月5日", "生年月日：昭和12年3月5日", "昭和12年3月生まれ", "一九三七年三月五日",
]  # fmt: skip


@pytest.mark.parametrize("written", BIRTH_DATES)
def test_the_birth_date_is_found_in_every_notation_and_may_not_stay(written: str) -> None:
    text = f"主訴は腰痛。{written}、女性。"
    births = [one for one in find(text, KNOWN) if one.kind == "birth"]
    assert len(births) == 1 and births[0].strict, find(text, KNOWN)
    assert not any(sign in taken_out(text) for sign in ("12", "37", "昭和", "S1", "三月"))
    assert undecided(births, {births[0].key: Decision(LEAVE)}) == births


def test_the_birth_date_of_anybody_is_found_where_it_is_said_to_be_one() -> None:
    found = find("妹さんは昭和20年8月1日生まれ、DOB 1950-02-03", KNOWN)
    assert [one.kind for one in found] == ["birth", "birth"]


@pytest.mark.parametrize(
    ("written", "moved"),
    [
        ("2026年11月3日", "2026年10月17日"),
        ("令和8年11月3日", "令和8年10月17日"),
        ("R8.11.3", "令和8年10月17日"),
        ("2026/11/03", "2026/10/17"),
        ("11月3日", "10月17日"),
        ("11/3", "10/17"),
        ("2026年10月", "2026年9月"),
        ("平成元年1月10日", "昭和63年12月24日"),
    ],
)
def test_dates_are_moved_by_the_same_days(written: str, moved: str) -> None:
    assert taken_out(f"{written}から発熱") == f"{moved}から発熱"


def test_what_lies_long_ago_is_said_by_its_decade() -> None:
    assert taken_out("昭和40年に胃切除") == "1960年代に胃切除"


def test_two_dates_of_one_extract_stay_as_far_apart() -> None:
    assert taken_out("11月3日に転倒、11月6日に受診") == "10月17日に転倒、10月20日に受診"


@pytest.mark.parametrize(
    "text",
    ["S12.5mgを2錠", "体温37.3、脈35", "BP 130/80", "SpO2 96%", "1/2錠を朝夕", "3日前から", "5日間",
     "要介護3", "12時30分", "2回目"],
)  # fmt: skip
def test_doses_and_measures_are_no_dates(text: str) -> None:
    assert [one for one in find(text, KNOWN) if one.kind in ("date", "birth", "age")] == []


@pytest.mark.parametrize(
    ("written", "put"),
    [("89歳", "80代"), ("８９才", "80代"), ("八十八歳", "80代"), ("満100歳", "90歳以上"),
     ("7歳", "10歳未満"), ("88 y/o", "80代")],
)  # fmt: skip
def test_ages_become_decades(written: str, put: str) -> None:
    assert taken_out(f"{written}女性") == f"{put}女性"


def test_decades_say_nothing_of_the_oldest_and_the_youngest() -> None:
    assert [decade(age) for age in (0, 9, 10, 79, 89, 90, 104)] == [
        "10歳未満", "10歳未満", "10代", "70代", "80代", "90歳以上", "90歳以上"
    ]  # fmt: skip


NUMBERS = [
    "0000-00-0101", "(0000)00-0101", "0000(00)0101", "0000 00 0101", "0000000101",
    "０００００００１０１", "0000ー00ー0101", "0000‐00‐0101", "090-0000-0102", "090 0000 0102",
    "+81 90 0000 0102", "〇九〇－〇〇〇〇－〇一〇二", "被保険者番号0000123456", "0000-123-456",
    "1234 5678 9012", "カルテ番号 A-1234", "hana@example.org", "https://example.org/h",
]  # fmt: skip


@pytest.mark.parametrize("written", NUMBERS)
def test_numbers_and_addresses_by_which_one_is_reached_are_found(written: str) -> None:
    left = taken_out(f"連絡は{written}へ")
    assert "（番号）" in left
    assert not any(one.isdigit() or one in "〇九@" for one in left), left


@pytest.mark.parametrize(
    "written",
    [
        "若葉町2-3-4",
        "若葉町二丁目3番4号",
        "若葉町2丁目3番地の4",
        "みどり野市若葉町2-3-4",
        "若葉町２－３－４",
    ],
)
def test_where_the_patient_lives_may_not_stay(written: str) -> None:
    found = find(f"{written}に伺いました", KNOWN)
    assert found and all(one.strict for one in found if one.kind == "place")
    assert "若葉" not in taken_out(f"{written}に伺いました")
    assert not any(one.isdigit() for one in taken_out(f"{written}に伺いました"))


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("星見市民病院に入院", "星見"),
        ("若葉訪問看護ステーションから連絡", "若葉"),
        ("髙橋医院を受診", "髙橋"),
        ("埼玉県朝霞市から転居", "朝霞"),
        ("メゾン若葉201号室", "201"),
        ("本日山田さんが訪問", "山田"),
        ("佐々木医師に報告", "佐々木"),
        ("長谷川ケアマネに相談", "長谷川"),
        ("T.H.様の娘", "T.H."),
    ],
)
def test_places_organizations_and_whoever_is_called_by_a_name(text: str, gone: str) -> None:
    assert gone not in taken_out(text)


@pytest.mark.parametrize(
    "text",
    [
        "娘さんとヘルパーさんに説明",
        "ご家族様は同席",
        "主治医先生の指示",
        "皆さんで共有",
        "患者様の希望",
        "本日訪問しました",
    ],
)
def test_kinship_and_professions_are_no_names(text: str) -> None:
    assert [one.text for one in find(text, KNOWN) if one.kind == "name"] == []


def test_what_stands_before_a_name_stays() -> None:
    assert taken_out("本日山田さんが訪問") == "本日○○さんが訪問"


def test_a_person_decides_each_place() -> None:
    text = "髙橋ハナさん、11月3日に星見病院を受診"
    name, day, place = find(text, KNOWN)
    assert [one.kind for one in (name, day, place)] == ["name", "date", "organization"]
    decided = {
        name.key: Decision(TAKE),
        day.key: Decision(LEAVE),
        place.key: Decision(CHANGE, "近くの病院"),
    }
    assert applied(text, [name, day, place], decided) == "Aさん、11月3日に近くの病院を受診"
    assert undecided([name, day, place], decided) == []
    assert undecided([name, day, place], {name.key: Decision(TAKE)}) == [day, place]
    assert undecided([name], {name.key: Decision(LEAVE)}) == [name]
    assert undecided([day], {day.key: Decision("keep")}) == [day]


def test_what_may_never_leave_is_found_in_what_somebody_wrote_themselves() -> None:
    for extract in ("はなさんは元気", "高橋 ハナ", "S12.3.5", "若葉町2-3-4", "0000-00-0101"):
        assert still_there(f"近況: {extract}", KNOWN), extract
    assert still_there("A氏は80代、10月17日に受診", KNOWN) == []
    assert still_there("Aさんは80代、10月17日に受診", KNOWN) == []


def test_the_original_is_cut_where_it_stands_however_it_is_folded() -> None:
    text = "ｶﾞﾗｽ越しにﾀｶﾊｼﾊﾅさん、㍼12年3月5日。"
    folded = fold(text)
    assert len(folded.narrow) == len(folded.plain) == len(folded.starts) == len(folded.ends)
    assert "".join(one.text for one in find(text, KNOWN)) == "ﾀｶﾊｼﾊﾅ㍼12年3月5日"
    assert taken_out(text) == "ｶﾞﾗｽ越しにAさん、（生年月日）。"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12", 12),
        ("十二", 12),
        ("二〇", 20),
        ("元", 1),
        ("百三", 103),
        ("三十", 30),
        ("", None),
        ("x", None),
    ],
)
def test_numbers_in_kanji(written: str, value: int | None) -> None:
    assert number(written) == value


HOSTILE = (
    "a.",
    "1-",
    "S1",
    "a@",
    "0-",
    "一.",
    "1日",
    "アa",
    "昭1",
    "髙橋 ",
    "taka",
    "みどり",
    "亜",
)


def test_no_text_holds_the_server_up() -> None:
    """Whoever writes what another will open in the editor chooses the text."""
    slowest = 0.0
    for piece in HOSTILE:
        text = (piece * 20_000)[:20_000]
        for pattern in _patterns_of_all():
            before = process_time()
            for _ in pattern.finditer(text):
                pass
            slowest = max(slowest, process_time() - before)
    assert slowest < 0.2
    before = process_time()
    find("1日" * 10_000, KNOWN)
    assert process_time() - before < 2


def _patterns_of_all() -> list[re.Pattern[str]]:
    made = [one for page in (anonymising, dating, notation) for one in vars(page).values()]
    named = [re.compile(one) for who in KNOWN.people for one, _ in anonymising._patterns(who)]
    return [one for one in (*made, *dating._FULL, *named) if isinstance(one, re.Pattern)]


def test_a_long_text_takes_no_time() -> None:
    text = "髙橋ハナさん、11月3日に星見病院を受診。" * 450
    assert len(text) < 10_000
    assert len(find(text, KNOWN)) == 3 * 450
