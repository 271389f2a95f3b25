"""Contract over HTTP: feeds. Source: CouchDB's `_changes` and `_db_updates`."""

from __future__ import annotations

import json
import threading
import time

from tests.contract.asking import Asker, refusal


def three(ask: Asker) -> None:
    for doc_id in "abc":
        ask.put(doc_id, kind=doc_id)


def told(ask: Asker, query: str) -> list[str]:
    return [row["id"] for row in ask("GET", f"~/_changes?{query}").json()["results"]]


def test_changes_come_both_ways_and_from_now_on(ask: Asker) -> None:
    three(ask)
    assert sorted(told(ask, "")) == ["a", "b", "c"]
    assert told(ask, "descending=true") == told(ask, "")[::-1]
    assert told(ask, "descending=true&limit=1") == told(ask, "")[-1:]
    assert told(ask, "since=now") == []


def test_changes_are_chosen_by_id_selector_and_design(ask: Asker) -> None:
    three(ask)
    ask.put("_design/x")
    assert told(ask, 'filter=_doc_ids&doc_ids=["b","none"]') == ["b"]
    assert told(ask, "filter=_design") == ["_design/x"]
    answer = ask("POST", "~/_changes?filter=_selector", {"selector": {"kind": {"$gt": "a"}}})
    assert sorted(row["id"] for row in answer.json()["results"]) == ["b", "c"]
    answer = ask("POST", "~/_changes?filter=_doc_ids", {"doc_ids": ["c"]})
    assert [row["id"] for row in answer.json()["results"]] == ["c"]


def test_changes_bring_documents_conflicts_and_attachments(ask: Asker) -> None:
    docs = [{"_id": "a", "_rev": f"1-{letter * 32}"} for letter in "ab"]
    file = {"content_type": "image/png", "data": "b25l"}
    ask("POST", "~/_bulk_docs", {"docs": [docs[0], {**docs[1], "_attachments": {"x": file}}], "new_edits": False})
    [row] = ask("GET", "~/_changes?include_docs=true&conflicts=true&attachments=true&style=all_docs").json()["results"]
    assert {leaf["rev"] for leaf in row["changes"]} == {docs[0]["_rev"], docs[1]["_rev"]}
    assert row["doc"]["_conflicts"] == [docs[0]["_rev"]]
    assert row["doc"]["_attachments"]["x"]["data"] == "b25l"


def test_an_open_feed_has_a_line_for_each_change_and_ends_with_its_place(ask: Asker) -> None:
    three(ask)
    lines = ask("GET", "~/_changes?feed=continuous&timeout=300").text.split("\n")
    rows = [json.loads(line) for line in lines if line]
    assert sorted(row["id"] for row in rows[:-1]) == ["a", "b", "c"]
    assert {"last_seq", "pending"} == set(rows[-1])


def test_an_open_feed_tells_of_a_change_while_it_is_open(ask: Asker) -> None:
    timer = threading.Timer(0.3, ask.put, ["late"])
    timer.start()
    with ask("GET", "~/_changes?feed=continuous&heartbeat=1000&since=now", stream=True) as answer:
        found = next(json.loads(line) for line in answer.iter_lines() if line)
    timer.join()
    assert found["id"] == "late"


def test_an_open_feed_says_that_it_is_still_there(ask: Asker) -> None:
    began = time.monotonic()
    with ask("GET", "~/_changes?feed=continuous&heartbeat=1000&since=now", stream=True) as answer:
        assert next(answer.iter_content(1)) == b"\n"
    assert time.monotonic() - began < 20


def test_events_carry_the_row_and_its_place(ask: Asker) -> None:
    ask.put("a")
    with ask("GET", "~/_changes?feed=eventsource&heartbeat=1000", stream=True) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = []
        for line in answer.iter_lines():
            lines.append(line)
            if line.startswith(b"id:"):
                break
    [data] = [line for line in lines if line.startswith(b"data: {")]
    assert json.loads(data.removeprefix(b"data: "))["id"] == "a"


def test_a_filter_that_is_not_there_is_refused(ask: Asker) -> None:
    status, _ = refusal(ask("GET", "~/_changes?filter=none/such"))
    assert 400 <= status < 500


def test_a_feed_that_is_none_is_refused(ask: Asker) -> None:
    assert 400 <= ask("GET", "~/_changes?style=nonsense&feed=nonsense").status_code < 500
