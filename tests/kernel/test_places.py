"""Where the name of an organization may be broken."""

import pytest

from renkei.kernel.html import place
from renkei.kernel.japanese import joints


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("みどり野つむぎ訪問看護ステーション", ("みどり野つむぎ", "訪問看護", "ステーション")),
        ("みどり野星見坂診療所", ("みどり野星見坂", "診療所")),
        ("薬局", ("薬局",)),
        ("宵待", ("宵待",)),
        ("", ("",)),
    ],
)
def test_a_name_is_broken_before_what_kind_of_place_it_is(name: str, pieces: tuple) -> None:
    assert joints(name) == pieces
    assert "".join(joints(name)) == name


def test_a_name_is_escaped_piece_by_piece() -> None:
    assert place("<b>薬局") == '<span class="place-name">&lt;b&gt;<wbr>薬局</span>'
    assert place("<宵待>") == "&lt;宵待&gt;"
