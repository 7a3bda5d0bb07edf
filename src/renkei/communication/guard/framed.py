"""Whether a whole text is no report of now: a drill, a case, a lesson, questions with answers, minutes.

It says so at its beginning - a heading, a label, a first sentence - and what follows is no news.
"""

import re

_KINDS = r"""
    訓練|研修|勉強会|講習|講座|演習|セミナー|学習会|教室|事例|症例|ケース(?:検討|スタディ)
    |想定|シナリオ|台本|クイズ|設問|小テスト|例題|例文|教材|テキスト
    |マニュアル|手順書|手引き?|フロー|チェックリスト|テンプレート|ひな形|雛形|見本|サンプル
    |啓発|注意喚起|議事録|会議録|会議の?(?:記録|メモ)
    |カンファレンス|アンケート|事故報告書|月間|標語
    """
_AT_ONCE = r"(?![^】\n。]{0,20}(?:緊急(?!時)|至急|急ぎ|助けて))"
_OF_IT = r"""
    (?:です|について|用|より|:|\(|\n|[^。\n]{0,4}(?:お疲れさま|終了))
    |の(?:
        続き|件|報告|まとめ|下書き|たたき台|要点|概要|振り返り|文面|文例|原稿|案内?|記録|お知らせ
        |ご?案内|資料
    )
    """
_FRAMED = re.compile(
    rf"""
    \s*{_AT_ONCE}(?:
        [【\[〔《<〈「『■●◆◎○☆★※・\#]+[^】\]〕》>〉」』\n。]{{0,16}}?(?:{_KINDS})(?!では|でな|中)
        |[^。、\n]{{0,10}}(?:{_KINDS})(?:検討会?|発表会?|会)?(?:{_OF_IT})
        |(?:問|設問|例題|質問|q)\d{{0,2}}[\s.:)．、]
        |(?:想定|場面|設定|お題|テーマ|題名?|タイトル|事例|症例|例)\d{{0,2}}[:：]
    )
    """,
    re.X,
)
_LABELLED = re.compile(r"(?:^|\n)\s*(?:想定|訓練内容|シナリオ|事例|例題|設問)\d{0,2}:")


def is_framed(text: str) -> bool:
    """Whether the text says at its beginning, or with a label of its own, that it is no report."""
    return _FRAMED.match(text) is not None or _LABELLED.search(text) is not None
