"""Proof of delivery: for each team and device what has come, what was judged, and what is still out there since when.

Three sources meet: the documents of devices and people, what the read model counts, and what each device last said of
itself. What a device says is its own word: it is read with care, and never believed against what has come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.documents import SCHEMAS
from service.auth.directory import Device, User
from service.hub.visits import Seen, hubs
from service.parts import Parts
from service.readmodel.deliveries import Came, Deliveries, Key

SILENT_AFTER = timedelta(days=3)
"""A device that was heard last before that is silent."""
AHEAD = timedelta(hours=1)
"""A report from later than that is no report."""
OVERDUE, NEVER, SILENT, OUT, CLEAR = STATES = ("overdue", "never", "silent", "out", "clear")
"""The worst first: something is known to be out there, and its device is silent; it was never heard; it is silent, and
nothing is known to be out; something is out; everything known is here."""
BEGINNING = datetime.min.replace(tzinfo=UTC)
NOTHING = Came()
ALONE = ("records", "files", "bytes", "drafts", "refused")


@dataclass(frozen=True)
class Report:
    """What a device last said of itself: when by the service's clock, at which hub, and what it alone had.

    `alone` counts records, files, bytes, drafts and refused documents; `since` is the oldest of the first two.
    """

    at: datetime
    by: str
    app: str
    via: str | None
    alone: Mapping[str, int]
    since: datetime | None
    skews: tuple[tuple[datetime, int], ...]

    @property
    def skew_ms(self) -> int | None:
        """How far its clock was ahead (behind: negative) when it was measured last."""
        return self.skews[-1][1] if self.skews else None

    @property
    def waiting(self) -> int:
        """Documents that should have come: all but drafts, which nobody has handed in."""
        return self.alone["records"] + self.alone["files"] + self.alone["refused"]


@dataclass(frozen=True)
class Standing:
    """One device in one team. `heard` is the time of its report, or else of its last edit, by its own clock."""

    team: str
    device: str
    label: str
    person: str
    registered_at: str
    revoked: bool
    came: Came
    report: Report | None
    heard: datetime | None
    state: str

    @property
    def judged(self) -> int:
        """Edits that are part of a verdict."""
        return self.came.edits - self.came.held


@dataclass(frozen=True)
class Total:
    """A team as a whole: `silent` counts devices that were not heard lately, `since` is the oldest of what is out."""

    team: str
    devices: int
    silent: int
    edits: int
    held: int
    missing: int
    waiting: int
    since: datetime | None


def standings(parts: Parts, teams: frozenset[str] | None, now: datetime) -> list[Standing]:
    """Every device of these teams (None: all), the worst first. `now` has a zone."""
    readmodel = Deliveries(parts.readmodel)
    came, told = readmodel.came(teams), readmodel.reports(teams)
    devices = {each.device: each for each in parts.directory.devices()}
    users = {each.name: each for each in parts.directory.users()}
    heard = {key: report for key, doc in told.items() if (report := read_report(key, doc, now))}
    others = {key for key in {*came, *told} if key[1] and _is_tablet(devices.get(key[1]), users)}
    keys = _keys(devices.values(), users, teams) | others
    found = [_standing(key, devices.get(key[1]), came.get(key, NOTHING), heard.get(key), now) for key in keys]
    return sorted((each for each in found if _is_told(each)), key=_worst_first)


def totals(found: Iterable[Standing]) -> list[Total]:
    """Of each team among these, by name."""
    teams: dict[str, list[Standing]] = {}
    for each in found:
        teams.setdefault(each.team, []).append(each)
    return [_total(team, teams[team]) for team in sorted(teams)]


def hubs_of(parts: Parts, teams: frozenset[str] | None) -> list[Seen]:
    """The hubs that serve any of these teams: when they were last at the office, and what they had with them."""
    return [each for each in hubs(parts.directory) if teams is None or teams & set(each.teams)]


def read_report(key: Key, doc: Mapping[str, Any], now: datetime) -> Report | None:
    """A report as a device wrote it; None where it is none, or says to come from a day that has not been."""
    if SCHEMAS["report"].validate({**doc, "_id": f"report:{key[1]}"}):
        return None
    at, held = _moment(doc["at"]), doc["held"]
    if at is None or at > now + AHEAD:
        return None
    skews = ((_moment(each["at"]), each["ms"]) for each in doc["skews"])
    return Report(
        at,
        doc["by"],
        doc["app"],
        doc.get("via"),
        {name: held[name] for name in ALONE},
        _moment(held["since"]) if held["since"] else None,
        tuple((when, ms) for when, ms in skews if when is not None),
    )


def _keys(devices: Iterable[Device], users: Mapping[str, User], teams: frozenset[str] | None) -> set[Key]:
    """Each registered tablet in each of its person's teams."""
    return {
        (team, each.device)
        for each in devices
        if _is_tablet(each, users) and each.user in users
        for team in users[each.user].teams
        if teams is None or team in teams
    }


def _is_tablet(device: Device | None, users: Mapping[str, User]) -> bool:
    """Whether it is somebody's own, not the office's or a hub's. One that nobody registered is somebody's as well."""
    if device is None:
        return True
    user = users.get(device.user)
    return not device.for_anybody and not (user and "hub" in user.roles)


def _standing(key: Key, device: Device | None, came: Came, report: Report | None, now: datetime) -> Standing:
    team, name = key
    known = (
        (device.label or name, device.user, device.registered_at, device.revoked) if device else (name, "", "", False)
    )
    heard = report.at if report else _moment(came.last_edit.partition("/")[0])
    out = bool(came.missing or (report and report.waiting))
    return Standing(team, name, known[0] or name, *known[1:], came, report, heard, _state(heard, out, now))


def _state(heard: datetime | None, out: bool, now: datetime) -> str:
    if heard is None:
        return NEVER
    if now - heard > SILENT_AFTER:
        return OVERDUE if out else SILENT
    return OUT if out else CLEAR


def _is_told(each: Standing) -> bool:
    """A device that was locked out is of interest as long as something of it is missing."""
    return not each.revoked or each.state in {OVERDUE, OUT}


def _worst_first(each: Standing) -> tuple[Any, ...]:
    return STATES.index(each.state), each.heard or BEGINNING, each.team, each.device


def _total(team: str, found: list[Standing]) -> Total:
    reports = [each.report for each in found if each.report]
    return Total(
        team,
        len(found),
        sum(each.state in {OVERDUE, NEVER, SILENT} for each in found),
        sum(each.came.edits for each in found),
        sum(each.came.held for each in found),
        sum(each.came.missing for each in found),
        sum(each.waiting for each in reports),
        min((each.since for each in reports if each.since and each.waiting), default=None),
    )


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
