"""Vital signs in a text that are dangerous now: SpO2 82%, サチ86, BP 70/40, 脈が38, 体温40度2分.

A number counts for the sign named just before it. One that is a target, a limit for later, a range
of setting, or that has recovered since, is none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ahocorasick_rs import AhoCorasick

from renkei.communication.guard.numerals import value
from renkei.region.vitals import SIGNS, dangerous

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NAMES: Final = {
    "spo2": "spo2 sao2 血中酸素 血中酸素濃度 酸素飽和 サチュレーション サチュ サチ サーチ さち 酸素飽和度 酸素濃度 sat オキシ",
    "oxygen": "酸素 パルス パルスオキシ パルスオキシメータ パルスオキシメーター",
    "systolic": "血圧 bp b.p 収縮期 収縮期血圧 最高血圧 けつあつ 上 上の血圧 上が 上は 上も",
    "diastolic": "拡張期 拡張期血圧 最低血圧 下 下の血圧 下が 下は 下も",
    "pulse": "脈 脈拍 脈拍数 プルス 心拍 心拍数 みゃく hr pr",
    "respiration": "呼吸 呼吸数 呼吸回数 rr",
    "temperature": "体温 検温 熱 腋窩 腋窩温 直腸温 たいおん ねつ kt bt",
    "glucose": "血糖 血糖値 デキスタ デキスター けっとう bs bg",
    "pulse_letter": "p",
    "respiration_letter": "r",
    "temperature_letter": "t",
}
_KIND_OF: Final = [(kind, name) for kind, names in _NAMES.items() for name in names.split()]
_NAMES_AUTOMATON: Final = AhoCorasick([name for _, name in _KIND_OF])
_NOT_AFTER: Final = {"脈": "動静山文人鉱乱", "上": "以", "下": "以"}  # 動脈, 以上
_NOT_BEFORE: Final = {"酸素濃度": "計"}
_FILL = re.compile(r"(?:1分間?に|\d回(?=[^\d])|[^\d。\n]){0,8}")
_TIGHT = re.compile(r"[\s:=は.、\-]{0,2}")
_TIGHT_KINDS: Final = frozenset(
    ("diastolic", "pulse_letter", "respiration_letter", "temperature_letter")
)
_WRONG_FILL = re.compile(
    r"体重|尿|食|残|リハ|トレ|器|療法|訓練|薬|酸素(?!飽和|2|ボ)|濃縮|流量|ml|kg|身長|部屋|室温|気温|湿度|量|計|手帳|ノート|目標|目安|基準|設定|指示|アラーム|上限|下限|普段|ふだん|いつも|ベース|平熱|範囲|平常|差|圧は|腹式|深呼吸|法|練習|体操|困難|回目|度目|曜|月|さまし|冷まし|中症|日本|ため|下げ|止め|心地"
)
_WRONG_BEFORE = re.compile(
    r"(?:目標|目安|基準|指示|設定|普段の?|いつもの?|ふだんの?|平常時?の?|アラーム)(?:は|の|値|を|が|:|、)*$"
)
_UNIT = r"(?:%|パーセント|パー|割|mmhg|mmHg|/分|回/分|回毎分|回|bpm|mg/dl|mg|℃|°c|度\d?分?|度|台前半|台後半|台|代|前後|くらい|ぐらい|ほど|程度|\s)*"
_OTHER_UNIT = re.compile(
    r"\s?(?:分(?!\d)|時|日|月|年|歳|才|個|錠|名|人|ml|cc|kg|cm|mm(?!hg)|l(?![a-z])|リットル|週|か月|ヶ月|階|号|丁目|番|円|枚|本|包|kcal|w\b|単位|g\b|秒|割|件|回目|人目|頁|ページ|歩|mmol|μg)"
)
_PAIR = re.compile(r"\s?(?:/|の|-|~|〜|対|・|ー|、)\s?(?P<low>\d{2,3})(?!\d|\.\d|月|日|%)")
_LIMIT = re.compile(
    rf"{_UNIT}[)」]?(?:以上|以下|未満|より(?:下|上|低|高)|を?(?:切|下回|超え|こえ|上回|割|保|目標|維持|キープ|めど|目安|下限|上限|きった|きれ)|台を(?:保|維持|キープ|目標)|は?(?:キープ|保ち|維持|目標)"
    r"|(?:に|へ|まで)(?:下が|上が|なっ|落ち|低下し)?(?:ったら|たら|れば|ば|なる場合|た(?:場合|とき|時|ら))|になったら|になれば|の?(?:場合|時は|ときは|時に|ときに)|なら|だったら|であれば|でも(?:可|よ|い)|で(?:は)?(?:電話|連絡|受診|119|救急車を呼ん?(?:で?くだ|ぶ)|アラーム|ストップ|中止|コール|報告|吸入を?し(?:て|ま))|が(?:目標|目安|基準|下限|上限|設定|いつも|普段|平常|通常)|に設定|設定|~|〜)"
)
_REACHED = re.compile(
    rf"{_UNIT}[)」]?(?:を?(?:切っ(?:て(?!しま|は|から)|た(?!ら|時|とき|場合|まま[^。]{{0,8}}(?:けれ|なら))|てしま)|切りました|切る(?:状態|こと|値|。|$|ことも|ぐらい|くらい)|きって(?:い|る)|きりました|下回っ(?:て|た(?!ら|時|とき|場合))|下回りました|割っ(?:て|た(?!ら|時))|割りました|割り込|超え(?:て(?!きたら|いたら|いる場合|いれば)|ました|た(?!ら|時|とき|場合))|上回っ(?:て|た(?!ら)))"
    r"|も?(?:ありません|ない(?!と|よう|か))"
    r"|以下(?:です|でした|だ|に(?:下が|低下|なり|なって|落ち)(?!ったら|たら|れば)|で(?:す|した|推移|経過|、|。|$)(?!電)|が続(?:い|き)|の(?:まま|状態)(?!が続いたら)|に(?:まで)?(?:急)?(?:低下|下降)し(?:て|ま|、))|未満(?:です|でした|に(?:下が|低下|なって|なり))|以上(?:です|でした|あり(?:ま)?|に(?:上が|なって|なり)(?!ったら)|が続(?:い|き)|の(?:まま|状態|熱|発熱|高熱)|出て|まで上が))"
)
_BY = re.compile(r"(?:mg/dl|mg)?(?:ほど|くらい|ぐらい|程度)?(?:まで測|下が|上が|減|増|低)")
_RANGE = re.compile(  # 86〜88%です: what it is, where a target says を or its name
    r"\s?(?:%|台|/分)?(?:から|[~〜\-])\s?(\d{2,3})\s?(?:%|台|パーセント|/分|回)*(?:です|でした|で(?:推移|経過|す)|を(?:推移|行)|しか|前後|に(?:低下|下が)|まで(?:低下|下が)|。|、(?!目標)|$)"
)
_MORE = re.compile(r"\s?(?:%|度|℃|台|パー|回|mmhg|/分)*\s?[→⇒➡\-かよを以未まに切下割超き上もあな]")
_SLASH = re.compile(r"/(\d{2,3})(?!\d|/|\.\d|月|日)")
_TENTH = re.compile(r"度(\d)分?")
_ARROW = re.compile(
    r"\s?(?:%|度|℃|台)?(?:→|⇒|->|➡|から|より)(?:、)?[^\d。\n]{0,6}(?P<then>\d{2,3}(?:\.\d)?)(?!\d|分|時|日|月|l)"
)
_RECOVERED = re.compile(
    r"(?P<then>\d{2,3}(?:\.\d)?)\s?(?:%|度\d?|℃|回|台|/\d{2,3})?(?:台)?(?:に|まで|へ)?(?:改善|回復|戻|もど|上が|上昇|落ち着|おちつ|下が|解熱|安定|なり(?:ま|、)|なって(?:い|き))"
)
_NOW_GOOD = re.compile(
    r"(?:今は|今朝は|今日は|本日は|起床時|夕方(?:に)?は|朝(?:に)?は|昼(?:に)?は|午後は|夜(?:に)?は|現在(?:は)?|その後|再検(?:で|して|すると)?|再測定(?:で|すると|して)?|測り直(?:し|す)(?:て|たら|と)?|測りなお[^\d]{0,4}|深呼吸[^\d]{0,6}|(?:座って|休んで|安静)?\d{1,2}分(?:後|で)?(?:に)?|安静(?:時|で|に)|休(?:む|んで|憩)[^\d]{0,4}|体位[^\d]{0,10}|吸引後|吸入後|酸素[^\d。]{0,10}(?:\d\.?\d?l)?[^\d。]{0,4}|→|⇒|温め[^\d]{0,8})(?:は|、|で|:)*[^\d。\n]{0,6}(?P<then>\d{2,3}(?:\.\d)?)(?!\d|分|時|日|月|l)"
)
_JCS = re.compile(
    r"(?:jcs|意識レベル)[\sは:が、で=(]{0,3}(?:(?P<roman>iii|ii|i|[1-3])\s?[-‐−ー‐の桁]\s?)?(?P<value>\d{1,3})?"
)
_GCS = re.compile(
    r"gcs[\sは:が、で=(]{0,3}(?:e(?P<e>\d)\s?v(?P<v>\d|t|a)\s?m(?P<m>\d)|(?:合計)?(?P<sum>\d{1,2}))"
)
_HOT = re.compile(
    r"(?<![\d.])(?P<value>(?:3\d|4[0-3])(?:\.\d)?)\s?(?:℃|度)(?P<tenth>\d)?分?(?:台|近い|近く|を?超え(?:る|た)?|を?超す|以上|前後)?(?:の|まで|も|ある|ほどの|という)?(?:高?熱|発熱)(?!量|中症|い)"
)
_RISEN = re.compile(
    r"(?<![\d.])3\d(?:\.\d)?\s?(?:度|℃)?(?:→|から)(?P<value>(?:3\d|4[0-3])(?:\.\d)?)\s?(?:度|℃)(?P<tenth>\d)?分?"
)
_UNMEASURED = re.compile(
    r"(?:血圧|脈拍?|サチュレーション|spo2|サチ)(?:が|は|も)?(?:低くて|弱くて|下がって)?(?:、)?(?:測れ(?:ず|ない|ません)|測定(?:不能|不可|でき(?:ず|ない|ません))|はかれ(?:ず|ない|ません)|触れ(?:ず|ない|ません)|とれ(?:ず|ない|ません)|取れ(?:ず|ない|ません)|感知(?:せず|しない|できず)|出(?:ない|ません))"
    r"|(?<!\d)[5-8]\d(?:%|台)+から(?:は)?(?:上が|あが)(?:ら|りませ)"
)
_KANJI_NUMBER = re.compile(
    r"(?<![一二三四五六七八九十百第])[一二三四五六七八九十百]{2,6}(?=\s?(?:パーセント|%|度|回|台|を切|です|しか|、|。|$))"
)
_BESIDE = re.compile(r"[\s、。]*(?:ふらつ|めまい|冷や?汗|不整|徐脈|頻脈|顔色|意識|失神)")
_LETTERED: Final = ("pulse_letter", "respiration_letter", "temperature_letter")
_VITALISH = re.compile(
    r"血圧|体温|spo2|サチ|脈|(?<![a-z])(?:bp|kt|bt|hr|p|r|t)[\s:=]?\d|バイタル|(?<![a-z])vs(?![a-z])|熱"
)

_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Vital:
    """A vital sign that is said, and whether it is dangerous now."""

    kind: str
    start: int
    end: int
    value: float
    danger: bool


def _possible(kind: str, value: float) -> bool:
    return not SIGNS[kind].possible.side(value)


def _in_digits(found: re.Match[str]) -> str:
    """The number in digits, as long as it was: 八十五 is ・85."""
    return str(value(found.group())).rjust(len(found.group()), "・")


def vitals(text: str) -> Iterator[Vital]:
    """The vital signs in a text without spaces between words."""
    text = _KANJI_NUMBER.sub(_in_digits, text)
    numbers = [one for one in _NUMBER.finditer(text) if text[one.start() - 1 : one.end()] != "o2"]
    names = _named_signs(text) if numbers else []
    beside = [one.span() for one in _VITALISH.finditer(text)] if numbers else []
    taken = passed = 0
    for number in numbers:
        while passed < len(names) and names[passed][1] <= number.start():
            passed += 1
        if number.start() >= taken and (
            found := _named(text, number, names[max(0, passed - 3) : passed], beside)
        ):
            yield found
            taken = found.end
    yield from _consciousness(text)
    hots = [*_HOT.finditer(text)] if "熱" in text else []
    if "→" in text or "から" in text:
        hots += _RISEN.finditer(text)
    for hot in hots:
        value = float(hot["value"]) + (int(hot["tenth"]) / 10 if hot["tenth"] else 0)
        before = text[max(0, hot.start() - 8) : hot.start()]
        if not re.search(r"気温|室温|温度|湯|風呂|水温|角度|→|から$", before):
            limit = _LIMIT.match(text, hot.end()) and not _REACHED.match(text, hot.end())
            danger = (
                dangerous("temperature", value)
                and not limit
                and not _better(text, hot.end(), "temperature")
            )
            yield Vital("temperature", hot.start(), hot.end(), value, danger)
    for lost in _UNMEASURED.finditer(text):
        yield Vital("unmeasured", lost.start(), lost.end(), 0, True)


def _named_signs(text: str) -> list[tuple[int, int, str]]:
    """Where vital signs are named, those that end last at the end; of two the longer first."""
    found = []
    for which, start, end in _NAMES_AUTOMATON.find_matches_as_indexes(text, overlapping=True):
        kind, name = _KIND_OF[which]
        before = text[start - 1] if start else ""
        if name.isascii():
            if before.isascii() and before.isalpha():
                continue
        elif (before and before in _NOT_AFTER.get(name[0], "")) or (
            name[0] in "上下" and "一" <= before <= "鿿" and before not in "圧期"
        ):
            continue
        if text[end : end + 1] and text[end] in _NOT_BEFORE.get(name, ""):
            continue
        found.append((start, end, kind))
    found.sort(key=lambda one: (one[1], -one[0]))
    return found


def _named(
    text: str, number: re.Match[str], names: list[tuple[int, int, str]], beside: list[_Span]
) -> Vital | None:
    for start, end, kind in reversed(names):
        fill = _TIGHT if kind in _TIGHT_KINDS else _FILL
        if not fill.fullmatch(text, end, number.start()):
            continue
        if _WRONG_FILL.search(text, end, number.start()):
            return None
        if kind != "oxygen" and _WRONG_BEFORE.search(text, max(0, start - 8), start):
            return None
        return _judged(text, number, kind, start, beside)
    return _pair_alone(text, number, beside)


def _judged(
    text: str, number: re.Match[str], kind: str, start: int, beside: list[_Span]
) -> Vital | None:
    end = number.end()
    value = float(number.group())
    if kind in _LETTERED:
        if not _letter_counts(text, number, kind, start, beside):
            return None
        kind = kind.removesuffix("_letter")
    if kind == "oxygen":
        if not re.match(r"\s?(?:%|パーセント)", text[end:]):
            return None
        kind = "spo2"
    pair = _PAIR.match(text, end) if kind == "systolic" else None
    if (
        kind == "systolic"
        and not pair
        and re.search(r"上[^上]{0,4}$", text[start : number.start()])
    ):
        if not re.search(r"血圧|bp|下|しか(?:な|あ)", text[max(0, start - 12) : end + 12]):
            return None
    tenth = _TENTH.match(text, end)
    if kind == "temperature" and tenth:
        value += int(tenth[1]) / 10
        end = tenth.end()
    elif (
        not pair
        and _OTHER_UNIT.match(text, end)
        and not (kind == "glucose" and text.startswith("mg", end))
    ):
        return None
    if kind in ("pulse", "respiration"):
        if "." in number.group() or text.startswith("回目", end):
            return None
    elif text.startswith("回", end):  # 発熱40回目
        return None
    if not _possible(kind, value):
        return None
    danger = dangerous(kind, value)
    if not danger and not pair and not _MORE.match(text, end):
        return Vital(kind, start, end, value, danger=False)
    while arrow := _ARROW.match(text, end):
        then = float(arrow["then"])
        if not _possible(kind, then):
            break
        if _BY.match(text, arrow.end()):
            return None
        value, end = then, arrow.end()
        pair = None
    danger = dangerous(kind, value)
    if pair:
        low = float(pair["low"])
        if low >= value:
            return None
        danger = danger or dangerous("diastolic", low)
        end = pair.end()
        while arrow := re.match(
            r"\s?(?:→|⇒|から)[^\d。\n]{0,6}(\d{2,3})(?:/(\d{2,3}))?", text[end:]
        ):
            danger = dangerous("systolic", float(arrow[1]))
            end += arrow.end()
    between = _RANGE.match(text, end)
    reached = _REACHED.match(text, end)
    if between and _possible(kind, float(between[1])):
        danger = danger and dangerous(kind, float(between[1]))
        end = between.end(1)
    elif reached:
        if re.search(r"切|きっ|きり|下回|割|未満|以下|あり|ない", reached.group()):
            danger = dangerous(kind, value - 0.1)
    elif _LIMIT.match(text, end):
        return None
    danger = danger and not _better(text, end, kind)
    return Vital(kind, start, end, value, danger)


def _letter_counts(
    text: str, number: re.Match[str], kind: str, start: int, beside: list[_Span]
) -> bool:
    """Whether a single letter before a number names a vital sign: not R8.11.22, not p.38."""
    after = text[number.end() : number.end() + 4]
    if re.match(r"[./年\-‐−](?=\d)|年|元|ページ|頁|を参照|参照|期|-", after):
        return False
    if kind == "temperature_letter":
        return True
    if (
        kind == "respiration_letter"
        and len(number.group()) < 2
        and not after.startswith(("回", "/"))
    ):
        return False
    if _BESIDE.match(text, number.end()):
        return True
    return bool(beside) and (beside[0][1] <= start or beside[-1][0] >= number.end())


def _better(text: str, end: int, kind: str) -> bool:
    """Whether the same sentence tells that it is well again."""
    stop = re.search(r"[。\n]", text[end:])
    rest = text[end : end + min(stop.start() if stop else 60, 60)]
    for pattern in (_NOW_GOOD, _RECOVERED):
        for found in pattern.finditer(rest):
            then = float(found["then"])
            if _possible(kind, then) and not dangerous(kind, then):
                return True
    return False


def _pair_alone(text: str, number: re.Match[str], beside: list[_Span]) -> Vital | None:
    """A blood pressure without its name among other vital signs: KT 36.8、76/40、P 110."""
    pair = _SLASH.match(text, number.end())
    if pair is None or not re.fullmatch(r"\d{2,3}", number.group()):
        return None
    if re.search(r"[/\d.\-]$", text[max(0, number.start() - 1) : number.start()]):
        return None
    high, low = int(number.group()), int(pair[1])
    if not (40 <= high <= 280 and 20 <= low < high) or not beside:
        return None
    danger = dangerous("systolic", high) or dangerous("diastolic", low)
    return Vital("systolic", number.start(), pair.end(), high, danger)


def _consciousness(text: str) -> Iterator[Vital]:
    if "jcs" in text or "意識レベル" in text:
        for found in _JCS.finditer(text):
            level = _jcs(found)
            after = text[found.end() : found.end() + 12]
            limit = _LIMIT.match(after) and not _REACHED.match(after)
            if level is not None and not re.match(
                r"(?:から|→|より)[^\d]{0,4}(?:jcs)?\s?[0-3](?!\d|-)", after
            ):
                yield Vital("jcs", found.start(), found.end(), level, level >= 20 and not limit)
    if "gcs" in text:
        for found in _GCS.finditer(text):
            if found["e"]:
                total = sum(
                    int(one) for one in (found["e"], found["v"], found["m"]) if one.isdigit()
                )
            else:
                total = int(found["sum"])
            yield Vital("gcs", found.start(), found.end(), total, 3 <= total <= 12)


def _jcs(found: re.Match[str]) -> int | None:
    roman, digits = found["roman"], found["value"]
    if digits is None:
        return {"iii": 100, "3": 100, "ii": 10, "2": 10}.get(roman or "")
    if roman in ("iii", "3") or len(digits) == 3:
        return max(100, int(digits))
    return int(digits)
