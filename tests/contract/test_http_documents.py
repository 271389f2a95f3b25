"""Contract over HTTP: documents. Source: CouchDB's API reference and its own tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.asking import Asker, refusal

A, B, C = (letter * 32 for letter in "abc")


def branches(ask: Asker) -> None:
    """A document with two live leaves and a deleted one."""
    revisions = [(B, {}), (C, {}), (A, {"_deleted": True})]
    docs = [
        {"_id": "a", "_rev": f"2-{leaf}", "_revisions": {"start": 2, "ids": [leaf, "0" * 32]}, **more}
        for leaf, more in revisions
    ]
    assert ask("POST", "~/_bulk_docs", {"docs": docs, "new_edits": False}).status_code in (201, 202)


def test_a_write_tells_revision_and_address(ask: Asker) -> None:
    answer = ask("PUT", "~/a", {"n": 1})
    assert answer.status_code in (201, 202)
    rev = answer.json()["rev"]
    assert answer.json() == {"ok": True, "id": "a", "rev": rev}
    assert answer.headers["ETag"] == f'"{rev}"'
    assert answer.headers["Location"].endswith(f"/{ask.name}/a")


def test_a_document_without_an_id_is_given_one(ask: Asker) -> None:
    answer = ask("POST", "~", {"n": 1})
    assert answer.status_code in (201, 202)
    assert answer.headers["Location"].endswith(f"/{ask.name}/{answer.json()['id']}")
    assert ask("GET", f"~/{answer.json()['id']}").json()["n"] == 1


def test_what_did_not_change_is_not_sent_again(ask: Asker) -> None:
    rev = ask.put("a")
    answer = ask("GET", "~/a", headers={"If-None-Match": f'"{rev}"'})
    assert (answer.status_code, answer.content) == (304, b"")
    assert ask("GET", "~/a").headers["ETag"] == f'"{rev}"'
    assert ask("HEAD", "~/a").headers["ETag"] == f'"{rev}"'
    assert ask("GET", "~/a").headers["Cache-Control"] == "must-revalidate"


def test_a_write_on_what_is_no_leaf_is_a_conflict(ask: Asker) -> None:
    rev = ask.put("a")
    assert refusal(ask("PUT", "~/a", {})) == (409, "conflict")
    latest = ask.put("a", _rev=rev)
    assert refusal(ask("PUT", f"~/a?rev={rev}", {})) == (409, "conflict")
    assert ask("PUT", "~/a", {}, headers={"If-Match": latest}).status_code in (201, 202)


def test_deleting_needs_the_revision_of_something_that_is_there(ask: Asker) -> None:
    assert refusal(ask("DELETE", "~/a")) == (404, "not_found")
    rev = ask.put("a")
    assert refusal(ask("DELETE", "~/a")) == (409, "conflict")
    answer = ask("DELETE", f"~/a?rev={rev}")
    assert answer.status_code in (200, 202)
    gone = ask("GET", "~/a")
    assert (refusal(gone), gone.json()["reason"]) == ((404, "not_found"), "deleted")
    assert ask("GET", f"~/a?rev={answer.json()['rev']}").json()["_deleted"] is True


def test_members_with_an_underscore_are_couchdb_s(ask: Asker) -> None:
    assert refusal(ask("PUT", "~/a", {"_zing": 4})) == (400, "doc_validation")
    assert refusal(ask("POST", "~", {"_zing": 4})) == (400, "doc_validation")
    assert refusal(ask("PUT", "~/_a", {})) == (400, "illegal_docid")


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [
        ("PUT", "~/a", "Document must be a JSON object"),
        ("POST", "~/_bulk_docs", "Request body must be a JSON object"),
        ("POST", "~/_all_docs", "Request body must be a JSON object"),
    ],
)
def test_a_body_that_is_no_object_is_refused(ask: Asker, method: str, path: str, reason: str) -> None:
    answer = ask(method, path, b"[]", headers={"Content-Type": "application/json"})
    assert (refusal(answer), answer.json()["reason"]) == ((400, "bad_request"), reason)


def test_a_document_is_read_with_what_is_asked_for_beside_it(ask: Asker) -> None:
    branches(ask)
    found = ask("GET", "~/a?revs=true&revs_info=true&conflicts=true&deleted_conflicts=true&local_seq=true").json()
    assert found["_rev"] == f"2-{C}"
    assert found["_revisions"] == {"start": 2, "ids": [C, "0" * 32]}
    assert found["_revs_info"] == [
        {"rev": f"2-{C}", "status": "available"},
        {"rev": f"1-{'0' * 32}", "status": "missing"},
    ]
    assert (found["_conflicts"], found["_deleted_conflicts"]) == ([f"2-{B}"], [f"2-{A}"])
    assert "_local_seq" in found
    meta = ask("GET", "~/a?meta=true").json()
    assert {"_revs_info", "_conflicts", "_deleted_conflicts"} <= set(meta)


def test_the_latest_of_a_revision_is_its_leaf(ask: Asker) -> None:
    first = ask.put("a")
    second = ask.put("a", _rev=first)
    assert ask("GET", f"~/a?rev={first}&latest=true").json()["_rev"] == second


def test_open_revisions_are_those_that_are_there_and_those_that_are_not(ask: Asker) -> None:
    branches(ask)
    json = {"Accept": "application/json"}
    every = ask("GET", "~/a?open_revs=all&revs=true", headers=json).json()
    assert {row["ok"]["_rev"] for row in every} == {f"2-{each}" for each in (A, B, C)}
    assert all(row["ok"]["_revisions"]["start"] == 2 for row in every)
    named = ask("GET", f'~/a?open_revs=["2-{B}","7-{B}"]', headers=json).json()
    assert {row.get("ok", {}).get("_rev") or row["missing"] for row in named} == {f"2-{B}", f"7-{B}"}
    parts = ask("GET", "~/a?open_revs=all", headers={"Accept": "multipart/mixed"})
    assert parts.headers["Content-Type"].startswith("multipart/mixed; boundary=")
    assert parts.content.count(b"application/json") == 3


def test_a_document_is_copied_under_another_name_and_onto_another(ask: Asker) -> None:
    ask.put("a", n=1)
    copied = ask("COPY", "~/a", headers={"Destination": "b"})
    assert copied.status_code in (201, 202)
    assert ask("GET", "~/b").json() == {"_id": "b", "_rev": copied.json()["rev"], "n": 1}
    assert refusal(ask("COPY", "~/a", headers={"Destination": "b"})) == (409, "conflict")
    again = ask("COPY", "~/a", headers={"Destination": f"b?rev={copied.json()['rev']}"})
    assert again.json()["rev"].startswith("2-")
    assert refusal(ask("COPY", "~/none", headers={"Destination": "c"})) == (404, "not_found")


def test_a_slash_in_an_id_is_no_attachment(ask: Asker) -> None:
    assert ask("PUT", "~/a%2Fb", {"n": 1}).json()["id"] == "a/b"
    assert ask("GET", "~/a%2Fb").json()["_id"] == "a/b"
    assert ask.ids("~/_all_docs") == ["a/b"]
    assert ask("GET", "~/a").status_code == 404


def test_a_batch_has_an_outcome_for_each(ask: Asker) -> None:
    rev = ask.put("a")
    outcomes = ask("POST", "~/_bulk_docs", {"docs": [{"_id": "a"}, {"_id": "b"}, {"_id": "a", "_rev": rev}]}).json()
    assert [(row["id"], row.get("ok"), row.get("error")) for row in outcomes] == [
        ("a", None, "conflict"),
        ("b", True, None),
        ("a", True, None),
    ]


def test_many_revisions_are_read_at_once(ask: Asker) -> None:
    branches(ask)
    wanted = [{"id": "a", "rev": f"2-{B}"}, {"id": "a", "rev": f"7-{B}"}, {"id": "none", "rev": f"1-{B}"}]
    rows = ask("POST", "~/_bulk_get?revs=true", {"docs": wanted}).json()["results"]
    [found, lost, none] = [row["docs"][0] for row in rows]
    assert (found["ok"]["_rev"], found["ok"]["_revisions"]["start"]) == (f"2-{B}", 2)
    assert lost["error"]["error"] == none["error"]["error"] == "not_found"


def test_many_revisions_may_come_in_parts(ask: Asker) -> None:
    ask.put("a")
    answer = ask("POST", "~/_bulk_get", {"docs": [{"id": "a"}]}, headers={"Accept": "multipart/mixed"})
    assert answer.headers["Content-Type"].startswith("multipart/mixed")
    assert b'"_id":"a"' in answer.content


def test_documents_are_listed_as_they_are_asked_for(ask: Asker) -> None:
    for doc_id in "abcde":
        ask.put(doc_id)
    assert ask.ids('~/_all_docs?startkey="b"&endkey="d"') == ["b", "c", "d"]
    assert ask.ids('~/_all_docs?startkey="b"&endkey="d"&inclusive_end=false') == ["b", "c"]
    assert ask.ids('~/_all_docs?descending=true&startkey="d"&endkey="b"') == ["d", "c", "b"]
    assert ask.ids("~/_all_docs?skip=1&limit=2") == ["b", "c"]
    assert ask.ids("~/_all_docs?descending=true&skip=1&limit=2") == ["d", "c"]
    assert ask.ids('~/_all_docs?key="c"') == ["c"]
    listing = ask("GET", "~/_all_docs?include_docs=true&update_seq=true&limit=1").json()
    assert (listing["total_rows"], listing["rows"][0]["doc"]["_id"]) == (5, "a")
    assert "update_seq" in listing


def test_keys_tell_what_is_there_what_is_deleted_and_what_never_was(ask: Asker) -> None:
    rev, gone = ask.put("a"), ask.put("b")
    tomb = ask("DELETE", f"~/b?rev={gone}").json()["rev"]
    rows = ask("POST", "~/_all_docs", {"keys": ["b", "a", "none"]}).json()["rows"]
    assert rows == [
        {"id": "b", "key": "b", "value": {"rev": tomb, "deleted": True}},
        {"id": "a", "key": "a", "value": {"rev": rev}},
        {"key": "none", "error": "not_found"},
    ]


def test_several_listings_are_one_answer(ask: Asker) -> None:
    for doc_id in "abc":
        ask.put(doc_id)
    queries = [{"keys": ["c"]}, {"limit": 1}, {"startkey": "b"}]
    results = ask("POST", "~/_all_docs/queries", {"queries": queries}).json()["results"]
    assert [[row["id"] for row in each["rows"]] for each in results] == [["c"], ["a"], ["b", "c"]]


def test_design_documents_are_kept_and_listed(ask: Asker) -> None:
    ask.put("a")
    rev = ask.put("_design/x", views={"all": {"map": "function (doc) { emit(doc._id); }"}})
    assert ask.ids("~/_design_docs") == ["_design/x"]
    assert ask("GET", "~/_design/x").json()["_rev"] == rev
    assert ask("GET", "~").json()["doc_count"] == 2


def test_local_documents_have_one_revision_which_is_counted_up(ask: Asker) -> None:
    first = ask("PUT", "~/_local/check", {"seq": 1}).json()
    assert (first["id"], first["rev"]) == ("_local/check", "0-1")
    assert ask("PUT", "~/_local/check", {"seq": 1}).json()["rev"] == "0-1"
    assert ask("PUT", "~/_local/check", {"seq": 2, "_rev": "0-1"}).json()["rev"] == "0-2"
    assert ask("GET", "~/_local/check").json() == {"_id": "_local/check", "_rev": "0-2", "seq": 2}
    assert ask.ids("~/_local_docs") == ["_local/check"]
    assert ask("DELETE", "~/_local/check?rev=0-2").status_code in (200, 202)
    assert ask("GET", "~/_local/check").status_code == 404


def test_missing_revisions_are_told_in_both_forms(ask: Asker) -> None:
    rev = ask.put("a")
    wanted: dict[str, Any] = {"a": [rev, f"9-{A}"], "b": [f"1-{B}"]}
    diff = ask("POST", "~/_revs_diff", wanted).json()
    assert (diff["a"]["missing"], diff["b"]["missing"]) == ([f"9-{A}"], [f"1-{B}"])
    assert diff["a"]["possible_ancestors"] == [rev]
    assert ask("POST", "~/_missing_revs", wanted).json()["missing_revs"] == {"a": [f"9-{A}"], "b": [f"1-{B}"]}
