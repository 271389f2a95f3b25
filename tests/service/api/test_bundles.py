"""Bundles that are brought in over HTTP, by the page and by command: who may, whose they are, what becomes of them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from service.auth.devices import Devices
from service.campaign import Campaign
from service.cli import rounds
from sync.bundle import sealing
from sync.bundle.exporting import Author, export
from sync.bundle.sealing import Seal
from sync.embedded import EmbeddedStore
from sync.signature import device_id, generate_key, public_jwk
from sync.store import Document
from tests.contract.revisions import A, revision
from tests.service.conftest import VISIT, Office, Tablet, csrf_of

PATH = "/api/v1/bundles"


class Unsent:
    """What a tablet has not sent: documents in a store of its own."""

    def __init__(self, path: Path) -> None:
        self.store = EmbeddedStore(path)

    def add(self, database: str, *docs: Document) -> None:
        if database not in self.store.names():
            self.store.create(database)
        assert self.store.database(database).put_revisions(docs) == []

    def bundle(self, tablet: Tablet, seal: Seal | None = None, device: str | None = None) -> bytes:
        out = io.BytesIO()
        made_by = Author(
            "01JD0000000000000000000000",
            "2026-03-02T03:00:00.000Z",
            tablet.user,
            device or tablet.device,
            "1",
            tablet.key,
        )
        export(out, [self.store.database(name) for name in self.store.names()], made_by, seal=seal)
        return out.getvalue()


@pytest.fixture
def unsent(tmp_path: Path) -> Unsent:
    return Unsent(tmp_path / "unsent")


def visit(tablet: Tablet, number: int, team: str | None = None) -> Document:
    record_id = f"record:enterprise-visit:01JD{number:022d}"
    edit = tablet.edit(record_id, [], {**VISIT, "/_state": "submitted"})
    members = {"type": "record", "form": "enterprise-visit", "version": 1, "team": team or tablet.team}
    return {**revision(record_id, A), **members, "edits": [edit], "answers": {}}


def send(office: Office, content: bytes, user: str = "office", **headers: str) -> TestResponse:
    return office.post(PATH, user, data=content, content_type="application/octet-stream", headers=headers)


def test_what_a_tablet_could_not_send_comes_in_and_is_judged(office: Office, north: Tablet, unsent: Unsent) -> None:
    unsent.add("mailbox-north", visit(north, 1))
    content = unsent.bundle(north)
    answer = send(office, content)
    assert answer.status_code == 200, answer.get_json()
    told = answer.get_json()
    assert told["counts"] == {"written": 1, "present": 0, "refused": 0, "damaged": 0, "missing": 0}
    assert (told["by"], told["device"]) == ("li.wei", north.device)
    office.judge()
    [record] = office.get("/api/v1/records", "office").get_json()["items"]
    assert (record["updated_by"], record["verdict"]) == ("li.wei", "returned")  # it lacks a signature
    assert send(office, content).get_json()["counts"]["present"] == 1


def test_the_audit_trail_says_who_brought_what(office: Office, north: Tablet, unsent: Unsent) -> None:
    unsent.add("mailbox-north", visit(north, 1))
    send(office, unsent.bundle(north), "chen.jie")
    [row] = office.parts.store.database("audit").all(start="bundle:", end="bundle:\ufff0", include_docs=True)
    assert row.doc is not None
    assert (row.doc["by"], row.doc["made_by"], row.doc["counts"]["written"]) == ("chen.jie", "li.wei", 1)


def test_a_bundle_of_one_team_cannot_write_into_another(office: Office, north: Tablet, unsent: Unsent) -> None:
    unsent.add("mailbox-south", visit(north, 1, "south"))
    unsent.add("mailbox-north", visit(north, 2, "south"), visit(north, 3))
    told = send(office, unsent.bundle(north)).get_json()
    fared = {each["id"][-1]: (each["result"], each["reason"]) for each in told["documents"]}
    assert fared["1"] == ("refused", "You are not allowed to access this db.")
    assert fared["2"] == ("refused", "This mailbox belongs to the team north; the document names another.")
    assert fared["3"] == ("written", "")
    assert office.mailbox("south").info().doc_count == 0


def test_a_supervisor_brings_in_the_work_of_their_own_teams_alone(office: Office, unsent: Unsent) -> None:
    south = Tablet(office, "wang.fang")
    unsent.add("mailbox-south", visit(south, 1))
    content = unsent.bundle(south)
    told = send(office, content, "chen.jie").get_json()
    assert [each["reason"] for each in told["documents"]] == ["You may not bring in anything for the team south."]
    assert send(office, content, "office").get_json()["counts"]["written"] == 1


@pytest.mark.parametrize(("user", "status"), [("li.wei", 403), ("chen.jie", 200), ("office", 200), ("admin", 200)])
def test_who_may_bring_bundles(office: Office, north: Tablet, unsent: Unsent, user: str, status: int) -> None:
    unsent.add("mailbox-north", visit(north, 1))
    assert send(office, unsent.bundle(north), user).status_code == status
    assert office.post(PATH, data=b"x").status_code == 401


def test_strangers_and_forgeries_bring_nothing_in(office: Office, north: Tablet, unsent: Unsent) -> None:
    unsent.add("mailbox-north", visit(north, 1))
    colleague = Tablet(office, "zhang.min")
    claimed = unsent.bundle(north, device=colleague.device)
    good = unsent.bundle(north)
    altered = good.replace(b'"by":"li.wei"', b'"by":"li.wie"')
    north.key = generate_key()
    unknown = unsent.bundle(north, device=device_id(public_jwk(north.key)))
    for content, code in ((claimed, "bundle_altered"), (altered, "bundle_altered"), (unknown, "bundle_foreign")):
        answer = send(office, content)
        assert (answer.status_code, answer.get_json()["error"]) == (422, code)
    Campaign(office.parts.store).disable_user("li.wei")
    assert send(office, good).get_json()["error"] == "bundle_foreign"
    assert office.mailbox("north").info().doc_count == 0


def test_a_lost_hub_s_bundle_brings_nothing_in(office: Office, north: Tablet, unsent: Unsent) -> None:
    Campaign(office.parts.store).add_user(
        "lost", "a hub's password", display_name="hub", roles=["hub"], teams=["north"]
    )
    unsent.add("mailbox-north", visit(north, 1))
    reference = office.parts.directory.reference
    reference.put(reference.get(f"device:{north.device}") | {"user": "lost"})
    assert send(office, unsent.bundle(north)).get_json()["counts"]["written"] == 1
    Devices(office.parts.directory).revoke(north.device, ())
    assert send(office, unsent.bundle(north)).get_json()["error"] == "device_revoked"


def test_sealed_bundles_open_with_the_passphrase_or_the_office_s_key(
    office: Office, north: Tablet, unsent: Unsent
) -> None:
    unsent.add("mailbox-north", visit(north, 1))
    sealed = unsent.bundle(north, sealing.by_passphrase("河口 secret", iterations=1000))
    assert send(office, sealed).get_json()["error"] == "bundle_sealed"
    wrong = send(office, sealed, **{"Rounds-Passphrase": "else"})
    assert wrong.get_json()["error"] == "bundle_wrong_key"
    right = send(office, sealed, **{"Rounds-Passphrase": "%E6%B2%B3%E5%8F%A3%20secret"})
    assert right.get_json()["counts"]["written"] == 1
    [jwk] = [row.doc["sealing_key"] for row in _devices(office) if row.doc and "sealing_key" in row.doc]
    assert send(office, unsent.bundle(north, sealing.to_office(jwk))).get_json()["counts"]["present"] == 1


def _devices(office: Office) -> list[Any]:
    return office.parts.directory.reference.all(start="device:", end="device:\ufff0", include_docs=True)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"ROUNDS-BUNDLE 1\n{", b"ROUNDS-BUNDLE 9\n", b"\xff" * 5000])
def test_other_files_are_refused_with_a_sentence(office: Office, content: bytes) -> None:
    answer = send(office, content)
    assert answer.status_code == 422
    assert answer.get_json()["error"] in {"bundle_unknown", "bundle_newer", "bundle_cut_short"}


def test_the_page_takes_a_file_and_says_what_became_of_it(office: Office, north: Tablet, unsent: Unsent) -> None:
    unsent.add("mailbox-north", visit(north, 1), visit(north, 2, "south"))
    client = office.enter("chen.jie")
    page = client.get("/office/bundles").get_data(as_text=True)

    def post(content: bytes, **fields: str) -> tuple[int, str]:
        form: dict[str, Any] = {"csrf_token": csrf_of(page), "file": (io.BytesIO(content), "north.rounds"), **fields}
        answer = client.post("/office/bundles", data=form, content_type="multipart/form-data")
        return answer.status_code, answer.get_data(as_text=True)

    status, text = post(unsent.bundle(north))
    assert status == 200
    assert "1 of its documents were not imported" in text
    assert "the document names another" in text
    status, text = post(unsent.bundle(north, sealing.by_passphrase("x", iterations=1000)))
    assert (status, "enter the passphrase" in text) == (422, True)
    status, text = post(unsent.bundle(north, sealing.by_passphrase("x", iterations=1000)), passphrase="x")
    assert (status, "here already" in text) == (200, True)
    status, text = post(unsent.bundle(north)[:-200])
    assert "not in the file" in text
    assert office.enter("chen.jie").post("/office/bundles", data={}).status_code == 400


def test_a_bundle_larger_than_other_requests_comes_in(office: Office, north: Tablet, unsent: Unsent) -> None:
    docs = [visit(north, number) for number in range(900)]
    unsent.add("mailbox-north", *docs)
    content = unsent.bundle(north)
    assert len(content) > 1024 * 1024
    assert send(office, content).get_json()["counts"]["written"] == 900


def test_by_command_in_and_out(office: Office, north: Tablet, unsent: Unsent, tmp_path: Path) -> None:
    def run(*words: str) -> Any:
        done = CliRunner().invoke(rounds, ["bundle", *words, "--data", str(office.parts.config.data)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    unsent.add("mailbox-north", visit(north, 1), visit(north, 2))
    file, phrase = tmp_path / "north.rounds", tmp_path / "phrase"
    phrase.write_text("河口\n", "utf-8")
    file.write_bytes(unsent.bundle(north, sealing.by_passphrase("河口", iterations=1000)))
    assert "sealed: enter the passphrase" in run("import", str(file)).stderr
    done = run("import", str(file), "--passphrase-file", str(phrase))
    assert (done.exit_code, "2 written" in done.stdout) == (0, True)
    out = tmp_path / "out.rounds"
    assert "2 documents, 0 files" in run("export", "--team", "north", "--out", str(out)).stdout
    done = run("import", str(out), "--json")
    assert {row["result"] for row in json.loads(done.stdout)} == {"present"}
    out.write_bytes(out.read_bytes()[:-100])
    done = run("import", str(out))
    assert (done.exit_code, "missing" in done.stdout) == (1, True)
    assert run("export", "--team", "nowhere", "--out", str(out)).exit_code == 1
    assert [path.name for path in tmp_path.glob(".*.part")] == []
