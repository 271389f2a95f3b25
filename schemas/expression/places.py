"""Functions of positions: a point is `lat lon altitude accuracy`, a line `point; point`. The twin is `core/places.js`.

The Earth is a sphere of 6,378,100 m, as ODK has it. Sines differ in their last digit from machine to machine, so
distances are given to the centimetre and areas to the square centimetre.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise

from schemas.expression.values import Value, items, to_text

RADIUS = 6_378_100.0
LIMIT = 10_000

Point = tuple[float, float]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)


def distance(*values: Value) -> float:
    """Metres along a line of points; NaN where they are no points."""
    points = _points(values)
    if points is None or len(points) < 2:
        return 0.0 if points else math.nan
    return _rounded(sum(_between(a, b) for a, b in pairwise(points)), 100)


def area(*values: Value) -> float:
    """Square metres within a ring of points; NaN where they are no points."""
    points = _points(values)
    if points is None or len(points) < 3:
        return 0.0 if points else math.nan
    ring = [*points, points[0]]
    total = sum(_triangle(a, b) for a, b in pairwise(ring))
    return _rounded(abs(total) * RADIUS * RADIUS, 10_000)


def geofence(point: Value, shape: Value) -> bool:
    """Whether a point lies within a shape."""
    here, ring = _points((point,)), _points((shape,))
    if not here or not ring or len(ring) < 3:
        return False
    (lat, lon), inside = here[0], False
    for (lat1, lon1), (lat2, lon2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (lat1 > lat) != (lat2 > lat) and lon < (lon2 - lon1) * (lat - lat1) / (lat2 - lat1) + lon1:
            inside = not inside
    return inside


def _points(values: tuple[Value, ...]) -> list[Point] | None:
    """Every point of lines, lists and single points; None where something is none."""
    texts = [part for value in values for item in items(value) for part in to_text(item).split(";")]
    found: list[Point] = []
    for text in texts[:LIMIT]:
        words = [word for word in re.split(r"[\t-\r ]+", text) if word]
        if not words:
            continue
        if len(words) < 2 or not _NUMBER.fullmatch(words[0]) or not _NUMBER.fullmatch(words[1]):
            return None
        lat, lon = float(words[0]), float(words[1])
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            return None
        found.append((lat, lon))
    return found


def _between(one: Point, other: Point) -> float:
    """Metres on the great circle (haversine)."""
    lat1, lat2 = math.radians(one[0]), math.radians(other[0])
    half_lat, half_lon = (lat2 - lat1) / 2, math.radians(other[1] - one[1]) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * RADIUS * math.asin(math.sqrt(min(1.0, chord)))


def _triangle(one: Point, other: Point) -> float:
    """The signed area of the triangle with the North Pole, on a sphere of radius 1."""
    tan1 = math.tan((math.pi / 2 - math.radians(one[0])) / 2)
    tan2 = math.tan((math.pi / 2 - math.radians(other[0])) / 2)
    turn = math.radians(one[1]) - math.radians(other[1])
    both = tan1 * tan2
    return 2 * math.atan2(both * math.sin(turn), 1 + both * math.cos(turn))


def _rounded(number: float, per_unit: int) -> float:
    scaled = number * per_unit
    return math.floor(scaled + 0.5) / per_unit if abs(scaled) < 2**46 else float(f"{number:.11e}")
