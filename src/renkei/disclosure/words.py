"""Words by which names are told from what is none, in Japanese: for the anonymising editor."""

from typing import Final


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# Called so, and no name: kinship, professions, everybody.
NO_NAME: Final = _words(
    "娘 息子 奥 嫁 婿 孫 母 父 兄 姉 弟 妹 叔母 叔父 伯母 伯父 祖母 祖父 義母 義父 夫 妻 子",
    "甥 姪 長男 次男 三男 長女 次女 三女 家族 御家族 皆 患者 利用者 本人 御本人 主治医 担当",
    "担当医 看護師 医師 薬剤師 事務 業者 大家 近所 隣 友人 民生委員 相談員 職員 客 主任 所長",
    "院長 師長 介護士 何 誰 両親 親 親戚 親族 自 在 帰 夫婦 ヘルパー ケアマネ ケアマネジャー",
    "ケアマネージャー スタッフ ドクター ナース リハビリ リハ デイ 先 訪問看護師 訪問薬剤師",
    "歯科医師 歯科 栄養士 管理栄養士",
)
# The most common ones: they end a run of kanji such as 本日山田.
SURNAMES: Final = _words(
    "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村",
    "林 斉藤 清水 山崎 森 池田 橋本 阿部 石川 山下 中島 石井 小川 前田 岡田 長谷川 藤田 後藤",
    "近藤 村上 遠藤 青木 坂本 福田 太田 西村 藤井 金子 岡本 藤原 三浦 中野 中川 原田 松田",
    "竹内 小野 田村 中山 和田 石田 森田 上田 原 内田 柴田 酒井 宮崎 横山 高木 安藤 宮本 大野",
    "小島 谷口 今井 工藤 高田 増田 丸山 杉山 村田 大塚 新井 小山 平野 藤本 河野 上野 野口",
    "武田 松井 千葉 菅原 岩崎 木下 久保 佐野 野村 松尾 市川 菊地 杉本 古川 大西 島田 水野",
    "桜井 渡部 吉川 山内 西田 飯田 菊池 西川 小松 北村 安田 五十嵐 川口 平田 関 中田 久保田",
    "東 服部 川崎 岩田 土屋 本田 福島 辻 樋口 秋山 田口 永井 山中 中西 吉村 川上 石原 大橋",
    "松岡 馬場 浜田 森本 星野 矢野 浅野 吉岡 小池 松下 大島 片山 荒井 荒木 堀 黒田 尾崎 望月",
    "永田 熊谷 内藤 松村 西山 大谷 平井 大石 岩本 片岡 本間 早川 横田 岡崎 荒川 大久保 田辺",
    "須藤 川村",
)
# What is called so everywhere says nobody's name.
GENERIC: Final = _words(
    "総合病院 大学病院 当病院 訪問看護ステーション 訪問看護事業所 居宅介護支援事業所",
    "介護事業所 地域包括支援センター 包括支援センター 調剤薬局 当薬局 門前薬局 当事業所",
    "各事業所 他事業所 関係事業所 転院先病院 通所デイサービス 有料老人ホーム",
    "特別養護老人ホーム 養護老人ホーム 当診療所 休日診療所 当クリニック 当院",
)
