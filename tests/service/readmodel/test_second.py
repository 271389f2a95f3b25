"""Two judges share a long page: they say what one alone says, and where one dies the other goes on."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, NoReturn

import pytest

from service.readmodel import tables
from service.readmodel.intake import intake_of
from service.readmodel.second import second_judge
from sync import second as second_module
from sync.forms import FormLibrary
from sync.judges import Judges
from sync.second import NOTHING, Asked, Said, SecondJudge, is_second, serve
from sync.store import START, Changes, Database, Document, Seq, Unavailable
from sync.verdict import Judge
from tests.service.conftest import VISIT, Office, Tablet
from tests.service.readmodel.judging import receipt_of, rows_of

READY_SECONDS = 60


class Watched(SecondJudge):
    """A second judge of whom it is noted what it said; `meets` is a signal that comes when, or before, it is asked."""

    meets: signal.Signals | None = None
    is_met_before = False

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.said: list[Said] = []

    def ask(self, asked: Asked) -> bool:
        if self.is_met_before:
            self._meet()
        taken = super().ask(asked)
        if taken and not self.is_met_before:
            self._meet()
        return taken

    def _meet(self) -> None:
        if self.meets is not None and self._process is not None:
            assert self._process.pid
            os.kill(self._process.pid, self.meets)

    def answer(self) -> Said:
        self.said.append(super().answer())
        return self.said[-1]

    def until_ready(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while not self.ask(Asked("mailbox-north", "", ())):
            assert time.monotonic() < end
            time.sleep(0.05)
        self.answer()
        self.said.clear()


@pytest.fixture
def second(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """It is there, and is asked about a single record already."""
    monkeypatch.setattr("sync.judges.MANY", 1)
    monkeypatch.setattr("service.readmodel.second.has_room", lambda: True)
    monkeypatch.setattr("service.readmodel.second.SecondJudge", Watched)
    with second_judge(office.parts.config) as found:
        assert isinstance(found, Watched)
        found.until_ready()
        yield found


def fill_many(office: Office, north: Tablet, colleague: Tablet, remarks: str = "") -> list[str]:
    """Records that are right, that have mistakes, that two have changed; some for each judge."""
    more = {"/closing/remarks": remarks} if remarks else {}
    records = [north.fill({**VISIT, **more, "/survey/workers": number - 2}) for number in range(12)]
    for record in records[8:]:
        base = office.mailbox("north").get(record)
        north.change(record, base, {"/survey/workers": 50})
        colleague.change(record, base, {"/survey/workers": 60, "/closing/remarks": "x"})
    assert {is_second(record) for record in records} == {True, False}
    return records


def receipts(office: Office, records: list[str]) -> list[Document]:
    return [receipt_of(office, record) for record in records]


def test_two_judges_say_what_one_alone_says(office: Office, north: Tablet, colleague: Tablet, second: Watched) -> None:
    records = fill_many(office, north, colleague)
    intake_of(office.parts, second).drain()
    together = receipts(office, records), rows_of(office.parts)
    assert {name for said in second.said for name in said.verdicts} == {*filter(is_second, records)}
    assert {said.reference for said in second.said} == {office.parts.library.position}
    tables.clear(office.parts.readmodel)
    intake_of(office.parts).drain()
    assert (receipts(office, records), rows_of(office.parts)) == together


def test_where_it_dies_its_records_are_judged_all_the_same(
    office: Office, north: Tablet, colleague: Tablet, second: Watched
) -> None:
    second.meets = signal.SIGKILL
    records = fill_many(office, north, colleague)
    intake_of(office.parts, second).drain()
    assert NOTHING in second.said
    assert {each["judge"] for each in receipts(office, records)} == {"office"}
    second.meets = None
    second.until_ready()  # another one has taken its place
    more = [north.fill(VISIT) for _ in range(8)]
    intake_of(office.parts, second).drain()
    assert {name for said in second.said for name in said.verdicts} == {*filter(is_second, more)}


@pytest.mark.parametrize("before", [False, True])
def test_where_somebody_stops_it_its_records_are_judged_all_the_same(
    office: Office, north: Tablet, colleague: Tablet, brief: None, second: Watched, before: bool
) -> None:
    """Stopped before it is asked, it does not even take what it is sent, which is more than the system holds for it."""
    second.meets, second.is_met_before = signal.SIGSTOP, before
    records = fill_many(office, north, colleague, remarks="x" * 200_000)
    intake_of(office.parts, second).drain()
    assert [said for said in second.said if said.verdicts] == []
    assert multiprocessing.active_children() == []
    together = receipts(office, records), rows_of(office.parts)
    tables.clear(office.parts.readmodel)
    intake_of(office.parts).drain()
    assert (receipts(office, records), rows_of(office.parts)) == together


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a second judge."""
    monkeypatch.setattr(second_module, "SILENT_SECONDS", 1.5)


def stop_half_way(connection: Connection) -> None:
    """A judge that is stopped while it says something."""
    connection.send(True)
    connection.recv()
    os.write(connection.fileno(), (1_000).to_bytes(4) + b"half of it")
    os.kill(os.getpid(), signal.SIGSTOP)


def test_where_it_is_stopped_half_way_through_its_answer_that_counts_for_nothing(brief: None) -> None:
    with Watched(stop_half_way) as second:
        end = time.monotonic() + READY_SECONDS
        while not second.ask(Asked("mailbox-north", "", ())):
            assert time.monotonic() < end
            time.sleep(0.05)
        assert second.answer() == NOTHING
        assert multiprocessing.active_children() == []


def test_it_knows_a_device_that_was_registered_after_it_began(office: Office, second: Watched) -> None:
    late = Tablet(office, "li.wei")
    records = [late.fill(VISIT) for _ in range(8)]
    intake_of(office.parts, second).drain()
    assert {each["reason"] for each in receipts(office, records)} == {None}
    assert {each.reason for said in second.said for each in said.verdicts.values()} == {None}


def test_an_answer_that_nobody_took_is_not_taken_for_the_next(office: Office, north: Tablet, second: Watched) -> None:
    record = north.fill(VISIT)
    doc = office.mailbox("north").get(record)
    office.parts.library.refresh()
    asked = Asked("mailbox-north", office.parts.library.position, [(doc, doc["edits"])] * 200)
    assert second.ask(asked)  # and whoever asked fails meanwhile
    assert not second.ask(Asked("mailbox-north", asked.reference, ()))  # it is being started anew
    second.until_ready()
    assert second.ask(asked._replace(records=asked.records[:1]))
    assert set(second.answer().verdicts) == {record}


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_what_is_nested_too_deep_to_be_sent_is_judged_by_the_asker(
    office: Office, north: Tablet, second: Watched
) -> None:
    doc = office.mailbox("north").get(north.fill(VISIT))
    judges = Judges(office.parts.library, "office", second)
    record = {**doc, "_id": next(name for name in map(str, range(9)) if is_second(name)), "more": deep(5_000)}
    verdicts = judges.verdicts("mailbox-north", [(record, doc["edits"])], {})
    assert verdicts[record["_id"]].judged.rev == doc["_rev"]
    second.until_ready()


def test_where_none_can_be_started_one_judges_alone(
    office: Office, north: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.judges.MANY", 1)
    records = [north.fill(VISIT) for _ in range(8)]
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    with SecondJudge(print) as second:
        judges = Judges(office.parts.library, "office", second)
        docs = [office.mailbox("north").get(record) for record in records]
        pairs = [(doc, doc["edits"]) for doc in docs]
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, files[1]))
        try:
            found = judges.verdicts("mailbox-north", pairs, {})
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, files)
    assert found.keys() == {*records}


class Cluster:
    """A database each of whose copies spells a sequence in its own way, as a cluster of CouchDB does."""

    def __init__(self, database: Database, copy: str) -> None:
        self._database, self._copy = database, copy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def changes(self, since: Seq = START, **options: Any) -> Changes:
        page = self._database.changes(str(since).partition("-")[0], **options)
        return replace(page, last_seq=f"{page.last_seq}-{self._copy}")


def test_two_who_read_other_copies_of_the_reference_database_know_the_same(office: Office, north: Tablet) -> None:
    reference = office.parts.store.database("reference")
    mine, theirs = (FormLibrary(Cluster(reference, copy)) for copy in "ab")  # type: ignore[arg-type]
    mine.refresh()
    doc = office.mailbox("north").get(north.fill(VISIT))
    asked = Asked("mailbox-north", mine.position, [(doc, doc["edits"])])
    said = second_module._say(Judge(theirs, "office"), theirs, asked)
    assert theirs.position != mine.position
    assert (said.reference, set(said.verdicts)) == (mine.position, {doc["_id"]})
    Tablet(office, "li.wei")
    assert second_module._say(Judge(theirs, "office"), theirs, asked) == NOTHING


def test_a_store_that_is_away_puts_no_record_aside(
    office: Office, north: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = north.fill(VISIT)
    with monkeypatch.context() as away:
        away.setattr(office.parts.library, "device", away_now)
        with pytest.raises(Unavailable):
            intake_of(office.parts).drain()
    intake_of(office.parts).drain()
    assert receipt_of(office, record)["reason"] is None


def away_now(_name: str) -> NoReturn:
    raise Unavailable("The store cannot be reached.")


def test_who_trips_over_a_record_says_nothing_of_it(office: Office, north: Tablet, second: Watched) -> None:
    docs = [office.mailbox("north").get(north.fill(VISIT)) for _ in range(2)]
    office.parts.library.refresh()
    spoilt = {name: value for name, value in docs[0].items() if name != "_rev"}
    records = [(doc, docs[0]["edits"]) for doc in (spoilt, docs[1])]
    assert second.ask(Asked("mailbox-north", office.parts.library.position, records))
    assert set(second.answer().verdicts) == {docs[1]["_id"]}


def test_it_ends_when_nobody_asks_any_more(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_module, "IDLE_SECONDS", 0.01)
    monkeypatch.setattr(second_module, "look_seldom", lambda: None)
    before = signal.getsignal(signal.SIGINT)
    mine, theirs = multiprocessing.Pipe()
    try:
        serve(theirs, office.parts.library, "office")
        assert mine.recv() is True
        mine.close()
        monkeypatch.setattr(second_module, "IDLE_SECONDS", 3600)
        serve(theirs, office.parts.library, "office")  # nor does it outlive the asker
    finally:
        signal.signal(signal.SIGINT, before)
