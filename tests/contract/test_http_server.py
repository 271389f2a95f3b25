"""Contract over HTTP: the server, its databases, and signing in. Source: CouchDB's API reference and its own tests."""

from __future__ import annotations

import time

import requests

from tests.contract.asking import Asker, refusal


def test_the_server_says_what_it_is(ask: Asker) -> None:
    told = ask("GET", "/").json()
    assert told["couchdb"] == "Welcome"
    assert told["version"][0] in "34"
    assert ask("GET", "/_up").json()["status"] == "ok"


def test_identifiers_are_made_and_not_kept_by_caches(ask: Asker) -> None:
    answer = ask("GET", "/_uuids?count=3")
    assert len(set(answer.json()["uuids"])) == 3
    assert all(len(each) == 32 for each in answer.json()["uuids"])
    assert "no-cache" in answer.headers["Cache-Control"]
    assert ask("GET", "/_uuids?count=100000").status_code in (400, 403)


def test_a_new_database_tells_its_address_and_is_made_once(ask: Asker) -> None:
    other = f"/{ask.name}-more"
    try:
        made = ask("PUT", other)
        assert made.status_code in (201, 202)
        assert made.headers["Location"].endswith(other)
        assert refusal(ask("PUT", other)) == (412, "file_exists")
        assert refusal(ask("PUT", "/Not-A-Name")) == (400, "illegal_database_name")
    finally:
        assert ask("DELETE", other).json() == {"ok": True}
    assert refusal(ask("GET", other)) == (404, "not_found")


def test_databases_are_listed_by_range_and_page(ask: Asker) -> None:
    assert ask.name in ask("GET", "/_all_dbs").json()
    assert ask("GET", f'/_all_dbs?start_key="{ask.name}"&limit=1').json() == [ask.name]
    assert ask("GET", f'/_all_dbs?startkey="{ask.name}"&endkey="{ask.name}"').json() == [ask.name]
    assert ask("GET", "/_all_dbs?limit=0").json() == []
    assert len(ask("GET", "/_all_dbs?skip=1").json()) == len(ask("GET", "/_all_dbs").json()) - 1
    every = ask("GET", "/_all_dbs").json()
    assert ask("GET", "/_all_dbs?descending=true").json() == every[::-1]


def test_several_databases_are_described_at_once(ask: Asker) -> None:
    ask.put("a")
    [known, unknown] = ask("POST", "/_dbs_info", {"keys": [ask.name, "not-there"]}).json()
    assert (known["key"], known["info"]["db_name"], known["info"]["doc_count"]) == (ask.name, ask.name, 1)
    assert unknown == {"key": "not-there", "error": "not_found"}


def test_a_database_describes_itself(ask: Asker) -> None:
    ask.put("a")
    told = ask("GET", "~").json()
    assert (told["db_name"], told["doc_count"], told["doc_del_count"]) == (ask.name, 1, 0)
    assert {"file", "external", "active"} <= set(told["sizes"])
    assert {"update_seq", "purge_seq", "compact_running", "disk_format_version"} <= set(told)


def test_a_document_is_not_deleted_by_way_of_its_database(ask: Asker) -> None:
    assert refusal(ask("DELETE", "~/?rev=1-x")) == (400, "bad_request")


def test_what_a_form_could_send_is_not_taken_for_json(ask: Asker) -> None:
    plain = {"Content-Type": "text/plain"}
    for path in ("~", "~/_bulk_docs", "~/_revs_diff", "~/_find"):
        assert refusal(ask("POST", path, b"{}", headers=plain)) == (415, "bad_content_type"), path


def test_limits_are_read_and_set(ask: Asker) -> None:
    assert ask("GET", "~/_revs_limit").json() == 1000
    assert ask("PUT", "~/_revs_limit", 5).json() == {"ok": True}
    assert ask("GET", "~/_revs_limit").json() == 5
    assert ask("GET", "~/_purged_infos_limit").json() == 1000
    assert ask("PUT", "~/_purged_infos_limit", 2000).json() == {"ok": True}
    assert ask("GET", "~/_purged_infos_limit").json() == 2000


def test_a_history_is_cut_to_the_limit(ask: Asker) -> None:
    assert ask("PUT", "~/_revs_limit", 3).status_code == 200
    rev = ask.put("a")
    for n in range(5):
        rev = ask.put("a", _rev=rev, n=n)
    assert len(ask("GET", "~/a?revs=true").json()["_revisions"]["ids"]) == 3


def test_compaction_drops_the_bodies_of_revisions_that_are_no_leaves(ask: Asker) -> None:
    first = ask.put("a", n=1)
    second = ask.put("a", _rev=first, n=2)
    assert ask("GET", f"~/a?rev={first}").status_code == 200
    answer = ask("POST", "~/_compact", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (202, {"ok": True})
    end = time.monotonic() + 20
    while ask("GET", f"~/a?rev={first}").status_code != 404 and time.monotonic() < end:
        time.sleep(0.1)
    assert ask("GET", f"~/a?rev={first}").status_code == 404
    assert ask("GET", "~/a").json()["_rev"] == second


def test_a_commit_is_confirmed(ask: Asker) -> None:
    answer = ask("POST", "~/_ensure_full_commit", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["ok"]) == (201, True)


def test_a_purged_document_has_never_been(ask: Asker) -> None:
    rev = ask.put("a")
    ask.put("b")
    answer = ask("POST", "~/_purge", {"a": [rev], "b": ["1-" + "0" * 32]})
    assert answer.status_code in (201, 202)
    assert answer.json()["purged"]["a"] == [rev]
    assert answer.json()["purged"].get("b", []) == []
    assert refusal(ask("GET", f"~/a?rev={rev}")) == (404, "not_found")
    assert [row["id"] for row in ask("GET", "~/_changes").json()["results"]] == ["b"]
    assert ask("GET", "~").json()["doc_del_count"] == 0


def test_purging_one_branch_leaves_the_other(ask: Asker) -> None:
    docs = [{"_id": "a", "_rev": f"1-{letter * 32}", "n": letter} for letter in "ab"]
    assert ask("POST", "~/_bulk_docs", {"docs": docs, "new_edits": False}).status_code in (201, 202)
    assert ask("POST", "~/_purge", {"a": [docs[1]["_rev"]]}).json()["purged"] == {"a": [docs[1]["_rev"]]}
    assert ask("GET", "~/a?conflicts=true").json() == {"_id": "a", "_rev": docs[0]["_rev"], "n": "a"}


def test_who_asks_is_told(ask: Asker) -> None:
    told = ask("GET", "/_session").json()
    assert told["ok"] is True
    assert told["userCtx"]["roles"] == ["_admin"]
    assert told["userCtx"]["name"] == (ask.credentials or [None])[0]
    assert "cookie" in told["info"]["authentication_handlers"]


def test_a_session_begins_with_a_password_and_lasts_by_its_cookie(ask: Asker) -> None:
    assert ask.credentials is not None
    name, password = ask.credentials
    address = f"{ask.root}/_session"
    wrong = requests.post(address, json={"name": name, "password": "wrong"}, timeout=10)
    assert refusal(wrong) == (401, "unauthorized")
    with requests.Session() as browser:
        begun = browser.post(address, data={"name": name, "password": password}, timeout=10)
        assert begun.json() == {"ok": True, "name": name, "roles": ["_admin"]}
        assert "HttpOnly" in begun.headers["Set-Cookie"]
        told = browser.get(address, timeout=10).json()
        assert (told["userCtx"]["name"], told["info"]["authenticated"]) == (name, "cookie")
        assert browser.get(f"{ask.root}/_all_dbs", timeout=10).status_code == 200
        assert browser.delete(address, timeout=10).json() == {"ok": True}
        assert browser.get(address, timeout=10).json()["userCtx"]["name"] is None
    assert requests.get(f"{ask.root}/_all_dbs", timeout=10).status_code == 401
