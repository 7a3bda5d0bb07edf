"""What is fixed is compiled into the pages; what people wrote is escaped as ever."""

import re
import sys
import threading
from uuid import UUID, uuid4

import pytest
from django.middleware.csrf import _does_token_match, _get_new_csrf_string
from django.template import engines
from django.test import RequestFactory
from django.utils import translation
from markupsafe import Markup, escape

from renkei.kernel.html import html
from renkei.web.address import url
from renkei.web.engine import once


def shown(source, language="ja", **values):
    with translation.override(language):
        return engines["jinja2"].env.from_string(source).render(values)


@pytest.mark.parametrize(
    "value",
    [
        "山田 太郎",
        "<b>",
        "a & b",
        "it's",
        '"x"',
        "",
        0,
        5,
        None,
        Markup("<b>"),
        ["<i>"],
        True,
        UUID(int=7),
    ],
)
def test_a_value_becomes_html_as_ever(value):
    assert html(value) == escape(value)
    assert shown("{{ value }}", value=value) == escape(value)


def test_each_language_has_its_own_words():
    assert shown('{{ _("Timeline") }}', "en") == "Timeline"
    assert shown('{{ _("Timeline") }}', "ja") != "Timeline"


def test_what_is_put_into_a_sentence_is_escaped():
    source = '{{ _("Age %(n)s", n=value) }}'
    assert shown(source, "en", value="<b>") == "Age &lt;b&gt;"
    assert shown(source, "en", value=Markup("<b>")) == "Age <b>"


def test_an_address_is_put_together_from_what_is_fixed_of_it():
    group = uuid4()
    assert shown("{{ url('timeline', group=value) }}#unread", value=group) == (
        f"{url('timeline', group=group)}#unread"
    )
    assert (
        shown("{{ url('timeline', group=value) }}", value='"><b>') == "/groups/&#34;&gt;&lt;b&gt;"
    )
    assert shown("{{ url(name, group=value) }}", name="tasks", value=group) == url(
        "tasks", group=group
    )
    numbered = "{{ url('account_review_paper', number=value) }}"
    assert shown(numbered, value=3) == url("account_review_paper", number=3)


def test_joined_html_stays_html_and_joined_text_does_not_become_it():
    assert shown('{{ icon("check") ~ _("Read") }}').startswith("<svg")
    assert shown('{{ _("Read") ~ value }}', "en", value="<b>") == "Read&lt;b&gt;"
    assert shown('{{ "<b>" ~ _("Read") }}', "en") == "&lt;b&gt;Read"
    assert shown('{{ "<b>" ~ "<i>" }}') == "&lt;b&gt;&lt;i&gt;"


def test_an_unknown_name_is_still_refused():
    with pytest.raises(Exception, match="undefined"):
        shown("{{ nothing }}")


def test_the_field_of_forms_is_what_django_takes():
    request = RequestFactory().get("/")
    secret = request.META["CSRF_COOKIE"] = _get_new_csrf_string()
    tokens = set()
    for _ in range(5):
        field = once(request)["csrf_input"]
        (token,) = re.findall(r'value="(\w{64})"', shown("{{ field }}", field=field))
        assert shown("{{ field }}", field=field) == str(field)  # once per page
        assert _does_token_match(token, secret)
        tokens.add(token)
    assert len(tokens) == 5
    assert request.META["CSRF_COOKIE_NEEDS_UPDATE"]


def test_who_has_no_secret_yet_is_given_one():
    request = RequestFactory().get("/")
    (token,) = re.findall(r'value="(\w{64})"', str(once(request)["csrf_input"]))
    assert _does_token_match(token, request.META["CSRF_COOKIE"])


def test_threads_that_render_at_once_change_nothing_for_each_other():
    """Some render a part that is not escaped, others one that is and a macro within it."""
    source = (
        "{% macro raw(value) %}{% autoescape false %}{{ value }}{% endautoescape %}{% endmacro %}"
        "{% macro safe(value) %}{{ value }}{% endmacro %}"
        "{% macro both(value) %}<b>{{ safe(value) }}</b>{% endmacro %}"
    )
    module = engines["jinja2"].env.from_string(source).make_module()
    begin, wrong = threading.Barrier(4), []

    def render(name, expected):
        begin.wait()
        for _ in range(30_000):
            try:
                found = str(getattr(module, name)("<i>"))
            except Exception as error:
                found = repr(error)
            if found != expected:
                wrong.append(found)

    expected = {"raw": "<i>", "both": "<b>&lt;i&gt;</b>"}
    threads = [threading.Thread(target=render, args=one) for one in [*expected.items()] * 2]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong
    assert {name: str(getattr(module, name)("<i>")) for name in expected} == expected


def test_no_page_sets_while_it_runs_what_all_threads_share():
    env = engines["jinja2"].env
    names = [name for name in env.list_templates() if name.endswith(".html")]
    assert "communication/entry.html" in names
    for name in names:
        code = env.compile(env.loader.get_source(env, name)[0], name, raw=True)
        assert not re.search(r"eval_ctx\.(?:revert|\w+ = )", code), name
