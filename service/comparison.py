"""Self-check against inspection: what a unit reported of itself, what only an inspection found, and what both. Pure.

A finding and an item speak of the same thing where they are in one area and their texts share enough pairs of
neighbouring characters (`ALIKE` percent by Dice; width, case, spaces and punctuation do not count). Pairs are made from
the most alike down, each item and each finding once. A finding in an area in which the unit reported something else is
told from one in an area where it reported nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from service.cases.likeness import plain

SELF_CHECK, INSPECTION = "self-check", "unannounced-inspection"
AREA_OF: Mapping[str, str] = {
    "games": "discipline",
    "films": "discipline",
    "private": "discipline",
    "absence": "discipline",
    "lateness": "discipline",
    "drinking": "discipline",
    "refusal": "service",
    "attitude": "service",
    "delay": "efficiency",
    "enforcement": "enforcement",
    "charging": "charging",
    "favours": "integrity",
    "disclosure": "disclosure",
}
"""The area of a self-check in which a category of findings falls. What is in none (`other`) is compared with all."""
ANY = ""
ALIKE = 25
"""Percent. Texts on one matter by two hands mostly share a third or more, unrelated ones a tenth."""
MOST = 300
"""Items, and findings, of one comparison that are looked at: nobody writes as many."""
BOTH, SAME_AREA, ONLY_INSPECTION, ONLY_SELF = "both", "same_area", "only_inspection", "only_self"


@dataclass(frozen=True)
class Point:
    """One item of a self-check, or one finding of an inspection."""

    team: str
    record: str
    row: str
    area: str
    kind: str
    text: str
    points: int | None = None


@dataclass(frozen=True)
class Line:
    """One matter: who named it. `alike` is in percent."""

    match: str
    area: str
    own: Point | None = None
    found: Point | None = None
    alike: int = 0


@dataclass(frozen=True)
class Comparison:
    """One self-check with the inspections of its period; without one, the inspections that none covers."""

    own: Mapping[str, Any] | None
    inspections: Sequence[Mapping[str, Any]]
    lines: Sequence[Line] = field(default_factory=tuple)


def compare(self_checks: Iterable[Mapping[str, Any]], inspections: Iterable[Mapping[str, Any]]) -> list[Comparison]:
    """Each self-check of a unit with the inspections that fall into its period, then those that fall into none.

    Both are rows of records: `{team, id, answers}`.
    """
    own = sorted(self_checks, key=lambda row: (str(row["answers"].get("period_start")), row["team"], row["id"]))
    seen = sorted(inspections, key=lambda row: (str(row["answers"].get("inspected_on")), row["team"], row["id"]))
    found = [
        Comparison(check, within := [each for each in seen if covers(check, each)], _lines(check, within))
        for check in own
    ]
    alone = [each for each in seen if not any(covers(check, each) for check in own)]
    return found + ([Comparison(None, alone, _lines(None, alone))] if alone else [])


def covers(check: Mapping[str, Any], inspection: Mapping[str, Any]) -> bool:
    """Whether an inspection falls into the period of a self-check."""
    days = [_day(check, "period_start"), _day(inspection, "inspected_on"), _day(check, "period_end")]
    return all(days) and days == sorted(filter(None, days))


def areas(comparison: Comparison) -> dict[str, dict[str, Any]]:
    """For each area whether the unit has checked it, and how many matters it reported, were found, and are both."""
    said = comparison.own["answers"].get("areas") if comparison.own else None
    checked = {each for each in said if isinstance(each, str)} if isinstance(said, list) else set()
    names = {*checked, *(line.area for line in comparison.lines if line.area)}
    counts = Counter((line.area, line.match) for line in comparison.lines)
    return {
        name: {
            "checked": name in checked,
            "reported": counts[name, ONLY_SELF] + counts[name, BOTH],
            "found": sum(counts[name, match] for match in (BOTH, SAME_AREA, ONLY_INSPECTION)),
            "both": counts[name, BOTH],
        }
        for name in sorted(names)
    }


def likeness(one: str, other: str) -> int:
    """How alike two texts are, in percent: pairs of neighbouring characters that both have, by Dice."""
    return _dice(_pairs(one), _pairs(other))


def _dice(mine: Counter[str], theirs: Counter[str]) -> int:
    if not mine or not theirs:
        return 0
    return round(200 * (mine & theirs).total() / (mine.total() + theirs.total()))


def _pairs(text: str) -> Counter[str]:
    short = plain(text)
    return Counter(short[i : i + 2] for i in range(len(short) - 1))


def _lines(check: Mapping[str, Any] | None, inspections: Sequence[Mapping[str, Any]]) -> list[Line]:
    own = list(_items(check))[:MOST] if check else []
    found = [point for each in inspections for point in _findings(each)][:MOST]
    paired = dict(_matched(own, found))
    reported = {point.area for point in own}
    lines = [_of_finding(point, paired.get(number), own, reported) for number, point in enumerate(found)]
    taken = {place for place, _ in paired.values()}
    return lines + [Line(ONLY_SELF, each.area, own=each) for place, each in enumerate(own) if place not in taken]


def _of_finding(point: Point, pair: tuple[int, int] | None, own: Sequence[Point], reported: set[str]) -> Line:
    if pair is not None:
        return Line(BOTH, own[pair[0]].area, own[pair[0]], point, pair[1])
    return Line(SAME_AREA if point.area in reported else ONLY_INSPECTION, point.area, found=point)


def _matched(own: Sequence[Point], found: Sequence[Point]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Which finding goes with which item, and how alike they are: the most alike first, each once."""
    texts = [_pairs(item.text) for item in own], [_pairs(point.text) for point in found]
    pairs = sorted(
        (-alike, number, place)
        for number, point in enumerate(found)
        for place, item in enumerate(own)
        if point.area in (ANY, item.area) and (alike := _dice(texts[0][place], texts[1][number])) >= ALIKE
    )
    used: set[tuple[str, int]] = set()
    for alike, number, place in pairs:
        if ("found", number) not in used and ("own", place) not in used:
            used |= {("found", number), ("own", place)}
            yield number, (place, -alike)


def _items(check: Mapping[str, Any]) -> Iterator[Point]:
    for row in _rows(check, "items"):
        text = " ".join(str(row[name]) for name in ("problem", "cause") if row.get(name))
        yield Point(
            check["team"],
            check["id"],
            str(row.get("_row")),
            str(row.get("area") or ANY),
            str(row.get("source") or ""),
            text,
        )


def _findings(inspection: Mapping[str, Any]) -> Iterator[Point]:
    for row in _rows(inspection, "findings"):
        kind = str(row.get("category") or "")
        points = row.get("points")
        yield Point(
            inspection["team"],
            inspection["id"],
            str(row.get("_row")),
            AREA_OF.get(kind, ANY),
            kind,
            str(row.get("description") or ""),
            points if type(points) is int else None,
        )


def _rows(record: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = record["answers"].get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _day(record: Mapping[str, Any], name: str) -> date | None:
    try:
        return date.fromisoformat(str(record["answers"].get(name)))
    except ValueError:
        return None
