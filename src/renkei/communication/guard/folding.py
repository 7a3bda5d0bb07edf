"""A text in two foldings, each character with its place in the text as it was written.

*plain* is what a reader sees: compatibility forms opened (NFKC), lower case, without variation
selectors, zero-width and direction characters. *key* is what names are compared in: plain without
spaces and name separators, kana as large hiragana, variant kanji as one. Folding is for comparing
alone: what is shown stays as it was written.

Source: Unicode Standard Annex #15 (NFKC); 常用漢字表 (old forms of characters).
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_VARIANTS = (
    "高髙 崎﨑碕嵜埼 斉斎齋齊斊 吉𠮷 辺邉邊邉 浜濵濱 沢澤 広廣 国國 真眞 恵惠 徳德 瀬瀨 槙槇 桜櫻 栄榮 竜龍"
    " 曽曾 島嶋嶌嶹 仮假 桑桒 富冨 柳栁桺 渕淵渊 兎兔菟 済濟 与與 脇𦚰 土𡈽 実實 沢沢 滝瀧 蔵藏 寿壽 静靜 豊豐 弥彌"
    " 円圓 学學 声聲 浅淺 万萬 黒黑 亀龜 鉄鐵 関關 薗園 埜野 岳嶽 峰峯 涼凉 穂穗 秋穐 譲讓 巌巖 厳嚴 礼禮 祢禰 彦彥"
    " 郷鄕 青靑 録錄 緑綠 緒緖 増增 悦悅 郎郞 朗朖 歩步 毎每 頼賴 顕顯 内內 呉吳 尚尙 強强 晋晉 暁曉 条條 横橫"
    " 渉涉 温溫 満滿 焼燒 産產 禅禪 稲稻 粋粹 県縣 総總 聡聰 粛肅 薫薰 芸藝 処處 号號 蛍螢 衛衞 装裝 観觀 謡謠"
    " 弐貳 弁辨辯瓣 遥遙 鋭銳 鎮鎭 随隨 険險 雑雜 覇霸 霊靈 顔顏 騒騷 駆驅 鴎鷗 麦麥 黄黃 黙默 点點 齢齡 館舘"
    " 檜桧 籠篭 芦蘆 荘莊 壮壯 将將 灯燈 並竝 来來 気氣 渋澁 教敎 清淸 寛寬 読讀 売賣 売賣 楽樂 薬藥 検檢 権權"
    " 歓歡 湾灣 蛮蠻 恋戀 変變 団團 伝傳 転轉 専專 戸戶 戻戾 涙淚 塩鹽 党黨 台臺 当當 単單 戦戰 弾彈 禄祿"
    " 糸絲 発發 廃廢 仏佛 払拂 沿㳂 船舩 魚𩵋 松枩 杉杦 梅楳 桐𣗄 榊神 葛葛 藪薮 藤籐 節莭 鶴鸖靏靍 鷹鷹 隆隆"
    " 会會 絵繪 続續 経經 軽輕 径徑 茎莖 両兩 並並 亜亞 悪惡 圧壓 囲圍 医醫 壱壹 隠隱 営營 駅驛 応應 欧歐 殴毆"
    " 価價 画畫 拡擴 殻殼 覚覺 勧勸 巻卷 帰歸 犠犧 旧舊 拠據 挙擧 峡峽 挟挾 狭狹 区區 勲勳 渓溪 継繼 鶏鷄 研硏"
    " 献獻 験驗 砕碎 斎斎 冊册 蚕蠶 惨慘 賛贊 残殘 児兒 辞辭 湿濕 写寫 釈釋 収收 従從 縦縱 獣獸 叙敍 奨奬 称稱"
    " 証證 乗乘 剰剩 嬢孃 壌壤 穣穰 畳疊 触觸 嘱囑 図圖 髄髓 枢樞 数數 摂攝 窃竊 践踐 銭錢 潜潛 繊纖 双雙 捜搜"
    " 窓窗 属屬 堕墮 対對 体體 帯帶 滞滯 択擇 担擔 胆膽 断斷 遅遲 昼晝 虫蟲 鋳鑄 庁廳 聴聽 勅敕 逓遞 闘鬪 独獨"
    " 届屆 弐弍 悩惱 脳腦 拝拜 浜浜 抜拔 秘祕 瓶甁 福福 併倂 塀塀 飽飽 萌萠 翻飜 満満 訳譯 予豫 余餘 誉譽 揺搖"
    " 様樣 来来 乱亂 覧覽 塁壘 励勵 労勞 楼樓 亘亙 尭堯 晃晄 晒曬 桧桧 凛凜 熙煕 皐皋 祷禱 蒋蔣 醤醬 頚頸 躯軀"
)
_SEPARATORS = "・=、,，_-‐‑‒–—―−./|｜＿゠"
_INVISIBLE = (
    *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x200B, 0x2010),
    *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0x00AD, 0x061C, 0x034F, 0x180E,
)  # fmt: skip
_SMALL = dict(zip("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ", strict=True))
_SAME_SOUND = {"ゔ": "ぶ", "ぢ": "じ", "づ": "ず", "ゐ": "い", "ゑ": "え"}
_REPEATS = "々ゝヽ"
_MARKS = "\u3099\u309a"  # voiced marks that stand apart from their kana


def _variants() -> dict[str, str]:
    found: dict[str, str] = {}
    for group in _VARIANTS.split():
        found |= {other: group[0] for other in group[1:] if other != group[0]}
    del found["神"]  # 榊 is a name of its own
    return found


_ONE_KANJI = _variants()
_HIDDEN = frozenset(map(chr, _INVISIBLE))
_SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_DROPPED = frozenset(_SEPARATORS + _SPACES)


def _key(character: str) -> str:
    """What one plain character is compared as; nothing for spaces and separators."""
    if character in _DROPPED:
        return ""
    if "ァ" <= character <= "ヶ":
        character = chr(ord(character) - 0x60)
    character = _SMALL.get(character, character)
    return _SAME_SOUND.get(character) or _ONE_KANJI.get(character, character)


def _opened(character: str) -> str:
    """What one character is in plain; nothing if it cannot be seen."""
    if character in _HIDDEN:
        return ""
    plain = unicodedata.normalize("NFKC", character)
    plain = "".join(low if len(low := one.lower()) == 1 else one for one in plain)
    return plain.replace(" ", "") if len(plain) > 1 else plain  # ゛ becomes a space and a mark


class _Plain(dict[int, str]):
    """What each character is in plain; filled as characters are met, as far as there is room."""

    def __missing__(self, code: int) -> str:
        found = _opened(chr(code))
        if len(self) < _ROOM:
            self[code] = found
        return found


class _Key(dict[int, str]):
    """What each plain character is compared as."""

    def __missing__(self, code: int) -> str:
        found = _key(chr(code))
        if len(self) < _ROOM:
            self[code] = found
        return found


_ROOM = 20_000  # characters
_TO_PLAIN = _Plain()
_TO_KEY = _Key()
_SLOW = _HIDDEN | frozenset(_MARKS + _REPEATS + "ﾞﾟ゛゜")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in both foldings.

    ``starts[i]`` and ``ends[i]`` are the place of plain character i in the text as written;
    ``of_key[k]`` is the plain character that key character k comes from.
    """

    written: str
    plain: str
    starts: Sequence[int]
    ends: Sequence[int]
    key: str
    of_key: Sequence[int]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of plain stands in the text as written; the end is not included."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """Both foldings of a text."""
    size = len(text)
    if not _SLOW.isdisjoint(text):
        return _fold_one_by_one(text)
    plain = text.lower() if unicodedata.is_normalized("NFKC", text) else text.translate(_TO_PLAIN)
    if len(plain) != size:
        return _fold_one_by_one(text)
    key = plain.translate(_TO_KEY)
    of_key: Sequence[int] = range(size)
    if len(key) != size:
        of_key = [at for at, one in enumerate(plain) if one not in _DROPPED]
    return Folded(text, plain, range(size), range(1, size + 1), key, of_key)


def _fold_one_by_one(text: str) -> Folded:
    """The same where characters open into several, are put together, or repeat what stands before."""
    plain: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    key: list[str] = []
    of_key: list[int] = []
    for at, character in enumerate(text):
        becomes = _TO_PLAIN[ord(character)]
        if becomes and becomes in _MARKS and plain:
            whole = unicodedata.normalize("NFC", plain[-1] + becomes)
            if len(whole) == 1:
                plain[-1], ends[-1] = whole, at + 1
                if key:
                    key[-1] = _key(whole)
                continue
        for one in becomes:
            if compared := _TO_KEY[ord(one)]:
                of_key.append(len(plain))
                key.append(key[-1] if compared in _REPEATS and key else compared)
            plain.append(one)
            starts.append(at)
            ends.append(at + 1)
    return Folded(text, "".join(plain), starts, ends, "".join(key), of_key)


def key_of(text: str) -> str:
    """What a name from a roster is compared as."""
    return fold(text).key
