"""Bundles: what goes in comes out, twice changes nothing, and a file that is not whole says so."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sync import gate, signature
from sync.bundle import framing, sealing
from sync.bundle.exporting import Author, export
from sync.bundle.framing import MAGIC_SEALED, Bundle, open_bundle
from sync.bundle.importing import Import, Outcome
from sync.bundle.manifest import ENTRIES, BundleError, claim, sign, signed_line
from sync.bundle.sealing import CHUNK_BYTES, Openers, Seal
from sync.embedded import EmbeddedStore
from sync.embedded.database import EmbeddedDatabase
from sync.store import Database, Document, Forbidden, UserContext
from tests.contract.revisions import A, B, C, revision

KEY = signature.generate_key()
JWK = signature.public_jwk(KEY)
AUTHOR = Author("01JD0000000000000000000000", "2026-11-23T06:10:42.120Z", "li.wei", signature.device_id(JWK), "1", KEY)
NORTH = UserContext("li.wei", frozenset({"inspector", "team:north"}))
PASSPHRASE = "河口 a long passphrase"
QUICK = 1000
"""Iterations, so that the tests need not wait for what is meant to be slow."""


class Office:
    """The databases of two teams."""

    def __init__(self, path: Path) -> None:
        self.store = EmbeddedStore(path, gate=gate.check)
        for team in ("north", "south"):
            for kind in ("mailbox", "media"):
                self.make(kind, team)

    def make(self, kind: str, team: str) -> None:
        members = {"names": [], "roles": [f"team:{team}"]}
        database = self.store.create(f"{kind}-{team}")
        database.set_security({"members": members, "rounds": {"kind": kind, "team": team}})

    def of(self, name: str) -> EmbeddedDatabase:
        return self.store.database(name)

    def open(self, name: str) -> Database:
        """As its own team may."""
        if not name.endswith("-north"):
            raise Forbidden("Not one of the team's databases.")
        return self.store.database(name)

    def held(self) -> dict[str, Any]:
        return {
            name: [leaf for change in self.of(name).changes().results for leaf in self.of(name).leaves(change.id)]
            for name in self.store.names()
        }


@pytest.fixture
def tablet(tmp_path: Path) -> Office:
    return Office(tmp_path / "tablet")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "office")


def record(number: int, *hashes: str, team: str = "north", text: str = "走访") -> Document:
    ulid = f"01JD{number:022d}"
    edit = {
        **{"id": ulid, "at": "2026-03-02T03:00:00.000Z/0000/aa", "by": "li.wei", "device": "aa", "app": "1"},
        **{"version": 1, "set": {"/name": text}, "unset": [], "seen": {}, "note": None, "sig": "x"},
    }
    members = {"type": "record", "form": "enterprise-visit", "version": 1, "team": team, "answers": {}}
    return {**revision(f"record:enterprise-visit:{ulid}", *hashes or (A,)), **members, "edits": [edit]}


def put_photo(office: Office, content: bytes, *, team: str = "north", name: str | None = None) -> str:
    doc_id = name or f"media:{hashlib.sha256(content).hexdigest()}"
    doc = {"_id": doc_id, "type": "media", "team": team, "device": AUTHOR.device, "content_type": "image/jpeg"}
    file = {"content_type": "image/jpeg", "follows": True, "length": len(content)}
    [written] = office.of(f"media-{team}").put_many(
        [doc | {"_attachments": {"file": file}}], streams={"file": io.BytesIO(content)}
    )
    assert written.error is None
    return doc_id


def filled(office: Office) -> None:
    """Three records, one of them with two leaves and one with a history, and two pictures."""
    docs = [record(1), record(2, B, A), record(2, C, A), record(3, C, B, A)]
    assert office.of("mailbox-north").put_revisions(docs) == []
    put_photo(office, b"first" * 20_000)
    put_photo(office, b"")


def bundled(
    office: Office, seal: Seal | None = None, databases: tuple[str, ...] = ("mailbox-north", "media-north")
) -> bytes:
    out = io.BytesIO()
    export(out, [office.of(name) for name in databases], AUTHOR, seal=seal)
    return out.getvalue()


def opened(content: bytes, openers: Openers | None = None) -> Bundle:
    return open_bundle(io.BytesIO(content), openers or Openers()).proved(JWK)


def imported(office: Office, content: bytes, openers: Openers | None = None) -> list[Outcome]:
    return list(Import(opened(content, openers), office.open, NORTH).run())


def results(outcomes: list[Outcome]) -> list[str]:
    return [outcome.result for outcome in outcomes]


SEALS: dict[str, Callable[[], tuple[Seal | None, Openers]]] = {
    "plain": lambda: (None, Openers()),
    "passphrase": lambda: (
        sealing.by_passphrase(PASSPHRASE, iterations=QUICK),
        Openers(passphrase=PASSPHRASE),
    ),
    "office": lambda: (sealing.to_office(JWK), Openers(office_key=KEY)),
}


@pytest.fixture(params=SEALS)
def way(request: pytest.FixtureRequest) -> tuple[Seal | None, Openers]:
    return SEALS[request.param]()


def test_what_goes_in_comes_out_and_twice_changes_nothing(
    tablet: Office, office: Office, way: tuple[Seal | None, Openers]
) -> None:
    filled(tablet)
    seal, openers = way
    content = bundled(tablet, seal)
    assert opened(content, openers).manifest.device == AUTHOR.device
    assert results(imported(office, content, openers)) == ["written"] * 6
    assert office.held() == tablet.held()
    [photo] = [
        each
        for each in office.of("media-north").all()
        if each.id.endswith(hashlib.sha256(b"first" * 20_000).hexdigest())
    ]
    assert b"".join(office.of("media-north").attachment(photo.id, "file").chunks) == b"first" * 20_000
    before = office.of("mailbox-north").info()
    assert results(imported(office, content, openers)) == ["present"] * 6
    assert office.of("mailbox-north").info() == before


def test_what_the_office_has_already_is_left_alone_and_the_rest_written(tablet: Office, office: Office) -> None:
    filled(tablet)
    assert office.of("mailbox-north").put_revisions([record(1), record(2, C, A)]) == []
    outcomes = imported(office, bundled(tablet))
    assert sorted(results(outcomes)) == ["present"] * 2 + ["written"] * 4
    assert office.held() == tablet.held()


def test_a_bundle_writes_nowhere_but_where_its_author_may(tablet: Office, office: Office) -> None:
    assert tablet.of("mailbox-south").put_revisions([record(1, team="south")]) == []
    assert tablet.of("mailbox-north").put_revisions([record(2)]) == []
    outcomes = imported(office, bundled(tablet, databases=("mailbox-south", "mailbox-north")))
    assert [(each.database, each.result) for each in outcomes] == [
        ("mailbox-south", "refused"),
        ("mailbox-north", "written"),
    ]
    assert outcomes[0].reason == "Not one of the team's databases."
    assert office.of("mailbox-south").info().doc_count == 0


def test_the_gate_judges_a_bundle_as_it_judges_replication(tablet: Office, office: Office, tmp_path: Path) -> None:
    ungated = EmbeddedStore(tmp_path / "ungated").create("mailbox-north")
    shapeless, foreign = {**record(1), "edits": "none"}, record(2, team="south")
    assert ungated.put_revisions([shapeless, foreign, record(3)]) == []
    out = io.BytesIO()
    export(out, [ungated], AUTHOR)
    outcomes = {each.id: (each.result, each.reason) for each in imported(office, out.getvalue())}
    assert outcomes == {
        shapeless["_id"]: ("refused", "A record holds at least one edit."),
        foreign["_id"]: ("refused", "This mailbox belongs to the team north; the document names another."),
        record(3)["_id"]: ("written", ""),
    }
    assert [row.id for row in office.of("mailbox-north").all()] == [record(3)["_id"]]


def test_an_edit_cannot_be_taken_out_by_a_bundle(tablet: Office, office: Office) -> None:
    first = record(1)
    assert office.of("mailbox-north").put_revisions([first]) == []
    other = {**record(1, B, A), "edits": record(9)["edits"]}
    assert tablet.of("mailbox-north").put_revisions([other]) == []
    [outcome] = imported(office, bundled(tablet))
    assert (outcome.result, "only ever added" in outcome.reason) == ("refused", True)


@pytest.mark.parametrize("kind", SEALS)
def test_a_file_cut_anywhere_gives_what_is_whole_and_names_the_rest(tablet: Office, tmp_path: Path, kind: str) -> None:
    filled(tablet)
    put_photo(tablet, bytes(range(256)) * 4000)
    seal, openers = SEALS[kind]()
    content = bundled(tablet, seal)
    seen: set[tuple[str, ...]] = set()
    for number, size in enumerate(range(0, len(content), len(content) // 9)):
        office = Office(tmp_path / f"{kind}-{number}")
        try:
            outcomes = imported(office, content[:size], openers)
        except BundleError as error:
            assert error.code in {"bundle_cut_short", "bundle_unknown", "bundle_wrong_key"}
            assert office.of("mailbox-north").info().doc_count == 0
            continue
        assert len(outcomes) == 7
        assert set(results(outcomes)) <= {"written", "missing"}
        written = [each for each in outcomes if each.result == "written"]
        held = sum(len(leaves) for leaves in office.held().values())
        assert held == len(written)
        seen.add(tuple(sorted(set(results(outcomes)))))
        assert results(imported(office, content, openers)).count("present") == len(written)
        assert office.held() == tablet.held()
    assert ("missing", "written") in seen


def test_an_altered_entry_is_named_and_the_others_are_imported(tablet: Office, office: Office) -> None:
    filled(tablet)
    content = bundled(tablet)
    at = content.index(b"first")
    outcomes = imported(office, content[:at] + b"f1rst" + content[at + 5 :])
    assert sorted(results(outcomes)) == ["damaged"] + ["written"] * 5
    assert office.of("media-north").info().doc_count == 1


def test_an_altered_manifest_does_not_fit_its_signature(tablet: Office) -> None:
    filled(tablet)
    manifest = opened(bundled(tablet)).manifest
    sig = sign(manifest, KEY)
    assert claim(signed_line(manifest, sig)).proved(JWK) == manifest
    for change in ({"by": "somebody"}, {"entries": manifest.entries[1:]}, {"made_at": "2027"}):
        assert_refused(signed_line(dataclasses.replace(manifest, **change), sig), "bundle_altered")
    with pytest.raises(BundleError, match="bundle_altered"):
        claim(signed_line(manifest, sig)).proved(signature.public_jwk(signature.generate_key()))


def assert_refused(line: bytes, code: str) -> None:
    with pytest.raises(BundleError) as failure:
        claim(line).proved(JWK)
    assert failure.value.code == code


def line_of(entries: bytes, *, device: str = AUTHOR.device, more: bytes = b"", sig: str | None = None) -> bytes:
    """The line of a manifest that its maker never wrote: signed, unless another signature is given."""
    head = b'{"app":"1","bundle":"b","by":"li.wei","device":"' + device.encode() + b'","entries":['
    told = head + entries + b'],"made_at":"2026"' + more + b"}"
    sig = signature.sign(b'{"bundle":' + told + b"}", KEY) if sig is None else sig
    return b'{"manifest":' + told + b',"sig":"' + sig.encode() + b'"}\n'


RUBBISH = b"[]," * 2_000_000 + b"[]"
"""Six megabytes that are two hundred once they are read as JSON."""


@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param(line_of(RUBBISH, sig="A" * 86), "bundle_altered", id="of a stranger"),
        pytest.param(line_of(RUBBISH), "bundle_unknown", id="of a device that is known"),
    ],
)
def test_a_manifest_takes_no_more_memory_than_its_bytes_until_it_is_believed(line: bytes, code: str) -> None:
    tracemalloc.start()
    assert_refused(line, code)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * len(line), peak


def test_a_manifest_names_the_device_that_signed_it(tablet: Office) -> None:
    assert_refused(line_of(b"", more=b',"device":"aaaaaaaaaaaa"'), "bundle_unknown")
    assert claim(line_of(b"")).proved(JWK).entries == ()


def test_the_longest_list_of_contents_is_read(tablet: Office) -> None:
    entry = framing.Entry("media-north", "media:" + "a" * 64, "1-" + "b" * 32, 1, "c" * 64, "file")
    manifest = framing.Manifest("b", "2026", "li.wei", AUTHOR.device, "1", (entry,) * ENTRIES)
    assert claim(signed_line(manifest, sign(manifest, KEY))).proved(JWK) == manifest


def test_a_sealed_bundle_tells_nothing_and_takes_the_right_key(tablet: Office) -> None:
    filled(tablet)
    content = bundled(tablet, sealing.by_passphrase(PASSPHRASE, iterations=QUICK))
    assert b"li.wei" not in content
    for openers, code in (
        (Openers(), "bundle_sealed"),
        (Openers(passphrase="another"), "bundle_wrong_key"),
        (Openers(office_key=KEY), "bundle_sealed"),
    ):
        with pytest.raises(BundleError) as failure:
            opened(content, openers)
        assert failure.value.code == code
    with pytest.raises(BundleError) as failure:
        opened(bundled(tablet, sealing.to_office(JWK)), Openers(office_key=signature.generate_key()))
    assert failure.value.code == "bundle_wrong_key"


def test_chunks_cannot_be_moved_left_out_or_changed(tablet: Office, office: Office) -> None:
    put_photo(tablet, bytes(range(256)) * 6000)
    seal = sealing.by_passphrase(PASSPHRASE, iterations=QUICK)
    content = bundled(tablet, seal)
    head, size = len(MAGIC_SEALED) + len(seal.line), CHUNK_BYTES + sealing.TAG_BYTES
    chunks = [content[at : at + size] for at in range(head, len(content), size)]
    assert len(chunks) > 4
    start, openers = content[:head], Openers(passphrase=PASSPHRASE)
    for bad in (
        [chunks[0], chunks[2], chunks[1], *chunks[3:]],
        [chunks[0], *chunks[2:]],
        [chunks[0], bytes([chunks[1][0] ^ 1]) + chunks[1][1:], *chunks[2:]],
        chunks[:-1],
    ):
        assert results(imported(office, start + b"".join(bad), openers)) == ["missing"]
    assert office.of("media-north").info().doc_count == 0
    assert results(imported(office, start + b"".join(chunks), openers)) == ["written"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"PK\x03\x04",
        b"ROUNDS-BUNDLE 1\n",
        b"ROUNDS-BUNDLE 1\n{}\n",
        b"ROUNDS-BUNDLE 1\n[]\n",
        b'ROUNDS-BUNDLE 1\n{"manifest": {}, "sig": "x"}\n',
        b"ROUNDS-BUNDLE 1 sealed\n{}\n",
        b'ROUNDS-BUNDLE 1 sealed\n{"kdf":"PBKDF2-HMAC-SHA256","iterations":9e9,"salt":"","prefix":"AAAAAAAAAA"}\n',
        b"ROUNDS-BUNDLE 1 sealed\n" + b"x" * 10_000,
        b"ROUNDS-BUNDLE 2\nwhatever",
    ],
)
def test_anything_else_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(BundleError) as failure:
        opened(content, Openers(passphrase="x"))
    assert failure.value.code in {"bundle_unknown", "bundle_newer", "bundle_cut_short"}


def test_a_picture_under_another_ones_name_is_not_taken(tablet: Office, office: Office) -> None:
    put_photo(tablet, b"not what it is called", name=f"media:{'0' * 64}")
    [outcome] = imported(office, bundled(tablet))
    assert outcome.result == "damaged"
    assert office.of("media-north").info().doc_count == 0


def test_two_gigabytes_would_not_be_whole_in_memory(tablet: Office, office: Office) -> None:
    """The peak of a bundle of many pictures is that of a bundle of few."""

    peaks = []
    for numbers in (range(2), range(2, 40)):
        for number in numbers:
            put_photo(tablet, number.to_bytes(2, "big") * 500_000)
        path = tablet.store._path.parent / "bundle"
        tracemalloc.start()
        with path.open("wb") as out:
            export(out, [tablet.of("media-north")], AUTHOR, seal=sealing.by_passphrase("x", iterations=QUICK))
        with path.open("rb") as file:
            bundle = open_bundle(file, Openers(passphrase="x")).proved(JWK)
            for _ in Import(bundle, office.open, NORTH).run():
                pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 3, peaks


def test_a_manifest_survives_being_written_and_read(tablet: Office) -> None:
    filled(tablet)
    manifest = opened(bundled(tablet)).manifest
    assert claim(signed_line(manifest, sign(manifest, KEY))).proved(JWK) == manifest
    assert bundled(tablet)[: len(framing.MAGIC)] == framing.MAGIC
