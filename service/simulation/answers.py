"""What people in a simulated campaign answer, and what they change: drawn by chance. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from service.identifiers import stable_ulid

FORM = "simulated-visit"
TOPICS = ("tax", "finance", "jobs", "land")
STATUSES = ("open", "referred", "solved")
FINDINGS_PATHS = {1: "/findings", 2: "/what_was_found"}
"""Where each version asks for them."""
FINDINGS = ("订单饱满", "招工困难", "资金紧张", "等待批地", "设备更新", "正常经营")


@cache
def definitions() -> tuple[dict[str, Any], dict[str, Any]]:
    """The form as the campaign begins, and what replaces it midway: a field moved, one more, a tighter limit."""
    first = json.loads(files(__package__).joinpath("visit.json").read_text("utf-8"))
    second = json.loads(json.dumps(first)) | {"version": 2}
    named = {field["name"]: field for field in second["fields"]}
    named["workers"]["max"] = 500
    named["findings"]["name"] = FINDINGS_PATHS[2].strip("/")
    second["mapping"] = [{"version": 2, "moved": {FINDINGS_PATHS[1]: FINDINGS_PATHS[2]}}]
    label = {"zh-Hans": "备注", "zh-Hant": "備註", "en": "Remarks"}
    second["fields"].append({"name": "remarks", "type": "text", "label": label})
    return first, second


def enterprise(number: int) -> str:
    """The id of an enterprise."""
    return f"entity:enterprise:e{number:05d}"


def first_answers(chance: Random, about: str, day: date, row: str, version: int) -> dict[str, Any]:
    """A visit as it is filled in for the first time, by path; some are not quite right."""
    found: dict[str, Any] = {
        "/enterprise": about,
        "/visited_on": day.isoformat(),
        "/workers": chance.randint(1, 600),
        "/satisfaction": chance.choice(("good", "fair", "poor")),
        "/topics": sorted(chance.sample(TOPICS, chance.randint(1, 3))),
        "/guides": chance.randint(0, 60),
        "/wait_days": chance.randint(0, 30),
        FINDINGS_PATHS[version]: chance.choice(FINDINGS),
        "/helped": chance.random() < 0.5,
        "/_state": "submitted",
    }
    if found["/helped"] and chance.random() < 0.95:
        found["/help_given"] = chance.choice(FINDINGS)
    if chance.random() < 0.05:
        del found["/workers"]
    return found | (_row(chance, f"/problems/{row}", day) if chance.random() < 0.6 else {})


def _row(chance: Random, path: str, day: date) -> dict[str, Any]:
    due = day + timedelta(days=chance.randint(1, 40))
    return {
        path: {},
        f"{path}/problem": chance.choice(FINDINGS),
        f"{path}/status": chance.choice(STATUSES),
        f"{path}/due": due.isoformat(),
    }


def changed_answers(
    chance: Random, values: Mapping[str, Any], day: date, row: str, version: int
) -> tuple[dict[str, Any], list[str]]:
    """What somebody sets and unsets in a record that stands as `values`."""
    plain: dict[int, dict[str, Any]] = {
        0: {"/workers": chance.randint(1, 600)},
        1: {"/satisfaction": chance.choice(("good", "fair", "poor")), "/guides": chance.randint(0, 90)},
        2: {"/topics": sorted(chance.sample(TOPICS, chance.randint(1, 4)))},
        3: {"/wait_days": chance.randint(0, 30)},
        4: {FINDINGS_PATHS[version]: chance.choice(FINDINGS)},
    }
    kind, rows = chance.randrange(8), values.get("problems")
    if kind in plain:
        return plain[kind], []
    if kind == len(plain) or not isinstance(rows, list) or not rows:
        return _row(chance, f"/problems/{row}", day), []
    path = f"/problems/{chance.choice(rows)['_row']}"
    if chance.random() < 0.5:
        return {}, [path]
    return {f"{path}/status": chance.choice(STATUSES), f"{path}/problem": chance.choice(FINDINGS)}, []


def minted(name: str, moment: float) -> str:
    """A ULID that is always the same for a name, as if minted at that time (Unix seconds; 1970 at the earliest)."""
    return stable_ulid(name, max(0, int(moment * 1000)))
