"""Whether a sentence tells of another time, of planning, or of others than the patient (N4.9)."""

import re

from renkei.communication.guard.said import Said

# Where these stand in the sentence, what it tells is not of now.
_PAST = re.compile(
    r"""
    先月|先々月|先週|先々週|先日|昨年|去年|一昨年|おととし|以前|過去に|過去の|昔|かつて
    |若い(?:頃|ころ|時)
    |入院(?:され|し)て(?:い|お)(?:ました|られ)
    |入院(?:の前|の(?:理由|原因|きっかけ)|中|時|前|して(?:い|お)た)
    |(?:発症|受傷|術|退院)(?:時|当時)
    |(?:退院|手術|術|受診|転居)前
    |\d+\s*(?:年|か月|ヶ月|ヵ月|カ月|ケ月|月|週間?|日)前
    |[一二三四五六七八九十数半]+(?:年|か月|ヶ月|週間?|日)(?:ほど|くらい|ぐらい)?前
    |既往|歴あり
    |記録に(?:あり|ある|残|よ)
    |と書(?:かれ|いてあ)
    |記載(?:が|され|あり)
    |サマリー?(?:に|で|を)
    |紹介状
    |前の(?:担当|事業所|施設|ステーション)
    |経緯|歴が|があった方|したことがある|されたことが|したことが|していた時期|た時期
    |(?:た|の)頃(?:も|が|は|に)
    |麻痺側|もともと|元々|元から|もとから|従来
    |いつも(?:どおり|通り|の(?!声|時間|場所|席|ように(?:訪|伺|声)))
    |普段(?:から|どおり|通り)
    |生まれつき|後遺症|当時
    |前回(?!と(?:違|異))
    |前々回|この前|こないだ
    |この間(?!に)
    |一昨日|おととい|昨日|きのう|昨夜|昨晩|ゆうべ|前夜|前日
    |前の(?:日|晩)
    |平成\d
    |昭和\d
    |令和[元1-7]年
    |(?:19|20[01]\d|202[0-5])\d{0,2}年
    |\d{1,2}月\d{1,2}日(?:に|の|は|、|頃|ごろ)
    |\d{1,2}月(?:に|の|頃)
    |\d{1,2}月(?:、|は|以降|中)
    |ヒヤリハット|インシデント|アクシデント|事故報告|武勇伝|思い出話|昔話|退院の理由|去る|春先に
    |夏に|冬に
    |(?:母|父|祖母|祖父|義母|義父|兄|姉)(?:が|は|も)(?:以前|昔|生前)
    |子ども?の(?:頃|ころ)
    |現役(?:の頃|時代)
    |退院後は(?:な|一度も)
    """,
    re.X,
)
_NOW = re.compile(
    r"""
    今も|いまも
    |また(?!は)
    |再び|再度|再発|さっき|さきほど|先ほど|先程|今朝|けさ|現在
    |まだ(?!まだ)
    |今(?!年|月|週|回|度|後|晩|季|期|更|さら|春|夏|秋|冬|のところ)
    |(?<![てで])いま(?:も|は|、|すぐ|から)
    |ただ今|ただいま|たった今|本日|きょう
    |(?:
        昨日|昨夜|昨晩|ゆうべ|前日|夜中|先週|先日|前日|おととい|一昨日|先月
    )(?:の?(?:夜|晩|夕方|朝|昼|午後)?)(?:から|より|以来)
    |続いて(?:い|お)
    |つづいて|治まら|おさまら|止まら
    |\d+分前
    |直前|目の前
    |訪問(?:する|したら|すると|時|し)
    """,
    re.X,
)
_PLAN = re.compile(
    r"""
    急変時(?:の|は|に|、|対|には)
    |急変(?:に備|の(?:際|時|とき|場合|リスク|可能|対応|サイン|予測))
    |緊急時(?:の|は|に|、|対|連)
    |緊急連絡|非常時|災害時|いざという
    |もしも?の?(?:とき|時)
    |マニュアル(?!どおり|通り|に(?:沿|従))
    |手順(?!どおり|通り|に(?:沿|従))
    |添付文書|説明書
    |副作用の(?:欄|頻度|説明|報告|一覧)
    |の報告があ|重大な副作用|まれに
    |服用を(?:見合|中止す)
    |おそれがあるため|フロー|チャート
    |訓練(?:を|の|で|です|】|が|は|、|に参|計|・)
    |【訓練】
    |研修(?!中|の?途中|医|会場|室|施設|の?帰り|の?後)
    |勉強会|講習|講座
    |講演(?!中|会場)
    |セミナー|演習|シミュレーション|学習会|教室|テーマ|動画|資料|教材|テキスト|パンフ|ポスター
    |チラシ|冊子
    |事例(?:検討|集|で|を|の)
    |症例(?:検討|報告|を)
    |acp|事前指示|意思確認
    |意向(?:を|は)?(?:確認|伺|うかが)
    |方針|取決め|取り決め|取りきめ
    |看取り(?:の|に|…)?(?:説明|時|後|方針|パンフ|の?とき)
    |再確認|議題|担当者会議|カンファレンス|カンファで|計画書|指示書|同意書|説明会
    |話し?合(?:い|っ)
    |ロールプレイ|クイズ|チェックリスト|観察項目|観察ポイント|注意点|注意事項|目安|早見表
    |対応(?:方法|手順|について|策)
    |について(?:説明|学|話|相談|教|ご相談|勉強|伺|うかが|質問|共有|お知らせ)
    |の(?:見分け|兆候|サイン|初期症状|前兆|前ぶれ)
    |とは何|使い方
    """,
    re.X,
)
_OTHERS = re.compile(
    r"""
    (?:ニュース|テレビ|ドラマ)(?!
        の前
        |を(?:見|観)て(?:いて、?(?:急|突然)|い(?:る|た)(?:とき|時|最中|ところ)|いたら)
    )
    |朝ドラ|ヒロイン|主人公|場面|番組|落語|映画|小説|ラジオ|新聞|漫画
    |近所の(?!(?:方|人|奥さん|奥様)(?:から|より))
    |お?向かいの
    |お向かい
    |お隣(?:さん|の(?:方|人|奥さん)?)(?!から|より)
    |隣家|隣室
    |同じ(?:マンション|アパート|団地|階)
    |隣の(?:家|人|方|奥さん?|部屋)(?!から|より)
    |ご近所(?!の(?:方|人|奥さん)(?:から|より))
    |知人(?!宅)
    |友人(?!宅|の家)
    |お友達|友だち|親戚|ご主人が昔|父が昔|母が昔
    |講演(?!中|会場|の途中)
    |有名人|芸能人|俳優|ゲーム
    |夢(?:で|に|を|の中|だった)
    |(?:犬|猫)が
    |飼い(?:犬|猫)
    |冗談
    """,
    re.X,
)

_SUPPOSED = re.compile(r"(?:^|、|「)(?:もし(?!か)|もしも|万が一|万一|仮に|例えば|たとえば)")
_GOING_ON = re.compile(
    r"(?:て(?:い)?(?:る|ます)|ており|と訴え|とのこと|ません|なくな(?:り|っ)|中です)"
)
_JUST_DONE = re.compile(r"[^。\n]{0,12}(?:ました|でした|た|です)(?:。|$)")
_BUT = re.compile(r"(?:た|す|る|い|だ)(?:が|けど|けれど|けれども|のに)、")
_BACKGROUND = ("既往", "歴あり", "歴が", "後遺症", "もともと", "元々", "従来", "普段から", "現役")
_GOES_ON = ("今も", "いまも", "また", "再", "まだ", "続", "つづ", "治まら", "おさまら", "止まら")
_TAUGHT = re.compile(
    r"""
    訓練(?:を|の|で|です|】|では|・)
    |【訓練】
    |研修(?:を|の|で|では|資料)
    |勉強会|講習|事例|症例|マニュアル|手順書|資料|教材|テキスト|急変時の対応|指示書|クイズ|早見表
    |基準|目安
    """,
    re.X,
)


def is_of_another_time(said: Said) -> bool:
    """Whether the sentence tells of another time, of planning or of others."""
    sentence = said.sentence
    start, end = said.start - said.first, said.end - said.first
    around = sentence[:start] + "\0" + sentence[end:]
    if _SUPPOSED.search(said.begun):
        return True
    if (
        (past := _PAST.search(around))
        and not _lifted(sentence, end)
        and not (past.end() <= start and _only_background(sentence, start))
    ):
        return True
    if _GOING_ON.search(sentence, start) or _JUST_DONE.search(sentence, end):
        contrast = [found.end() for found in _BUT.finditer(sentence, 0, start)]
        around = around[contrast[-1] :] if contrast else around
    return bool(_PLAN.search(around) or _OTHERS.search(around))


def _only_background(sentence: str, start: int) -> bool:
    """Whether the past stands in a clause before: 心筋梗塞の既往あり、胸痛を訴えています."""
    clause = max(sentence.rfind(mark, 0, start) for mark in "、,") + 1
    if clause == 0 or not _GOING_ON.search(sentence, start) or _PAST.search(sentence, clause):
        return False
    return _BUT.search(sentence, 0, clause) is not None or (
        all(found.group() in _BACKGROUND for found in _PAST.finditer(sentence, 0, clause))
    )


def _lifted(sentence: str, end: int) -> bool:
    """Whether the sentence comes to what is now: with the expression, or as what goes on."""
    return any(
        found.start() <= end or found.group().startswith(_GOES_ON)
        for found in _NOW.finditer(sentence)
    )


def is_measured_then(sentence: str, at: int) -> bool:
    """Whether a vital sign at that place in its sentence is of another time, or taught."""
    if _SUPPOSED.search(sentence):
        return True
    if _PAST.search(sentence) and not _lifted(sentence, at):
        return True
    return bool(_TAUGHT.search(sentence) or _OTHERS.search(sentence))
