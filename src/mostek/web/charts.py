"""Bar charts drawn on the server: bars of one or several series, in a picture that says what it shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

# The picture's own units; it grows with the page.
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 248, 8, 30, 26
SERIES = ("bar-a", "bar-b", "bar-c")


@dataclass(frozen=True)
class Bar:
    """One bar: its place, the class of its colour, and what a pointer on it tells."""

    x: float
    y: float
    width: float
    height: float
    look: str
    title: str


@dataclass(frozen=True)
class Label:
    """A word below the bars, or an amount above them; a ``spare`` one is left out where there is little room."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    spare: bool = False


@dataclass(frozen=True)
class Chart:
    """A drawn chart; ``title`` and ``description`` are for who cannot see it, ``legend`` names the colours."""

    title: str
    description: str
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    lines: tuple[float, ...]
    legend: tuple[tuple[str, str], ...]
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Series:
    """Values of one name, one for each step; None where there is nothing."""

    name: str
    values: Sequence[Decimal]
    shown: Sequence[str]


def draw(title: str, description: str, steps: Sequence[str], series: Sequence[Series], *, top: str, low: str) -> Chart:
    """Bars side by side for each step; what lies below zero hangs below the line. ``top`` and ``low`` are the marks."""
    values = [Decimal(0), *(value for one in series for value in one.values)]
    most, least = max(values), min(values)
    unit = (HEIGHT - TOP - BOTTOM) / (float(most - least) or 1.0)
    zero, room = TOP + float(most) * unit, (WIDTH - 2 * LEFT) / max(len(steps), 1)
    thick = min(room * 0.76 / max(len(series), 1), 48)
    bars = [
        Bar(
            x=LEFT + (place + 0.5) * room + (number - len(series) / 2) * thick,
            y=zero - max(float(one.values[place]) * unit, 0.0),
            width=thick,
            height=abs(float(one.values[place])) * unit,
            look=SERIES[number % 3],
            title=f"{step}: {one.name} {one.shown[place]}".replace(":  ", ": "),
        )
        for place, step in enumerate(steps)
        for number, one in enumerate(series)
        if one.values[place]
    ]
    every = max(-(-len(steps) // 8), 1)  # as many words as there is room for
    labels = [
        Label(LEFT + (place + 0.5) * room, HEIGHT - 7, steps[place], spare=bool(place // every % 2))
        for place in range(0, len(steps), every)
    ]
    labels.append(Label(LEFT, 19, top, "start"))
    if least < 0:
        labels.append(Label(WIDTH - LEFT, 19, low, "end"))
    legend = tuple((one.name, SERIES[number % 3]) for number, one in enumerate(series) if one.name)
    return Chart(title, description, tuple(bars), tuple(labels), (zero, float(TOP)), legend)
