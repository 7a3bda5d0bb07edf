"""Whether a name is meant where its letters stand, from what stands around them.

A name of a colleague, a place or a house, a longer name or a word that begins like one: none.
"""

import re
from typing import NamedTuple

from renkei.communication.guard.writings import Pattern

_HONOUR = r"(?:さん|さま|様|ちゃん|くん|君|氏|殿|どの|ばあ|じい|おばあ|おじい|婆|爺|翁|嬢|はん|ちゃま|サン|サマ)"
_TITLE = (
    r"(?:先生|医師|ドクター|dr|看護師|看護|師長|ナース|ns|薬剤師|ケアマネ|介護支援専門員|ヘルパー|介護福祉士|介護員|理学療法士"
    r"|作業療法士|言語聴覚士|歯科医|歯科衛生士|栄養士|相談員|社会福祉士|保健師|院長|所長|施設長|管理者|主任|部長|課長|室長"
    r"|係長|会長|社長|教授|講師|pt|ot|st|cm|sw|msw|助教|研修医|技師|療法士|サ責|事務長|スタッフ|職員|専門員|市長|議員|町長|さんヘルパー)"
)
_HOUSE = (
    r"(?:医院|クリニック|くりにっく|病院|診療所|薬局|歯科|内科|外科|眼科|整形|皮膚科|小児科|耳鼻|商店|酒店|書店|工務店|事務所"
    r"|株式会社|有限会社|\(株\)|ホーム|荘|園|苑|ステーション|ケア|デイ|訪問|会館|公園|通り|建設|電気|電機|商会|製薬|製作所|ビル|寺|神社|橋"
    r"|駅|町|村|市(?!さん)|区|郡|坂|台|団地|マンション|アパート|川|山|池|丁目|食堂|屋|工業|不動産|記念|財団|賞|式|法|流)"
)
_HONOURED = re.compile(rf"\s*(?:[(（][^)）\n]{{1,10}}[)）])?\s*{_HONOUR}")
_TITLED = re.compile(rf"\s*(?:[(（「]?\s*)?{_TITLE}")
_HOUSED = re.compile(rf"\s?{_HOUSE}")
_PROFESSION = re.compile(
    rf"""
    {_TITLE}(?:の|・|:|\s|、|は)?\s*$
    |(?:担当|講師|司会|同僚|後輩|先輩|新人|受付|スタッフ|職員|当ステーション)の?\s*$
    """,
    re.X,
)
_TAILS = "子美代江枝恵香奈菜乃郎太朗介助紗希雄彦也次丸衛"
_FOLLOWS = "様氏殿君嬢翁婆爺宅邸家方夫妻娘息父母姉兄弟妹患利本当享歳才宛分用件側へ"
_PARTICLE = re.compile(
    r"""
    $
    |[^ぁ-んァ-ヶー一-龥々a-z0-9]
    |さん|さま|ちゃん|くん|どの|ばあ|じい|おばあ|おじい|から|より|まで|など|だけ|です|だっ|って
    |という|との|とは|とも|では|でも|には|にも|への|へは
    |[のはがをにとへでやも](?![ぁ-ん]{0,1}(?:ん|な)(?:$|[^ぁ-ん]))
    """,
    re.X,
)
_NAMED = re.compile(r"(?:名(?:前)?|下の名)\s*(?:は|が|も|:|の|=|→|・)?\s*[「『(（]?\s*$")
_OPENING = "(（「『【[<〈\"'"
_CLOSING = ")）」』】]>〉\"'"
_HOUSEHOLD = re.compile(r"\s*(?:宅|家(?!庭|族会|事|具|電)|邸|方(?![ぁ-ん法向面針々])|姓|[(（:])")
_NUMERALS = frozenset("一二三四五六七八九十百千")
_COUNTED = re.compile(r"[つ人度番日回緒部般杯枚個本階月年次面番目定生]")
_WORDS = frozenset(
    [
        "千秋",
        "千春",
        "小春",
        "弥生",
        "五月",
        "日向",
        "大地",
        "未来",
        "希望",
        "正義",
        "真理",
        "平和",
        "若葉",
        "紅葉",
        "和音",
        "自然",
        "一番",
        "光",
        "健康",
        "元気",
        "正直",
        "幸福",
        "安心",
        "順子",
        "春",
        "夏",
        "秋",
        "冬",
        "花",
        "光",
        "実",
    ]
)


class Hit(NamedTuple):
    """A string of the automaton found, in plain characters."""

    start: int
    end: int
    pattern: Pattern
    who: frozenset[int]  # places in the list of patients


def _script(character: str) -> str:
    if "ァ" <= character <= "ヺ" or character == "ー":
        return "katakana"
    if "ぁ" <= character <= "ゖ":
        return "hiragana"
    if "一" <= character <= "鿿" or character in "々〆" or character >= "\U00020000":
        return "kanji"
    return ""


def whole(plain: str, hit: Hit) -> bool:
    """Whether a full name stands there, and not the beginning or the inside of other words."""
    start, end, pattern = hit.start, hit.end, hit.pattern
    before, after = plain[start - 1 : start], plain[end : end + 1]
    left, right = _script(before) if before else "", _script(after) if after else ""
    first, last = _script(plain[start]), _script(plain[end - 1])
    honoured = bool(_HONOURED.match(plain, end))
    if pattern.last == 1 and not honoured and right == "hiragana" and "、" in plain[start:end]:
        return False  # 四月一日、誠に
    if _HOUSED.match(plain, end) and not honoured:
        return False
    if pattern.single:
        if left == "kanji" and before not in "者名氏時回様は":
            return False
        return honoured or (right != "kanji" and bool(_PARTICLE.match(plain, end)))
    if first == "katakana" and left == "katakana":
        return False
    if first == "hiragana" and left == "hiragana" and pattern.kana:
        if end - start <= 5 and not (honoured and before in "のはがをにとやもで"):
            return False
    if first == "kanji" and left == "kanji" and pattern.cuts and min(pattern.cuts) == 1:
        if before not in "者名氏時回様" and not honoured:
            return False
    return _ends(plain, end, last, right, after, pattern, honoured)


def _ends(
    plain: str, end: int, last: str, right: str, after: str, pattern: Pattern, honoured: bool
) -> bool:
    if honoured or not right:
        return True
    if last == "katakana":
        return right != "katakana" and after not in _TAILS
    if last == "hiragana":
        if right == "hiragana":
            return bool(_PARTICLE.match(plain, end))
        return after not in _TAILS
    if right == "kanji":
        if _TITLED.match(plain, end):
            return True  # whose title: see _colleague
        if pattern.last == 1:
            return after in _FOLLOWS and not (plain[end - 1] in _NUMERALS and after in "家方本生年")
        if plain[end : end + 2] in ("代理", "美容", "太郎") or after not in _TAILS:
            return plain[end : end + 2] != "太郎"
        return False
    if right == "hiragana" and plain[end - 1] in _NUMERALS:
        return not _COUNTED.match(plain, end)
    return True


def honoured_at(plain: str, at: int) -> bool:
    """Whether さん, 様 and the like stand there."""
    return _HONOURED.match(plain, at) is not None


def colleague(plain: str, hit: Hit, staff: list[Hit]) -> bool:
    """Whether the name is that of a colleague: a longer one, or the same with a profession."""
    for other in staff:
        if other.start <= hit.start and hit.end <= other.end:
            if other.end - other.start > hit.end - hit.start:
                return True
            if _PROFESSION.search(plain, max(0, hit.start - 12), hit.start):
                return True
    return bool(_TITLED.match(plain, hit.end)) and not _HONOURED.match(plain, hit.end)


def family_meant(plain: str, hit: Hit) -> bool:
    """Whether the family name of a patient is meant, and not that of a colleague or a place."""
    start, end = hit.start, hit.end
    before, after = plain[start - 1 : start], plain[end : end + 1]
    if _TITLED.match(plain, end) or re.match(
        rf"\s*(?:さん)?[(（]\s*{_TITLE}", plain[end : end + 14]
    ):
        return False
    if _PROFESSION.search(plain, max(0, start - 12), start):
        return False
    honoured = _HONOURED.match(plain, end) or _HOUSEHOLD.match(plain, end)
    first = _script(plain[start])
    if hit.pattern.single or end - start == 1:
        return bool(honoured) and _script(before or "。") != "kanji"
    if first == "kanji":
        return bool(honoured) or not (
            _script(after or "。") == "kanji" or _HOUSED.match(plain, end)
        )
    if first == "katakana" and _script(before or "。") == "katakana":
        return False
    return bool(honoured)


def given_meant(plain: str, hit: Hit) -> bool:
    """Whether a given name is meant, and not the word that it also is."""
    start, end = hit.start, hit.end
    before, after = plain[start - 1 : start] or "。", plain[end : end + 1] or "。"
    if _TITLED.match(plain, end):
        return False
    left, first = _script(before), _script(plain[start])
    honoured = _HONOURED.match(plain, end)
    if left == "kanji" and before not in "者様宅名の姓":
        return False
    if first == "katakana" and left == "katakana":
        return False
    if honoured:
        return not (
            first == "hiragana"
            and left == "hiragana"
            and before not in "のはがをにとやもでお"
            and end - start < 3
        )
    if hit.pattern.single or end - start == 1:
        return False
    if (before in _OPENING and after in _CLOSING) or _NAMED.search(plain, max(0, start - 8), start):
        return True
    if first == "kanji":
        if plain[start:end] in _WORDS:
            return False
        return _script(after) != "kanji" or after in _FOLLOWS
    if first == "katakana":
        return not _script(after) or after in "はがをにへも"
    return False
