"""Whether letters that may name an emergency mean something else where they stand.

A knife in the kitchen, a tree that fell, an answer to a letter, a turn of speech.
"""

import re
from typing import Final

from renkei.communication.guard.said import Said

# What falls without being anybody.
_THINGS: Final = r"""
    木|花瓶|棚|自転車|看板|点滴台|スタンド|杖
    |車[いイ椅]す
    |コップ|ボトル|ポール|塀
    |植木鉢?
    |鉢|箱|傘|ついたて|歩行器|株|案山子|タンス|花|看板|本棚|花|鉢植え|パーティション
    """
# Something else is meant where these stand just before the words.
_BEFORE: Final = {
    "反応": r"""
        (?:連絡|電話|メール|問い合わせ)[^。、]{0,6}$
        |(?:
            アレルギー|皮膚|炎症|薬の|陽性|陰性|ツベルクリン|副|化学|抗体|拒絶|皆|みんな|周囲|参加者
            |会場|世間|市民
            |ご?家族
            |職員|スタッフ|センサー|画面|ボタン|リモコン|機械|スイッチ|コール|パネル
        )(?:の|が|は|に)?$
    """,
    "返事": r"""
        (?:
            メール|手紙|電話|line|ライン|はがき|葉書|問い合わせ|問合せ|相談|招待|依頼|案内|先生|医師
            |業者|役所|市|事業所|ケアマネ|家族|長男|長女|娘|息子|から
        )[^。、]{0,6}$
    """,
    "意識": r"""
        (?:
            防災|危機|健康|仲間|目的|参加|問題|安全|当事者|コスト|人権|罪悪|美|節電|自己|被害|役割
            |仕事|無|苦手|感染|衛生|予防|チーム|プロ
        )$
    """,
    "うな": r"[どこそよほも]$",
    "もがい": r"[どと]$",
    "支え": r"差し$",
    "飛ぶ": r"(?:脈|意識|記憶|話|鳥|機)(?:が|は|も)?$",
    "ちが": r"[もまうかたみ持待打立勝育]$",
    "ちを": r"[もまうかたみ持待打立勝育]$",
    "前に": r"(?:年|月|日|分|時間|週間)$",
    "返答": r"(?:メール|手紙|問い合わせ|相談|事業所|業者|役所|市|先生|医師|ケアマネ|病院|から)(?:の|から|へ)?(?:の)?$",
    "首": r"[手足乳]$|(?:ペンダント|名札|カード|携帯|タオル|眼鏡|メガネ|鍵|カメラ|笛)(?:も|を|が|は)[^。、]{0,4}$",
    "もつれ": r"(?:足|糸|話|髪)(?:が|は|も)?$",
    "溺れ": r"(?:酒|お酒|愛|策|趣味)に$",
    "応答": r"""
        (?:電話|インターホン|チャイム|メール|サーバー?|アプリ|システム)(?:に|の|へ|から)?(?:も)?$
    """,
    "出血": r"(?:少量|わずか|軽い|軽度|微量|若干|にじむ程度|少し)(?:の|な)?$",
    "呼吸な": r"""
        (?:
            起座|起坐|下顎|口|異常|チェーンストークス|いびき|肩|腹式|深|努力|努力性|口すぼめ|陥没
            |鼻翼
        )$
    """,
    "倒れ": rf"(?:{_THINGS})(?:が|は|も|を)[^。]{{0,6}}$",
    "冷たく": r"""
        (?:
            手足|足|手|足先|指先|手先|風|汁|茶|飯|外|朝晩|季節|空気|床|水|部屋|料理|おかず|食事|弁当
            |末梢|下肢|上肢|体|鼻|耳|布団|寒く
        )(?:が|は|も|の先が|先が)?(?:少し|とても|かなり|やや)?$
    """,
    "けいれん": r"(?:抗|鎮|まぶた|瞼|眼瞼|顔面|胃|ふくらはぎ|こむら|足|目元|片側顔面)(?:の|が|に)?$",
    "痙攣": r"(?:まぶた|瞼|眼瞼|顔面|胃|ふくらはぎ|こむら|足|目元|片側顔面|抗|鎮)(?:の|が|に)?$",
    "急変": r"(?:天候|天気|相場|状況|情勢|気温)(?:が|の)?$",
    "激痛": r"(?:ぎっくり腰|歯|虫歯|魚の目)(?:の|が|で)?$",
    "飛び降り": r"舞台から$|(?:犬|猫|ネコ|イヌ|子猫)[^。]{0,8}$",
    "苦し": r"""
        (?:
            家計|生活|暮らし|腹|おなか|資金|立場|経営|言い訳|弁解|やりくり|ベルト|帯|襟|服|心|気持ち
            |介護|見|聞き|胃|満腹で|食べすぎて|食べ過ぎて|重|寝|の|こと
        )(?:が|は|も|の)?$
    """,
    "くるし": r"(?:くらしが|せいかつが|おなかが|おなか|みぐ)$",
    "死にた": r"(?:家|自宅|自然|畳の上|ここ|うち|故郷|穏やか|安らか|布団の上)(?:で|に)$",
    "死ぬ": r"(?:いつか|いずれ|みんな|人は|誰でも|どうせ)[^。、]{0,4}$",
    "胸": r"(?:コルセット|ベルト|服|下着|帯)[^。、]{0,4}$",
    "119": r"\d$",
    "口": r"(?:入|経|出|窓|蛇|人|傷|ろう|瘻|ストーマ|開|玄関|改札|間)$",
    "顔": r"(?:似|笑|横|寝)$",
    "すぐ": r"(?:迎え|資料を|会議|受付)[^。]{0,6}$|ま$",
    "息": r"(?:休|消|安|窒|ため|生|利|棲|終|一|溜|嘆|子|仮|喘)$",
    "ポンプ": r"(?:水中|空気入れの|井戸の|ガソリン)$",
}
# What a machine, too, may be said to do.
_ANSWERING: Final = (
    "consciousness",
    "answer",
    "stimulus",
    "sleep",
    "floor",
    "long",
    "in-vain",
    "kana",
)
# Machines that do not answer, stop or fall over; those that keep somebody alive are none of them.
_OF_A_MACHINE = re.compile(
    r"""
    (?:
        パソコン|タブレット|端末|スマホ|スマートフォン|携帯|アプリ|システム|サーバー?|画面|テレビ
        |リモコン|カメラ|センサー|ブザー|チャイム|インターホン|ドア|エレベーター|冷蔵庫|洗濯機|掃除機
        |自転車|車|バイク|電動ベッド|ベッド|車[いイ椅]す|歩行器|リフト|時計|プリンター?|複合機|コピー機
        |ブレーキ|鍵|蛇口|配管|水道|トイレの水|エアコンの(?:室外機|リモコン)
    )(?:が|は|も|、)[^。、]{0,8}、?$
    """,
    re.X,
)
_TO_A_LETTER = re.compile(
    r"[^。\n]{0,16}(?:メッセージ|メール|再送|既読|返信|不在票|スタンプ|留守電|電話をかけ直)"
)
_ELSE: Final = {word: re.compile(before, re.X) for word, before in _BEFORE.items()}
# It falls, is run over or grows cold without being anybody.
_OF_A_THING = re.compile(r"[^。、\n]{0,6}(?:猫|犬|鳥|スープ|お茶|お湯|ご飯|汁|花火|夕日|荷物|鉢)")
# A cord, a beam and a stove are at hand for other things too.
_HOUSEHOLD = re.compile(
    r"洗濯|干し|干す|部屋干|飾|手芸|工作|園芸|梱包|荷造|のれん|すだれ|回収|処分|引き取|カーテンを|編み|干し柿|靴ひも|練習"
)
_NOT_SUICIDE = re.compile(
    r"""
        料理|調理|野菜
    |台所(?!から)
    |刻[みむ]
    |皮を?[むム]
    |献立|魚を|肉を|果物|リハ|作業
    |研[いぐ]
    |片付け
    |しま[いっ]
    |預か
    """,
    re.X,
)
_FALLEN_THING = re.compile(rf"[^。、\n]{{0,3}}た(?:ままの)?(?:{_THINGS})", re.X)
_IDIOMS = re.compile(
    r"""
    死ぬほど
    |自殺(?:予防|対策|防止)
    |ゲートキーパー
    |救急(?:箱|医療情報|カード|外来の待|の日|フェア|カート|セット|バッグ)
    |息抜き|頭が下が|胸をなで|目を白黒|笑い死|血の気が多
    """,
    re.X,
)


def is_something_else(said: Said, kind: str) -> bool:
    """Whether the letters mean something else there: a knife in the kitchen, a tree that fell."""
    text, start = said.text, said.start
    for word, before in _ELSE.items():
        if text.startswith(word, start):
            if before.search(text, max(said.first, start - 14), start):
                return True
    if text.startswith(("反応", "返事", "返答", "応答"), start) and _TO_A_LETTER.match(
        text, said.end
    ):
        return True
    if kind in _ANSWERING and _OF_A_MACHINE.search(text, said.first, start):
        return True
    if kind in ("fall", "head-injury", "suicide", "means", "floor", "death") and _OF_A_THING.match(
        text, said.end
    ):
        return True
    if text.startswith("倒れ", start) and _FALLEN_THING.match(text, start + 2):
        return True
    if kind in ("suicide", "means") and _HOUSEHOLD.search(said.sentence):
        return True
    knife = kind in ("suicide", "means") and text[start] in "包刃カはナ"
    return knife and _NOT_SUICIDE.search(said.sentence) is not None


def in_an_idiom(text: str, start: int, end: int) -> bool:
    """Whether it stands within a turn of speech that means something else."""
    around = max(0, start - 10)
    return any(
        found.start() <= start < found.end() or found.start() < end <= found.end()
        for found in _IDIOMS.finditer(text, around, end + 10)
    )
