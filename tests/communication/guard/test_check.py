"""What drafts give away: judged as labelled drafts say, in one place and another."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from renkei.communication.guard import emergency, learned, names
from renkei.communication.guard.check import DIRECT, FREE, check
from renkei.communication.guard.folding import fold, key_of
from renkei.communication.guard.numbers import own_number_checks
from renkei.communication.guard.roster import Roster, make_ready
from renkei.communication.guard.said import sentence_ends
from renkei.communication.guard.words import WHY
from renkei.communication.guard.writings import Person, of_patient
from renkei.config.management.commands.guard import Command, roster_of

HERE = Path(__file__).parent
REGION = HERE.parents[2] / "examples" / "midorino" / "messages.jsonl"
TODAY = date(2026, 11, 27)
FIRST, SECOND, THIRD = "roster", "roster_second", "roster_third"
# A set is held out only for the number that was measured before the guard was mended by it; since
# then it only keeps what was reached. What is said of each: verdicts right, and of emergencies
# precision (P) and recall (R), then. From the fourth on they were written to be hard: by many
# voices, with what happens just as often beside it that sounds like an emergency and is none. After
# the measuring one label was put right (in the fourth, a date that is a patient's day of birth) and
# two drafts that can be read either way were left out (one each of the ninth and the eleventh).
SETS = {
    "drafts": (1478, FIRST),  # written with the guard at hand
    "drafts_by_sign": (560, SECOND),  # the same: many ways to say what is seen; verdicts all pass
    "drafts_held_out": (270, FIRST),  # 269 verdicts right then, P .91 R .98
    "drafts_second_held_out": (256, FIRST),  # 252 right then, P .91 R .91
    "drafts_third_held_out": (184, FIRST),  # 183 right then, P .94 R .97
    "drafts_fourth_held_out": (414, SECOND),  # 411 right then, P .83 R .89
    "drafts_fifth_held_out": (305, FIRST),  # 305 right then, P .81 R .77
    "drafts_sixth_held_out": (220, SECOND),  # 220 right then, P .89 R .74
    "drafts_seventh_held_out": (185, SECOND),  # emergencies alone: P .85 R .76
    "drafts_eighth_held_out": (231, SECOND),  # the same, in plainer words: P .954 R .945
    "drafts_ninth_held_out": (161, SECOND),  # in words that no list holds: P .85 R .56
    "drafts_tenth_held_out": (192, SECOND),  # in plainer words: P .946 R .946
    "drafts_eleventh_held_out": (197, SECOND),  # hard again: 197 of 198 right, P .86 R .83
    "drafts_twelfth_held_out": (120, SECOND),  # in plainer words: P .934 R .950
    "drafts_thirteenth_held_out": (125, SECOND),  # once more: P .934 R .950
    "drafts_fourteenth_held_out": (105, SECOND),  # between hard and plain: P .98 R .82
    "drafts_fifteenth_held_out": (200, SECOND),  # longer, in plain words: P .935 R .956
    "drafts_sixteenth_held_out": (200, SECOND),  # longer and harder: P .92 R .77
    "drafts_seventeenth_held_out": (200, SECOND),  # each a hard case: P .69 R .44; then P .73 R .68
    "drafts_practised": (1314, SECOND),  # near misses and rare words, written to mend by
    "drafts_eighteenth_held_out": (150, SECOND),  # in other words, after that: P .91 R .75
    "drafts_nineteenth_held_out": (609, THIRD),  # all right then, P .96 R .95; charts lost theirs
}
LEARNED = {
    "drafts_learned_first": 2566,  # written to be learned from, by five voices
    "drafts_learned_second": 1600,  # rare ones, several sentences, one thumb
    "drafts_learned_third": 1630,  # without the words one expects, and long reports
    "drafts_learned_fourth": 1300,  # what is broken, late, not there; one line each
    "drafts_learned_fifth": 1200,  # persons as usual, and every form of asking
    "drafts_learned_sixth": 525,  # charts with full stops, chat of three words
    "drafts_learned_pairs": 98,  # those below
}
# Never learned from and never mended by. Written from the definition alone, each by another hand.
# Precision and recall of the lists alone, and with what was learned.
UNREAD = {
    "drafts_unread_first": 300,  # P .91 R .99; P .97 R .98
    "drafts_unread_second": 300,  # half in unexpected words: P .85 R .98; P .95 R .98
    "drafts_unread_third": 250,  # short: P .94 R .95; P 1.0 R .98
    "drafts_unread_fourth": 300,  # hard, in dialects too: P .82 R .90; P .96 R .95
    "drafts_unread_fifth": 320,  # a quarter long: P .92 R .99; P .98 R .98
    "drafts_unread_sixth": 400,  # mostly errands, one emergency in seven: P .88 R .98; P .89 R .98
    "drafts_unread_seventh": 400,  # a week, one emergency in five: P .92 R .99; P .99 R .99
    "drafts_unread_eighth": 500,  # half in charting style; P .97 R .99 with what was learned
}


@pytest.fixture(scope="module")
def rosters() -> dict[str, Roster]:
    return {
        name: roster_of(json.loads((HERE / f"{name}.json").read_text(encoding="utf-8")))
        for name in (FIRST, SECOND, THIRD)
    }


@pytest.fixture(scope="module")
def roster(rosters) -> Roster:
    return rosters[FIRST]


def drafts(name):
    lines = (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def place(group):
    return group.removeprefix("patient:")


@pytest.mark.clause("A12.2")
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("https://renkei.example/groups/ab12cd34-0000-4000-8000-1234567890{}f", "pass"),
        ("確認キー 3fa9c{}be", "pass"),
        ("端末 ZX-{}-A1 を交換しました", "pass"),
        ("資料は 8f3c0a1b-{}-{}-{}-9ab0cdef1234", "pass"),
        ("番号を控えました。{}でした", "stop"),
        ("({})", "stop"),
        ("マイナンバーは{}x", "stop"),
    ],
)
def test_digits_within_something_longer_are_nobodys_number(text, verdict, roster):
    number = "123456789018"  # its check digit is right
    assert own_number_checks(number)
    parts = [number] if text.count("{}") == 1 else [number[:4], number[4:8], number[8:]]
    assert check(text.format(*parts), FREE, roster, TODAY).verdict == verdict


@pytest.mark.once
@pytest.mark.clause("A12.2")
@pytest.mark.clause("A13.2")
@pytest.mark.clause("N3.3")
@pytest.mark.parametrize("name", SETS)
def test_verdicts_are_right_in_97_of_100(name, rosters):
    labelled = drafts(name)
    size, whose = SETS[name]
    assert len(labelled) == size
    wrong = [
        one
        for one in labelled
        if check(one["text"], place(one["group"]), rosters[whose], TODAY).verdict != one["verdict"]
    ]
    assert len(wrong) <= len(labelled) * 0.03, wrong


@pytest.mark.once
@pytest.mark.clause("N4.9")
@pytest.mark.parametrize("name", SETS)
def test_emergencies_are_found_and_what_is_none_is_not(name, rosters):
    roster = rosters[SETS[name][1]]
    shown = {True: [], False: []}
    missed = []
    for one in drafts(name):
        if check(one["text"], place(one["group"]), roster, TODAY).phone:
            shown[one["phone"]].append(one["text"])
        elif one["phone"]:
            missed.append(one["text"])
    right, wrong = len(shown[True]), len(shown[False])
    assert right / (right + wrong) >= 0.95, shown[False]
    assert right / (right + len(missed)) >= 0.95, missed


def precision_and_recall(texts: list[tuple[str, bool]]) -> tuple[float, float]:
    nobody = make_ready([])
    shown = [emergency for text, emergency in texts if check(text, DIRECT, nobody, TODAY).phone]
    return sum(shown) / len(shown), sum(shown) / sum(emergency for _, emergency in texts)


@pytest.mark.once
@pytest.mark.clause("N4.9")
@pytest.mark.parametrize("sets", [LEARNED, UNREAD], ids=["learned", "unread"])
def test_emergencies_are_found_in_drafts_of_many_hands(sets):
    texts = [(one["text"], one["phone"]) for name in sets for one in drafts(name)]
    assert len(texts) == sum(sets.values())
    precision, recall = precision_and_recall(texts)
    assert precision >= 0.95 and recall >= 0.95, (precision, recall)


@pytest.mark.once
@pytest.mark.clause("N4.9")
def test_an_emergency_is_found_in_the_middle_of_an_ordinary_report():
    every_day = [json.loads(one)["text"] for one in REGION.read_text("utf-8").splitlines()[1::2]]
    unread = [(one["text"], one["phone"]) for name in UNREAD for one in drafts(name)]
    chance = random.Random(7)
    reports = [
        (f"{chance.choice(every_day)}\n{text}\n{chance.choice(every_day)}", emergency)
        for text, emergency in unread
    ]
    precision, recall = precision_and_recall(reports)
    assert precision >= 0.95 and recall >= 0.95, (precision, recall)


@pytest.mark.once
@pytest.mark.clause("N4.9")
@pytest.mark.parametrize("order", ["{0}、{1}", "{1}、{0}"], ids=["before", "behind"])
@pytest.mark.parametrize("much", [1, 3])
def test_no_emergency_is_hidden_by_what_is_harmless_in_the_same_sentence(much, order):
    """Whoever is in a hurry writes commas alone; only what is told by itself can be hidden."""
    region = [json.loads(one)["text"] for one in REGION.read_text("utf-8").splitlines()[1::2]]
    every_day = ["、".join(re.split(r"[。!?！？\n\s]+", text.strip("。\n"))) for text in region]
    told = [(one["text"].strip("。"), one["phone"]) for name in UNREAD for one in drafts(name)]
    chance = random.Random(7)
    reports = [
        (order.format("、".join(chance.sample(every_day, much)), text), emergency)
        for text, emergency in told[::3]
    ]
    precision, recall = precision_and_recall(reports)
    assert precision >= 0.85 and recall >= 0.88, (precision, recall)


@pytest.mark.once
def test_what_was_learned_is_of_these_drafts():
    files = sorted(file for file in HERE.glob("drafts*.jsonl") if "unread" not in file.name)
    of_these = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    said = learned.FILE.read_text(encoding="utf-8").split("\n", 1)[0]
    assert said == f"# learned from drafts {of_these}", "make learned"


@pytest.mark.once
@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("SpO2 84%です", "spo危 危危%です"),
        ("SpO2 97%です", "spo常 常常%です"),
        ("先月はSpO2 84%でした", "先月はspo常 常常%でした"),
        ("119番しました、11時9分", "救急車番しました、00時0分"),
        ("ｶｵｲﾛ ﾜﾙｲ", "かおいろわるい"),
    ],
)
def test_letters_are_learned_without_what_they_cannot_read(text, letters):
    known = emergency.letters_of(fold(text))
    measured = emergency.measured_in(known, sentence_ends(known))
    assert learned.as_learned(known, measured) == letters and len(letters) == len(known)


@pytest.mark.once
def test_there_are_enough_of_each():
    all_of_them = [one for name in SETS for one in drafts(name)]
    emergencies = [one for one in all_of_them if one["phone"]]
    near = [one for one in all_of_them if not one["phone"] and one["verdict"] == "pass"]
    assert len(all_of_them) >= 600 and len(emergencies) >= 100 and len(near) >= 100


@pytest.mark.once
@pytest.mark.parametrize("name", SETS)
def test_each_finding_says_where_it_stands_and_why(name, rosters):
    roster = rosters[SETS[name][1]]
    for one in drafts(name):
        for found in check(one["text"], place(one["group"]), roster, TODAY).findings:
            assert 0 <= found.start < found.end <= len(one["text"])
            assert found.why in WHY


@pytest.mark.once
def test_the_place_is_that_of_the_text_as_written(roster):
    text = "件名：Ｒｅ\n㍼１２年３月５日生の ﾀｶﾊｼ ﾊﾅさん\u200b"
    found = check(text, FREE, roster, TODAY).findings
    assert [text[one.start : one.end] for one in found] == ["㍼１２年３月５日", "ﾀｶﾊｼ ﾊﾅ"]


@pytest.mark.once
@pytest.mark.clause("N3.3")
def test_of_two_who_share_a_name_the_groups_own_is_nobody_else():
    roster = make_ready(
        [
            Person("a", "渡邉 陽子", "わたなべ ようこ", "1935-01-01"),
            Person("b", "渡邊 洋子", "わたなべ ようこ", "1935-11-01"),
        ]
    )
    assert check("わたなべようこ様の薬", "a", roster, TODAY).verdict == "pass"
    assert check("渡辺洋子様の薬", "a", roster, TODAY).verdict == "ask"
    assert check("昭和10年11月1日の方", "a", roster, TODAY).verdict == "ask"
    assert check("わたなべようこ様の薬", DIRECT, roster, TODAY).verdict == "ask"


@pytest.mark.once
@pytest.mark.clause("A12.2")
@pytest.mark.parametrize("town", ["緑ヶ丘", "緑ケ丘", "緑が丘"])
def test_a_place_is_known_however_its_ga_is_written(town):
    roster = make_ready([Person("a", "森 光", "もり ひかる", "1947-02-03", (), f"{town}4-5-5")])
    for written in ("緑ヶ丘4-5-5の件", "緑ケ丘4丁目5番5号", "緑が丘4-5-5のお宅"):
        assert check(written, FREE, roster, TODAY).verdict == "stop", written


@pytest.mark.once
def test_somebody_without_patients_is_still_held_back_from_anybodys_birth_date():
    nobody = make_ready([])
    assert check("昭和12年3月5日生の方", FREE, nobody, TODAY).verdict == "stop"
    assert check("髙橋ハナさん", FREE, nobody, TODAY).verdict == "pass"


@pytest.mark.once
def test_a_day_to_come_is_nobodys_birthday():
    assert check("2026年12月24日生", FREE, make_ready([]), date(2026, 11, 27)).verdict == "pass"
    assert check("2026年12月24日生", FREE, make_ready([]), date(2027, 1, 5)).verdict == "stop"


@pytest.mark.once
def test_a_name_in_one_piece_is_told_from_its_reading():
    roster = make_ready([Person("a", "髙橋ハナ", "たかはし はな")])
    for text in ("高橋 はなさん", "Hana Takahashi", "髙橋さん宅のハナさん"):
        assert check(text, FREE, roster, TODAY).verdict == "stop", text


@pytest.mark.once
@pytest.mark.parametrize(
    "odd", ["", "\u200b", "\U000e0100", "ﾞ", "々", "\x00", "さん" * 3000, "1-" * 3000, "年" * 3000]
)
def test_whatever_is_written_it_is_judged(odd, roster):
    assert check(odd, FREE, roster, TODAY).verdict == "pass"


@pytest.mark.once
@pytest.mark.clause("N3.3")
def test_a_house_of_two_is_the_groups_own():
    roster = make_ready(
        [
            Person("a", "鈴木 幸", "すずき さち", "1936-11-23", (), "かえで市東雲2-8-16"),
            Person("b", "鈴木 健一", "すずき けんいち", "1950-12-05", (), "かえで市東雲2-8-16"),
            Person("c", "森 光", "もり ひかる", "1947-02-03", (), "かえで市西原町31番地"),
        ]
    )
    assert check("東雲2-8-16に伺いました", "a", roster, TODAY).verdict == "pass"
    assert check("東雲2-8-16に伺いました", "c", roster, TODAY).verdict == "ask"


@pytest.mark.once
@pytest.mark.clause("N4.9")
@pytest.mark.parametrize(
    ("stated", "otherwise"),
    [
        ("胸が痛いです", "胸が痛くなることはありますか"),  # asked
        ("けいれんしています", "けいれんが続くなら救急要請という指示です"),  # supposed
        ("死にたいとおっしゃいます", "死にたいほど恥ずかしかったそうです"),  # likened
        ("呼吸が苦しいそうです", "「呼吸が苦しい」と英語でどう言いますか"),  # as words
        ("意識消失しました", "意識消失のため受診したと記録にあります"),  # remembered
        ("吐血しました", "吐血のような徴候は認められませんでした"),  # denied
        ("けいれんしました", "けいれんしましたが、現在は普段どおりです"),  # over
        ("胸痛を訴えています", "心筋梗塞の既往、胸痛の経験があります"),
        ("心筋梗塞の既往あり、胸痛を訴えています", "既往: 心筋梗塞、てんかん"),
        ("近所の方から、倒れていると連絡がありました", "近所の方が倒れたそうです"),
        ("意識ないです どうしたらいいですか", "意識がなくなったらどうしたらいいですか"),
        ("ｱﾀﾏｦ ｳｯﾃ ﾊｷﾏｼﾀ", "ｱﾀﾏﾊ ｳｯﾃﾏｾﾝ"),
        ("めまいがひどく吐き続け、座れません", "めまいは薬で軽くなりました"),  # signs together
        # the cause stands in the comment, or in what is named as the topic
        ("首が腫れ、息が荒いです", "首が腫れているのは虫刺されの跡だけです"),
        ("顔がゆがんでいます", "顔がゆがんで写るのは古い鏡のせいです"),
        ("血を吐かれました", "血を吐いたというのは猫の話でした"),
        # what was feared, heard or seen was something else
        ("返事がなく、床に倒れています", "返事がなく驚きましたが、耳栓をしておられました"),
        ("口から泡を吹いています", "泡を吹いていると聞いて見に行くと、うがいの途中でした"),
        # a custom, a long time
        ("SpO2 87%です", "SpO2 87%、この方のいつもの値です"),
        ("右手が動きません", "右手は動かないままですが、前からで変わりありません"),
        ("いつもは95ですが、SpO2 86です", "昔から脈が飛ぶ方で、主治医も承知しています"),
        # another, and who only tells it
        ("窓から落ちたと近所の方が知らせてくれました", "別の方が窓から落ちたそうです"),
        ("夫が倒れました、と奥様から", "私事ですが、母が倒れ、明日は休みます"),
        # then and now in one sentence
        ("先週退院された方、肩で息をしています", "先週は肩で息をしていました"),
        ("申し送りではけいれんなしでしたが、昼に起こりました", "けいれんなしでした"),
        ("その時と同じ痛みが今来ています", "その時の痛みはもうありません"),
        # taught, planned, done in a drill
        ("講習で習ったとおり背中を叩いています", "講習で背中を叩く練習をしました"),
        ("呼吸器のアラームが鳴りやみません", "呼吸器のアラームをわざと鳴らしてみました"),
        ("息が止まりました", "息が止まっても救急車は呼ばず、家で見送る方針です"),
        # over in the next sentence
        ("SpO2 84。吸引しても86です", "SpO2 84。吸引後は95まで上がりました"),
        ("気を失いました。顔色が悪いです", "気を失いました。すぐに戻り、今は普段どおりです"),
        # a cord, a machine, a thing
        ("ロープを輪にして梁にかけています", "梁にロープをかけて洗濯物を干しました"),
        ("呼びかけても反応がありません", "端末が固まって反応がありません"),
        ("道で車にはねられました", "車にはねられた猫を拾いました"),
        # a chart: a full stop behind few words, what is present beside what is not
        ("意識なし。外傷なし。", "意識清明。外傷なし。"),
        ("応答なし。脈は触れます。", "電話応答なし。また夕方かけます"),
        ("胸痛。", "胸痛なし。"),
        ("胸痛（＋）　発熱なし", "胸痛（－）　発熱なし"),
        ("呼吸なし。脈あり。", "無呼吸はなく、静かに寝息を立てておられます"),
        ("救急車の到着を待っています。血圧は110でした", "救急車待ちの渋滞で遅れます"),
        # grief, jest, exaggeration
        ("胸が痛むそうで、冷や汗が出ています", "亡くなった友の話になると胸が痛むと"),
        (
            "本当に飛び降りようとしました、冗談に聞こえません",
            "「ここから飛び降りるわ」といつもの冗談でした",
        ),
    ],
)
def test_an_emergency_is_told_by_how_it_is_said(stated, otherwise, roster):
    assert check(stated, DIRECT, roster, TODAY).phone, stated
    assert not check(otherwise, DIRECT, roster, TODAY).phone, otherwise


@pytest.mark.once
@pytest.mark.clause("N4.9")
@pytest.mark.parametrize(
    ("dangerous", "well"),
    [
        ("40度3分あります", "お湯は40度3分です"),
        ("わきで33.1度でした", "室温33.1度でした"),
        ("指先で78しか出ません", "指先で97です"),
        ("酸素の数字が一気に落ちて今74です", "酸素の数字は97です"),
        ("血糖の薬を飲みすぎ、測って41です", "血糖の薬のあと、測って141です"),
        ("ブドウ糖を入れても38のままです", "ブドウ糖を入れて112です"),
        ("呼吸が浅く、1分に5回です", "呼吸は1分に16回です"),
        ("R 5回/分", "R 16回/分"),
        ("E1V2M3です", "E4V5M6です"),
        ("JCS 2桁から3桁に", "JCS 2桁から1桁に"),
        ("サチ93、90、86と下がっています", "サチ93、94、96と上がっています"),
        ("酸素3Lで82です", "酸素3Lで95です"),
        ("Ｐ三十二、めまいあり", "Ｐ六十二"),
    ],
)
def test_a_value_is_known_without_its_name(dangerous, well, roster):
    assert check(dangerous, DIRECT, roster, TODAY).phone, dangerous
    assert not check(well, DIRECT, roster, TODAY).phone, well


@pytest.mark.once
@pytest.mark.clause("N4.9")
@pytest.mark.parametrize(
    "text",
    [
        "【避難訓練の台本】\n利用者役: 意識がありません。職員役: 救急車を呼びました",
        "議事録：窒息事故の報告。息が止まり、救急搬送となった",
        "設問2 訪問すると呼びかけに反応がありません。まず何をしますか",
        "想定: 入浴中に意識を失った",
        "事例の続きです。夜中に吐血し、救急車を呼びました",
    ],
)
def test_a_text_that_says_what_it_is_reports_nothing(text, roster):
    assert not check(text, DIRECT, roster, TODAY).phone


@pytest.mark.once
@pytest.mark.clause("N4.9")
@pytest.mark.parametrize(
    "text",
    [
        "なんぼ呼んでも目ぇ開けへんねん",  # in dialect
        "足が動かせへんて言うてはる、さっき転んでから",
        "めを あけません いきが よわいです",  # in kana alone
        "息、弱いです",  # in haste
        "意識、ないです",
        "血、止まりません",
        "🚑呼んでいます",
    ],
)
def test_it_is_understood_however_it_is_written(text, roster):
    assert check(text, DIRECT, roster, TODAY).phone


@pytest.mark.once
@pytest.mark.clause("N4.9")
def test_what_is_written_every_day_shows_no_telephone():
    nobody = make_ready([])
    messages = REGION.read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in messages]
    shown = [text for text in texts if check(text, DIRECT, nobody, TODAY).phone]
    assert len(texts) == 3000
    assert len(shown) <= 3, shown


@pytest.mark.once
def test_the_command_prints_a_line_for_each_draft(tmp_path):
    drafts = [
        {"id": "a", "group": "free", "text": "髙橋ハナさんの件で相談です"},
        {"id": 2, "group": "patient:Q01", "text": "佐藤二郎さんも同じ薬です"},
        {"id": "c", "group": "direct", "text": "SpO2 82%、意識もうろうです"},
    ]
    said = subprocess.run(
        [sys.executable, "-m", "renkei", "guard", "--roster", str(HERE / "roster.json")],
        input="\n".join(json.dumps(one, ensure_ascii=False) for one in drafts),
        capture_output=True,
        text=True,
        env={**os.environ, "RENKEI_DATA": str(tmp_path / "none")},
    )
    assert said.returncode == 0, said.stderr
    printed = [json.loads(line) for line in said.stdout.splitlines()]
    assert [(one["id"], one["verdict"], one["phone"]) for one in printed] == [
        ("a", "stop", False),
        (2, "ask", False),
        ("c", "pass", True),
    ]
    assert printed[0]["findings"] == [
        {"kind": "name", "start": 0, "end": 4, "why": "患者さんの名前のようです。"}
    ]
    assert not (tmp_path / "none").exists()  # nothing is stored


@pytest.mark.once
def test_the_command_says_what_it_could_not_read(tmp_path):
    torn = tmp_path / "roster.json"
    torn.write_text("{")
    for roster, draft in ((torn, "{}"), (HERE / "roster.json", '{"id": 1, "group": "elsewhere"}')):
        with pytest.raises(CommandError):
            command = Command(stdout=StringIO())
            command.stdin = StringIO(draft)
            command.handle(roster=str(roster))


@pytest.mark.parametrize(
    "text",
    [
        "被保険者" + "あ" * 24,
        "被保険者" + "の証" * 12,
        "胸痛" * 1200,
        ("胸痛" + "あ" * 8) * 1000,
        "丸の内" + "・" * 9000,
        ("胸が痛" + "られる" * 60) * 20,
        "胸が痛" + "くなる" * 400,
        ("けいれん" + "、意識障害" * 30) * 20,
        ("救急車を呼びます" * 40 + "と" * 40) * 5,
        "ふらつき、" * 700,
        "サ99/50 " * 1428,
        "バレーサイン" + "pr10" * 2400,
        "ぐったり、" * 2000,
        "はさみで" * 2500,
        "88、86、" * 1600,
        "酸素。" * 3300,
        "【" * 10000,
        "呼吸1分" * 2500,
    ],
    ids=[
        "a label",
        "a label of many readings",
        "a cry",
        "cries",
        "masks",
        "endings",
        "more endings",
        "lists",
        "predicates",
        "signs",
        "pairs of numbers",
        "letters before numbers",
        "signs again",
        "blades",
        "falling numbers",
        "oxygen",
        "headings",
        "counted breaths",
    ],
)
def test_no_draft_holds_up_everybody_else(text):
    """A check holds the interpreter, so everybody else waits: a second of it is far too much."""
    person = Person("a" * 32, "山田 太郎", "やまだ たろう", "1940-01-02", (), "千代田区丸の内1-2-3")
    held = make_ready([person], [])
    begun = time.process_time()
    check(text, FREE, held, TODAY)
    assert time.process_time() - begun < 1


# ── Names of which some characters are hidden ────────────────────────────────────────────────────


def namesakes(count: int = 300) -> list[Person]:
    """As many patients as an author has, of few family names."""
    families = ("佐藤", "鈴木", "高橋", "田中", "佐々木", "林")
    given = ("一郎", "次郎", "節子", "和子", "清", "文子", "千代子")
    each = (f"{family} {one}{more}" for more in ("", *"春夏秋冬東西南") for one in given
            for family in families)  # fmt: skip
    return [Person(str(at), name, "", f"{1930 + at % 40}-05-01") for at, name in
            zip(range(count), each, strict=False)]  # fmt: skip


def looked_for_one_by_one(plain: str, people: list[Person]) -> set[tuple[int, int, int]]:
    """Every hint against every name at every place: what it comes to, and far too slowly."""
    found, fulls = set(), [(who, full) for who, one in enumerate(people)
                           for full in of_patient(one).fulls]  # fmt: skip
    for hint in names._MASKED.finditer(plain):
        first = max(0, hint.start() - names.AROUND)
        around = plain[: hint.end() + names.AROUND]
        written = [key_of(one) for one in around]
        for who, name in fulls:
            for start in range(hint.start(), max(first - 1, hint.start() - len(name)), -1):
                if names._behind_mask(around, written, name, start):
                    found.add((start, start + len(name), who))
                    break
    return found


def test_half_hidden_names_are_found_as_if_everybody_was_looked_for():
    people = namesakes(60)
    held, everybody = make_ready(people), set(range(60))
    letters, chance = "佐藤鈴木高橋田中林一次郎節子和清文千代春○〇●a・、の", random.Random(11)
    for length in [3, 4, 5, 8, 15, 40] * 60:
        plain = "".join(chance.choice(letters) for _ in range(length))
        found = {(one.start, one.end, min(one.patients))
                 for one in names._masked(plain, held, everybody)}  # fmt: skip
        assert found == looked_for_one_by_one(plain, people), plain


def lines_run(act: Callable[[], object]) -> int:
    """How many lines of the guard are run while it acts: the same however busy the machine is."""
    guard, run = str(Path(names.__file__).parent), 0

    def enter(frame, event, arg):
        return count if frame.f_code.co_filename.startswith(guard) else None

    def count(frame, event, arg):
        nonlocal run
        run += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        act()
    finally:
        sys.settrace(before)
    return run


@pytest.mark.parametrize(
    ("text", "most"),  # lines for each character; fifty patients of the roster are called 佐藤
    [("佐藤〇", 1_000), ("佐○", 100), ("〇子●郎", 100), ("a子", 100), ("佐々〇", 100)],
)
def test_hidden_names_hold_up_nobody_whatever_the_roster(text, most):
    """With every age told, everybody in the roster may be meant; it was 4,000 lines, and 600."""
    ages = "".join(f"{age}歳" for age in range(50, 100))
    held = make_ready(namesakes())
    for length in (400, 4_800):
        draft = ages + text * (length // len(text))
        run = lines_run(partial(check, draft, FREE, held, TODAY))
        assert run < most * len(draft)
