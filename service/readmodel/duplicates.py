"""Writes the cases about records that may be the same thing; the work for one does not grow with their number.

Which cases there are is a function of all records together, whatever order they came in. Of one identity there is one
case, which shows the first `SHOWN` records by team and id. Near records make a case for each pair that shares a key
which at most `COMMON` records have: what more share tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, tuple_

from schemas import canonical
from service.cases.derived import CLOSED, Row, case_row
from service.cases.kinds import DUPLICATE, case_id
from service.cases.likeness import near, near_keys, same_key
from service.identifiers import minted_at
from service.readmodel.cases import CHUNK, put_case
from service.readmodel.tables import case_records, cases, identities, records
from sync.intake import Judged

SHOWN, COMMON = 50, 20
SAME, NEAR, JOINED = "same", "near", "joined"
ACROSS = ""
"""Whose a case about records of several teams is: nobody's but the office's."""

Known = tuple[str, str]
"""A record, by team and id."""
Keys = Mapping[str, Row]
"""The rows of one record, by key."""


def replace_identities(connection: Connection, team: str, judged: Sequence[Judged]) -> None:
    """Bring the keys of these records up to date, and every case that hangs on them. Their rows are written before."""
    after = {(team, each.record_id): dict(_keys_of(team, each)) for each in judged}
    before = _standing(connection, list(after))
    changed = [record for record in after if before.get(record, {}) != after[record]]
    if not changed:
        return
    pairs = _pairs_of(connection, [record for record in changed if record in before])
    _replace(connection, changed, after)
    gone = {row["key"]: row for record in changed for row in before.get(record, {}).values()}
    here = {row["key"]: row for record in changed for row in after[record].values()}
    shared = _shared(connection, changed)
    for key in sorted(gone.keys() | {key for key in here if shared.get(key, 0) > 1 or here[key]["role"] == JOINED}):
        role = (here.get(key) or gone[key])["role"]
        if role == NEAR:
            pairs |= _pairs_by(connection, key, shared.get(key))
        else:
            _write_group(connection, key)
    for pair in sorted(pairs):
        _write_near(connection, *pair)


def _keys_of(team: str, judged: Judged) -> Iterable[tuple[str, Row]]:
    """The keys of one record: none of one that was withdrawn, but the case that it was joined by."""
    about = {"team": team, "record": judged.record_id, "form": judged.form, "mark": None}
    if judged.joined is not None:
        name = str(judged.joined["case"])
        yield name, about | {"key": name, "role": JOINED, "mark": dict(judged.joined)}
    if judged.identity and judged.state != "withdrawn":
        key = same_key(judged.form, judged.identity)
        yield key, about | {"key": key, "role": SAME}
        for key in near_keys(judged.form, judged.identity):
            yield key, about | {"key": key, "role": NEAR}


def _standing(connection: Connection, wanted: Sequence[Known]) -> dict[Known, dict[str, Row]]:
    found: dict[Known, dict[str, Row]] = {}
    for row in connection.execute(select(identities).where(_among(identities, "team", "record", wanted))).mappings():
        found.setdefault((row["team"], row["record"]), {})[row["key"]] = dict(row)
    return found


def _replace(connection: Connection, changed: Sequence[Known], after: Mapping[Known, Keys]) -> None:
    connection.execute(delete(identities).where(_among(identities, "team", "record", changed)))
    if rows := [row for record in changed for row in after[record].values()]:
        connection.execute(insert(identities), rows)


def _shared(connection: Connection, changed: Sequence[Known]) -> dict[str, int]:
    """How many records have each key of these, counted no further than would tell anything."""
    other = identities.alias()
    some = select(other.c.record).where(other.c.key == identities.c.key).limit(COMMON + CHUNK + 1).correlate(identities)
    count = select(func.count()).select_from(some.subquery()).scalar_subquery()
    query = select(identities.c.key, count).where(_among(identities, "team", "record", changed))
    return {row[0]: row[1] for row in connection.execute(query)}


def _pairs_of(connection: Connection, some: Sequence[Known]) -> set[tuple[Known, Known]]:
    """The pairs that cases about these records are about."""
    if not some:
        return set()
    named = select(case_records.c.case).where(_among(case_records, "record_team", "record", some))
    query = select(cases.c.detail).where(cases.c.id.in_(named), cases.c.kind == DUPLICATE)
    return {_pair(detail) for detail in connection.execute(query).scalars() if detail["match"] != SAME}


def _pairs_by(connection: Connection, key: str, count: int | None) -> set[tuple[Known, Known]]:
    """The pairs that a near key speaks for, or has spoken for until so many share it that it tells nothing."""
    if count is not None and count > COMMON + CHUNK:
        return set()  # it has told nothing for long
    query = select(identities.c.team, identities.c.record).where(identities.c.key == key)
    query = query.order_by(identities.c.team, identities.c.record).limit(COMMON + CHUNK + 1)
    members = [(team, record) for team, record in connection.execute(query)]
    if len(members) > COMMON:
        return _pairs_of(connection, members)
    return set(combinations(members, 2))


def _pair(detail: Mapping[str, Any]) -> tuple[Known, Known]:
    one, other = ((each["team"], each["record"]) for each in detail["documents"][:2])
    return (one, other) if one < other else (other, one)


def _write_group(connection: Connection, key: str) -> None:
    """The case about everything of one identity."""
    found = _members(connection, key, SAME)
    if len(found) > 1:
        fingerprint = canonical.digest([[row["team"], row["record"]] for row in found])
        put_case(connection, _open(key, SAME, found, fingerprint))
    else:
        _write_past(connection, key)


def _write_near(connection: Connection, one: Known, other: Known) -> None:
    """The case about two records that are near, if they are."""
    found = [row for row in _records(connection, (one, other)) if row["identity"] and row["state"] != "withdrawn"]
    how = (
        near(*(row["identity"] for row in found)) if len(found) == 2 and found[0]["form"] == found[1]["form"] else None
    )
    forms = {row["form"] for row in _records(connection, (one, other))}
    name = case_id(DUPLICATE, *sorted(forms)[:1], *one, *other)
    if how is not None and _tells(connection, one, other):
        put_case(connection, _open(name, how, found, canonical.digest([row["identity"] for row in found])))
    else:
        _write_past(connection, name)


def _tells(connection: Connection, one: Known, other: Known) -> bool:
    """Whether the two share a key that few have."""
    mine, theirs, all_ = identities.alias(), identities.alias(), identities.alias()
    some = select(all_.c.record).where(all_.c.key == mine.c.key).limit(COMMON + 1).correlate(mine)
    count = select(func.count()).select_from(some.subquery()).scalar_subquery()
    query = (
        select(count)
        .join_from(mine, theirs, theirs.c.key == mine.c.key)
        .where(mine.c.role == NEAR, _is(mine, one), _is(theirs, other))
    )
    return any(number <= COMMON for number in connection.execute(query).scalars())


def _write_past(connection: Connection, key: str) -> None:
    """What is left of a case that nothing speaks for: how its records were joined, or what was said of it."""
    joined = _members(connection, key, JOINED)
    put_case(connection, _closed(key, joined) if joined else None, key)


def _open(name: str, how: str, found: Sequence[Row], fingerprint: str) -> Row:
    documents = [{"team": row["team"], "record": row["record"]} for row in found]
    return _row(name, found[0], documents) | {
        "detail": {"match": how, "documents": documents},
        "fingerprint": fingerprint,
    }


def _closed(name: str, joined: Sequence[Row]) -> Row:
    gone = [{"team": row["team"], "record": row["record"]} for row in joined]
    kept = {name: joined[0]["mark"][name] for name in ("team", "record")}
    detail = {"match": JOINED, "documents": [kept, *gone], "joined": gone}
    return _row(name, joined[0], [kept, *gone]) | {
        "detail": detail,
        "rule_status": CLOSED,
        "closed_by": joined[-1]["mark"]["edit"],
    }


def _row(name: str, first: Row, documents: Sequence[Mapping[str, str]]) -> Row:
    """A case about these; whose it is, and since when: since the latest of the records was begun."""
    teams = {each["team"] for each in documents}
    opened = max(minted_at(each["record"].rpartition(":")[2]) for each in documents)
    owner = first["team"] if len(teams) == 1 else ACROSS
    row = case_row(DUPLICATE, name, owner, documents[0]["record"], first["form"], opened)
    return row | {"record_team": documents[0]["team"]}


def _members(connection: Connection, key: str, role: str) -> list[Row]:
    query = select(identities).where(identities.c.key == key, identities.c.role == role)
    ordered = query.order_by(identities.c.team, identities.c.record).limit(SHOWN)
    return [dict(row) for row in connection.execute(ordered).mappings()]


def _records(connection: Connection, wanted: Sequence[Known]) -> list[Row]:
    columns = (records.c.team, records.c.id.label("record"), records.c.form, records.c.state, records.c.identity)
    query = select(*columns).where(_among(records, "team", "id", wanted)).order_by(records.c.team, records.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def _among(table: Any, team: str, record: str, wanted: Sequence[Known]) -> ColumnElement[bool]:
    return tuple_(table.c[team], table.c[record]).in_(wanted)


def _is(table: Any, known: Known) -> ColumnElement[bool]:
    return and_(table.c.team == known[0], table.c.record == known[1])
