"""The pages as Japanese: what is written, what is chosen, and no space between sentences."""

import pytest
from django import forms
from django.template import engines
from django.utils import translation

from renkei.web.engine import space
from renkei.web.fields import Choice, Day, Line, Pills
from tests.web.sentences import TEMPLATES, apart, pages, words_of


@pytest.mark.once
def test_between_two_sentences_there_is_no_space() -> None:
    found = {name: faults for name, text in pages().items() if (faults := apart(text))}
    assert found == {}, "write {{ space() }} between two sentences"


@pytest.mark.once
def test_a_space_between_two_sentences_is_seen(tmp_path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<p>{{ _("Saved.") }}{% if more %} <a>{{ _("Done.") }}</a>{% endif %}</p>')
    assert len(apart(words_of(page))) == 1
    page.write_text('<p>{{ _("Saved.") }}{{ space() }}{{ _("Done.") }}</p>\n<p>{{ _("Done.") }}')
    assert apart(words_of(page)) == []
    assert (TEMPLATES / "base.html").exists()


@pytest.mark.once
@pytest.mark.parametrize(("spoken", "between"), [("ja", ""), ("en", " ")])
def test_what_stands_between_two_sentences_is_a_matter_of_the_language(
    spoken: str, between: str
) -> None:
    with translation.override(spoken):
        assert space() == between


FIELD = '{% import "parts.html" as parts %}{{ parts.field(one, must=True) }}'
ONE = [("a", "A"), ("b", "B")]


@pytest.mark.once
@pytest.mark.parametrize(
    ("field", "word"),
    [
        (Line(), "必ず書く"),
        (Day(), "必ず書く"),
        (Choice(choices=ONE), "必ず選ぶ"),
        (Pills(choices=ONE), "必ず選ぶ"),
        (forms.FileField(), "必ず選ぶ"),
    ],
)
def test_what_is_chosen_is_not_asked_to_be_written(field: forms.Field, word: str) -> None:
    form = forms.Form()
    form.fields["one"] = field
    with translation.override("ja"):
        page = engines["jinja2"].from_string(FIELD).render({"one": form["one"]})
    assert [found for found in ("必ず書く", "必ず選ぶ") if found in page] == [word]


@pytest.mark.once
def test_that_something_is_needed_is_said_in_one_place() -> None:
    found = [one.name for one in TEMPLATES.rglob("*.html") if 'class="must"' in one.read_text()]
    assert found == ["parts.html"]
