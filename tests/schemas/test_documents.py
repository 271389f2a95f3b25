"""The shapes of what travels: a sound document of each type passes, and each slip is told at its member."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.bundled import bundled
from schemas.documents import SCHEMAS, check
from schemas.form import compile_form

ULID = "01JDA000000000000000000001"
RECORD = f"record:enterprise-visit:{ULID}"
AT = "2026-11-23T06:10:42.120Z/0000/7f3a0c19d2e4"
EDIT: dict[str, Any] = {
    "id": "01JDA000000000000000000002",
    "at": AT,
    "by": "li.wei",
    "device": "7f3a0c19d2e4",
    "app": "1.4.0",
    "version": 3,
    "set": {"/visited_on": "2026-11-20"},
    "unset": [],
    "seen": {"/visited_on": ["01JDA000000000000000000003"]},
    "note": None,
    "sig": "s",
}
TITLE = {"zh-Hans": "走访", "zh-Hant": "走訪", "en": "Visit"}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "record": {
        "_id": RECORD,
        "form": "enterprise-visit",
        "version": 3,
        "team": "north",
        "edits": [EDIT],
        "answers": {"visited_on": "2026-11-20"},
    },
    "receipt": {
        "_id": f"receipt:{RECORD}:office",
        "team": "north",
        "record": RECORD,
        "judge": "office",
        "verdict": "returned",
        "reason": None,
        "digest": "ab" * 32,
        "form": "enterprise-visit",
        "version": 3,
        "errors": [{"path": "/visited_on", "code": "required"}],
        "collisions": ["/visited_on"],
    },
    "task": {
        "_id": f"task:{ULID}",
        "team": "north",
        "form": "enterprise-visit",
        "title": TITLE,
        "due": "2026-11-30",
        "answers": {},
        "created_by": "zhang.min",
    },
    "form": {"_id": "form:self-check:1", "form": "self-check", "version": 1, "definition": {"form": "self-check"}},
    "entity": {
        "_id": "entity:enterprise:01KDW",
        "entity": "enterprise",
        "name": "红星机械厂",
        "names": {"en": "Red Star"},
        "active": True,
        "address": "its own property",
    },
    "device": {
        "_id": "device:7f3a0c19d2e4",
        "device": "7f3a0c19d2e4",
        "public_key": {"kty": "EC"},
        "user": "li.wei",
        "label": "",
        "registered_at": "2026-11-01T08:00:00+08:00",
        "revoked": False,
    },
    "file": {
        "_id": f"file:{'0' * 64}",
        "content_type": "image/png",
        "length": 9,
        "_attachments": {"file": {"content_type": "image/png", "length": 9, "digest": "md5-x", "stub": True}},
    },
    "media": {
        "_id": "media:" + "ab" * 32,
        "team": "north",
        "content_type": "image/jpeg",
        "length": 1024,
        "device": "7f3a0c19d2e4",
        "taken_at": "2026-11-23T06:10:42Z",
        "_attachments": {"file": {"stub": True}},
    },
    "report": {
        "_id": "report:7f3a0c19d2e4",
        "team": "north",
        "device": "7f3a0c19d2e4",
        "by": "li.wei",
        "app": "0.1.0",
        "at": "2026-11-23T06:10:42Z",
        "skews": [{"at": "2026-11-23T06:10:42Z", "ms": -7200000}],
        "held": {"records": 1, "files": 2, "bytes": 4096, "drafts": 0, "refused": 0, "since": "2026-11-23T06:00:00Z"},
    },
}
ABSENT = object()


def document(kind: str, **changes: Any) -> dict[str, Any]:
    changed = {"type": kind, **DOCUMENTS[kind], **changes}
    return {name: value for name, value in changed.items() if value is not ABSENT}


def test_every_type_has_its_example() -> None:
    assert set(DOCUMENTS) == set(SCHEMAS)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_sound_document_passes(kind: str) -> None:
    assert check(document(kind)) == {}
    assert check(document(kind, _rev=f"2-{'0' * 32}")) == {}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_each_member_is_needed_unless_it_may_be_absent(kind: str) -> None:
    optional = {"names", "taken_at", "address"}
    for name in DOCUMENTS[kind].keys() - optional:
        assert name in check(document(kind, **{name: ABSENT})), name
    for name in DOCUMENTS[kind].keys() & optional:
        assert check(document(kind, **{name: ABSENT})) == {}


@pytest.mark.parametrize("kind", sorted(DOCUMENTS.keys() - {"entity"}))
def test_a_member_that_nobody_knows(kind: str) -> None:
    assert check(document(kind, stray=1)) == {"stray": ["Unknown field."]}


@pytest.mark.parametrize("kind", [None, "letter", 3, ["record"]])
def test_a_type_that_there_is_not(kind: Any) -> None:
    assert list(check({"type": kind})) == ["type"]
    assert list(check({})) == ["type"]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("record", "_id", f"record:{ULID}"),
        ("record", "_id", f"{RECORD}\n"),
        ("record", "version", 0),
        ("record", "version", "3"),
        ("record", "edits", []),
        ("record", "answers", []),
        ("record", "task", "task:1"),
        ("record", "team", "North"),
        ("receipt", "verdict", "lost"),
        ("receipt", "digest", "AB" * 32),
        ("receipt", "reason", 3),
        ("receipt", "errors", ["required"]),
        ("receipt", "collisions", [1]),
        ("task", "due", "30.11.2026"),
        ("task", "due", "2026-02-30"),
        ("task", "title", {"de": "Besuch"}),
        ("form", "_id", "form:self-check:01"),
        ("form", "version", 2),
        ("form", "definition", "x"),
        ("entity", "_id", "entity:unit:01KDW"),
        ("entity", "active", 1),
        ("entity", "active", "true"),
        ("device", "device", "7F3A"),
        ("device", "registered_at", "2026-11-01T08:00:00"),
        ("device", "revoked", 0),
        ("media", "_id", "media:x"),
        ("media", "length", -1),
        ("media", "_attachments", {}),
        ("media", "_attachments", {"file": {}, "more": {}}),
    ],
)
def test_a_slip_is_told_at_its_member(kind: str, name: str, value: Any) -> None:
    at = "_id" if (kind, name) == ("form", "version") else name
    assert at in check(document(kind, **{name: value}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", ""),
        ("id", "é"),
        ("at", "2026-11-23"),
        ("at", f"{AT}\n"),
        ("by", ""),
        ("version", 1.5),
        ("set", []),
        ("unset", [1]),
        ("seen", {"/a": "b"}),
        ("note", 1),
        ("sig", None),
    ],
)
def test_a_slip_in_an_edit_is_told_at_the_edit(name: str, value: Any) -> None:
    found = check(document("record", edits=[EDIT, {**EDIT, name: value}]))
    assert list(found) == ["edits"]
    assert list(found["edits"]) == [1]
    assert list(found["edits"][1]) == [name]


@pytest.mark.parametrize("form", sorted(bundled()))
def test_bundled_forms_travel_as_forms(form: str) -> None:
    source = bundled()[form]
    made = document("form", _id=f"form:{form}:{source['version']}", form=form, version=source["version"])
    assert check({**made, "definition": compile_form(source)}) == {}


def test_an_erased_edit_may_stand_in_a_record() -> None:
    assert check(document("record", edits=[EDIT, {"id": EDIT["id"], "at": AT, "erased": "ab" * 32}])) == {}
