"""Writes the cases about records that may be the same thing; the work for one does not grow with their number.

Which cases there are is a function of all records together, whatever order they came in. Of one identity there is one
case, which shows the first `SHOWN` records by team and id. Near records make a case for each pair that shares a key
which at most `COMMON` records have: what more share tells nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select

from schemas import canonical
from service.cases.derived import CLOSED, Row, case_row
from service.cases.kinds import DUPLICATE, case_id
from service.cases.likeness import near, near_keys, same_key
from service.identifiers import minted_at
from service.readmodel.cases import put_cases
from service.readmodel.tables import case_records, cases, identities, records
from service.sql import among, as_array, both_among, listed, nth
from sync.intake import Judged
from sync.state import WITHDRAWN

SHOWN, COMMON = 50, 20
SAME, NEAR, JOINED = "same", "near", "joined"
ACROSS = ""
"""Whose a case about records of several teams is: nobody's but the office's."""

Known = tuple[str, str]
"""A record, by team and id."""
Pair = tuple[Known, Known]
"""Two records, the lesser first."""
Keys = Mapping[str, Row]
"""The rows of one record, by key."""


def replace_identities(connection: Connection, team: str, judged: Sequence[Judged]) -> None:
    """Bring the keys of these records up to date, and every case that hangs on them. Their rows are written before."""
    after = {(team, each.record_id): dict(_keys_of(team, each)) for each in judged}
    before = _standing(connection, team, [each.record_id for each in judged])
    changed = [record for record in after if before.get(record, {}) != after[record]]
    if not changed:
        return
    gone = {row["key"]: row for record in changed for row in before.get(record, {}).values()}
    here = {row["key"]: row for record in changed for row in after[record].values()}
    keys = sorted(key for key, row in {**gone, **here}.items() if row["role"] == NEAR)
    ended = _pairs_of(connection, [record for record in changed if record in before])
    was = _members(connection, keys, NEAR, COMMON + 1)
    _replace(connection, team, changed, after)
    now = _members(connection, keys, NEAR, COMMON + 1)
    ended |= {pair for key in keys if len(was[key]) <= COMMON < len(now[key]) for pair in combinations(was[key], 2)}
    groups = _groups(connection, gone, here)
    put_cases(connection, groups | _nears(connection, _pairs_that_share(was, now, set(changed)), ended))


def _keys_of(team: str, judged: Judged) -> Iterable[tuple[str, Row]]:
    """The keys of one record: none of one that was withdrawn, but the case that it was joined by."""
    about = {"team": team, "record": judged.record_id, "form": judged.form, "mark": None}
    if judged.joined is not None:
        name = str(judged.joined["case"])
        yield name, about | {"key": name, "role": JOINED, "mark": dict(judged.joined)}
    if judged.identity and judged.state != WITHDRAWN:
        key = same_key(judged.form, judged.identity)
        yield key, about | {"key": key, "role": SAME}
        for key in near_keys(judged.form, judged.identity):
            yield key, about | {"key": key, "role": NEAR}


def _standing(connection: Connection, team: str, ids: Sequence[str]) -> dict[Known, dict[str, Row]]:
    found: dict[Known, dict[str, Row]] = {}
    query = select(identities).where(identities.c.team == team, among(connection, identities.c.record, ids))
    for row in connection.execute(query).mappings():
        found.setdefault((row["team"], row["record"]), {})[row["key"]] = dict(row)
    return found


def _replace(connection: Connection, team: str, changed: Sequence[Known], after: Mapping[Known, Keys]) -> None:
    mine = and_(identities.c.team == team, among(connection, identities.c.record, [record for _, record in changed]))
    connection.execute(delete(identities).where(mine))
    if rows := [row for record in changed for row in after[record].values()]:
        connection.execute(insert(identities), rows)


def _members(connection: Connection, keys: Sequence[str], role: str, most: int) -> dict[str, list[Known]]:
    """The first records that have each of these keys in a role, by team and id, and no more than are asked for."""
    wanted = listed(connection, [[key] for key in keys])
    mine = select(identities.c.team, identities.c.record).where(
        identities.c.key == nth(wanted, 0), identities.c.role == role
    )
    first = mine.order_by(identities.c.team, identities.c.record).limit(most).correlate(wanted)
    query = select(nth(wanted, 0), as_array(connection, first))
    return {key: [(team, record) for team, record in found or ()] for key, found in connection.execute(query)}


def _pairs_of(connection: Connection, some: Sequence[Known]) -> set[Pair]:
    """The pairs that cases about these records are about."""
    if not some:
        return set()
    about = both_among(connection, case_records.c.record_team, case_records.c.record, some)
    named = select(case_records.c.case).where(about)
    query = select(cases.c.detail).where(cases.c.id.in_(named), cases.c.kind == DUPLICATE)
    return {_pair(detail) for detail in connection.execute(query).scalars() if detail["match"] != SAME}


def _pair(detail: Mapping[str, Any]) -> Pair:
    one, other = ((each["team"], each["record"]) for each in detail["documents"][:2])
    return (one, other) if one < other else (other, one)


def _pairs_that_share(was: Mapping[str, list[Known]], now: Mapping[str, list[Known]], changed: set[Known]) -> set[Pair]:
    """The pairs that few enough keys speak for: those of changed records, and all of a key that is rare again."""
    return {
        pair
        for key, members in now.items()
        if len(members) <= COMMON
        for pair in combinations(members, 2)
        if len(was[key]) > COMMON or not changed.isdisjoint(pair)
    }


def _groups(connection: Connection, gone: Keys, here: Keys) -> dict[str, Row | None]:
    """The cases about everything of one identity, and those by which records were joined."""
    forms = {key: row["form"] for key, row in {**gone, **here}.items() if row["role"] != NEAR}
    found = _members(connection, list(forms), SAME, SHOWN)
    many = {key: members for key, members in found.items() if len(members) > 1}
    few = [key for key in forms if key not in many and (key in gone or here[key]["role"] == JOINED)]
    return _past(connection, few) | {
        key: _open(key, SAME, forms[key], members, members) for key, members in many.items()
    }


def _nears(connection: Connection, sharing: set[Pair], ended: set[Pair]) -> dict[str, Row | None]:
    """The cases about pairs that are near: those that share a key, and those that had a case or a key before."""
    pairs = sharing | ended
    rows = _records(connection, {record for pair in pairs for record in pair})
    near_by = {pair: how for pair in pairs if (how := _how(*(rows.get(record) for record in pair))) is not None}
    told = sharing | _telling(connection, [pair for pair in near_by if pair not in sharing])
    found = {pair: how for pair, how in near_by.items() if pair in told}
    past = _past(connection, [_name(pair, rows) for pair in ended if pair not in found])
    return past | {_name(pair, rows): _near(pair, how, rows) for pair, how in found.items()}


def _how(one: Row | None, other: Row | None) -> str | None:
    """In which way two records are near; None where they are not, or one of them is none any more."""
    if not one or not other or not (one["identity"] and other["identity"]) or one["form"] != other["form"]:
        return None
    return None if WITHDRAWN in (one["state"], other["state"]) else near(one["identity"], other["identity"])


def _name(pair: Pair, rows: Mapping[Known, Row]) -> str:
    forms = {rows[record]["form"] for record in pair if record in rows}
    return case_id(DUPLICATE, *sorted(forms)[:1], *pair[0], *pair[1])


def _near(pair: Pair, how: str, rows: Mapping[Known, Row]) -> Row:
    name, form = _name(pair, rows), rows[pair[0]]["form"]
    return _open(name, how, form, pair, [rows[record]["identity"] for record in pair])


def _telling(connection: Connection, pairs: Sequence[Pair]) -> set[Pair]:
    """Those of the pairs that share a key which few have."""
    if not pairs:
        return set()
    some = sorted({record for pair in pairs for record in pair})
    mine = both_among(connection, identities.c.team, identities.c.record, some)
    keys: dict[Known, set[str]] = {record: set() for record in some}
    query = select(identities.c.team, identities.c.record, identities.c.key).where(mine, identities.c.role == NEAR)
    for team, record, key in connection.execute(query):
        keys[(team, record)].add(key)
    shared = {pair: keys[pair[0]] & keys[pair[1]] for pair in pairs}
    members = _members(connection, sorted(set().union(*shared.values())), NEAR, COMMON + 1)
    return {pair for pair, both in shared.items() if any(len(members[key]) <= COMMON for key in both)}


def _past(connection: Connection, names: Sequence[str]) -> dict[str, Row | None]:
    """What is left of cases that nothing speaks for: how their records were joined, or what was said of them."""
    if not names:
        return {}
    joined: dict[str, list[Row]] = {}
    query = select(identities).where(among(connection, identities.c.key, names), identities.c.role == JOINED)
    for row in connection.execute(query.order_by(identities.c.team, identities.c.record)).mappings():
        joined.setdefault(row["key"], []).append(dict(row))
    return {name: _closed(name, joined[name][:SHOWN]) if name in joined else None for name in names}


def _open(name: str, how: str, form: str, found: Sequence[Known], fingerprint: Any) -> Row:
    documents = [{"team": team, "record": record} for team, record in found]
    return _row(name, form, documents) | {
        "detail": {"match": how, "documents": documents},
        "fingerprint": canonical.digest(fingerprint),
    }


def _closed(name: str, joined: Sequence[Row]) -> Row:
    gone = [{"team": row["team"], "record": row["record"]} for row in joined]
    kept = {name: joined[0]["mark"][name] for name in ("team", "record")}
    detail = {"match": JOINED, "documents": [kept, *gone], "joined": gone}
    return _row(name, joined[0]["form"], [kept, *gone]) | {
        "detail": detail,
        "rule_status": CLOSED,
        "closed_by": joined[-1]["mark"]["edit"],
    }


def _row(name: str, form: str, documents: Sequence[Mapping[str, str]]) -> Row:
    """A case about these; whose it is, and since when: since the latest of the records was begun."""
    teams = {each["team"] for each in documents}
    opened = max(minted_at(each["record"].rpartition(":")[2]) for each in documents)
    owner = documents[0]["team"] if len(teams) == 1 else ACROSS
    row = case_row(DUPLICATE, name, owner, documents[0]["record"], form, opened)
    return row | {"record_team": documents[0]["team"]}


def _records(connection: Connection, wanted: Collection[Known]) -> dict[Known, Row]:
    if not wanted:
        return {}
    query = select(records.c.team, records.c.id, records.c.form, records.c.state, records.c.identity)
    found = connection.execute(query.where(both_among(connection, records.c.team, records.c.id, sorted(wanted))))
    return {(row["team"], row["id"]): dict(row) for row in found.mappings()}
