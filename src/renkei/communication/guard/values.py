"""How a text goes on after a value: up to a limit, over it, within a range, well again since."""

import re
from dataclasses import dataclass

from renkei.region.vitals import SIGNS, dangerous

_UNIT = r"(?:%|パーセント|パー|割|mmhg|mmHg|/分|回/分|回毎分|回|bpm|mg/dl|mg|℃|°c|度\d?分?|度|台前半|台後半|台|代|前後|くらい|ぐらい|ほど|程度|\s)*"
LIMIT = re.compile(
    rf"""
    {_UNIT}[)」]?(?:
        以上|以下|未満
        |より(?:下|上|低|高)
        |を?(?:切|下回|超え|こえ|上回|割|保|目標|維持|キープ|めど|目安|下限|上限|きった|きれ)
        |台を(?:保|維持|キープ|目標)
        |は?(?:キープ|保ち|維持|目標)
        |(?:に|へ|まで)(?:下が|上が|なっ|落ち|低下し)?(?:
            ったら|たら|れば|ば|なる場合
            |た(?:場合|とき|時|ら)
        )
        |になったら|になれば
        |の?(?:場合|時は|ときは|時に|ときに)
        |なら|だったら|であれば
        |でも(?:可|よ|い)
        |で(?:は)?(?:
            電話|連絡|受診|119
            |救急車を呼ん?(?:で?くだ|ぶ)
            |アラーム|ストップ|中止|コール|報告
            |吸入を?し(?:て|ま)
        )
        |が(?:目標|目安|基準|下限|上限|設定|いつも|普段|平常|通常)
        |に設定|設定|~|〜
    )
    """,
    re.X,
)
REACHED = re.compile(
    rf"""
    {_UNIT}[)」]?(?:
        を?(?:
            切っ(?:て(?!しま|は|から)|た(?!ら|時|とき|場合|まま[^。]{{0,8}}(?:けれ|なら))|てしま)
            |切りました
            |切る(?:状態|こと|値|。|$|ことも|ぐらい|くらい)
            |きって(?:い|る)
            |きりました
            |下回っ(?:て|た(?!ら|時|とき|場合))
            |下回りました
            |割っ(?:て|た(?!ら|時))
            |割りました|割り込
            |超え(?:て(?!きたら|いたら|いる場合|いれば)|ました|た(?!ら|時|とき|場合))
            |上回っ(?:て|た(?!ら))
        )
        |も?(?:ありません|ない(?!と|よう|か))
        |以下(?:
            です|でした|だ
            |に(?:下が|低下|なり|なって|落ち)(?!ったら|たら|れば)
            |で(?:す|した|推移|経過|、|。|$)(?!電)
            |が続(?:い|き)
            |の(?:まま|状態)(?!が続いたら)
            |に(?:まで)?(?:急)?(?:低下|下降)し(?:て|ま|、)
        )
        |未満(?:です|でした|に(?:下が|低下|なって|なり))
        |以上(?:
            です|でした
            |あり(?:ま)?
            |に(?:上が|なって|なり)(?!ったら)
            |が続(?:い|き)
            |の(?:まま|状態|熱|発熱|高熱)
            |出て|まで上が
        )
    )
    """,
    re.X,
)
BY = re.compile(r"(?:mg/dl|mg)?(?:ほど|くらい|ぐらい|程度)?(?:まで測|下が|上が|減|増|低)")
RANGE = re.compile(
    r"""
    \s?(?:%|台|/分)?(?:から|[~〜\-])\s?(\d{2,3})\s?(?:%|台|パーセント|/分|回)*(?:
        です|でした
        |で(?:推移|経過|す)
        |を(?:推移|行)
        |しか|前後
        |に(?:低下|下が)
        |まで(?:低下|下が)
        |。
        |、(?!目標)
        |$
    )
    """,
    re.X,
)
_RECOVERED = re.compile(
    r"""
    (?P<then>\d{2,3}(?:\.\d)?)\s?(?:%|度\d?|℃|回|台|/\d{2,3})?(?:台)?(?:に|まで|へ)?(?:
        改善|回復|戻|もど|上が|上昇|落ち着|おちつ|下が|解熱|安定
        |なり(?:ま|、)
        |なって(?:い|き)
    )
    """,
    re.X,
)
_NOW_GOOD = re.compile(
    r"""
    (?:
        今は|今朝は|今日は|本日は|起床時
        |夕方(?:に)?は
        |朝(?:に)?は
        |昼(?:に)?は
        |午後は
        |夜(?:に)?は
        |現在(?:は)?
        |その後
        |再検(?:で|して|すると)?
        |再測定(?:で|すると|して)?
        |測り直(?:し|す)(?:て|たら|と)?
        |測りなお[^\d]{0,4}
        |深呼吸[^\d]{0,6}
        |(?:座って|休んで|安静)?\d{1,2}分(?:後|で)?(?:に)?
        |安静(?:時|で|に)
        |休(?:む|んで|憩)[^\d]{0,4}
        |体位[^\d]{0,10}
        |吸引後|吸入後
        |酸素[^\d。]{0,10}(?:\d\.?\d?l)?[^\d。]{0,4}
        |→|⇒
        |温め[^\d]{0,8}
    )(?:は|、|で|:)*[^\d。\n]{0,6}(?P<then>\d{2,3}(?:\.\d)?)(?!\d|分|時|日|月|l)
    """,
    re.X,
)

_STOP = re.compile(r"[。\n]")


@dataclass(frozen=True, slots=True)
class Vital:
    """A vital sign that is said, and whether it is dangerous now."""

    kind: str
    start: int
    end: int
    value: float
    danger: bool


def possible(kind: str, value: float) -> bool:
    """Whether anybody can have measured it."""
    return not SIGNS[kind].possible.side(value)


def better(text: str, end: int, kind: str) -> bool:
    """Whether the same sentence, or the next, tells that it is well again."""
    rest = "。".join(_STOP.split(text[end : end + 80], maxsplit=2)[:2])
    for pattern in (_NOW_GOOD, _RECOVERED):
        for found in pattern.finditer(rest):
            then = float(found["then"])
            if possible(kind, then) and not dangerous(kind, then):
                return True
    return False
