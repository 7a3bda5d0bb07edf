"""In what manner a sentence says what it names: asks, supposes, likens, says as a word, says is over.

Japanese says so at the end of the clause that holds the words, so what follows them is read up to
where that clause ends; a clause that is made the topic (は、) ends with its comment. The ending
decides: 「意識がない。」 states, 「意識がないことはありますか」 asks, 「意識がなければ電話を」 supposes.
"""

import re

from renkei.communication.guard.over import MISTAKEN, NEVER
from renkei.communication.guard.said import Said
from renkei.communication.guard.supposed import is_supposed
from renkei.communication.guard.told import (
    CAUSED,
    EXPLAINED,
    GONE_THROUGH,
    HAS_BEEN,
    OF_ACCIDENTS,
    UNTHOUGHT,
    is_grief,
    is_jest,
)

_CLAUSE = r"[^。、\n]"
_ASKED = re.compile(
    rf"""
    {_CLAUSE}{{0,24}}?(?:
        (?:
            あり|ござい|出|起き|感じ
            |(?:で|出|起き|感じ|して)い?
            |続い?てい?
            |いらっしゃい
        )(?:ます|ました|ません(?:でした)?)
        |(?<!の)でしょう
        |ない(?:です|でしょう)
        |よろしい(?:です|でしょう)
    )か(?![らも])(?:ね)?(?=[。、?と」\n]|$)
    |[^。、\n]{{0,6}}?[はがを](?:
        どのくらい|どれくらい|どの程度|いつ
        |何[回分度時]
        |どんな|どのよう
    )[^。\n]{{0,14}}か(?=[。?\n]|$)
    |(?:は|とか|など)(?:いかが|どう(?:です|でしょう|か|\?)|大丈夫|\?)
    """,
    re.X,
)
_LIKENED = re.compile(
    r"""
    (?:
        が出る|が流れる|をかく|い|む|なる
        |く(?:なる|なった)?
        |る|った|た|ない
        |そうな?
        |しそうな?
        |られる?
        |れる|に|んじゃう
    ){0,4}(?:よう(?:な|に))?
    (?:
        ように(?:静か|ぐっすり|よく眠)
        |(?P<degree>ほど|程|くらい|ぐらい|かと思)
        |思い(?!出)
        |気持ち(?:で|に|だ)
        |衝撃
        |もの(?=[のでだ、。])
        |(?<=るよう)な(?!
            感じ|気が|痛|症|様子|状態|息|声|咳|音|苦|発作|圧|胸|頭|め|しび|違和|ら|の
        )[一-龥ァ-ヶ]
        |(?:よう)?な(?:長|高|数|量|作業|時間|騒音|音|声|暑さ|寒さ|混雑|人混み|量|数)
        |(?:もどかし|歯がゆ|悔し)さ
        |(?:
            話(?![せすしさそ])|歌|曲|映画|小説|物語|ニュース|出来事|事件|知らせ|光景|値段|金額|雰囲気|空気|満員|忙し
        )
    )
    """,
    re.X,
)
_FELT = r"(?:嬉し|うれし|喜|感激|感動|感極|恥ずかし|はずかし|照れ|笑|可笑し|面白|おもしろ|楽し|驚|びっくり|緊張)"
_MOVED_SO = re.compile(
    rf"""
    (?:{_FELT}|胸がいっぱい)[ぁ-ん]{{0,3}}?(?:
        くて|して|すぎて|過ぎて|って|いて|のあまり|で|すぎ|に|ながら
    )(?:、)?[^。、\n]{{0,4}}$
    """,
    re.X,
)
_SUFFERED = re.compile(
    r"""
    苦し|痛|つら|辛い|ひど|激し|重い|咳|吐|眠れ|動け|歩け|息|悲し|絶望|落ち込|しんど|だる|めまい|熱
    |血|症|ではな|でな
    """,
    re.X,
)
_SAID_AS_WORD = re.compile(
    r"""
    [^「」『』。\n]{0,20}[」』](?:は|を|と|って|という|とは|の)*(?:
        英語|日本語|ベトナム語|中国語|ドイツ語
        |何(?:語|と|て)
        |どう(?:いう意|書|言|読|訳|違)
        |漢字|字|用語|欄|項目|題|タイトル|曲|歌|本|映画|番組|小説|意味|読み方|略|定義|書式|様式|違い
        |スタンプ|スライド|ページ|章|標語|川柳
    )
    """,
    re.X,
)
_UNTICKED = ("☐", "□", "▢")
_NOT_YET = re.compile(
    r"""
    [^。、\n]{0,3}なる(?:姿勢|薬|病気|原因|体質|日|人|方)
    |[^。、\n]{0,4}(?:る前|ない(?:うち|前)|ぬ(?:間|うち))
    """,
    re.X,
)
_NAMED_AS = re.compile(
    r"""
    [^。、\n]{0,6}[」』]?、?(?:という|とは|っていう)(?:
        字|漢字|言葉|単語|語|用語|題|名前|曲|小説|本|映画|見出し|欄|項目|テーマ|意味|表現|記事
        |ニュース
    )(?!が(?:聞|出|あ))
    """,
    re.X,
)
_NOUN_OF = re.compile(
    r"""
    (?:発作|症状|時)?(?:や[^。、\n]{1,6}|など)?の(?:
        (?:手術|治療|退院|発症|検査|入院|検査入院)(?:から|後|で)
        |人形|練習|方法|やり方|仕方|本|番組|書式|欄|様式|項目|案内|スライド|題|見学|仕組み|意味|違い
        |定義|予防|歌|跡|痕|傷あと|リスク|記録|用紙|手帳|ノート|日誌
        |危険(?!な状)
        |恐れ|おそれ|前触れ|頻度|回数|専門|外来|患者会|診断書|診断基準|絵|マーク|ワクチン|後遺
        |ある方|多い|少ない|既往|いつもの
    )
    """,
    re.X,
)
_NEGATIVE = r"(?:ない|なかった|ません(?:でした)?|ず|て(?:い|お)(?:ない|なかった|ません(?:でした)?|らず|りません(?:でした)?))"
_NONE_SEEN = re.compile(
    rf"""
    (?:
        や|・|と|など|等|の|といった|のような|に伴う|による
        |を(?:疑|思|ほのめか|示)[ぁ-んわ]{{1,3}}
        |する|した
    )?
    (?!
        [^。\n]*(?:
            止ま|改善|治ま|おさま|効|反応|返事|意識[がはも]|戻|回復|軽快|落ち着|変わり|薬が|救急|連絡|電話
            |対応
        )
    )[^。、\n]{{0,24}}?
    (?:
        (?:
            は|が|も
        )
        (?:、[^。、\n]{{0,16}}?)?(?:
            (?:全く|まったく|特に|一度も|今日は|本日は|今回は|今週は|最近は)?
            (?:なし|無し|なかった|ない|なく(?!な)|あり?ません)
        )
        |(?:は|が|も|を)(?:、[^。、\n]{{0,16}}?)?[^。、\n]{{0,8}}?(?:
            (?:認め|[み見](?:え|受け)?)(?:られ)?
            |確認(?:され|でき)?
            |訴え(?:られ)?
            |聞かれ|起き|生じ
            |混じ(?:っ)?
            |付い
        ){_NEGATIVE}
    )
    """,
    re.X,
)
_NONE_COMES = re.compile(
    r"""
    (?:は|も)[^。、がをに\n]{0,8}(?:
        出|起き|起こっ|来|され|行われ
    )(?:て(?:い)?)?(?:ない|なかった|ません|ず)
    """,
    re.X,
)
_CEASED = re.compile(
    r"""
    (?![^。\n]*(?:ても|また|再び|再度|繰り返))(?:は|が|も)(?:[^。、\n]{0,12}?)(?:
        消失(?!発)
        |(?:おさま|治ま|収ま|止ま|なくな|無くな)(?:
            り(?!ませ|そうにな)
            |っ(?!て(?:い|お)?(?:な|ませ|ら))
        )
        |軽快|軽減
        |(?:と|取)れ(?:て|ま(?!せん)|た)
        |楽にな|減っ|少なくな
        |消え(?!な|ま?せん|ず)
        |(?:和ら|やわら)(?:い|ぎ)
        |落ち着(?:い(?!てい?(?:な|ませ))|き(?!ませ))
        |解消|薄くな|治っ|癒え|きれいにな
        |(?:ひ|引)(?:い(?:て|た)|きま(?!せ))
        |(?:良|よ)くな(?:り(?!ませ)|っ)
        |改善(?:し(?!な|ませ|てい?(?:な|ませ))|傾向|。|、|$)
    )
    """,
    re.X,
)
_WITHOUT = re.compile(
    r"[^。\n]{0,18}ことなく|[^。、\n]{0,4}(?:こと(?:も|は|が)?(?:な[くい]|ありません)|ずに済)"
)
_POSSIBLE = re.compile(
    r"""
    [^。、\n]{0,6}?(?:り(?:う|得)る|し(?:う|得)る|かねな)
    |[^。、\n]{0,4}(?:方|人|ケース|高齢者|事故)(?:が|を|の|は|も)?(?:
        多|少な|増|減|割合|向け|支え|への
    )
    """,
    re.X,
)
_LONG_SO = re.compile(
    r"""
    拘縮|寝たきり|装具|体位変換|リハ|rom|可動域|絵カード|文字盤|コミュニケーション
    |慣れ|麻痺側|以前から|前から|もとから|後遺症|退院時|これまで(?:どおり|通り)|伝わり|うなずきで|意思疎通
    |(?:日|こと)が(?:増え|多)
    |変わり(?:は|も)?(?:な|あ?りませ)|変わりませ
    |(?:てい|てお)る(?:ため|ので)、?[^。\n]*(?:側から|工夫|ゆっくり|使)
    |車[いイ椅]す
    """,
    re.X,
)
_LASTING = (
    "stroke",
    "side",
    "speech",
    "sight",
    "seizure",
    "floor",
    "limp",
)  # may be of long standing
_LEFT_SO = ("stroke", "side", "speech", "sight")  # 動かない|ままです
OF_DYING = ("suicide", "leave", "means")  # is not over because somebody laughs or feels better
_SUDDEN = re.compile(
    r"急に|突然|さっき|先ほど|今朝|今日|本日|昨夜から|今、|たった今|新た|増悪|中に|(?:転ん|倒れ|打っ|ぶつけ)[^。、]{0,6}(?:あと|後|から)"
)
_FEARED = re.compile(
    r"""
    が(?:怖|こわ)(?:い|くて)(?:の|から|ため|、)
    |(?:など|等|のこと)?(?:を|が|に)(?:とても|大変|少し)?(?:
        心配|不安
        |気に(?:さ|し|な)
        |怖が|恐れ|おそれ|懸念|おびえ
    )
    """,
    re.X,
)
_FORESEEN = re.compile(
    r"""
    最期(?:は|に|が|の時|の変化)
    |亡くなる(?:前|とき|時|数|直前)
    |いずれ|やがて|将来|進行すると|病気が進むと|一般に|一般的に
    |高齢者(?:は|の|に)
    """,
    re.X,
)


def is_told_otherwise(said: Said, kind: str) -> bool:
    """Whether the sentence does not state the words of now, but tells otherwise of them."""
    before, after = said.begun, said.text[said.end : said.last]
    words = said.words
    if len(words) > 1 and words[-1] in "たて":  # 抜けた|ら
        words, after = words[:-1], words[-1] + after
    if any(way.match(after) for way in _TOLD_OTHERWISE):
        return True
    if said.is_noun and any(way.match(after) for way in _OF_A_THING):
        return True
    if before.endswith(_UNTICKED) or (_SAID_AS_WORD.match(after) and "「" in before + words):
        return True
    return _likened(before, after, kind) or _of_the_kind(said, after, kind)


def _of_the_kind(said: Said, after: str, kind: str) -> bool:
    """What depends on the kind of emergency: a paralysis of long standing, what is laughed about."""
    sentence = said.sentence
    if kind in _LASTING and _LONG_SO.search(sentence) and not _SUDDEN.search(sentence):
        return True
    if kind in _LEFT_SO and re.match(r"[^。、\n]{0,6}まま", after) and not _SUDDEN.search(sentence):
        return True
    if is_grief(said) or (kind not in OF_DYING and is_jest(sentence, after)):
        return True
    return _foreseen(sentence, after) or is_supposed(after)


_TOLD_OTHERWISE = (
    _NOT_YET,
    _NAMED_AS,
    _ASKED,
    _NOUN_OF,
    EXPLAINED,
    _WITHOUT,
    _POSSIBLE,
    HAS_BEEN,
    UNTHOUGHT,
    OF_ACCIDENTS,
    GONE_THROUGH,
)
_OF_A_THING = (CAUSED, _NONE_COMES, _CEASED, _FEARED, _NONE_SEEN)  # these follow a noun


def is_no_value_of_now(after: str) -> bool:
    """Whether what follows a value asks, supposes or denies it, or says that it was a mistake."""
    return is_supposed(after) or any(
        way.match(after) for way in (_ASKED, MISTAKEN, EXPLAINED, NEVER)
    )


def _likened(before: str, after: str, kind: str) -> bool:
    if found := _LIKENED.match(after):
        rest = after[found.end() : found.end() + 24]
        return not (found["degree"] and _SUFFERED.search(rest))
    return kind not in OF_DYING and _MOVED_SO.search(before) is not None


def _foreseen(sentence: str, after: str) -> bool:
    """Whether it is told as what comes to everybody in the end: not of somebody now."""
    return _FORESEEN.search(sentence) is not None and not re.match(
        r"[^。、\n]{0,10}?(?:てい|てる|ており|ました|た(?:。|$|、))", after
    )
