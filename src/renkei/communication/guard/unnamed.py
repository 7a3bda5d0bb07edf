"""Vital signs that are said without their names: 40度の熱, 40度4分, 指先で79, 測って45, E1V2M4.

What the number is of, its unit says, or the place where it was measured, or what the text spoke of
just before.
"""

import re
from collections.abc import Iterator
from typing import Final

from renkei.communication.guard.values import LIMIT, REACHED, Vital, better, possible
from renkei.region.vitals import dangerous

_OF_SOMETHING_ELSE = re.compile(r"気温|室温|温度|湯|風呂|水温|角度|→|から$")
_HOT = re.compile(
    r"""
    (?<![\d.])(?P<value>(?:3\d|4[0-3])(?:\.\d)?)\s?(?:℃|度)(?P<tenth>\d)?分?(?:
        台|近い|近く
        |を?超え(?:る|た)?
        |を?超す
        |以上|前後
    )?(?:の|まで|も|ある|ほどの|という)?(?:高?熱|発熱)(?!量|中症|い)
    """,
    re.X,
)
_RISEN = re.compile(
    r"""
    (?<![\d.])3\d(?:\.\d)?\s?(?:
        度|℃
    )?(?:→|から)(?P<value>(?:3\d|4[0-3])(?:\.\d)?)\s?(?:度|℃)(?P<tenth>\d)?分?(?!まで測)
    """,
    re.X,
)
_BODY_HEAT = re.compile(  # the tenths are those of a body: nobody says so of a bath
    r"""
    (?=[34わ脇腋額耳お体])(?:
    (?<![\d.])(?P<value>(?:3[3-9]|4[0-3])(?:\.\d)?)\s?度(?P<tenth>\d)分
    |(?<![\d.])(?P<pointed>(?:3[3-9]|4[0-3])\.\d)\s?(?:度|℃)
    |(?:わき|脇|腋|腋の下|額|耳|おでこ|体温計)(?:の下)?(?:で|が|は)(?:測ると|測って|、)?
        (?P<placed>(?:3\d|4[0-3])(?:\.\d)?)\s?(?:度|℃|$|。|、)
    )
    """,
    re.X,
)
_TENTHS = re.compile(r"度\d分|\.\d\s?[度℃]|わき|脇|腋|額|おでこ|耳|体温計")
_ON_A_FINGER = re.compile(
    r"""
    (?:
        (?:人差し|中|薬|足の|手の)?指先?(?:の機械|のセンサー|につける(?:やつ|機械))?
        |耳たぶ
        |(?:モニター?|機械|器械|測定器|画面)の(?:数字|数値|値|表示)
        |酸素の(?:数字|数値|値|やつ|機械|数)
        |(?:酸素濃度|酸素飽和度|サチュレーション)(?:計|測定器|の機械|モニター)
        |パルスオキシ(?:メー?ター?)?
    )(?:で|が|は|の値が|の値は)(?:測ると|測って|測ったら)?[^。\d\n]{0,8}?(?<!\d)(?P<value>\d\d)
    (?!\d|\s?(?:分|回|本|時|歳|日|月|年|度|人|個|枚|号|円|秒|ミリ|cm|ml|kg|l|w|\.|/|:|,\d))
    """,
    re.X,
)
_ON_OXYGEN = re.compile(  # 酸素2Lで83です
    r"(?:酸素)?\d(?:\.\d)?l(?:で|でも|にしても|に上げても|流しても)[^。\d\n]{0,6}(?P<value>[4-9]\d)(?=です|%|。|、|台|しか|と|$)"
)
_PULSE_AT = re.compile(
    r"(?:橈骨|とう骨|頸|頚|手首)(?:動脈)?で[^。\d\n]{0,4}(?P<value>\d{2,3})(?!\d|分|回目|%)"
)
_IN_A_ROW = re.compile(  # 88、86、83と落ちます
    r"(?<!\d)\d{2,3}、\d{2,3}、(?P<value>\d{2,3})(?=(?:と|まで|に)[^。\n]{0,4}(?:下が|落ち|減))"
)
_MEASURED = re.compile(
    r"""
    (?:測(?:って|ると|ったら|っても|り直(?:して|すと|したら|しても))|測定(?:すると|して|したら|値は?)|(?:画面|表示|数字|数値)は|つまり|(?:、|。)(?:今|いま|現在)は?)
    (?:、|も|は)?[^\d。\n]{0,4}?(?<![\d./:])(?P<value>\d{2,3})
    (?!\d|\.\d|/|\s?(?:分|時|日|月|年|度|℃|人|個|枚|円|秒|cm|ml|kg|l))
    """,
    re.X,
)
_SUGARED = re.compile(  # ブドウ糖を入れても36のまま
    r"(?:ブドウ糖|ジュース|砂糖|飴|ゼリー)[^。\d\n]{0,14}?(?P<value>\d{2,3})(?=のまま|しか|から(?:上|あ)|です|に(?:しか|とど)|台)"
)
_OF_OXYGEN = re.compile(  # 酸素の会社です。遠隔の値が76%です
    r"(?:酸素|spo2|サチュ?)[^。\n]{0,12}。[^。\n%]{0,24}?(?<!\d)(?P<value>[4-8]\d)(?=%|パーセント)"
)
_BY_PERCENT = re.compile(
    r"湿度|充電|残|設定|普段|ふだん|いつも|目標|アラーム|バッテリー|割合|確率|食事|摂取|水分|引き|オフ"
)
_SPOKEN_OF = re.compile(
    r"(?P<glucose>血糖|インスリン|糖尿|低血糖|デキスター?)|(?P<spo2>酸素|spo2|サチ|呼吸|息)"
    r"|(?P<other>血圧|脈|体温|熱|体重|身長|尿|血圧計)"
)
_COUNTED = re.compile(
    r"""
    (?:(?P<respiration>呼吸|息)|(?P<pulse>脈拍?|心拍|プルス))[^。\d\n]{0,16}?
    (?:1分(?:間)?に?|数え(?:ると|たら|て)|(?:30秒|15秒)数えて)[^。\d\n]{0,8}?
    (?:1分(?:間)?に?[^。\d\n]{0,6}?)?(?P<value>\d{1,3})(?:(?:、|〜|~|-|から)\d{1,3})?(?=\s?(?:回|以上|以下|しか|です|く|。|、|$))
    """,
    re.X,
)
_BREATHS = re.compile(r"(?<![a-z])r(?:r)?[\s:=]?(?P<value>\d{1,2})\s?(?:回|/分|/min)")
_GLASGOW = re.compile(r"(?<![a-z0-9])(?<!gcs)e(\d)[\s,・]?v(\d|t|a)[\s,・]?m(\d)(?!\d)")
_NEAR: Final = 80  # characters before a measured number that are searched for what was spoken of
_UNMEASURED = re.compile(
    r"""
    (?:血圧|脈拍?|サチュレーション|spo2|サチ)(?:が|は|も)?(?:低くて|弱くて|下がって)?(?:、)?(?:
        測れ(?:ず|ない|ません)
        |測定(?:不能|不可|でき(?:ず|ない|ません))
        |はかれ(?:ず|ない|ません)
        |触れ(?:ず|ない|ません)
        |とれ(?:ず|ない|ません)
        |取れ(?:ず|ない|ません)
        |感知(?:せず|しない|できず)
        |出(?:ない|ません)
    )
    |(?<!\d)[5-8]\d(?:%|台)+から(?:は)?(?:上が|あが)(?:ら|りませ)
    """,
    re.X,
)

_LOST: Final = (
    "測れ", "測定", "はかれ", "触れ", "とれ", "取れ", "感知", "出ない", "出ません", "%から", "台から"
)  # fmt: skip


def unnamed(text: str) -> Iterator[Vital]:
    """The vital signs in a text that stand without their names."""
    yield from _fevers(text)
    for found in _found(_ON_A_FINGER, text, "指", "耳", "酸素", "計", "器", "数", "パルス", "画面"):
        yield from _judged(text, "spo2", found)
    for found in _found(_ON_OXYGEN, text, "lで", "lに", "l流"):
        yield from _judged(text, "spo2", found)
    told = [*_found(_MEASURED, text, "測", "画面", "表示", "数", "つまり", "今", "いま", "現在")]
    told += _found(_IN_A_ROW, text, "下が", "落ち", "減")
    for found in told:
        if kind := _spoken_of(text[max(0, found.start() - _NEAR) : found.start()]):
            yield from _judged(text, kind, found)
    for found in _found(_PULSE_AT, text, "脈", "手首"):
        yield from _judged(text, "pulse", found)
    for found in _SUGARED.finditer(text):
        yield from _judged(text, "glucose", found)
    for found in _found(_OF_OXYGEN, text, "%", "パーセント"):
        if not _BY_PERCENT.search(found.group()):
            yield from _judged(text, "spo2", found)
    for found in _found(_COUNTED, text, "数え", "1分"):
        yield from _judged(text, "respiration" if found["respiration"] else "pulse", found)
    for found in _found(_BREATHS, text, "r"):
        yield from _judged(text, "respiration", found)
    for found in _found(_GLASGOW, text, "v"):
        total = sum(int(one) for one in found.groups() if one.isdigit())
        yield Vital("gcs", found.start(), found.end(), total, 3 <= total <= 12)
    for lost in _found(_UNMEASURED, text, *_LOST):
        yield Vital("unmeasured", lost.start(), lost.end(), 0, True)


def _found(pattern: re.Pattern[str], text: str, *one_of: str) -> Iterator[re.Match[str]]:
    """Where the pattern stands, looked for only if one of what it cannot do without does."""
    if any(one in text for one in one_of):
        yield from pattern.finditer(text)


def _spoken_of(before: str) -> str:
    """Which vital sign was spoken of last; empty if none, or one that is always named."""
    last = ""
    for found in _SPOKEN_OF.finditer(before):
        last = found.lastgroup or ""
    return "" if last == "other" else last


def _judged(text: str, kind: str, found: re.Match[str]) -> Iterator[Vital]:
    value, end = float(found["value"]), found.end("value")
    if possible(kind, value):
        limit = LIMIT.match(text, end) and not REACHED.match(text, end)
        danger = dangerous(kind, value) and not limit and not better(text, end, kind)
        yield Vital(kind, found.start(), end, value, danger)


def _fevers(text: str) -> Iterator[Vital]:
    """Fevers, and cold bodies, that are said without a name before them."""
    hots = [*_HOT.finditer(text)] if "熱" in text else []
    if "→" in text or "から" in text:
        hots += _RISEN.finditer(text)
    if _TENTHS.search(text):
        hots += _BODY_HEAT.finditer(text)
    for hot in hots:
        if _OF_SOMETHING_ELSE.search(text[max(0, hot.start() - 8) : hot.start()]):
            continue
        written = hot.groupdict()
        said = written["value"] or written.get("pointed") or written.get("placed") or "0"
        value, end = float(said) + int(written["tenth"] or 0) / 10, hot.end()
        limit = LIMIT.match(text, end) and not REACHED.match(text, end)
        danger = dangerous("temperature", value) and not limit
        danger = danger and not better(text, end, "temperature")
        yield Vital("temperature", hot.start(), end, value, danger)
