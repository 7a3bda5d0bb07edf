"""The icons of the installed app, drawn from our own mark.

    python tools/icons.py       write img/icon-*.png and img/badge.png anew from img/mark.svg

Home screens want pictures made of points. The mark is two closed shapes of cubic curves, which is
all that is understood here.
"""

import re
from pathlib import Path

from PIL import Image, ImageDraw

IMAGES = Path(__file__).resolve().parent.parent / "src" / "renkei" / "web" / "static" / "img"
PAPER = "#f5f4f0"  # as the pages
FINER = 4  # drawn so many times larger, then made smaller: smooth edges
STEPS = 64  # straight pieces of one curve
VIEW = 24.0  # the mark's own units

Point = tuple[float, float]


def shapes() -> list[tuple[list[Point], str]]:
    """Each shape of the mark as points, with its colour."""
    svg = (IMAGES / "mark.svg").read_text()
    found = re.findall(r'<path d="([^"]+)" fill="([^"]+)"/>', svg)
    return [(_points(path), colour) for path, colour in found]


def _points(path: str) -> list[Point]:
    drawn: list[Point] = []
    for letter, numbers in re.findall(r"([MCcz])([^MCcz]*)", path):
        values = [float(one) for one in re.findall(r"-?\d*\.?\d+", numbers)]
        pairs = list(zip(values[::2], values[1::2], strict=True))
        if letter == "M":
            drawn.append(pairs[0])
        for at in range(0, len(pairs) if letter in "Cc" else 0, 3):
            x, y = drawn[-1] if letter == "c" else (0.0, 0.0)
            drawn += _curve(drawn[-1], *[(x + a, y + b) for a, b in pairs[at : at + 3]])
    return drawn


def _curve(start: Point, one: Point, two: Point, end: Point) -> list[Point]:
    """A cubic curve as straight pieces."""
    drawn = []
    for step in range(1, STEPS + 1):
        t = step / STEPS
        weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
        points = (start, one, two, end)
        drawn.append(
            (
                sum(w * p[0] for w, p in zip(weights, points, strict=True)),
                sum(w * p[1] for w, p in zip(weights, points, strict=True)),
            )
        )
    return drawn


def draw(name: str, size: int, *, margin: float, paper: str | None, ink: str = "") -> None:
    """Write one icon.

    Args:
        margin: on each side, as a part of the whole.
        paper: what is behind the mark; None for nothing.
        ink: one colour for all of it, for systems that look at the shape alone.
    """
    large = size * FINER
    picture = Image.new("RGBA", (large, large), paper or (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    scale = large * (1 - 2 * margin) / VIEW
    for points, colour in shapes():
        pen.polygon([(large * margin + x * scale, large * margin + y * scale) for x, y in points],
                    fill=ink or colour)  # fmt: skip
    picture.resize((size, size), Image.Resampling.LANCZOS).save(
        IMAGES / f"{name}.png", optimize=True
    )


def main() -> None:
    """Write them all."""
    draw("icon-192", 192, margin=0.06, paper=None)
    draw("icon-512", 512, margin=0.06, paper=None)
    draw("icon-mask", 512, margin=0.2, paper=PAPER)  # a circle of 80 % is sure to be shown
    draw("icon-apple", 180, margin=0.14, paper=PAPER)
    draw("badge", 96, margin=0.06, paper=None, ink="#ffffff")


if __name__ == "__main__":
    main()
