"""Where a text names vital signs: サチ, 血圧, P, 上は."""

from typing import Final

from ahocorasick_rs import AhoCorasick

_NAMES: Final = {
    "spo2": "spo2 sp02 sao2 血中酸素 血中酸素濃度 酸素飽和 サチュレーション サチュ サチ サーチ さち 酸素飽和度 酸素濃度 sat オキシ",
    "oxygen": "酸素 パルス パルスオキシ パルスオキシメータ パルスオキシメーター",
    "systolic": "血圧 bp b.p 収縮期 収縮期血圧 最高血圧 けつあつ 上 上の血圧 上が 上は 上も",
    "diastolic": "拡張期 拡張期血圧 最低血圧 下 下の血圧 下が 下は 下も",
    "pulse": "脈 脈拍 脈拍数 プルス 心拍 心拍数 みゃく hr pr",
    "respiration": "呼吸 呼吸数 呼吸回数 rr",
    "temperature": "体温 検温 熱 腋窩 腋窩温 直腸温 たいおん ねつ kt bt",
    "glucose": "血糖 血糖値 デキスタ デキスター けっとう bs bg",
    "pulse_letter": "p",
    "respiration_letter": "r",
    "temperature_letter": "t",
}
_KIND_OF: Final = [(kind, name) for kind, names in _NAMES.items() for name in names.split()]
_NAMES_AUTOMATON: Final = AhoCorasick([name for _, name in _KIND_OF])
_NOT_AFTER: Final = {"脈": "動静山文人鉱乱", "上": "以", "下": "以"}  # 動脈, 以上
_NOT_BEFORE: Final = {"酸素濃度": "計"}


def named_signs(text: str) -> list[tuple[int, int, str]]:
    """Where vital signs are named, those that end last at the end; of two the longer first."""
    found = []
    for which, start, end in _NAMES_AUTOMATON.find_matches_as_indexes(text, overlapping=True):
        kind, name = _KIND_OF[which]
        before = text[start - 1] if start else ""
        if name.isascii():
            if before.isascii() and before.isalpha():
                continue
        elif (before and before in _NOT_AFTER.get(name[0], "")) or (
            name[0] in "上下" and "一" <= before <= "鿿" and before not in "圧期"
        ):
            continue
        if text[end : end + 1] and text[end] in _NOT_BEFORE.get(name, ""):
            continue
        found.append((start, end, kind))
    found.sort(key=lambda one: (one[1], -one[0]))
    return found
