"""Writes the cases about records that may be the same thing; the work for one does not grow with their number.

Which cases there are is a function of all records together, whatever order they came in. Of one identity there is one
case: it counts all its records, by team, and shows `SHOWN` of them. Near records make a case for each pair that shares
a key: of one that more than `COMMON` records have, the first `COMPARED` are compared, and their cases say so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, zip_longest
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select

from schemas import canonical
from service.cases.derived import CLOSED, Row, case_row
from service.cases.kinds import DUPLICATE, case_id
from service.cases.likeness import near, near_keys, same_key
from service.identifiers import minted_at
from service.readmodel.cases import put_cases
from service.readmodel.tables import case_records, cases, identities, records
from service.sql import among, as_array, both_among, listed, nth, put_rows
from sync.intake import Judged
from sync.state import WITHDRAWN

SHOWN, COMMON, COMPARED = 50, 20, 6
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
    was = _sharers(connection, keys)
    _replace(connection, team, changed, after)
    now = _sharers(connection, keys)
    ended |= {pair for key in keys for pair in was[key].pairs() if not now[key].compares(pair)}
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
    put_rows(connection, identities, [row for record in changed for row in after[record].values()])


def _members(connection: Connection, keys: Sequence[str], role: str, most: int) -> dict[str, list[Known]]:
    """The first records that have each of these keys in a role, by team and id, and no more than are asked for."""
    wanted = listed(connection, [[key] for key in keys])
    mine = select(identities.c.team, identities.c.record).where(
        identities.c.key == nth(wanted, 0), identities.c.role == role
    )
    first = mine.order_by(identities.c.team, identities.c.record).limit(most).correlate(wanted)
    query = select(nth(wanted, 0), as_array(connection, first))
    return {key: [(team, record) for team, record in found or ()] for key, found in connection.execute(query)}


@dataclass(frozen=True)
class _Sharers:
    """The records that share a key: those that are compared, and whether there are more."""

    compared: Sequence[Known]
    crowded: bool

    def pairs(self) -> Iterable[Pair]:
        """The pairs that are compared."""
        return combinations(self.compared, 2)

    def compares(self, pair: Pair) -> bool:
        """Whether both of a pair are among those that are compared."""
        return pair[0] in self.compared and pair[1] in self.compared


def _sharers(connection: Connection, keys: Sequence[str]) -> dict[str, _Sharers]:
    found = _members(connection, keys, NEAR, COMMON + 1)
    return {
        key: _Sharers(members[:COMPARED] if len(members) > COMMON else members, len(members) > COMMON)
        for key, members in found.items()
    }


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


def _pairs_that_share(was: Mapping[str, _Sharers], now: Mapping[str, _Sharers], changed: set[Known]) -> set[Pair]:
    """The pairs to look at: those of changed records, those that are compared now, and all of a key that has become
    crowded or is so no more, since their cases say that.
    """
    return {
        pair
        for key, sharers in now.items()
        for pair in sharers.pairs()
        if was[key].crowded != sharers.crowded or not changed.isdisjoint(pair) or not was[key].compares(pair)
    }


def _groups(connection: Connection, gone: Keys, here: Keys) -> dict[str, Row | None]:
    """The cases about everything of one identity, and those by which records were joined."""
    forms = {key: row["form"] for key, row in {**gone, **here}.items() if row["role"] != NEAR}
    counts = _counts(connection, list(forms))
    many = {key: teams for key, teams in counts.items() if sum(teams.values()) > 1}
    few = [key for key in forms if key not in many and (key in gone or here[key]["role"] == JOINED)]
    shown = _shown(connection, many)
    return _past(connection, few) | {
        key: _same(key, forms[key], shown[key], teams) for key, teams in sorted(many.items())
    }


def _counts(connection: Connection, keys: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many records of each team have each of these identities."""
    mine = (among(connection, identities.c.key, keys), identities.c.role == SAME)
    query = select(identities.c.key, identities.c.team, func.count()).where(*mine)
    found: dict[str, dict[str, int]] = {}
    for key, team, count in connection.execute(query.group_by(identities.c.key, identities.c.team)):
        found.setdefault(key, {})[team] = count
    return found


def _shown(connection: Connection, many: Mapping[str, Mapping[str, int]]) -> dict[str, list[Known]]:
    """The records that a case shows: all, or as many of each team as there is room for."""
    wanted = listed(connection, [[key, team] for key, teams in many.items() for team in teams])
    mine = select(identities.c.team, identities.c.record).where(
        identities.c.key == nth(wanted, 0), identities.c.team == nth(wanted, 1), identities.c.role == SAME
    )
    first = mine.order_by(identities.c.record).limit(SHOWN).correlate(wanted)
    query = select(nth(wanted, 0), as_array(connection, first))
    found: dict[str, list[list[Known]]] = {key: [] for key in many}
    for key, members in connection.execute(query):
        found[key].append([(team, record) for team, record in members or ()])
    return {key: _spread(sorted(teams)) for key, teams in found.items()}


def _spread(teams: Sequence[Sequence[Known]]) -> list[Known]:
    """The first of each team, then the second of each, until there are `SHOWN`; by team and id."""
    turns = (known for turn in zip_longest(*teams) for known in turn if known is not None)
    return sorted(islice(turns, SHOWN))


def _same(key: str, form: str, shown: Sequence[Known], teams: Mapping[str, int]) -> Row:
    """The case about all records of one identity."""
    count = sum(teams.values())
    row = _open(key, SAME, form, shown, [*shown, count] if count > len(shown) else shown)
    row["detail"] |= {"count": count, "teams": dict(sorted(teams.items()))}
    return row | {"team": row["record_team"] if len(teams) == 1 else ACROSS}


def _nears(connection: Connection, sharing: set[Pair], ended: set[Pair]) -> dict[str, Row | None]:
    """The cases about pairs that are near: those that share a key, and those that had a case or a key before."""
    pairs = sharing | ended
    rows = _records(connection, {record for pair in pairs for record in pair})
    near_by = {pair: how for pair in pairs if (how := _how(*(rows.get(record) for record in pair))) is not None}
    told = _told(connection, list(near_by))
    past = _past(connection, [_name(pair, rows) for pair in ended if pair not in told])
    return past | {_name(pair, rows): _near(pair, near_by[pair], rows, crowded) for pair, crowded in told.items()}


def _how(one: Row | None, other: Row | None) -> str | None:
    """In which way two records are near; None where they are not, or one of them is none any more."""
    if not one or not other or not (one["identity"] and other["identity"]) or one["form"] != other["form"]:
        return None
    return None if WITHDRAWN in (one["state"], other["state"]) else near(one["identity"], other["identity"])


def _name(pair: Pair, rows: Mapping[Known, Row]) -> str:
    forms = {rows[record]["form"] for record in pair if record in rows}
    return case_id(DUPLICATE, *sorted(forms)[:1], *pair[0], *pair[1])


def _near(pair: Pair, how: str, rows: Mapping[Known, Row], crowded: bool) -> Row:
    name, form = _name(pair, rows), rows[pair[0]]["form"]
    row = _open(name, how, form, pair, [rows[record]["identity"] for record in pair])
    row["detail"] |= {"compared": COMPARED} if crowded else {}
    return row


def _told(connection: Connection, pairs: Sequence[Pair]) -> dict[Pair, bool]:
    """Those of the pairs that some key compares, and whether more share such a key than are compared."""
    if not pairs:
        return {}
    some = sorted({record for pair in pairs for record in pair})
    mine = both_among(connection, identities.c.team, identities.c.record, some)
    keys: dict[Known, set[str]] = {record: set() for record in some}
    query = select(identities.c.team, identities.c.record, identities.c.key).where(mine, identities.c.role == NEAR)
    for team, record, key in connection.execute(query):
        keys[(team, record)].add(key)
    shared = {pair: keys[pair[0]] & keys[pair[1]] for pair in pairs}
    sharers = _sharers(connection, sorted(set().union(*shared.values())))
    told = {pair: [sharers[key] for key in both if sharers[key].compares(pair)] for pair, both in shared.items()}
    return {pair: any(each.crowded for each in several) for pair, several in told.items() if several}


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
