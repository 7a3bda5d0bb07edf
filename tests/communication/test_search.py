"""Finding what was said: Japanese words, in one's own groups alone, and nothing taken back."""

from datetime import date, timedelta
from math import prod
from uuid import uuid4

import pytest
from django.db import connection

from renkei.audit import trail
from renkei.communication.index import sqlite
from renkei.communication.index.keeping import Indexing, forget, rebuild, store
from renkei.communication.index.tokens import SHORTEST
from renkei.communication.measuring import measured
from renkei.communication.models import Communication, Reading
from renkei.communication.query import Query
from renkei.communication.search import Found, search
from renkei.communication.services import (
    correct_communication,
    send_communication,
    withdraw_communication,
)
from renkei.communication.synonyms import MEANINGS, MOST, widen
from renkei.group.models import Group
from renkei.kernel import clock
from renkei.kernel.errors import Problem, Unknown
from renkei.web import attachment
from renkei.web.values import day_or_none
from tests.cast import Cast, group_about, post
from tests.communication import attached


def index() -> None:
    assert Indexing().follow() is not None


def texts(found: Found) -> list[str]:
    return ["".join(piece.text for piece in hit.pieces) for hit in found.hits]


def find(cast: Cast, words: str, name: str = "manager", **asked) -> list[str]:
    return texts(search(cast[name], Query(words=words, **asked)))


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "not yet indexed"])
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("夕方から発熱しています", "発熱"),
        ("褥瘡の処置をしました", "褥瘡"),
        ("ロキソニンを飲みました", "ろきそにん"),
        ("ﾛｷｿﾆﾝを飲みました", "ロキソニン"),
        ("ＳｐＯ２は９２％", "spo2"),
        ("髙﨑さんの代わりに伺います", "高崎"),
        ("高崎さんの代わりに伺います", "髙﨑"),
        ("齋藤先生に連絡", "斎藤"),
        ("斉藤先生に連絡", "齋藤"),
        ("𠮷田さんより", "吉田"),
        ("ご長男の髙橋　一郎さま", "高橋一郎"),
        ("包帯を交\n換した", "交換"),
        ("がーぜを使用", "ｶﾞｰｾﾞ"),
        ("辻󠄀さんが訪問", "辻さん"),
    ],
)
def test_japanese_words_are_found_however_they_are_written(
    cast: Cast, said: str, words: str, indexed: bool
) -> None:
    post(cast, "nurse", said)
    post(cast, "nurse", "関係のない話")
    if indexed:
        index()
    assert find(cast, words) == [said]


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "not yet indexed"])
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("両足に浮腫があります", "むくみ"),
        ("両足がムクんでいます", "浮腫"),
        ("両足に浮腫があります", "むくんで"),
        ("仙骨部の床ずれ", "褥瘡"),
        ("仙骨部の褥瘡", "床ずれ"),
        ("お茶が飲み込みにくい様子", "嚥下"),
        ("夜に転んだとのこと", "転倒"),
        ("夜に転倒", "転んだ"),
        ("SpO2は92%", "酸素飽和度"),
        ("両足のむくみと夜間の転倒", "浮腫 転んだ"),
    ],
)
def test_what_says_the_same_in_another_word_is_found(
    cast: Cast, said: str, words: str, indexed: bool
) -> None:
    for text in (said, "関係のない話", "ご本人は変わりなく、両足を動かされています"):
        post(cast, "nurse", text)
    if indexed:
        index()
    found = search(cast["manager"], Query(words=words))
    assert texts(found) == [said]
    assert any(piece.marked for piece in found.hits[0].pieces)
    assert found.also


def test_what_was_looked_for_as_well_is_said_and_else_nothing() -> None:
    assert widen(["浮腫"]).also == ["むくみ", "むくん〜", "むくむ"]
    assert widen(["むくんで"]).also == ["浮腫", "むくみ", "むくむ"]
    assert widen(["床ずれ", "訪問"]) == ([("床ずれ", "褥瘡", "褥創"), ("訪問",)], ["褥瘡", "褥創"])
    assert widen(["お風呂"]).also == [] and widen(["風呂"]).also == ["入浴"]
    for words in (["訪問"], ["下腿浮腫"], ["むくんでいないか"], []):
        assert widen(words) == ([(one,) for one in words], [])


def test_many_such_words_are_not_more_searches_than_can_be_made() -> None:
    words = ["浮腫", "転倒", "腹痛", "不眠"]
    found = widen(words)
    assert prod(map(len, found.parts)) <= MOST
    assert [one[0] for one in found.parts] == words


def test_each_of_the_synonyms_can_be_looked_for_and_says_one_thing() -> None:
    words = [word.searched for meaning in MEANINGS for word in meaning]
    assert len(words) == len(set(words))
    assert min(map(len, words)) >= SHORTEST
    for meaning in MEANINGS:
        every = [word.searched for word in meaning]
        assert 2 <= len(every) <= 5, every
        # what holds another of them is found with it
        assert not [one for one in every for other in every if one != other and other in one]


def page_by_page(cast: Cast, words: str) -> list[str]:
    """All that is found, from the newest on."""
    shown: list[str] = []
    before = None
    while True:
        found = search(cast["manager"], Query(words=words, before=before))
        shown += texts(found)
        if not found.more:
            return shown
        before = (found.last.sent_us, found.last.id)


def test_several_ways_to_say_it_come_newest_first_page_by_page(cast: Cast) -> None:
    ways = ("浮腫", "むくみ", "むくんで")
    said = [f"右足{ways[number % 3]}その{number}" for number in range(75)]
    for number, text in enumerate(said):
        post(cast, "nurse", text)
        if number == 70:
            index()
    assert page_by_page(cast, "浮腫") == said[::-1]


def test_several_words_have_to_stand_in_one_message(cast: Cast) -> None:
    for text in ("発熱と咳があります", "発熱があります", "咳があります"):
        post(cast, "nurse", text)
    index()
    assert find(cast, "発熱　があり") == ["発熱があります", "発熱と咳があります"]
    assert find(cast, "発熱 咳が") == ["発熱と咳があります"]
    assert find(cast, "発熱 下痢") == []


@pytest.mark.parametrize("words", ["", "  ", "熱", "発熱 熱", "・"])
def test_what_is_too_short_is_not_looked_for(cast: Cast, words: str) -> None:
    with pytest.raises(Problem):
        find(cast, words)


def test_the_newest_comes_first_and_older_ones_page_by_page(cast: Cast) -> None:
    said = [f"往診{number}回目" for number in range(150)]
    for text in said:
        post(cast, "nurse", text)
    index()
    assert page_by_page(cast, "往診") == said[::-1]


def test_what_was_found_is_marked_within_its_context(cast: Cast) -> None:
    post(cast, "nurse", "は" * 200 + "お薬の ﾛｷｿ\nﾆﾝ を" + "は" * 200)
    index()
    hit = search(cast["manager"], Query(words="ロキソニン")).hits[0]
    assert [piece.text for piece in hit.pieces if piece.marked] == ["ﾛｷｿ\nﾆﾝ"]
    assert hit.pieces[0].text == hit.pieces[-1].text == "…"
    assert len("".join(piece.text for piece in hit.pieces)) < 150
    assert not hit.whole


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "not yet indexed"])
def test_what_was_corrected_or_taken_back_is_not_found(cast: Cast, indexed: bool) -> None:
    corrected, withdrawn = post(cast, "nurse", "右手の骨折"), post(cast, "nurse", "左足の骨折")
    if indexed:
        index()
    correct_communication(cast["nurse"], corrected, text="右手の打撲", version=1)
    withdraw_communication(cast["nurse"], withdrawn, reason="別の方")
    assert find(cast, "骨折") == []
    index()
    assert find(cast, "骨折") == []
    assert find(cast, "打撲") == ["右手の打撲"]
    assert find(cast, "別の方") == []


def test_what_was_altered_long_ago_is_made_good_in_the_index(cast: Cast) -> None:
    first = post(cast, "nurse", "最初の骨折")
    second = post(cast, "nurse", "二番目の骨折")
    for number in range(140):
        post(cast, "nurse", f"その後の骨折{number}")
    index()
    correct_communication(cast["nurse"], first, text="最初の打撲", version=1)
    withdraw_communication(cast["nurse"], second, reason="間違い")
    index()
    assert find(cast, "最初") == ["最初の打撲"]
    assert find(cast, "二番目") == []
    assert find(cast, "骨折139") == ["その後の骨折139"]


def test_only_what_one_may_see_now_is_found(cast: Cast) -> None:
    _, other = group_about(cast, "station", {"manager": True})
    post(cast, "manager", "遠い組での発熱", other)
    post(cast, "nurse", "ここでの発熱")
    index()
    assert find(cast, "発熱") == ["ここでの発熱", "遠い組での発熱"]
    assert find(cast, "発熱", "nurse") == ["ここでの発熱"]
    assert find(cast, "発熱", "manager", group=other) == ["遠い組での発熱"]
    for name in ("administrator_same", "former", "operator"):
        assert find(cast, "発熱", name) == []
    for name in ("nurse", "administrator_same", "former", "operator", "invited", "physician"):
        with pytest.raises(Unknown):
            find(cast, "発熱", name, group=other)


def test_filters(cast: Cast) -> None:
    post(cast, "nurse", "看護から発熱の報告")
    post(cast, "physician", "医師から発熱の報告")
    index()
    profession = search(cast["nurse"], Query(words="看護から")).hits[0].author.profession
    name = search(cast["nurse"], Query(words="看護から")).hits[0].author.name
    assert find(cast, "発熱", profession=profession) == ["看護から発熱の報告"]
    assert find(cast, "発熱", author=name[:2]) == ["看護から発熱の報告"]
    assert find(cast, "", author=name[:2])[0] == "看護から発熱の報告"
    assert find(cast, "発熱", author="どこにもいない") == []
    assert len(find(cast, "発熱", kind="report")) == 2
    assert find(cast, "発熱", kind="request") == []
    today = clock.today()
    assert len(find(cast, "発熱", since=today, until=today)) == 2
    assert find(cast, "発熱", until=today - timedelta(days=1)) == []
    assert find(cast, "発熱", since=today + timedelta(days=1)) == []


def test_a_search_leaves_a_line_without_the_words(cast: Cast) -> None:
    seq = Communication.objects.get(pk=post(cast, "nurse", "秘密の発熱")).seq
    index()
    find(cast, "秘密の発熱", author="")
    line = trail.history(f"account:{cast.account('manager').hex}")[-1]
    assert line.action == "communication.search"
    assert '"hits":1' in line.detail
    assert f'"found":[["{cast.group.hex}",{seq}]]' in line.detail
    assert "発熱" not in line.detail and "\\u" not in line.detail
    find(cast, "どこにもない言葉")
    line = trail.history(f"account:{cast.account('manager').hex}")[-1]
    assert '"hits":0' in line.detail


def test_what_a_search_shows_whole_was_disclosed(cast: Cast) -> None:
    short = Communication.objects.get(pk=post(cast, "nurse", "短い発熱")).seq
    long = Communication.objects.get(pk=post(cast, "nurse", "長い発熱" + "は" * 300)).seq
    index()
    before = list(Reading.objects.values_list("first_seq", "last_seq"))
    assert len(find(cast, "発熱")) == 2
    after = list(Reading.objects.values_list("first_seq", "last_seq"))
    assert sorted(set(after) - set(before)) == [(short, short)]
    assert (long, long) not in after


def test_an_index_of_another_history_is_made_anew(cast: Cast) -> None:
    """After a copy was brought back the same numbers stand for other entries."""
    post(cast, "nurse", "消えた発熱")
    index()
    last = Communication.objects.get(
        group_id=cast.group, seq=Group.objects.get(pk=cast.group).last_seq
    )
    last.delete()
    Group.objects.filter(pk=cast.group).update(last_seq=last.seq - 1)
    post(cast, "nurse", "代わりの往診")
    store()._looked_at = None  # another process begins
    index()
    assert find(cast, "代わりの往診") == ["代わりの往診"]
    assert find(cast, "消えた発熱") == []


def test_a_lost_or_damaged_index_makes_itself_anew(cast: Cast) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the index is a file on SQLite alone")
    post(cast, "nurse", "ここに発熱")
    index()
    sqlite.close()
    sqlite.path().write_bytes(b"this is no database " * 1000)
    index()
    assert find(cast, "発熱") == ["ここに発熱"]
    sqlite.close()
    sqlite.path().unlink()
    assert find(cast, "発熱") == ["ここに発熱"]  # what is new is looked at without an index
    index()
    assert find(cast, "発熱") == ["ここに発熱"]


def test_an_erased_group_is_not_in_the_index(cast: Cast) -> None:
    post(cast, "nurse", "忘れられる発熱")
    index()
    forget([cast.group])
    assert store().positions([cast.group]) == {}


def test_the_index_can_be_made_anew(cast: Cast) -> None:
    for number in range(70):
        post(cast, "nurse", f"褥瘡{number}回目")
    index()
    assert rebuild()
    assert find(cast, "褥瘡5回目") == ["褥瘡5回目"]
    assert len(find(cast, "褥瘡")) == 20


def test_only_what_files_go_with(cast: Cast) -> None:
    post(cast, "nurse", "写真のない褥瘡")
    attached.post(
        cast["nurse"], cast.group, attached.brought(cast["nurse"], cast.group), text="褥瘡の写真"
    )
    index()
    assert len(find(cast, "褥瘡")) == 2
    hits = search(cast["manager"], Query(words="褥瘡", files=True)).hits
    assert [(hit.files, hit.whole) for hit in hits] == [(1, False)]
    assert find(cast, "", files=True) == ["褥瘡の写真"]


def test_the_last_day_there_is_can_be_asked_for(cast: Cast) -> None:
    post(cast, "nurse", "夕方から発熱しています")
    index()
    assert find(cast, "発熱", until=date.max, since=date.min) == ["夕方から発熱しています"]


def test_days_that_no_calendar_reaches_are_no_fault() -> None:
    assert day_or_none("9999-12-01") is None and day_or_none("0001-01-01") is None
    assert attachment._moment("0001-01-01T00:00+14:00") is None


def test_only_what_brings_vital_signs_or_one_of_them(cast: Cast) -> None:
    def measured_with(text: str, **fields: str) -> None:
        send_communication(
            cast["nurse"], cast.group, text=text, key=uuid4(), confirmed=True,
            observed=measured({"by": "author", **fields}, clock.now()),
        )  # fmt: skip

    post(cast, "nurse", "訪問だけ")
    measured_with("訪問と体重", weight="46")
    measured_with("訪問と血圧", systolic="120", diastolic="70")
    index()

    def found(**asked: str) -> list[str]:
        return [one.split("\n")[0] for one in find(cast, "訪問", **asked)]

    assert found() == ["訪問と血圧", "訪問と体重", "訪問だけ"]
    assert found(vital="any") == ["訪問と血圧", "訪問と体重"]
    assert found(vital="weight") == ["訪問と体重"]
    assert found(vital="systolic") == ["訪問と血圧"]
    assert found(vital="spo2") == []
    assert [one.split("\n")[0] for one in find(cast, "", vital="weight")] == ["訪問と体重"]
    assert "体重 46.0kg" in find(cast, "体重", vital="weight")[0]
    with pytest.raises(Problem):
        find(cast, "訪問", vital="diastolic")


def test_a_search_that_looks_through_too_much_says_so(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(cast, "nurse", "訪問しました")
    assert not search(cast["manager"], Query(words="訪問")).stopped
    monkeypatch.setattr("renkei.communication.search.MOST", 0)
    found = search(cast["manager"], Query(words="訪問"))
    assert found.stopped and texts(found) == ["訪問しました"]
