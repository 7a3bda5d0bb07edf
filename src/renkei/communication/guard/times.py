"""Whether a sentence tells of another time, of planning, or of others than the patient (N4.9)."""

import re

from renkei.communication.guard.said import Said

# Where these stand in the sentence, what it tells is not of now.
_PAST = re.compile(
    r"""
    先月(?!と同じ)|先々月|先週|先々週|先日|昨年|去年|一昨年|おととし|以前|過去に|過去の|昔|かつて
    |若い(?:頃|ころ|時)
    |入院(?:され|し)て(?:い|お)(?:ました|られ)
    |入院(?:の前|の(?:理由|原因|きっかけ)|中|時|前|して(?:い|お)た)
    |(?:発症|受傷|術|退院)(?:時|当時)
    |(?:退院|手術|術|受診|転居)前
    |\d+\s*(?:年|か月|ヶ月|ヵ月|カ月|ケ月|月|週間?|日)前
    |[一二三四五六七八九十数半]+(?:年|か月|ヶ月|週間?|日)(?:ほど|くらい|ぐらい)?前
    |既往|歴あり
    |記録(?:に(?:あり|ある|残|よ)|より|から)
    |転記|カルテ(?:より|から|に)|騒ぎのあと|騒ぎの後|春先の
    |と書(?:かれ|いてあ)
    |記載(?:が|され|あり)
    |サマリー?(?:に|で|を)
    |紹介状
    |前の(?:担当|事業所|施設|ステーション)
    |経緯|歴が|があった方|したことがある|されたことが|したことが|していた時期|た時期
    |(?:た|の)頃(?:も|が|は|に)
    |麻痺側|もともと|元々|元から|もとから|従来
    |いつも(?:どおり|通り|の(?![^。、]{1,8}(?:が|も)(?:ありませ|ない|出な|聞かれ)|声|時間|場所|席|ように(?:訪|伺|声)))
    |普段(?:から|どおり|通り)
    |生まれつき|後遺症|当時
    |前回(?!と(?:違|異))
    |前々回|この前|こないだ
    |この間(?!に)
    |一昨日|おととい|昨日|きのう|昨夜|昨晩|ゆうべ|前夜|前日
    |前の(?:日|晩)
    |(?:平成|昭和)[\d一二三四五六七八九十元]
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
    |前の[^。、\n]{1,8}の(?:とき|時|頃|ころ)
    |私事|私用
    # as it has long been
    |毎年|長年の(?:もの|こと)|慢性(?:的|の(?:痛|しび|咳|腰|膝|頭痛))|生まれつき
    |いつもこ(?:の|れ)(?:くらい|ぐらい|程度)
    |(?:いつも|普段|ふだん|平常|前回|これまで|先週|昨日)と(?:同じ(?!よう|時|道|場所|席|部屋)|同様|おなじ(?!よう|時)|変わら|変わり(?:な|あ?りま))
    |(?:この方|ご本人|本人)の(?:普段|ふだん|いつも|ベース|平常|通常)(?!の値より)
    |(?:普段|ふだん)の(?:値|数字|範囲)(?!より)
    |ベースライン
    |(?:主治医|先生|医師)(?:も|の)(?:ご)?(?:了解|承知|存じ|指示範囲|許可)
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
    急変時(?:の(?!(?:マニュアル|手順)(?:どおり|通り))|は|に|、|対|には)
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
    |勉強会|講座
    |講習(?!で(?:習|教わ))
    |講演(?!中|会場)
    |セミナー|演習|シミュレーション|学習会|教室|テーマ|動画(?!を撮)|資料(?!を(?:作|取り|届))|教材|テキスト|パンフ|ポスター
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
    |とは何|使い方|小テスト
    |(?:方法|やり方|仕方|コツ)を(?:覚え|習|教|お?伝え|説明|確認|練習|聞)
    |体験会|実習|修了証|貼り紙|張り紙|紙を貼|抜き打ち
    |(?:に|へ)(?:そな|備)え
    |来週|再来週|次回|来月|予約(?:を|し|済)
    |亡くなった(?:奥|ご?主人|夫|妻|母|父|お母|お父|ご家族)[^。、]{0,4}(?:が|の)
    |点検(?!中|に|で|の(?:ため|帰))
    |テスト(?:問題|運転)|試験(?:問題|に出)|問題に出|ヒント|過去問|国試
    |わざと(?!で)|試験的に|動作確認|作動確認|音量を確か
    |(?:薬|説明)の紙|注意書き|[」』]と(?:並んで|載って)
    |[」』]?、?と(?:ご)?説明(?:。|$|しました|して(?:い|お)|済)
    """,
    re.X,
)
_OTHERS = re.compile(
    r"""
    (?:ニュース|テレビ|ドラマ)(?!
        の(?:前|最中|途中|音)
        |を(?:見|観)て(?:いて、?(?:急|突然)|い(?:る|た)(?:とき|時|最中|ところ)|いたら)
    )
    |朝ドラ|ヒロイン|主人公|場面|番組|落語|映画|小説|ラジオ|新聞(?!を(?:取り|読ん|見て))|漫画
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
    |夢(?:で|に|を(?!見ているよう)|の中|だった)
    |(?:犬|猫)が(?!い|そば|ほえ|吠え|騒)
    |飼い(?:犬|猫)
    |冗談(?!抜き|(?:に|と|とは|には)(?:聞こえ|思え|見え)|では|じゃ)
    |(?:息子|娘|孫|夫|妻|主人|お兄|お姉|弟|妹)(?:さん|様|さま)?の(?:会社|職場|学校|同僚|友)
    |隣町|県内で|市内で|全国|よその
    |(?:他|ほか|別)の(?:事業所|施設|利用者|患者|方|件)(?!から|より|の[^。、]{0,6}[薬剤])
    |実家の|お休みを|休みをいただ
    |時代劇|手品|芝居|アニメ|ネットで|紙芝居|役を
    """,
    re.X,
)
_HELPED = re.compile(  # 近所の方が腰をつかんで止めてくださった
    r"[^。、]{0,4}(?:が|に)[^。\n]{0,12}(?:止め|助け|見つけ|つかん|知らせ|連絡|電話|連れ|教え|発見|くださ|くれ)"
)
_IN_WORDS = re.compile(r"訓練|講習|研修|打合せ|打ち合わせ|わざと")
_NEIGHBOUR = re.compile(r"ご?近所|お?隣|お?向かい|知人|友人|お友達|友だち|親戚|(?:他|ほか|別)の")

_SUPPOSED = re.compile(
    r"(?:^|、|「)(?:もし(?!か|もし)|もしも(?!し)|万が一|万一|仮に|例えば|たとえば)"
)
# Who it is that the sentence speaks of: 昨日退院された方、肩で息をして
_WHOSE = re.compile(
    r"[^。、]{0,24}(?:た|ている|のある|の)(?:方|人|かた|患者さん|利用者さん)(?:で|です|が|は|に)?、"
)
_GOING_ON = re.compile(
    r"(?:て(?:い)?(?:る|ます)|ており|と訴え|とのこと|ません|なくな(?:り|っ)|中です)"
)
_JUST_DONE = re.compile(r"[^。\n]{0,12}(?:ました|でした|た|です)(?:。|$)")
_THOUGH = re.compile(r"(?:なのに|のに|ところが|にもかかわらず)、")
_HABITS = ("いつも", "普段", "ふだん")
_BROKEN = re.compile(  # いつもどおりお茶を飲んでいたら急に
    r"(?:たら|て|ところ|最中に?|途中で?)、?(?:急に|突然|いきなり)[^。、\n]{0,6}$"
)
_BUT = re.compile(r"(?:た|す|る|い|だ)(?:が|けど|けれど|けれども|のに)、")
_BACKGROUND = ("既往", "歴あり", "歴が", "後遺症", "もともと", "元々", "従来", "普段から", "現役")
_GOES_ON = (
    "今も",
    "いまも",
    "たった今",
    "ただ今",
    "ただいま",
    "また",
    "再",
    "まだ",
    "続",
    "つづ",
    "治まら",
    "おさまら",
    "止まら",
)
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
    if _SUPPOSED.search(said.begun) or _IN_WORDS.search(said.words):
        return True
    whose = _WHOSE.match(sentence, 0, start)
    told = whose.end() if whose else 0
    past = next((one for one in said.around(_PAST) if one.start() >= told), None)
    if (
        past
        and not _lifted(said)
        and not (past.group().startswith(_HABITS) and _BROKEN.search(sentence, 0, start))
        and not (past.end() <= start and _only_background(sentence, start))
    ):
        return True
    since = 0
    if contrast := [found.end() for found in _THOUGH.finditer(sentence, 0, start)]:
        since = contrast[-1]
    elif _GOING_ON.search(sentence, start) or _JUST_DONE.search(sentence, end):
        since = max((found.end() for found in _BUT.finditer(sentence, 0, start)), default=0)
    return any(one.start() >= since for one in said.around(_PLAN)) or any(
        _happens_to(one, sentence, start) for one in said.around(_OTHERS) if one.start() >= since
    )


def _happens_to(other: re.Match[str], sentence: str, start: int) -> bool:
    """Whether it happens to others; they are none who only tell it: 落ちたと隣の方が."""
    if _NEIGHBOUR.match(other.group()) and _HELPED.match(sentence, other.end()):
        return False
    return (
        other.start() < start
        or sentence[other.start() - 1] not in "と」て"
        or not _NEIGHBOUR.match(other.group())
    )


def _only_background(sentence: str, start: int) -> bool:
    """Whether the past stands in a clause before: 心筋梗塞の既往あり、胸痛を訴えています."""
    clause = max(sentence.rfind(mark, 0, start) for mark in "、,") + 1
    if clause == 0 or not _GOING_ON.search(sentence, start) or _PAST.search(sentence, clause):
        return False
    return _BUT.search(sentence, 0, clause) is not None or (
        all(found.group() in _BACKGROUND for found in _PAST.finditer(sentence, 0, clause))
    )


def _lifted(said: Said) -> bool:
    """Whether the sentence comes to what is now: with the words, or as what goes on."""
    end = said.end - said.first
    return any(_lifts(found, end) for found in said.whole(_NOW))


def _lifts(found: re.Match[str], end: int) -> bool:
    return found.start() <= end or found.group().startswith(_GOES_ON)


def is_measured_then(sentence: str, at: int) -> bool:
    """Whether a vital sign at that place in its sentence is of another time, or taught."""
    if _SUPPOSED.search(sentence):
        return True
    if _PAST.search(sentence) and not any(_lifts(one, at) for one in _NOW.finditer(sentence)):
        return True
    return bool(_TAUGHT.search(sentence) or _OTHERS.search(sentence))
