"""The cases of tests/vectors/ that sync has to meet; tests/js/vectors.test.mjs runs the same ones."""

from __future__ import annotations

import hashlib
from datetime import datetime

import pytest

from schemas.form import parse
from sync import clock, gate
from sync.edits import edit_digest, same, union
from sync.merge import Folded, fold
from sync.origin import origin_of
from sync.signature import device_id, verify_edit
from sync.store import Forbidden, UserContext
from tests.sync.bundles import made
from tests.vectors import Case, cases, form


@pytest.mark.parametrize("case", cases("clock"))
def test_clock(case: Case) -> None:
    if "steps" not in case:
        assert clock.is_time(case["at"]) is case["expect"]
        return
    wall = ""
    ours = clock.Clock(case["device"], wall=lambda: datetime.fromisoformat(wall))
    found: list[str | bool] = []
    for step in case["steps"]:
        wall = step.get("tick") or step["wall"]
        found.append(ours.tick() if "tick" in step else ours.observe(step["observe"]))
    assert found == case["expect"]


@pytest.mark.parametrize("case", cases("bundle"))
def test_bundle(case: Case) -> None:
    content = made(case)
    assert {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} == case["expect"]


@pytest.mark.parametrize("case", cases("merge"))
def test_merge(case: Case) -> None:
    if "edit" in case:
        assert edit_digest(case["edit"]) == case["expect"]
    elif "logs" in case:
        assert same(union(*case["logs"]), case["expect"])
        assert same(union(*reversed(case["logs"])), case["expect"])
    else:
        policies = parse(form(case["form"])) if case["form"] else None
        names = {name: frozenset(case.get(name, ())) for name in ("excluded", "distrusted")}
        assert same(outcome(fold(case["edits"], policies, **names)), case["expect"])
        assert same(outcome(fold(case["edits"][::-1], policies, **names)), case["expect"])


def outcome(folded: Folded) -> Case:
    collisions = [
        {"path": each.path, "heads": [head.edit_id for head in each.heads], "in_force": each.in_force.edit_id}
        for each in folded.collisions
    ]
    found = {"values": folded.values, "state": folded.state, "version": folded.version, "at": folded.at}
    return {**found, "collisions": collisions}


@pytest.mark.parametrize("case", cases("origin"))
def test_origin(case: Case) -> None:
    folded = fold(case["edits"], None)
    heads = folded.heads[case["path"]]
    assert {head.edit_id: origin_of(case["path"], head, folded.edits).edit_id for head in heads} == case["expect"]


@pytest.mark.parametrize("case", cases("gate"))
def test_gate(case: Case) -> None:
    user = UserContext(case["user"]["name"], frozenset(case["user"]["roles"]))
    assert verdict(filled(case), case.get("old"), user, case["security"]) == case["expect"]


def verdict(doc: Case, old: Case | None, user: UserContext, security: Case) -> str:
    try:
        gate.check(doc, old, user, security)
    except Forbidden as refusal:
        return refusal.reason
    return "accepted"


def filled(case: Case) -> Case:
    """The document, with the long text that a case only describes."""
    doc: Case = case["doc"]
    for of, parts in case.get("fill", {}).items():
        text = "".join(character * times for character, times in parts)
        if of == "edit":
            doc["edits"][0]["set"]["/t"] = text
        else:
            doc["answers"]["t"] = text
    return doc


@pytest.mark.parametrize("case", cases("signature"))
def test_signature(case: Case) -> None:
    if "edit" in case:
        assert verify_edit(case["record"], case["edit"], case["jwk"]) is case["expect"]
    else:
        assert device_id(case["jwk"]) == case["expect"]
