"""An inspector reaches only their own team's databases, in every verb and on every path of the protocol."""

from __future__ import annotations

from typing import Any

import pytest

from service.auth.access import Action, SignedIn, may, roles_of, visible_teams
from service.auth.requests import undeclared
from tests.service.conftest import Office, Tablet

RECORD = "record:enterprise-visit:01HQ0000000000000000000009"
DOC = {
    "_id": RECORD,
    "type": "record",
    "form": "enterprise-visit",
    "version": 1,
    "team": "south",
    "edits": [],
    "answers": {},
}
OTHERS = ["mailbox-south", "media-south", "office", "audit"]
REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("HEAD", "", None),
    ("PUT", "", None),
    ("DELETE", "", None),
    ("POST", "", DOC),
    ("GET", "/_all_docs", None),
    ("POST", "/_all_docs", {"keys": [RECORD]}),
    ("GET", "/_changes", None),
    ("POST", "/_changes", {}),
    ("GET", "/_changes?feed=longpoll&timeout=100", None),
    ("POST", "/_bulk_docs", {"docs": [DOC]}),
    ("POST", "/_bulk_docs", {"docs": [{**DOC, "_rev": "1-" + "a" * 32}], "new_edits": False}),
    ("POST", "/_bulk_get", {"docs": [{"id": RECORD}]}),
    ("POST", "/_revs_diff", {RECORD: ["1-" + "a" * 32]}),
    ("POST", "/_missing_revs", {RECORD: ["1-" + "a" * 32]}),
    ("POST", "/_ensure_full_commit", {}),
    ("POST", "/_compact", {}),
    ("POST", "/_purge", {RECORD: ["1-" + "a" * 32]}),
    ("POST", "/_find", {"selector": {}}),
    ("POST", "/_index", {"index": {"fields": ["type"]}}),
    ("GET", "/_local_docs", None),
    ("GET", "/_local/checkpoint", None),
    ("PUT", "/_local/checkpoint", {"_id": "_local/checkpoint", "last_seq": 1}),
    ("DELETE", "/_local/checkpoint", None),
    ("GET", "/_security", None),
    ("PUT", "/_security", {"members": {"roles": ["team:north"]}}),
    ("GET", "/_revs_limit", None),
    ("PUT", "/_revs_limit", 5),
    ("GET", "/_design/rounds", None),
    ("PUT", "/_design/rounds", {"_id": "_design/rounds"}),
    ("GET", f"/{RECORD}", None),
    ("HEAD", f"/{RECORD}", None),
    ("GET", f"/{RECORD}?open_revs=all", None),
    ("PUT", f"/{RECORD}", DOC),
    ("PUT", f"/{RECORD}?new_edits=false", {**DOC, "_rev": "1-" + "a" * 32}),
    ("DELETE", f"/{RECORD}?rev=1-{'a' * 32}", None),
    ("COPY", f"/{RECORD}", None),
    ("GET", f"/{RECORD}/file", None),
    ("PUT", f"/{RECORD}/file", {"x": 1}),
    ("DELETE", f"/{RECORD}/file", None),
    ("OPTIONS", "", None),
    ("PATCH", "", {}),
]


def ask(office: Office, user: str, method: str, database: str, path: str, body: Any) -> Any:
    options = {} if body is None else {"json": body}
    return office.call(method, f"/db/{database}{path}", user, **options)


@pytest.mark.parametrize("database", OTHERS)
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_nothing_of_another_database_is_reached(
    office: Office, database: str, method: str, path: str, body: Any
) -> None:
    before = office.parts.store.database(database).info()
    answer = ask(office, "li.wei", method, database, path, body)
    assert answer.status_code in {401, 403, 404, 405}, answer.get_data()
    if method != "HEAD":
        told = answer.get_json()
        assert isinstance(told["error"], str)
        assert told["reason"]
    assert office.parts.store.database(database).info() == before
    assert database in office.parts.store.names()


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_nothing_at_all_is_reached_without_signing_in(office: Office, method: str, path: str, body: Any) -> None:
    options = {} if body is None else {"json": body}
    answer = office.call(method, f"/db/mailbox-north{path}", **options)
    assert answer.status_code in {401, 405}


@pytest.mark.parametrize(
    "path", ["/_all_dbs", "/_replicate", "/_active_tasks", "/_node/_local/_config", "/_users", "/_db_updates"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_the_server_itself_tells_an_inspector_nothing(office: Office, method: str, path: str) -> None:
    answer = office.call(method, f"/db{path}", "li.wei", **({} if method == "GET" else {"json": {}}))
    if answer.status_code == 200:
        assert set(answer.get_json()) <= {"reference", "mailbox-north", "media-north"}
    else:
        assert answer.status_code in {400, 401, 403, 404, 405, 501}


def test_a_database_cannot_be_made_or_removed(office: Office) -> None:
    for user in ("li.wei", "chen.jie"):
        assert office.call("PUT", "/db/mailbox-mine", user).status_code in {401, 403, 404, 405}
        assert office.call("DELETE", "/db/mailbox-north", user).status_code in {401, 403, 405}
    assert "mailbox-mine" not in office.parts.store.names()
    assert "mailbox-north" in office.parts.store.names()


def test_the_reference_database_can_be_read_and_not_written(office: Office) -> None:
    assert office.get("/db/reference/_all_docs", "li.wei").status_code == 200
    answer = office.post(
        "/db/reference/_bulk_docs", "li.wei", json={"docs": [{"_id": "entity:unit:x", "type": "entity"}]}
    )
    refused = answer.status_code in {401, 403} or answer.get_json()[0]["error"] == "forbidden"
    assert refused


def test_own_mailbox_can_be_read(office: Office) -> None:
    """So that the refusals above are about what they name."""
    for path in ("", "/_all_docs", "/_changes"):
        assert office.get(f"/db/mailbox-north{path}", "li.wei").status_code == 200


def test_the_api_shows_an_inspector_only_their_own_team(office: Office) -> None:
    south = Tablet(office, "wang.fang")
    record = south.fill({"/visitors": "王芳"})
    office.judge()
    assert office.get(f"/api/v1/records/{record}", "wang.fang").status_code == 200
    for path in (
        f"/api/v1/records/{record}",
        f"/api/v1/records/{record}/history",
        f"/api/v1/records/{record}?team=south",
    ):
        answer = office.get(path, "li.wei")
        assert (answer.status_code, answer.get_json()["error"]) == (404, "record_unknown")
    assert office.get("/api/v1/records?team=south", "li.wei").get_json()["items"] == []
    assert office.get("/api/v1/records", "chen.jie").get_json()["items"] == []
    assert len(office.get("/api/v1/records", "admin").get_json()["items"]) == 1


@pytest.mark.parametrize("path", ["/api/v1/cases", "/api/v1/cases/conflict-00000000000000000000"])
def test_cases_are_not_for_inspectors(office: Office, path: str) -> None:
    assert office.get(path, "li.wei").status_code == 403


def test_every_view_says_whom_it_lets_in(office: Office) -> None:
    assert undeclared(office.app) == []
    office.app.view_functions["records.listed"] = lambda: ""
    assert undeclared(office.app) == ["records.listed"]


def test_roles_that_begin_with_an_underscore_are_never_given() -> None:
    assert roles_of(["admin", "_admin", "anything"], ["north"]) == {"admin", "team:north"}


@pytest.mark.parametrize(
    ("roles", "action", "team", "allowed"),
    [
        ({"inspector", "team:north"}, Action.READ_RECORDS, "north", True),
        ({"inspector", "team:north"}, Action.READ_RECORDS, "south", False),
        ({"inspector", "team:north"}, Action.DECIDE, "north", False),
        ({"supervisor", "team:north"}, Action.DECIDE, "north", True),
        ({"supervisor", "team:north"}, Action.DECIDE, "south", False),
        ({"office"}, Action.DECIDE, "south", True),
        ({"office"}, Action.USE_STORE, None, False),
        ({"admin"}, Action.USE_STORE, None, False),
        ({"team:north"}, Action.READ_RECORDS, "north", False),
        (set(), Action.ENTER, None, False),
    ],
)
def test_who_may_what(roles: set[str], action: Action, team: str | None, allowed: bool) -> None:
    assert may(SignedIn("somebody", frozenset(roles)), action, team) is allowed


def test_office_and_admin_see_every_team() -> None:
    assert visible_teams(SignedIn("a", frozenset({"office"}))) is None
    assert visible_teams(SignedIn("a", frozenset({"supervisor", "team:north"}))) == {"north"}
