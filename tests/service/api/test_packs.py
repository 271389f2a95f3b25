"""Packs over HTTP: who gets them, how they are kept, and what a client can ask of them."""

from __future__ import annotations

import gzip
import threading
import time
from pathlib import Path

import orjson
import pytest

from service import packs
from service.errors import RoundsError
from service.packs import Packs
from sync import pack
from sync.store import Document
from tests.service.conftest import VISIT, Office, Tablet

NORTH = "/api/v1/packs/mailbox-north"


@pytest.fixture(autouse=True)
def _nothing_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change makes a new pack at once, so that no test has to wait."""
    monkeypatch.setattr(packs, "FRESH_SECONDS", 0.0)


def lines(content: bytes) -> list[Document]:
    return [orjson.loads(line) for line in gzip.decompress(content).splitlines()]


def files(office: Office, database: str = "mailbox-north") -> list[Path]:
    return sorted((office.parts.config.data / packs.FOLDER / database).glob(f"*{packs.SUFFIX}"))


def test_a_member_fetches_what_the_mailbox_holds(office: Office, north: Tablet) -> None:
    record = north.fill(VISIT)
    office.judge()
    answer = office.get(NORTH, "li.wei")
    assert answer.status_code == 200
    assert answer.content_type == "application/gzip"
    assert "Content-Encoding" not in answer.headers
    head, *leaves, end = lines(answer.data)
    assert head["database"] == "mailbox-north"
    assert head["since"] == office.mailbox("north").info().update_seq
    assert record in {leaf["_id"] for leaf in leaves}
    assert end == {"end": {"documents": len(leaves), "leaves": len(leaves)}}


def test_everybody_who_replicates_may_have_the_reference(office: Office) -> None:
    answer = office.get("/api/v1/packs/reference", "wang.fang")
    assert answer.status_code == 200
    assert any(leaf.get("type") == "form" for leaf in lines(answer.data))


@pytest.mark.parametrize(
    ("path", "user", "status"),
    [
        (NORTH, None, 401),
        (NORTH, "wang.fang", 403),
        (NORTH, "office", 403),
        (NORTH, "admin", 403),
        ("/api/v1/packs/mailbox-nowhere", "li.wei", 403),
        ("/api/v1/packs/media-north", "li.wei", 403),
        ("/api/v1/packs/office", "li.wei", 403),
        ("/api/v1/packs/audit", "chen.jie", 403),
    ],
)
def test_nobody_else_gets_anything(office: Office, path: str, user: str | None, status: int) -> None:
    answer = office.get(path, user)
    assert answer.status_code == status
    assert set(answer.get_json()) == {"error", "reason", "details"}
    assert files(office) == []


def test_a_pack_is_made_once_for_each_change(office: Office, north: Tablet) -> None:
    first = office.get(NORTH, "li.wei")
    [path] = files(office)
    made = path.stat().st_mtime_ns
    assert office.get(NORTH, "zhang.min").data == first.data
    assert path.stat().st_mtime_ns == made
    north.fill(VISIT)
    second = office.get(NORTH, "li.wei")
    assert second.headers["ETag"] != first.headers["ETag"]
    [newer] = files(office)
    assert newer != path


def test_a_busy_mailbox_is_not_packed_anew_all_the_time(
    office: Office, north: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "FRESH_SECONDS", 3600.0)
    first = office.get(NORTH, "li.wei")
    record = north.fill(VISIT)
    again = office.get(NORTH, "li.wei")
    assert again.headers["ETag"] == first.headers["ETag"]
    since = lines(again.data)[0]["since"]
    assert record in {change.id for change in office.mailbox("north").changes(since).results}


def test_a_client_that_has_it_is_told_so_and_one_that_was_cut_off_goes_on(office: Office, north: Tablet) -> None:
    north.fill(VISIT)
    whole = office.get(NORTH, "li.wei")
    etag = whole.headers["ETag"]
    assert office.get(NORTH, "li.wei", headers={"If-None-Match": etag}).status_code == 304
    half = len(whole.data) // 2
    rest = office.get(NORTH, "li.wei", headers={"Range": f"bytes={half}-", "If-Range": etag})
    assert (rest.status_code, whole.data[:half] + rest.data) == (206, whole.data)
    assert rest.headers["Content-Range"] == f"bytes {half}-{len(whole.data) - 1}/{len(whole.data)}"
    north.fill(VISIT)
    other = office.get(NORTH, "li.wei", headers={"Range": f"bytes={half}-", "If-Range": etag})
    assert other.status_code == 200
    assert office.get(NORTH, "li.wei", headers={"Range": "bytes=99999999-"}).status_code == 416


def test_no_cache_between_keeps_a_pack(office: Office) -> None:
    assert office.get(NORTH, "li.wei").headers["Cache-Control"] == "private, no-cache"


def test_of_many_who_ask_at_once_one_makes_the_pack(
    office: Office, north: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    north.fill(VISIT)
    made: list[str] = []
    inner = pack.lines

    def noted(database):  # type: ignore[no-untyped-def]
        made.append(database.name)
        time.sleep(0.1)
        yield from inner(database)

    monkeypatch.setattr(pack, "lines", noted)
    found: list[str] = []
    kept = Packs(office.parts.config.data / packs.FOLDER)

    def ask() -> None:
        found.append(kept.current(office.mailbox("north")).digest)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert len(set(found)) == 1
    assert made == ["mailbox-north"]


def test_a_newer_one_that_is_being_made_keeps_nobody_waiting(
    office: Office, north: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Packs(office.parts.config.data / packs.FOLDER)
    before = kept.current(office.mailbox("north"))
    north.fill(VISIT)
    with packs._alone(before.path.parent) as alone:
        assert alone
        assert kept.current(office.mailbox("north")) == before


def test_a_first_pack_that_takes_too_long_is_asked_for_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "WAIT_SECONDS", 0.0)
    folder = office.parts.config.data / packs.FOLDER / "mailbox-north"
    folder.mkdir(parents=True)
    with packs._alone(folder):
        answer = office.get(NORTH, "li.wei")
    assert (answer.status_code, answer.get_json()["error"]) == (503, "busy")
    assert answer.headers["Retry-After"] == str(packs.RETRY_SECONDS)


def test_what_fails_half_way_leaves_nothing_behind(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(database):  # type: ignore[no-untyped-def]
        yield b"{}\n"
        raise RoundsError("busy")

    monkeypatch.setattr(pack, "lines", broken)
    assert office.get(NORTH, "li.wei").status_code == 503
    folder = office.parts.config.data / packs.FOLDER / "mailbox-north"
    assert [path.name for path in folder.iterdir()] == ["lock"]
