"""Jinja2 as Django's template engine, with what is fixed compiled in.

A page is mostly fixed: words, icons, addresses of files. There is one environment per language, so
that all of it is known when a template is compiled and becomes part of the text between two
values. What is left to do per page is to put the values in.
"""

import re
from collections.abc import MutableMapping
from typing import Any, Final

from django.http import HttpRequest
from django.template.backends.jinja2 import Jinja2
from django.template.backends.utils import csrf_input
from django.urls import NoReverseMatch
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator
from jinja2.runtime import markup_join
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from renkei.kernel.html import html
from renkei.web.address import address

LANGUAGES: Final = ("ja", "en")
WORDS: Final = ("_", "gettext")
FIXED: Final = (*WORDS, "asset", "icon", "language", "rail_link", "space", "url")
"""Functions whose value stays the same as long as the program runs and the language is one."""


def language() -> str:
    """The language of the running request: "ja" or "en"."""
    return "en" if (translation.get_language() or "ja").startswith("en") else "ja"


def space() -> str:
    """What stands between two sentences: nothing in Japanese."""
    return " " if language() == "en" else ""


class _Generator(CodeGenerator):
    """Writes ``html`` where Jinja2 writes ``escape``, and nothing that threads would share."""

    def visit_Output(self, node: nodes.Output, frame: Any) -> None:
        """What stands between two statements leaves a page as one text.

        Each text passes through the templates that the page extends, one after the other.
        """
        if frame.buffer is not None or frame.require_output_check or len(node.nodes) == 1:
            super().visit_Output(node, frame)
            return
        inner = frame.copy()
        inner.buffer = self.temporary_identifier()
        self.writeline(f"{inner.buffer} = []")
        super().visit_Output(node, inner)
        self.writeline(f"yield concat({inner.buffer})")

    def visit_ScopedEvalContextModifier(
        self, node: nodes.ScopedEvalContextModifier, frame: Any
    ) -> None:
        """Whether a part is escaped is settled when its template is compiled.

        Jinja2 sets it once more whenever the part is rendered, and back: for all threads that
        render the same template, which would find it set wrongly, or not at all.
        """
        before = frame.eval_ctx.save()
        for option in node.options:
            setattr(frame.eval_ctx, option.key, option.value.as_const(frame.eval_ctx))
        for child in node.body:
            self.visit(child, frame)
        frame.eval_ctx.revert(before)

    def _output_child_pre(self, node: nodes.Expr, frame: Any, finalize: Any) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile:
            self.write("environment.html(")
        else:
            super()._output_child_pre(node, frame, finalize)


class _Fold(NodeTransformer):
    """Replaces calls whose value is fixed by that value."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def visit_Call(self, call: nodes.Call) -> nodes.Expr:
        """The value instead of the call; of a sentence with values in it, the sentence."""
        self.generic_visit(call)
        if not isinstance(call.node, nodes.Name) or call.node.name not in FIXED:
            return call
        function: Any = self.environment.globals[call.node.name]
        try:
            fixed = [value.as_const() for value in call.args]
            if call.node.name in WORDS and call.kwargs:
                return self._filled(call, fixed[0])
            named = {pair.key: pair.value.as_const() for pair in call.kwargs}
        except nodes.Impossible:
            return call
        return self._const(call, function(*fixed, **named))

    def visit_Output(self, output: nodes.Output) -> nodes.Output:
        """An address among what is put out stands there in its parts."""
        self.generic_visit(output)
        output.nodes = [part for one in output.nodes for part in self._parts(one)]
        return output

    def _parts(self, one: nodes.Expr) -> list[nodes.Expr]:
        """``url("timeline", group=id)`` as the fixed text around the id, and the id."""
        if not isinstance(one, nodes.Call) or not isinstance(one.node, nodes.Name):
            return [one]
        if one.node.name != "url" or len(one.args) != 1 or not one.kwargs:
            return [one]
        values = {pair.key: pair.value for pair in one.kwargs}
        try:
            whole = address(one.args[0].as_const(), tuple(values))
        except (nodes.Impossible, NoReverseMatch):  # its name is not fixed; a number stands in it
            return [one]
        return [
            values[part] if at % 2 else nodes.TemplateData(part, lineno=one.lineno)
            for at, part in enumerate(re.split(r"\{(\w+)\}", whole))
            if part
        ]

    def visit_Concat(self, joined: nodes.Concat) -> nodes.Expr:
        """Joined here if all of it is fixed, since Jinja2 would forget that it is HTML."""
        self.generic_visit(joined)
        try:
            parts = [one.as_const() for one in joined.nodes]
        except nodes.Impossible:
            return joined
        return self._const(joined, markup_join(parts))

    def _filled(self, call: nodes.Call, sentence: str) -> nodes.Expr:
        """``_("… %(n)s", n=…)`` as ``Markup("…の%(n)s") % {"n": …}``, which escapes."""
        pairs = [
            nodes.Pair(self._const(call, pair.key), pair.value, lineno=call.lineno)
            for pair in call.kwargs
        ]
        words = self._const(call, Markup(translation.gettext(sentence)))
        made = nodes.Mod(words, nodes.Dict(pairs, lineno=call.lineno), lineno=call.lineno)
        made.set_environment(self.environment)
        return made

    def _const(self, at: nodes.Expr, value: Any) -> nodes.Const:
        return nodes.Const(value, lineno=at.lineno, environment=self.environment)


class PageEnvironment(Environment):
    """An environment whose templates speak one language."""

    code_generator_class = _Generator
    html = staticmethod(html)
    language = LANGUAGES[0]

    def in_language(self, language: str) -> "PageEnvironment":
        """The same environment in another language, with compiled templates of its own."""
        other = self.overlay()
        other.language = language
        return other

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What every template knows, as one plain dictionary.

        Jinja2 lays a map over a map, which is walked key by key for each page and each import.
        """
        return {**self.globals, **d} if d else self.globals

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        with translation.override(self.language):
            _Fold(self).visit(source)
        return super()._generate(source, *args, **kwargs)


class Pages(Jinja2):
    """Django's Jinja2 engine, which answers in the language of the request."""

    _by_language: dict[str, PageEnvironment]

    @property  # type: ignore[override]
    def env(self) -> PageEnvironment:
        """The environment of the running request's language."""
        return self._by_language[language()]

    @env.setter
    def env(self, made: PageEnvironment) -> None:
        self._by_language = {one: made.in_language(one) for one in LANGUAGES}


def once(request: HttpRequest) -> dict[str, Any]:
    """The hidden field of forms, masked once per page and not once per form."""
    return {"csrf_input": SimpleLazyObject(lambda: csrf_input(request))}
