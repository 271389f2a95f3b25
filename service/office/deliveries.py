"""Proof of delivery, as pages: every device of one's teams, the worst first, and one device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for

from service.api.deliveries import OfTeam, find, wanted
from service.auth import access
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.deliveries import Report, Standing, Total, hubs_of, standings, totals
from service.office.clocks import HOUR, MINUTE_MS, off_by
from service.office.names import ZONE, Names
from service.office.values import moment_of
from service.parts import current

MOST = 300
"""Devices on the page; of an office with more, each team has a page of its own."""
GLYPHS: Mapping[str, str] = {"overdue": "▲", "never": "○", "silent": "△", "out": "◔", "clear": "●"}


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the office."""
    blueprint.add_url_rule("/delivery", "delivery", listed)
    blueprint.add_url_rule("/delivery/<device>", "delivery_of", one)


@access.needs(Action.READ_DELIVERIES)
def listed() -> str:
    """Devices, teams and hubs; the team is in the address."""
    names, team = Names(current()), _team_asked()
    teams, now = wanted(team), datetime.now(UTC)
    found = standings(current(), teams, now)
    return render_template(
        "office/delivery.html",
        section="delivery",
        rows=[_row(each, names, now) for each in found[:MOST]],
        more=max(0, len(found) - MOST),
        totals=[_total(each, names, now) for each in totals(found)] if not team else [],
        hubs=[_hub(each, names, now) for each in hubs_of(current(), teams)],
        team=team,
        choices=_choices(names),
    )


@access.needs(Action.READ_DELIVERIES)
def one(device: str) -> str:
    """One device: what came, what it says of itself, the records that lack files."""
    names, now = Names(current()), datetime.now(UTC)
    standing, records = find(device, _team_asked())
    return render_template(
        "office/device.html",
        section="delivery",
        device=_row(standing, names, now) | _in_full(standing, names, now),
        records=[_record(row, names, now) for row in records],
    )


def _team_asked() -> str:
    given: str = OfTeam().load({name: request.args[name] for name in ("team",) if name in request.args})["team"]
    return given


def _choices(names: Names) -> list[tuple[str, str]]:
    mine = visible_teams(signed_in())
    return [(team, name) for team, name in names.teams.items() if mine is None or team in mine]


def _row(each: Standing, names: Names, now: datetime) -> dict[str, Any]:
    told = each.report
    return {
        "url": url_for("office.delivery_of", device=each.device, team=each.team),
        "state": each.state,
        "glyph": GLYPHS[each.state],
        "label": each.label,
        "person": names.person(each.person) if each.person else "",
        "revoked": each.revoked,
        "team": names.team(each.team),
        "heard": _moment(each.heard, names, now),
        "by_edit": told is None,
        "via": told.via if told else None,
        "edits": each.came.edits,
        "judged": each.judged,
        "held": each.came.held,
        "files": each.came.files,
        "missing": each.came.missing,
        "still": _still(told, names, now) if told else None,
        "skew": _skew(told.skew_ms if told else None, names.reader(each.team).say),
        "wrong": abs((told.skew_ms if told else None) or 0) >= HOUR * MINUTE_MS,
    }


def _still(told: Report, names: Names, now: datetime) -> dict[str, Any]:
    return {**told.alone, "waiting": told.waiting, "since": _moment(told.since if told.waiting else None, names, now)}


def _in_full(each: Standing, names: Names, now: datetime) -> dict[str, Any]:
    told, reader = each.report, names.reader(each.team)
    skews = told.skews if told else ()
    last = each.came.last_edit
    return {
        "id": each.device,
        "registered": _moment(_parsed(each.registered_at), names, now),
        "last_edit": moment_of(last, reader, ZONE, now) if last else None,
        "reported": _moment(told.at if told else None, names, now),
        "reported_by": names.person(told.by) if told else "",
        "app": told.app if told else "",
        "skews": [{"at": _moment(at, names, now), "skew": _skew(ms, reader.say)} for at, ms in reversed(skews)],
    }


def _record(row: Mapping[str, Any], names: Names, now: datetime) -> dict[str, Any]:
    reader = names.reader(row["team"])
    return {
        "url": url_for("office.record", record_id=row["id"], team=row["team"]),
        "label": reader.pick(row["label"]),
        "form": names.title(row["form"], row["version"]),
        "updated": moment_of(row["updated"], reader, names.zone(names.form(row["form"], row["version"])), now),
        "updated_by": names.person(row["updated_by"]),
        "missing": row["missing"],
        "altered": row["altered"],
    }


def _total(each: Total, names: Names, now: datetime) -> dict[str, Any]:
    same = ("devices", "silent", "edits", "missing", "waiting")
    return {name: getattr(each, name) for name in same} | {
        "url": url_for("office.delivery", team=each.team),
        "team": names.team(each.team),
        "judged": each.edits - each.held,
        "since": _moment(each.since, names, now),
    }


def _hub(each: Any, names: Names, now: datetime) -> dict[str, Any]:
    return {
        "hub": each.hub,
        "teams": [names.team(team) for team in each.teams],
        "at": _moment(_parsed(each.at), names, now),
        "waiting": each.waiting,
        "refused": each.refused,
    }


def _moment(when: datetime | None, names: Names, now: datetime) -> dict[str, str] | None:
    return moment_of(when.isoformat(), names.reader(""), ZONE, now) if when else None


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _skew(ms: int | None, say: Callable[..., str]) -> str:
    """How far a clock is off, in words."""
    return say("delivery.clock_unknown") if ms is None else off_by(ms, say) or say("delivery.clock_right")
