"""What must hold in the end: the office against the journal, and every replica against the office."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.form import Form
from service.campaign import mailbox_of
from service.simulation.answers import FORM
from service.simulation.journal import Journal
from service.simulation.office import Office
from sync.edits import Edit, edit_digest
from sync.merge import fold
from sync.store import Database, Document

PAGE = 500

Path = tuple[str, str, str]
"""A team, a record of it, and a path in the record."""


@dataclass
class Outcome:
    """What was counted, and everything that should not be: empty where all of it held."""

    records: int = 0
    edits: int = 0
    collisions: int = 0
    settled_by_policy: int = 0
    open_cases: int = 0
    same_things: int = 0
    """Enterprises that several records say were visited on one day; each must have a case."""
    faults: list[str] = field(default_factory=list)


def check_office(office: Office, journal: Journal) -> Outcome:
    """Every edit of the journal exactly once in the office, and a case for each collision that no policy settles."""
    outcome, collisions, same = Outcome(), set[Path](), dict[str, set[tuple[str, str]]]()
    held = dict(_held(office, {team for (team, _), _ in journal.records()}))
    forms = {version: office.parts.library.form(FORM, version) for version in (1, 2)}
    for key, made in journal.records():
        doc = held.pop(key, None)
        if doc is None:
            outcome.faults.append(f"{key[1]} of {key[0]} never arrived")
            continue
        outcome.records += 1
        outcome.edits += len(made)
        outcome.faults += _differences(key, made, doc["edits"])
        paths, in_all, thing = _amount_to(made, forms)
        if thing is not None:
            same.setdefault(thing, set()).add(key)
        collisions |= {(*key, path) for path in paths}
        outcome.settled_by_policy += in_all - len(paths)
    outcome.faults += [f"{record} of {team} was never made by anybody" for team, record in held]
    outcome.collisions = len(collisions) + outcome.settled_by_policy
    _check_cases(office, collisions, outcome)
    _check_same(office, [records for records in same.values() if len(records) > 1], outcome)
    return outcome


def _held(office: Office, teams: Iterable[str]) -> Iterator[tuple[tuple[str, str], Document]]:
    for team in sorted(teams):
        for doc in _documents(office.store.database(mailbox_of(team)), "record:"):
            yield (team, doc["_id"]), doc


def _documents(database: Database, prefix: str) -> Iterator[Document]:
    start = prefix
    while True:
        rows = database.all(start=start, end=f"{prefix}\ufff0", limit=PAGE, include_docs=True)
        yield from (row.doc for row in rows if row.doc is not None)
        if len(rows) < PAGE:
            return
        start = f"{rows[-1].id}\0"


def _differences(key: tuple[str, str], made: Sequence[Edit], held: Sequence[Any]) -> list[str]:
    wanted, found = Counter(map(edit_digest, made)), Counter(map(edit_digest, held))
    names = {edit_digest(edit): edit["id"] for edit in [*made, *held]}
    return [
        f"{key[1]} of {key[0]}: edit {names[digest]} was made {wanted[digest]} times and is there {found[digest]} times"
        for digest in sorted(wanted.keys() | found.keys())
        if wanted[digest] != found[digest]
    ]


def _amount_to(edits: Sequence[Edit], forms: Mapping[int, Form | None]) -> tuple[list[str], int, str | None]:
    """The paths that a person must decide, how many there would be if no field had a policy, and what it is about."""
    form = forms[max(edit["version"] for edit in edits)]
    folded = fold(edits, form)
    about = [folded.values.get(name) for name in ("enterprise", "visited_on")]
    thing = json.dumps(about) if folded.state != "withdrawn" else None
    return [collision.path for collision in folded.collisions], len(fold(edits, None).collisions), thing


def _check_cases(office: Office, collisions: set[Path], outcome: Outcome) -> None:
    cases = Counter((case["team"], case["record"], case["path"]) for case in office.open_conflicts())
    outcome.open_cases = cases.total()
    for path in sorted(collisions | cases.keys()):
        if cases[path] != (path in collisions):
            wanted = "a collision" if path in collisions else "no collision"
            outcome.faults.append(f"{path[2]} of {path[1]} of {path[0]}: {wanted}, and {cases[path]} open cases")


def _check_same(office: Office, groups: Sequence[set[tuple[str, str]]], outcome: Outcome) -> None:
    outcome.same_things = len(groups)
    told = {frozenset(documents) for documents in office.same_things()}
    for group in groups:
        if frozenset(group) not in told:
            outcome.faults.append(f"{len(group)} records of one thing have no case: {sorted(group)[0]}")
    if len(told) > len(groups):
        outcome.faults.append(f"{len(told) - len(groups)} cases say that records are the same which are not")


def check_replica(name: str, replica: Database, office: Database) -> list[str]:
    """Whether a replica has the same leaves of every document as the office."""
    here, there = _leaves(replica), _leaves(office)
    differing = sorted(doc for doc in here.keys() | there.keys() if here.get(doc) != there.get(doc))
    return [f"{name} and the office differ in {len(differing)} documents, such as {differing[0]}"] if differing else []


def _leaves(database: Database) -> dict[str, tuple[str, ...]]:
    changes = database.changes(all_leaves=True).results
    return {change.id: tuple(sorted(change.revs)) for change in changes if not change.id.startswith("_design/")}


def check_one_leaf(office: Office, teams: Iterable[str]) -> list[str]:
    """Whether any record still has several live leaves, which intake should have joined."""
    split = []
    for team in sorted(teams):
        database = office.store.database(mailbox_of(team))
        for change in database.changes(all_leaves=True).results:
            if len(change.revs) > 1 and change.id.startswith("record:"):
                live = [leaf for leaf in database.leaves(change.id) if not leaf.get("_deleted")]
                split += [f"{change.id} of {team} has {len(live)} live leaves"] if len(live) > 1 else []
    return split
