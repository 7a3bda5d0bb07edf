"""Whether a text speaks of an emergency now, and where (N4.9).

An expression counts unless its clause denies it or speaks of what could be, or its sentence tells
of another time, of planning, of what was on the news. When in doubt the telephone is shown.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from ahocorasick_rs import AhoCorasick

from renkei.communication.guard.emergency_words import (
    EXPRESSIONS,
    NOT_BEFORE,
    NOW,
    OTHERS,
    PAST,
    PLAN_SENTENCE,
)
from renkei.communication.guard.folding import Folded
from renkei.communication.guard.vitals import Vital, vitals

Alarm = tuple[int, int, str]  # in plain characters, and which kind of emergency

_NOT = r"(?:ない|なく|なし|無し|ません|(?<=[せらかまわえけれめきじ])ず(?!つ)|まへん|ねえ|ん(?:。|$|、))"
_SPACE = re.compile(r"(?<![a-z0-9])[^\S\n]+|[^\S\n]+(?![a-z0-9])")
_SENTENCE_END = re.compile(r"[。!?\n]|(?<=[^\d])\.(?=[^\d]|$)")
_CLAUSE_END = re.compile(r"[。!?\n、,]")
_CONTRAST = re.compile(
    r"(?:ます|です|した|ます|ない|ある|た|る)(?:が|けど|けれども?|ものの)(?=、|[^ぁ-ん])"
)

_THING = (
    r"(?:など|等|とか|や[^。、\n]{1,8}|も?・[^。、\n]{1,14}|といった)?(?:の|な|する|した|している|しているような|のような|らしき|様の?)?"
    r"(?:訴え|症状|発作|様子|徴候|兆候|所見|念慮|企図|願望|様症状|出現|発生|状態|既往|感じ|感|差|こと|印象|様|気配|自覚|再発|悪化|エピソード|発言|素振り|そぶり|言葉|問題|事|量|持続|増強|残存|愁訴)?"
)
_NEGATED = re.compile(
    _THING
    + r"(?:は|も|が|を|の|に|には|とは|では|さえ|なども|等も|までは|も特に|は特に|は一度も|は全く|は一切|もその後)?(?:ともに|共に|とも|いずれも|どちらも|すべて|全て|特に|両方とも)*"
    r"(?:っ?て(?:は)?い?(?:な(?:い(?!か)|く)|ません|おらず)|て?おらず|ナシ|ナイ|な(?:し|い(?!か(?:と|、|。|$))|く(?!な)|かっ)|無(?:し|く(?!な)|い)|あり?ません|ございません|認め(?:ず|ません|られ(?:ず|ません)|ない|ていません)"
    r"|[みミ見]られ(?:ず|ません|ない|ていません)|見(?:え)?ません|訴え(?:ず|ません|ない|られず|はな|もな|な)|否定|起き(?:ず|ません|てい?(?:ない|ません)|なか)|起こ(?:らず|りません|って(?:い)?ません|して(?:い)?ません|さず)"
    r"|出(?:て(?:い)?(?:ない|ません|おらず|なく)|ません|ず(?:に済|、|。|$)|現(?:なし|せず|は?な))|して(?:い)?(?:ない(?!か)|ません|おらず|なく)|しません|しない(?!か)|せず(?:に)?|しなかった|しておりません"
    r"|生じ(?:て(?:い)?ません|ず|ません)|至(?:ら|りません|って(?:い)?ません)|消失(?:し|$|。|、)|ゼロ|0回|\(?[-−]\)|\(-|[-−](?:$|、|。|/|\s)|陰性|ではな|でな(?:く|い)|じゃな|言(?:わず|いません)|聞かれ(?:て(?:い)?|て?おり)?(?:ず|ません)|なら(?:ず|ない|なか|なく)(?:に?済)?|続いて(?:い)?ません|残って(?:い)?ません|来(?:て(?:い)?ません|ず)|感じ(?:ない|ません|ず)|増え(?:て(?:い)?ません|ず)|強くな(?:い|く(?!な))|ひどくな(?:い|く(?!な))"
    r"|希望(?:し|され)(?:ない|ません|ず)|希望なし|望(?:まない|みません|まれ(?:ない|ません|ず)|まず)|行(?:わない|いません|わず)|不要|控え|なさそう|もう(?:ない|なく|ありません)|心配(?:は)?(?:な|あ?りません|いりません|不要)|(?:や|・|、)?[^。、\n]{0,8}(?:も|は)(?:なし|ない|なく|ありません|みられ(?:ず|ません|ない)|見られ(?:ず|ません|ない)|認め(?:ず|ません)))"
)
_INFLECTED = re.compile(
    r"(?:く|くは|くも|み|みは|みも|みなど|みや[^。、\n]{1,8}は|さ(?:など|等)?(?:の)?(?:自覚)?(?:症状|訴え)?(?:は|も)?|そう(?:で|に|な様子)?(?:は|も)?|がる様子(?:は|も)?|いという(?:訴え|こと)(?:は|も)?|い(?:など)?(?:と)?(?:は|も)?(?:言|訴え|おっしゃ)|い様子(?:は|も)?|い感じ(?:は|も)?|いこと(?:は|も)?|む様子(?:は|も)?|むこと(?:は|も)?)"
    r"(?:な(?:い(?!か)|く(?!な)|し|さそう)|ありません|(?:訴え|みられ|見られ|認め)?(?:ず|ません|なし)|わない|わず|いません)"
)
_DENIED_AFTER = re.compile(
    r"[^。、\n]{0,12}(?:ことは(?:ない|ありません|なか)|わけでは(?:ない|ありません)|様子は?(?:も)?(?:ない|ありません|見られ|みられ|なく|なし)|心配は?(?:ない|ありません|なさ)|危険は?(?:ない|ありません)|恐れは(?:ない|ありません)|ほどでは(?:ない|ありません)|なくなり(?:ま|、)|なくなって|には至(?:ら|りま|って)|ではありません|ではない(?!か)|ではなく|なしで|まではいか)"
)
_COULD_BE = re.compile(
    r"[^。、\n]{0,14}?(?:たら(?!い(?:い|よ)か)|れば|場合|とき(?:は|に|の|には|、|用)|時(?:は|に|の|には|、|用|も|指示|薬|屯用|頓用|使用|投与|坐薬|座薬|対応|$)|際(?:は|に|の|には|、|も)|よう(?:なら|であれば|でしたら|だったら)|なら(?:ば|、|1|す|電|救)|恐れ|おそれ|リスク|心配(?:が|して|だ|なの|で|な(?:の|ため|とき))|懸念|不安|予防|防止|防[ぐぎげ]|ないよう|ぬよう|に備え|の備え|有無|かどうか|か(?:を)?(?:確認|観察|チェック|見て|みて|聞い)|ないか(?:、|を|確|見|観|み|注|気|ど|心|と(?:心配|不安|聞|たず|尋))"
    r"|対策|対応|対処|手当て|処置(?:の|法)|について|の(?:説明|勉強|研修|講習|訓練|演習|資料|マニュアル|パンフ|話|既往|経験|薬|坐薬|頓服|サイン|兆候|徴候が|症状が出|見分け|原因|予測|既応|歴|方(?:へ|に|が|の|は|も|を))|を(?:説明|想定|予測|防|避け|予防|繰り返して(?:き|い)た)|既往|歴(?:あり|が|の|は|も|、|。|$)|後遺症|後の(?:方|リハ|経過|生活|状態)|(?:し|り|れ|き|い)やす|サイン|傾向|体質|持ち(?:の|で)|止めの?|用の?薬|薬(?:を|は|が|の|、)|スケール|評価(?!で)|とは(?:何|ど)|と(?:いう|の)(?:言葉|テーマ|題)|しないため|にならない|にならぬ|ならないよう|しないよう|起こさない|起こさぬ|させない|されないよう|に注意|に気をつけ|に気を付け|にご?注意|への|教室|セミナー|講座|ポスター|ガイド|カード|キット|訓練|研修|例(?:えば|として|:)|など(?:の|が)(?:症状|とき|場合|あ(?:れば|ったら))|しそう(?:な(?:とき|場合|ら)|になったら)|しないか|の可能性(?:がある(?:ため|ので|方)|に備|を(?:考|説|話)|について|もあるため|が高いため)|可能性に備)"
)
_WHEN_LATER = re.compile(
    r"(?:場合(?:は|に|には|、|の|で)?|とき(?:は|に|には|、)?|時(?:は|に|には|、)|(?:ようなら|ようであれば|ようでしたら)|なら(?:ば|、|すぐ)?|たら(?:、|すぐ|必ず|まず|早|電|連|1|救|お|中)?|れば(?:、)?|際(?:は|に|には))"
    r"[^。\n]{0,40}?(?:電話|連絡|119|救急車|呼[んびぶ]|受診|対応|ください|下さい|お願い|使[いう用っ]|坐薬|座薬|頓服|指示|報告|中止|伝え|します|する(?:。|$|こと|よう)|とのこと|こと(?:。|$|に)|いたし|相談|決め|飛んで|駆けつけ)"
)
_FINITE = re.compile(
    r"(?:て(?:い)?(?:ます|る|ました|た)|て(?:おり|お)(?:ます|ました)|ました|ます|です|でした|あり|だ|(?<!なっ)た|と(?:の|訴え|言|おっしゃ)[^、]*|状態)(?:が|けど|けれど|けれども|ので|から|ため|し|ものの)?$"
)
_SUPPOSED = re.compile(r"(?:^|、|「)(?:もし(?!か)|もしも|万が一|万一|仮に|例えば|たとえば)")
_BARE = re.compile(r"(?:など|や|と|も|・|等|の|症状|発作|様|・[^。、\n]{1,10})*")
_NEXT_ITEM_NEGATED = re.compile(
    r"(?:[、,・/]|や|と|も|及び|および|または|または|並びに)(?P<items>(?:[^。、,\n]{1,14}[、,])*?)[^。、,\n]{0,14}?"
    r"(?:は|も|が|の訴え|の症状|など|等|ともに|とも|いずれも|どれも|どちらも|共に|全て|すべて|特に|症状|発作)*(?:な(?:し|い(?!か))|なく(?!な)|無し|ありません|みられ(?:ず|ません|ない)|見られ(?:ず|ません|ない)|認め(?:ず|ません|ない)|訴え(?:なし|ず|ません)|否定|\([-−]\)|せず|していません|しておらず|起きて(?:い)?ません|出て(?:い)?ません|ゼロ)"
)
_PREDICATE = re.compile(r"(?:ます|ました|です|あり(?!ませ)|でした|ている|ており|(?<!し)た|る|し)$")
_CANNOT = (
    "ら",
    "か",
    "話せ",
    "べれ",
    "喋れ",
    "立て",
    "歩け",
    "上がれ",
    "見え",
    "吸え",
    "飲め",
    "使え",
    "動け",
    "られ",
)
_PART_OF_IT = re.compile(
    r"ない|ません|ず(?:に)?|なく(?:なり|なって|なった)?|ん(?=。|$)"
)  # 止まら|ない
_NOUNS = frozenset(("けいれん", "ひきつけ", "ケイレン", "冷や汗", "いたみ"))
# A thing whose clause ends with a denial, if it is not the denial of getting better.
_ENDS_DENIED = re.compile(
    r"(?![^。、\n]*(?:続|止ま|とま|改善|治ま|おさま|効|反応|返事|意識|動|薬|戻|回復|軽快|落ち着|変化|変わり))[^。、\n]{0,28}?"
    r"(?:なし|無し|ありません(?:でした)?|認め(?:ず|ません(?:でした)?|られず|られません|ない)|[み見]られ(?:ず|ません(?:でした)?|ない)|(?:には|とは)?(?:なら|至ら)(?:ず|ない|なかった|なかったです))"
)
_NOT_STRUCK = re.compile(
    r"頭(?:部)?(?:は|を|も|の)?(?:打撲|外傷|強打|打っ|打|ぶつけ)(?:た様子|た形跡)?(?:は|も)?(?:て(?:おらず|いな|いません)|なし|ありません|たず|ず)"
)
_ORDERED = re.compile(
    r"(?:場合(?:は|に|には)?|とき(?:は|に)?|時(?:は|に)|ようなら|なら|たら|れば|際は)[^。\n]{0,18}$"
)
_TO_BE_DONE = re.compile(
    r"(?:ん?で)?(?:くだ|もら|ほし|いただ|と(?:お願|伝|説|話|指示)|こと|よう|か|。|$|、|ます|して(?:くだ|もら|いただ))"
)
_NOT_SUICIDE = re.compile(
    r"料理|調理|野菜|台所|刻[みむ]|皮を?[むム]|献立|魚を|肉を|果物|リハ|作業|研[いぐ]|片付け|しま[いっ]|預か"
)

_PAST = re.compile(PAST)
_NOW = re.compile(NOW)
_PLAN = re.compile(PLAN_SENTENCE)
_OTHERS = re.compile(OTHERS)
_IDIOMS = re.compile(
    r"死ぬほど|自殺(?:予防|対策|防止)|ゲートキーパー|救急(?:箱|医療情報|カード|外来の待|の日|フェア|カート|セット|バッグ)|息抜き|頭が下が|胸をなで|目を白黒|笑い死|血の気が多"
)


_PARTICLES = re.compile(r"\(\?:(?:[がはもをにの]\|)+[がはもをにの]\)\??")
_ADVERBS = (
    "(?:とても|すごく|かなり|急に|少し|ひどく|だんだん|突然|ずっと|非常に|大変|なんだか|やや|どんどん|徐々に|さらに|全く"
    "|まったく|ほとんど|うまく|全然|もう|一時的に|何度も|ちょっと)*"
)


def _stems(expression: str) -> tuple[list[str], str]:
    """The letters that an expression may begin with, and it without what may be left out before."""
    while found := re.match(r"\(\?:[^()]*\)\?", expression):
        expression = expression[found.end() :]
    group = re.match(r"\(\?:([^()]*)\)", expression)
    starts = group[1].split("|") if group else [expression]
    literal = [re.match(r"(?:[^([.?*+\\|…N](?![?*]))*", start) for start in starts]
    stems = [found.group() for found in literal if found is not None]
    assert all(stems), expression
    return stems, expression


def _compiled() -> tuple[AhoCorasick, list[list[tuple[str, re.Pattern[str]]]]]:
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = defaultdict(list)
    for kind, lines in EXPRESSIONS.items():
        for line in lines.strip().splitlines():
            stems, expression = _stems(line)
            expression = _PARTICLES.sub(rf"\g<0>{_ADVERBS}", expression)
            written = re.sub(r"…(?=(?:\(\?:)?NOT)", r"[^。、\\n]{0,6}?", expression)
            written = written.replace("…", r"[^。\n]{0,8}?").replace("NOT", _NOT)
            pattern = re.compile(written)
            for stem in stems:
                table[stem].append((kind, pattern))
    return AhoCorasick(list(table)), list(table.values())


_AUTOMATON, _PATTERNS = _compiled()
_ELSE: Final = {word: re.compile(before) for word, before in NOT_BEFORE.items()}
# What a text without an end costs: nobody's draft may hold up everybody else's.
_FAR: Final = 200  # characters to either side that a sentence is looked at
_MOST: Final = 500  # words of an emergency that are looked at in one text


def alarms(folded: Folded) -> list[Alarm]:
    """What in the text is an emergency now; empty if nothing is."""
    plain = folded.plain
    text = _SPACE.sub("", plain)  # helpers put spaces between words
    found = _apart(list(_all(text)))
    if not found or len(text) == len(plain):
        return found
    at = _kept(plain)
    return [(at[start], at[end - 1] + 1, kind) for start, end, kind in found]


def _kept(plain: str) -> list[int]:
    """Where each character stood before the spaces were taken out."""
    kept: list[int] = []
    last = 0
    for gap in _SPACE.finditer(plain):
        kept.extend(range(last, gap.start()))
        last = gap.end()
    kept.extend(range(last, len(plain)))
    return kept


def _apart(found: list[Alarm]) -> list[Alarm]:
    kept: list[Alarm] = []
    for alarm in sorted(found, key=lambda one: (one[0], -one[1])):
        if not kept or alarm[0] >= kept[-1][1]:
            kept.append(alarm)
    return kept


def _all(text: str) -> Iterator[Alarm]:
    measured = list(vitals(text))
    for vital in measured:
        if vital.danger:
            first, last = _sentence(text, vital.start)
            if not _other_time(text[first:last], vital.start - first):
                yield vital.start, vital.end, vital.kind
    words = _AUTOMATON.find_matches_as_indexes(text, overlapping=True)
    for which, start, _ in words[:_MOST]:
        for kind, pattern in _PATTERNS[which]:
            match = pattern.match(text, start)
            if match is None or _idiom(text, start, match.end()):
                continue
            first, last = _sentence(text, start)
            if _now(text, kind, start, match.end(), first, last, measured):
                yield start, match.end(), kind
                break


def _idiom(text: str, start: int, end: int) -> bool:
    """Whether it stands within a turn of speech that means something else."""
    around = max(0, start - 10)
    return any(
        found.start() <= start < found.end() or found.start() < end <= found.end()
        for found in _IDIOMS.finditer(text, around, end + 10)
    )


def _sentence(text: str, at: int) -> tuple[int, int]:
    first, last = max(0, at - _FAR), min(len(text), at + _FAR)
    for end in _SENTENCE_END.finditer(text, first, last):
        if end.end() <= at:
            first = end.end()
        else:
            last = end.end()
            break
    return first, last


def _now(
    text: str, kind: str, start: int, end: int, first: int, last: int, measured: list[Vital]
) -> bool:
    sentence = text[first:last]
    last = max(last, end)
    for word, before in _ELSE.items():
        if text.startswith(word, start) and before.search(text, max(first, start - 14), start):
            return False
    if text[start:end].endswith(_CANNOT) and (part := _PART_OF_IT.match(text, end)):
        end = part.end()
    clause_end = _CLAUSE_END.search(text, end, last)
    rest = text[end : min(clause_end.start() if clause_end else len(text), last)]
    if _NEGATED.match(rest) or _INFLECTED.match(rest) or _DENIED_AFTER.match(rest):
        return False
    if _COULD_BE.match(rest) or _COULD_BE.match(text[start:end] if kind == "calling" else ""):
        return False
    noun = not "ぁ" <= text[end - 1] <= "ゖ" or text[start:end] in _NOUNS
    if noun and _ENDS_DENIED.fullmatch(rest):
        return False
    if kind == "head-injury" and _NOT_STRUCK.match(text, start):
        return False
    if noun and _BARE.fullmatch(rest) and _list_denied(text[end + len(rest) : last]):
        return False
    if not _FINITE.search(text[start:end] + rest):
        if _WHEN_LATER.search(text, end, last):
            return False
    begun = text[first:start]
    if _SUPPOSED.search(begun):
        return False
    if kind == "calling" and text[end - 1] == "ま" and text.startswith("せん", end):
        return False
    if kind == "calling" and _ORDERED.search(begun) and _TO_BE_DONE.match(text, end):
        return False
    if kind == "suicide" and text[start] in "包刃カはナ" and _NOT_SUICIDE.search(sentence):
        return False
    if kind == "breathing" and "下" in text[start:end] and _measured_well(measured, start, last):
        return False
    return not _other_words(sentence, start - first, end - first)


def _measured_well(measured: list[Vital], start: int, last: int) -> bool:
    """Whether what is said to sink was measured, and well."""
    return any(
        start - 12 <= vital.start <= last and vital.kind == "spo2" and not vital.danger
        for vital in measured
    )


def _list_denied(after: str) -> bool:
    """Whether the list that goes on ends with a denial: 胸痛、冷汗、呼吸苦なし."""
    found = _NEXT_ITEM_NEGATED.match(after)
    if found is None:
        return False
    return not any(
        _PREDICATE.search(item) for item in found["items"].strip("、,").split("、") if item
    )


def _other_words(sentence: str, start: int, end: int) -> bool:
    """Whether the sentence tells of another time, of planning or of others."""
    around = sentence[:start] + "\0" + sentence[end:]
    if _PAST.search(around) and not _lifted(sentence, end):
        return True
    return bool(_PLAN.search(around) or _OTHERS.search(around))


def _lifted(sentence: str, end: int) -> bool:
    """Whether the sentence comes to what is now: with the expression, or as what goes on."""
    return any(
        found.start() <= end or found.group().startswith(_GOES_ON)
        for found in _NOW.finditer(sentence)
    )


_GOES_ON = ("今も", "いまも", "また", "再", "まだ", "続", "つづ", "治まら", "おさまら", "止まら")


def _other_time(sentence: str, at: int) -> bool:
    """Whether a vital sign at that place in its sentence is of another time, or taught."""
    if _SUPPOSED.search(sentence):
        return True
    if _PAST.search(sentence) and not _lifted(sentence, at):
        return True
    return bool(_TAUGHT.search(sentence) or _OTHERS.search(sentence))


_TAUGHT = re.compile(
    r"訓練(?:を|の|で|です|】|では|・)|【訓練】|研修(?:を|の|で|では|資料)|勉強会|講習|事例|症例|マニュアル|手順書|資料|教材|テキスト|急変時の対応|指示書|クイズ|早見表|基準|目安"
)
