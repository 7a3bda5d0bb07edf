"""Folding: what people take for the same word, written one way. For finding and comparing alone.

Width, upper and lower case, the two kana, marks set apart and the variants of a kanji make no
difference: ｶﾀｶﾅ is かたかな, ＡＢＣ is abc, 髙 is 高, 﨑 is 崎, 齋, 齊 and 斉 are 斎. A text that
is kept or shown is never folded.

Sources: 当用漢字字体表 and 表外漢字字体表 for old forms and new; the variants that registers of
families use.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from renkei.kernel.japanese.kana import TO_HIRAGANA

# Each word: the usual form, and what else is written for it.
_VARIANTS: Final = """
    斎斉齋齊亝 辺邉邊 高髙 崎﨑嵜碕 吉𠮷 島嶋嶌 沢澤 浜濱濵 桜櫻 広廣 国國圀囯 竜龍 滝瀧 渋澁澀
    渕淵渊 富冨 真眞 恵惠 栄榮 曽曾 薮藪籔 槙槇 達逹 桑桒 柳栁 松枩 館舘 鶴靍靏 徳德 寿壽 円圓
    実實 宝寶寳 弥彌 浅淺 渓溪 条條 糸絲 総總 声聲 万萬 蔵藏 譲讓 豊豐 鉄鐵銕 関關 静靜 黒黑
    齢齡 厳嚴 峰峯 岳嶽 巌巖 昂昻 晃晄 渉涉 瀬瀨 灯燈 狭狹 独獨 画畫 芦蘆 村邨 鶏鷄 塩鹽 麦麥
    団團 学學 会會 写寫冩 将將 庁廳 応應 恋戀 戸戶 抜拔 挿插揷 教敎 暁曉 来來 検檢 様樣 歩步
    気氣 浄淨 為爲 当當 発發 経經 県縣 縄繩 粛肅 与與 芸藝 処處 号號 蛍螢 装裝 覚覺 観觀 証證
    読讀 変變 売賣 転轉 医醫 釈釋 鋭銳 銭錢 随隨 険險 雑雜 青靑 顕顯 験驗 体體躰 闘鬪 点點 党黨
    歯齒 鴎鷗 頬頰 填塡 剥剝 叱𠮟 侠俠 繋繫 蒋蔣 嘘噓 痩瘦 噛嚙 蝉蟬 蝋蠟 麹麴 頚頸 腟膣 欝鬱
    顛顚 亀龜 仏佛 仮假 価價 両兩 乗乘 乱亂 争爭 亜亞 伝傳 併倂 児兒 凜凛 剣劍劔剱 剤劑 励勵
    労勞 効效 勅敕 勲勳 区區 卒卆 単單 即卽 参參 双雙 収收 叙敘 台臺 営營 器噐 囲圍 図圖 圧壓
    堕墮 塁壘 壊壞 壌壤 壱壹 奥奧 奨奬 嬢孃 宮宫 寛寬 寝寢 対對 専專 届屆 属屬 巣巢 帯帶 帰歸
    廃廢 弁辨辯瓣 弐貳 弾彈 従從 徴徵 恒恆 悩惱 悪惡 慎愼 戦戰 戯戲 払拂 択擇 担擔 拝拜 拠據
    拡擴 挙擧 捜搜 掲揭 揺搖 摂攝 撃擊 数數 断斷 旧舊 昼晝 晩晚 暦曆 枢樞 栃枥 楼樓 楽樂 概槪
    権權 横橫 欧歐 歓歡 歳歲 歴歷 残殘 殴毆 毎每 沖冲 没沒 涙淚 清淸 済濟 湾灣 湿濕 満滿 滞滯
    焼燒 犠犧 献獻 猟獵 獣獸 瑶瑤 瓶甁 産產 畳疊 痴癡 称稱 穂穗 穏穩 窃竊 粋粹 続續 継繼 緑綠
    縁緣 繊纖 翻飜 聴聽 胆膽 脳腦 臓臟 舎舍 艶艷 茎莖 荘莊 薫薰 薬藥 虚虛 虫蟲 蛮蠻 衛衞 触觸
    訳譯 誉譽 説說 謡謠 賛贊 践踐 軽輕 辞辭 逓遞 遅遲 郎郞 酔醉 醸釀 録錄 鎮鎭 陥陷 隠隱 隣鄰
    霊靈 頼賴 顔顏 駅驛 駆驅 騒騷 髄髓 魚𩵋 鯵鰺 黙默 鼈鱉
"""
_TO_USUAL: Final = {ord(other): group[0] for group in _VARIANTS.split() for other in group[1:]}
# Selectors of variants, and what is not seen: they stand between a letter and its mark, too.
_HIDDEN: Final = "\ufe00-\ufe0f\U000e0100-\U000e01ef\u00ad\u200b-\u200d\u2060\ufeff"
_UNSEEN: Final = re.compile(f"[{_HIDDEN}]+")
_PLACES: Final = {ord("ゖ"): "け", ord("ゕ"): "か"}  # 鎌ヶ谷, 鎌ケ谷
_KANA: Final = {code: _PLACES.get(ord(kana), kana) for code, kana in TO_HIRAGANA.items()}
_TABLE: Final = {**_TO_USUAL, **_PLACES, **_KANA}
# A character with the marks that belong to it: か and its voiced mark, 辻 and its selector.
_CLUSTER: Final = re.compile(f"(?s:.)[\u0300-\u036f\u3099\u309a\uff9e\uff9f{_HIDDEN}]*")


def fold(text: str) -> str:
    """The text as it is compared.

    >>> fold("ﾀﾅｶ　𠮷男 髙﨑")
    'たなか 吉男 高崎'
    """
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).casefold().translate(_TABLE)


_fold_one = lru_cache(maxsize=10_000)(fold)  # of a character: the same few come by again


class Folded(NamedTuple):
    """A folded text, and from where to where in the text itself each of its characters stands."""

    text: str
    first: list[int]
    end: list[int]

    def stretch(self, first: int, end: int) -> tuple[int, int]:
        """Where in the text itself the characters ``first`` to before ``end`` stand."""
        return self.first[first], self.end[end - 1]


def folded(text: str) -> Folded:
    """The text as it is compared, for those who have to say where in it they found something."""
    written: list[str] = []
    first: list[int] = []
    end: list[int] = []
    for cluster in _CLUSTER.finditer(text):
        letters = _fold_one(cluster.group())
        written.append(letters)
        first += [cluster.start()] * len(letters)
        end += [cluster.end()] * len(letters)
    return Folded("".join(written), first, end)
