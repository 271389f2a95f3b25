"""Bad input to the store's addresses: a 4xx with the one error shape, never a 500, never a half-written state."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.service.conftest import VISIT, Office, Tablet

RECORD = "record:enterprise-visit:01HQ0000000000000000000009"
DIGEST = "a" * 64
PIXEL = base64.b64encode(b"\x89PNG not really").decode()

BODIES: list[bytes] = [
    b"",
    b"{",
    b"[]",
    b"1",
    b"null",
    b'"x"',
    b"{}",
    b"\xff\xfe",
    b'{"docs": 1}',
    b'{"docs": [1]}',
    b'{"docs": [{}]}',
    b'{"docs": [{"_id": 5}]}',
    b'{"docs": [{"_id": "_x"}]}',
    b'{"docs": [{"id": 5}]}',
    b'{"docs": [{"_id": "a", "_rev": "nonsense"}], "new_edits": false}',
    b'{"docs": [{"_id": "a", "_rev": "1-a", "_revisions": {"start": "x", "ids": 1}}], "new_edits": false}',
    b'{"docs": [{"_id": "a", "_revisions": {"start": -1, "ids": ["a"]}}], "new_edits": false}',
    b'{"docs": [{"_id": "a", "_attachments": {"file": 5}}]}',
    b'{"docs": [{"_id": "a", "_attachments": {"file": {"data": "%%%"}}}]}',
    b'{"docs": [{"_id": "a", "_attachments": {"file": {"stub": true}}}]}',
    b'{"docs": [{"_id": "a", "x": "\\ud800"}]}',
    b'{"docs": [{"_id": "a", "_unknown": 1}]}',
    b'{"docs": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b'{"keys": 5}',
    b'{"keys": [5, null, {}]}',
    b'{"x": 1}',
    b'{"x": [1]}',
    b'{"x": ["nonsense"]}',
    b'{"selector": 5}',
    b'{"doc_ids": 5}',
    b'{"_id": "_local/x", "_rev": 5}',
    b'{"new_edits": "perhaps", "docs": []}',
]
WRITES = [
    ("POST", ""),
    ("POST", "/_bulk_docs"),
    ("POST", "/_bulk_get"),
    ("POST", "/_revs_diff"),
    ("POST", "/_all_docs"),
    ("POST", "/_changes"),
    ("PUT", "/_local/x"),
    ("PUT", f"/{RECORD}"),
    ("PUT", f"/{RECORD}?new_edits=false"),
]
READS = [
    "/_changes?since=nonsense",
    "/_changes?since=-5",
    "/_changes?limit=x",
    "/_changes?limit=-1",
    "/_changes?feed=continuous",
    "/_changes?feed=eventsource",
    "/_changes?feed=x",
    "/_changes?feed=longpoll&timeout=x",
    "/_changes?heartbeat=x",
    "/_changes?style=x",
    "/_changes?filter=_view",
    "/_changes?filter=mine/own",
    "/_all_docs?limit=x",
    "/_all_docs?limit=-1",
    "/_all_docs?skip=-1",
    "/_all_docs?startkey=x",
    "/_all_docs?keys=5",
    "/_all_docs?keys=[",
    f"/{RECORD}?rev=nonsense",
    f"/{RECORD}?rev=1-zz",
    f"/{RECORD}?open_revs=[",
    f"/{RECORD}?open_revs=5",
    f"/{RECORD}?atts_since=5",
    f"/{RECORD}/file",
    "/_design/x/_view/y",
    "/_nothing",
    "/_local/none",
    "/%00",
    "/" + "x" * 3000,
]


def check(answer: Any) -> None:
    assert 200 <= answer.status_code < 500, (answer.status_code, answer.get_data())
    if answer.status_code >= 400:
        told = answer.get_json()
        assert {"error", "reason", "details"} <= set(told), told
        assert isinstance(told["error"], str)
        assert told["reason"]


@pytest.mark.parametrize("database", ["mailbox-north", "media-north", "reference"])
@pytest.mark.parametrize(("method", "path"), WRITES)
def test_bad_bodies_write_nothing(still_office: Office, database: str, method: str, path: str) -> None:
    before = still_office.parts.store.database(database).info()
    for body in BODIES:
        check(
            still_office.call(
                method, f"/db/{database}{path}", "li.wei", data=body, headers={"Content-Type": "application/json"}
            )
        )
    after = still_office.parts.store.database(database).info()
    assert (after.doc_count, after.update_seq) == (before.doc_count, before.update_seq)


@pytest.mark.parametrize("path", READS)
def test_bad_questions_are_answered(still_office: Office, path: str) -> None:
    answer = still_office.get(f"/db/mailbox-north{path}", "li.wei")
    check(answer)


def _media(sha: str, data: str, **more: Any) -> dict[str, Any]:
    return {
        "_id": f"media:{sha}",
        "type": "media",
        "team": "north",
        "content_type": "image/png",
        "length": 3,
        "device": "x",
        "_attachments": {"file": {"content_type": "image/png", "data": data, **more}},
    }


@pytest.mark.parametrize(
    "document",
    [
        _media(DIGEST, "not base64!"),
        {**_media(DIGEST, PIXEL), "_attachments": {}},
        {**_media(DIGEST, PIXEL), "_attachments": {"file": {"follows": True, "length": 9, "content_type": "x"}}},
        {**_media(DIGEST, PIXEL), "_attachments": {"file": {"stub": True, "digest": "md5-x", "revpos": 1}}},
        {**_media(DIGEST, PIXEL), "team": "south"},
        {**_media(DIGEST, PIXEL), "_id": "media:short"},
    ],
)
def test_a_broken_attachment_is_refused_and_leaves_nothing(still_office: Office, document: dict[str, Any]) -> None:
    before = still_office.parts.store.database("media-north").info()
    answer = still_office.call("PUT", f"/db/media-north/{document['_id']}", "li.wei", json=document)
    check(answer)
    assert answer.status_code >= 400
    listed = still_office.post("/db/media-north/_bulk_docs", "li.wei", json={"docs": [document]})
    assert listed.status_code >= 400 or "error" in listed.get_json()[0]
    assert still_office.parts.store.database("media-north").info() == before


def test_a_broken_multipart_body_is_refused(still_office: Office) -> None:
    doc = {
        **_media(DIGEST, PIXEL),
        "_attachments": {"file": {"follows": True, "length": 100, "content_type": "image/png"}},
    }
    head = b"--b\r\nContent-Type: application/json\r\n\r\n" + json.dumps(doc).encode() + b"\r\n--b\r\n\r\n"
    for body in (head, head + b"short\r\n--b--", b"--b--", b"", b"x" * 100, head + b"y" * 200 + b"\r\n--b--"):
        answer = still_office.call(
            "PUT",
            f"/db/media-north/media:{DIGEST}?new_edits=false",
            "li.wei",
            data=body,
            headers={"Content-Type": 'multipart/related; boundary="b"'},
        )
        check(answer)
        assert answer.status_code >= 400
    assert still_office.parts.store.database("media-north").info().doc_count == 0


def test_an_oversized_record_is_refused_and_names_the_limit(still_office: Office) -> None:
    tablet = Tablet(still_office, "li.wei")
    edit = tablet.edit(RECORD, [], {**VISIT, "/closing/remarks": "x" * 300_000})
    doc = {"_id": RECORD, "type": "record", "form": "enterprise-visit", "version": 1, "team": "north"}
    answer = still_office.call(
        "PUT", f"/db/mailbox-north/{RECORD}", "li.wei", json={**doc, "edits": [edit], "answers": {}}
    )
    check(answer)
    assert answer.status_code == 403
    assert "262144" in answer.get_json()["reason"]


def test_a_record_of_an_unknown_form_is_kept_and_held(office: Office) -> None:
    tablet = Tablet(office, "li.wei")
    record = f"record:nobody-knows-it:{RECORD[-26:]}"
    edit = tablet.edit(record, [], {"/x": 1})
    doc = {"_id": record, "type": "record", "form": "nobody-knows-it", "version": 1, "team": "north"}
    sent = office.call("PUT", f"/db/mailbox-north/{record}", "li.wei", json={**doc, "edits": [edit], "answers": {}})
    assert sent.status_code == 201
    office.judge()
    receipt = office.mailbox("north").get(f"receipt:{record}:office")
    assert (receipt["verdict"], receipt["reason"]) == ("held", "unknown_version")


def test_stale_and_forged_tokens_are_refused(still_office: Office) -> None:
    good = still_office.token("li.wei")
    claims = jwt.decode(good, options={"verify_signature": False})
    stranger = ec.generate_private_key(ec.SECP256R1())
    header = jwt.get_unverified_header(good)
    forged = jwt.encode(claims, stranger, algorithm="ES256", headers={"kid": header["kid"]})
    admin = jwt.encode({**claims, "roles": ["_admin"]}, stranger, algorithm="ES256", headers={"kid": header["kid"]})
    unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": header["kid"]})
    symmetric = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": header["kid"]})
    odd = [forged, admin, unsigned, symmetric, good[:-4] + "AAAA", good.rpartition(".")[0] + ".", "x", "", "a.b.c", "é"]
    for token in odd:
        for path in ("/db/mailbox-north", "/api/v1/me"):
            answer = still_office.call("GET", path, headers={"Authorization": f"Bearer {token}"})
            check(answer)
            assert answer.status_code == 401, (token, path)


def test_random_bytes_in_random_places_break_nothing(still_office: Office) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    doc = json.dumps({"docs": [_media(DIGEST, PIXEL)], "new_edits": False}).encode()
    for _ in range(300):
        body = bytearray(doc)
        for _ in range(rng.randint(1, 6)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        path = rng.choice(["/_bulk_docs", "/_bulk_get", "/_revs_diff", "/_all_docs", "/_changes"])
        check(
            still_office.post(
                f"/db/mailbox-north{path}",
                "li.wei",
                data=bytes(body),
                headers={"Content-Type": "application/json"},
            )
        )
