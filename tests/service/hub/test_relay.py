"""The relay, against an office over HTTP: records, receipts, pictures both ways, and what the hub shows of it."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.hub.standing import standing
from sync.signature import public_jwk, sign, sign_in_text, verify
from sync.store import Database, NotFound, StoreError, Unavailable
from tests.service.conftest import VISIT, Office, Tablet
from tests.service.hub.conftest import Hub, Listening


def tablet_at(hub: Hub, tablet: Tablet) -> Tablet:
    """The same tablet, which writes to the hub now."""
    tablet.office = hub
    return tablet


def alone(hub: Hub) -> dict[str, Any]:
    [north] = standing(hub.parts.store, hub.keeper, ["north"])["alone"]
    return {name: north[name] for name in ("records", "receipts", "pictures", "bytes")}


def photo(database: Database, device: str, data: bytes) -> str:
    doc_id = f"media:{hashlib.sha256(data).hexdigest()}"
    entry = {"content_type": "image/jpeg", "data": base64.b64encode(data).decode()}
    doc = {"_id": doc_id, "type": "media", "team": "north", "content_type": "image/jpeg", "length": len(data)}
    database.put({**doc, "device": device, "taken_at": "2026-11-25", "_attachments": {"file": entry}})
    return doc_id


def test_a_hub_brings_home_forms_tasks_and_people(hub: Hub, office: Office) -> None:
    ours, theirs = (each.parts.store.database("reference") for each in (hub, office))
    assert [row.id for row in ours.all()] == [row.id for row in theirs.all()]
    assert {user.name for user in hub.parts.directory.users()} == {"li.wei", "zhang.min", "chen.jie"}
    assert hub.documents.names() == ["audit", "mailbox-north", "media-north", "office", "reference"]


def test_a_record_is_judged_at_the_hub_and_then_at_the_office_each_under_its_own_name(
    hub: Hub, office: Office, live: Listening
) -> None:
    tablet = Tablet(office, "li.wei")
    hub.meet()
    record = tablet_at(hub, tablet).fill(VISIT)
    hub.judge()
    ours = hub.mailbox("north").get(f"receipt:{record}:hub-north-1")
    assert alone(hub) == {"records": 1, "receipts": 1, "pictures": 0, "bytes": 0}
    hub.meet()
    office.judge()
    theirs = office.mailbox("north").get(f"receipt:{record}:office")
    assert (theirs["digest"], theirs["verdict"]) == (ours["digest"], ours["verdict"])
    assert office.mailbox("north").get(f"receipt:{record}:hub-north-1") == ours
    hub.meet()
    assert hub.mailbox("north").get(f"receipt:{record}:office") == theirs
    hub.meet()
    assert alone(hub) == {"records": 0, "receipts": 0, "pictures": 0, "bytes": 0}


def test_pictures_go_both_ways_after_the_text(hub: Hub, office: Office) -> None:
    here, there = hub.documents.database("media-north"), office.parts.store.database("media-north")
    out = [photo(here, "d1", bytes([n]) * 400_000) for n in range(6)]
    home = photo(there, "d2", b"from the office" * 1000)
    assert alone(hub)["pictures"] == 6
    assert alone(hub)["bytes"] == 2_400_000
    hub.meet()
    for number, name in enumerate(out):
        assert b"".join(there.attachment(name, "file").chunks) == bytes([number]) * 400_000
    assert b"".join(here.attachment(home, "file").chunks) == b"from the office" * 1000
    hub.meet()
    assert alone(hub)["pictures"] == 0


def test_a_hubs_receipt_names_the_pictures_that_the_hub_has_and_the_offices_those_of_the_office(
    hub: Hub, office: Office, live: Listening
) -> None:
    data = b"a photo at the hub"
    digest = hashlib.sha256(data).hexdigest()
    tablet = Tablet(office, "li.wei")
    hub.meet()
    record = tablet_at(hub, tablet).fill({**VISIT, "/closing/photos": [digest]})
    hub.judge()
    hub.meet()
    office.judge()

    def arrived(where: Office, judge: str) -> Any:
        return where.mailbox("north").get(f"receipt:{record}:{judge}")["media"]["arrived"]

    assert (arrived(hub, "hub-north-1"), arrived(office, "office")) == ([], [])
    photo(hub.documents.database("media-north"), tablet.device, data)
    hub.judge()
    assert (arrived(hub, "hub-north-1"), arrived(office, "office")) == ([digest], [])
    hub.meet()
    office.judge()
    assert (arrived(office, "hub-north-1"), arrived(office, "office")) == ([digest], [digest])
    hub.meet()
    assert arrived(hub, "office") == [digest]


def test_a_round_with_nothing_to_do_writes_nothing(hub: Hub, office: Office) -> None:
    tablet = Tablet(office, "li.wei")
    tablet.fill(VISIT)
    office.judge()
    hub.meet()
    hub.judge()
    hub.meet()
    office.judge()
    hub.meet()
    names = ("reference", "mailbox-north", "media-north")
    before = [each.parts.store.database(name).info() for each in (hub, office) for name in names]
    hub.meet()
    hub.judge()
    hub.restart()
    hub.meet()
    assert [each.parts.store.database(name).info() for each in (hub, office) for name in names] == before


def test_design_documents_stay_at_the_office(hub: Hub, office: Office) -> None:
    office.mailbox("north").put({"_id": "_design/gate", "validate_doc_update": "function () {}"})
    hub.meet()
    with pytest.raises(NotFound):
        hub.mailbox("north").get("_design/gate")


def test_what_the_office_refuses_is_kept_shown_and_sent_again_when_asked(hub: Hub, office: Office) -> None:
    """As a gate that is stricter than the hub's, of another version, would."""
    tablet = Tablet(office, "li.wei")
    hub.meet()
    good = tablet_at(hub, tablet).fill(VISIT)
    strange = {"_id": "note:1", "type": "note", "team": "north"}
    mailbox = hub.documents.database("mailbox-north")
    mailbox._gate = None
    mailbox.put(strange)
    hub.meet()
    assert office.mailbox("north").get(good)["form"] == "enterprise-visit"
    [refused] = standing(hub.parts.store, hub.keeper, ["north"])["refused"]
    assert refused["document"] == "note:1"
    assert refused["reason"].startswith("A mailbox holds documents of the types")
    page = hub.app.test_client().get("/hub?lang=en").get_data(as_text=True)
    assert "note:1" in page
    assert hub.get("/api/v1/hub", "chen.jie").get_json()["refused"][0]["document"] == "note:1"
    office.mailbox("north").set_security({**office.mailbox("north").security(), "rounds": None})
    hub.meet()
    assert standing(hub.parts.store, hub.keeper, ["north"])["refused"] != []
    client = hub.app.test_client()
    token = client.get("/hub").get_data(as_text=True).split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    assert client.post("/hub/again", data={"csrf_token": token}).status_code == 302
    hub.meet()
    assert standing(hub.parts.store, hub.keeper, ["north"])["refused"] == []
    assert office.mailbox("north").get("note:1")["type"] == "note"


def test_an_office_out_of_reach_is_said_so_and_loses_nothing(hub: Hub, office: Office, live: Listening) -> None:
    tablet = Tablet(office, "li.wei")
    hub.meet()
    live.stop()
    record = tablet_at(hub, tablet).fill(VISIT)
    hub.judge()
    hub.restart()
    with pytest.raises(Unavailable):
        hub.relay.round()
    told = standing(hub.parts.store, hub.keeper, ["north"])
    assert told["error"]["code"] == "unavailable"
    assert told["last_contact"]
    assert alone(hub)["records"] == 1
    live.start()
    hub.meet()
    assert office.mailbox("north").get(record)["_id"] == record
    assert standing(hub.parts.store, hub.keeper, ["north"])["error"] is None


def test_a_hub_that_is_let_in_no_more_says_so(hub: Hub, office: Office, live: Listening) -> None:
    doc = office.parts.directory.reference.get(f"device:{hub.identity.device}")
    office.parts.directory.reference.put({**doc, "revoked": True})
    with pytest.raises(StoreError):
        hub.relay.round()
    assert standing(hub.parts.store, hub.keeper, ["north"])["error"]["code"] == "forbidden"


def test_a_person_signs_in_at_a_hub_with_their_tablets_key_alone(hub: Hub, office: Office, live: Listening) -> None:
    tablet = Tablet(office, "li.wei")
    hub.meet()
    live.stop()
    given = hub.post("/api/v1/session/challenge", json={"device": tablet.device}).get_json()
    origin = f"https://{hub.identity.host}:8000"
    body = {"device": tablet.device, "challenge": given["challenge"], "origin": origin}
    signature = sign(sign_in_text(given["challenge"], origin).encode(), tablet.key)
    answer = hub.post("/api/v1/session", json={**body, "signature": signature})
    assert answer.status_code == 200
    headers = {"Authorization": f"Bearer {answer.get_json()['token']}"}
    assert hub.get("/db/mailbox-north", headers=headers).status_code == 200
    for name in ("li.wei", "nobody"):
        refused = hub.post("/api/v1/session", json={"name": name, "password": "a north password"})
        assert (refused.status_code, refused.get_json()["error"]) == (401, "hub_sign_in")


def test_a_hub_that_passes_on_the_offices_challenge_does_not_sign_in_there(
    hub: Hub, office: Office, live: Listening
) -> None:
    """Whoever has the laptop is let in at the office neither by what a tablet signs for it nor the other way round."""
    tablet, origin = Tablet(office, "li.wei"), f"https://{hub.identity.host}:8000"
    hub.meet()
    for signed_for, asked in ((hub, office), (office, hub)):
        known = {hub: origin, office: office.parts.config.public_url}
        given = asked.post("/api/v1/session/challenge", json={"device": tablet.device}).get_json()["challenge"]
        signature = sign(sign_in_text(given, known[signed_for]).encode(), tablet.key)
        body = {"device": tablet.device, "challenge": given, "signature": signature}
        refused = [asked.post("/api/v1/session", json={**body, "origin": each}) for each in known.values()]
        assert [answer.status_code for answer in refused] == [401, 401]


def test_a_supervisor_decides_at_the_hub_and_the_office_counts_it(hub: Hub, office: Office, live: Listening) -> None:
    tablet, other = Tablet(office, "li.wei"), Tablet(office, "zhang.min")
    hub.meet()
    record = tablet_at(hub, tablet).fill(VISIT)
    base = hub.mailbox("north").get(record)
    tablet_at(hub, tablet).change(record, base, {"/survey/workers": 5})
    tablet_at(hub, other).change(record, base, {"/survey/workers": 6})
    hub.judge()
    cases = hub.get("/api/v1/cases?status=open", "chen.jie").get_json()["items"]
    [case] = [each for each in cases if each["id"].startswith("conflict-")]
    choice = {"value": 7, "note": "counted again"}
    assert hub.post(f"/api/v1/cases/{case['id']}/decision", "chen.jie", json=choice).status_code == 200
    hub.judge()
    hub.meet()
    office.judge()
    receipt = office.mailbox("north").get(f"receipt:{record}:office")
    assert (receipt["collisions"], receipt["errors"]) == (
        [],
        hub.mailbox("north").get(f"{receipt['_id'][:-6]}hub-north-1")["errors"],
    )
    assert office.mailbox("north").get(record)["answers"]["survey"]["workers"] == 7


def test_a_hub_proves_that_it_is_one_at_its_own_addresses_only(hub: Hub) -> None:
    origin = f"https://{hub.identity.host}:8000"
    body = {"device": "0" * 12, "origin": origin}
    told = hub.post("/api/v1/session/challenge", json=body).get_json()
    assert told["hub"]["name"] == "north-1"
    text = f"rounds-hub\n{told['challenge']}\n{origin}".encode()
    assert verify(text, told["hub"]["signature"], public_jwk(hub.parts.keys.office_device))
    elsewhere = hub.post("/api/v1/session/challenge", json={**body, "origin": "https://elsewhere.example"})
    assert "hub" not in elsewhere.get_json()


def test_only_tablets_of_the_office_may_cross(hub: Hub, live: Listening) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    ours = hub.call("OPTIONS", "/db/mailbox-north/_bulk_docs", headers={"Origin": hub.identity.tablets, **asked})
    assert ours.status_code == 204
    assert ours.headers["Access-Control-Allow-Origin"] == hub.identity.tablets
    answer = hub.get("/healthz", headers={"Origin": hub.identity.tablets})
    assert answer.headers["Access-Control-Allow-Origin"] == hub.identity.tablets
    for origin, path in (("https://elsewhere.example", "/healthz"), (hub.identity.tablets, "/office/sign-in")):
        answer = hub.get(path, headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers, (origin, path)


def test_the_hubs_counts_are_for_those_at_the_laptop_and_its_supervisors(hub: Hub) -> None:
    near = hub.app.test_client().get("/hub?lang=en").get_data(as_text=True)
    assert "On this hub alone" in near
    far = hub.app.test_client().get("/hub?lang=en", environ_base={"REMOTE_ADDR": "192.168.43.9"})
    assert far.status_code == 200
    assert "On this hub alone" not in far.get_data(as_text=True)
    assert "<svg" in far.get_data(as_text=True)
    client = hub.enter("chen.jie")
    page = client.get("/hub?lang=en", environ_base={"REMOTE_ADDR": "192.168.43.9"}).get_data(as_text=True)
    assert "On this hub alone" in page


def test_an_office_has_no_hubs_page_and_gives_the_root_once_there_is_one(office: Office, live: Listening) -> None:
    assert office.get("/hub").status_code == 404
    assert office.get("/api/v1/hub", "office").status_code == 404


def test_the_root_is_the_same_at_office_and_hub(hub: Hub, office: Office) -> None:
    here, there = hub.get("/hub/root.crt"), office.get("/hub/root.crt")
    assert here.status_code == there.status_code == 200
    assert here.data == there.data
    assert here.content_type == "application/x-x509-ca-cert"


def test_an_office_that_was_set_back_hears_again_what_it_has_lost(
    hub: Hub, office: Office, live: Listening, tmp_path: Path
) -> None:
    tablet = Tablet(office, "li.wei")
    hub.meet()
    mailbox = office.parts.config.data / "db/mailbox-north.sqlite"
    with closing(sqlite3.connect(mailbox)) as source, closing(sqlite3.connect(tmp_path / "backup")) as backup:
        source.backup(backup)
    record = tablet_at(hub, tablet).fill(VISIT)
    hub.meet()
    assert office.mailbox("north").get(record)
    live.stop()
    with closing(sqlite3.connect(tmp_path / "backup")) as backup, closing(sqlite3.connect(mailbox)) as source:
        backup.backup(source)
    with pytest.raises(NotFound):
        office.mailbox("north").get(record)
    with pytest.raises(Unavailable):
        hub.relay.round()
    live.start()
    hub.meet()
    assert office.mailbox("north").get(record)["_id"] == record
