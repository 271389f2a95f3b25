"""Writes the cases about clocks: values that `latest` has settled where a device's own report says its clock was wrong.

Either may come first, the record or the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select

from service.cases.derived import clock_row, text
from service.readmodel.cases import put_own
from service.readmodel.paging import Row
from service.readmodel.tables import by_time, reports
from service.sql import among, put_rows
from sync.intake import Judged
from sync.skew import is_doubted, skew_at
from sync.store import Document

MOST = 200
"""Settled collisions of one record that are looked at."""


def replace_by_time(connection: Connection, team: str, judged: Sequence[Judged]) -> None:
    """Replace what the clocks have settled in these records. Their cases are written with the others of the record."""
    ids = [each.record_id for each in judged]
    connection.execute(delete(by_time).where(by_time.c.team == team, among(connection, by_time.c.record, ids)))
    put_rows(connection, by_time, [row for each in judged for row in _rows(team, each)])


def clock_cases(connection: Connection, team: str, judged: Iterable[Judged]) -> list[Row]:
    """The cases about clocks in these records, as far as devices have reported."""
    found = [clock_row(team, each, settled) for each in judged for settled in each.by_time[:MOST]]
    devices = {head["origin"]["device"] for row in found for head in row["heads"]}
    told = _told(connection, team, devices) if devices else {}
    return [case for row in found if (case := _doubted(row, told)) is not None]


def put_report(connection: Connection, team: str, doc: Document) -> None:
    """Keep what a device says of itself, and look anew at what its clock has taken part in settling."""
    device = text(doc.get("device"))
    before = _told(connection, team, [device]).get(device)
    mine = and_(reports.c.team == team, reports.c.device == device)
    connection.execute(delete(reports).where(mine))
    body = {name: value for name, value in doc.items() if not name.startswith("_")}
    connection.execute(insert(reports).values(team=team, device=device, skew_ms=_latest(doc), report=body))
    if before is not None and before.get("skews") == doc.get("skews"):
        return
    query = select(by_time.c.case).where(by_time.c.team == team, by_time.c.device == device)
    for row in connection.execute(query.order_by(by_time.c.record, by_time.c.path)).scalars().all():
        told = _told(connection, team, [head["origin"]["device"] for head in row["heads"]])
        case = _doubted(row, told)
        put_own(connection, [case] if case else [], row["id"])


def _rows(team: str, judged: Judged) -> Iterable[Row]:
    for settled in judged.by_time[:MOST]:
        case = clock_row(team, judged, settled)
        for device in sorted({text(head["origin"]["device"]) for head in case["heads"]}):
            yield {"team": team, "record": judged.record_id, "path": settled.path, "device": device, "case": case}


def _told(connection: Connection, team: str, devices: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    query = select(reports.c.device, reports.c.report).where(reports.c.team == team)
    return {row[0]: row[1] for row in connection.execute(query.where(reports.c.device.in_(sorted(set(devices)))))}


def _doubted(row: Row, told: Mapping[str, Mapping[str, Any]]) -> Row | None:
    """The case, where the clock of one of its values was wrong; None where all may be believed."""
    first = {head["edit"]: head["origin"] for head in row["heads"]}
    skews = {edit: skew_at(told.get(origin["device"]), origin["at"]) for edit, origin in first.items()}
    doubted = {edit: skew for edit, skew in skews.items() if is_doubted(skew)}
    if not doubted:
        return None
    return row | {"detail": {"skews": doubted}, "fingerprint": ",".join(sorted(doubted))}


def _latest(doc: Mapping[str, Any]) -> int | None:
    skews = doc.get("skews")
    last = skews[-1] if isinstance(skews, list) and skews else None
    ahead = last.get("ms") if isinstance(last, dict) else None
    return ahead if type(ahead) is int and abs(ahead) < 2**62 else None
