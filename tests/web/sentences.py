"""What the pages say in Japanese, as far as it is known before they are rendered.

The pages are read as templates: fixed sentences in Japanese, ``VALUE`` for everything else, one
branch after the other, blocks of HTML as lines of their own.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

from django.utils import translation
from django.utils.translation import gettext
from jinja2 import Environment, nodes

import renkei.web

TEMPLATES: Final = Path(renkei.web.__file__).parent / "templates"
VALUE: Final = "〇"
_BRANCH: Final = "\0"
_INLINE: Final = re.compile(
    r"<svg.*?</svg>|</?(?:span|b|a|small|strong|em|time|mark|code|ins|del)\b[^>]*>", re.DOTALL
)
_APART: Final = re.compile(r"。[ \t\n]+(?=[^\s\0¶])")
_page = Environment(trim_blocks=True, lstrip_blocks=True)


def words_of(path: Path) -> str:
    """The words of a page: inline marks taken away, a ¶ where a block begins or ends."""
    with translation.override("ja"):
        text = _flat(_page.parse(path.read_text(encoding="utf-8")).body)
    return re.sub(r"<[^>]*>", "¶", _INLINE.sub("", text))


@cache
def pages() -> dict[str, str]:
    """All of them, by their place below ``templates``."""
    found = sorted(TEMPLATES.rglob("*.html"))
    return {str(one.relative_to(TEMPLATES)): words_of(one) for one in found}


def apart(text: str) -> list[str]:
    """Where two sentences stand apart, which they do not in Japanese; each with what is around."""
    return [text[max(0, one.start() - 20) : one.end() + 20] for one in _APART.finditer(text)]


def _flat(body: list[nodes.Node]) -> str:
    return "".join(_said(one) for one in body)


def _said(node: nodes.Node) -> str:
    if isinstance(node, nodes.Output):
        return "".join(
            one.data if isinstance(one, nodes.TemplateData) else _value(one) for one in node.nodes
        )
    if isinstance(node, nodes.If):
        others = [*(one.body for one in node.elif_), node.else_]
        return _flat(node.body) + "".join(_BRANCH + _flat(one) for one in others)
    if isinstance(node, nodes.For):
        return _flat(node.body) + _BRANCH + _flat(node.else_)
    if isinstance(node, nodes.Macro | nodes.Block | nodes.CallBlock | nodes.AssignBlock):
        return f"¶{_flat(node.body)}¶"
    return ""


def _value(node: nodes.Expr) -> str:
    if isinstance(node, nodes.Const):
        return str(node.value)
    if isinstance(node, nodes.Concat):
        return "".join(_value(one) for one in node.nodes)
    if isinstance(node, nodes.CondExpr):
        choices = [_value(node.expr1), _value(node.expr2) if node.expr2 else ""]
        return max(choices, key=lambda one: one.endswith("。"))
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        if node.node.name == "space":
            return ""
        if node.node.name == "_" and node.args and isinstance(node.args[0], nodes.Const):
            return re.sub(r"%\(\w+\)s", VALUE, gettext(node.args[0].value))
    return VALUE
