"""A signature drawn by finger: points within the field, few enough, and nothing else."""

import orjson
import pytest

from renkei.kernel.errors import Problem
from renkei.patient.drawing import read

LINE = [[100, 100], [900, 600], [1500, 300]]


def sent(strokes: object) -> str:
    return orjson.dumps(strokes).decode()


def test_what_was_drawn_is_kept_point_by_point() -> None:
    assert read(sent([LINE, [[5, 5]]])) == [LINE, [[5, 5]]]
    assert read("") == read("  ") == read("[]") == []


@pytest.mark.parametrize(
    "said",
    [
        "<svg onload=alert(1)>",
        "data:image/png;base64,AAAA",
        "{}",
        "null",
        "[[[1,2,3]]]",
        "[[[1.5,2]]]",
        '[[["1","2"]]]',
        "[[[true,false]]]",
        "[[]]",
        "[[[-1,5],[500,500]]]",
        "[[[0,0],[3001,500]]]",
        "[[[0,0],[500,1001]]]",
        sent([[[10, 10], [20, 20]]]),
        sent([LINE] * 201),
        sent([[[at % 3000, at % 1000] for at in range(6001)]]),
        "[" * 50_000,
        "9" * 200_000,
    ],
)
def test_what_is_no_signature_is_refused(said: str) -> None:
    with pytest.raises(Problem) as found:
        read(said)
    assert found.value.field == "drawing"
