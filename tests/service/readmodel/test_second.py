"""Two judges share a long page: they say what one alone says, and where one dies the other goes on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator

import pytest

from service.readmodel import tables
from service.readmodel.intake import intake_of
from service.readmodel.second import second_judge
from sync import second as second_module
from sync.second import NOTHING, Asked, Said, SecondJudge, is_second, serve
from sync.store import Document
from tests.service.conftest import VISIT, Office, Tablet
from tests.service.readmodel.judging import receipt_of, rows_of

READY_SECONDS = 60


class Watched(SecondJudge):
    """A second judge of whom it is noted what it said; `dies` at the moment when it has been asked."""

    dies = False

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.said: list[Said] = []

    def ask(self, asked: Asked) -> bool:
        taken = super().ask(asked)
        if taken and self.dies:
            assert self._process
            assert self._process.pid
            os.kill(self._process.pid, signal.SIGKILL)
        return taken

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


def fill_many(office: Office, north: Tablet, colleague: Tablet) -> list[str]:
    """Records that are right, that have mistakes, that two have changed; some for each judge."""
    records = [north.fill({**VISIT, "/survey/workers": number - 2}) for number in range(12)]
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
    second.dies = True
    records = fill_many(office, north, colleague)
    intake_of(office.parts, second).drain()
    assert NOTHING in second.said
    assert {each["judge"] for each in receipts(office, records)} == {"office"}
    second.dies = False
    second.until_ready()  # another one has taken its place
    more = [north.fill(VISIT) for _ in range(8)]
    intake_of(office.parts, second).drain()
    assert {name for said in second.said for name in said.verdicts} == {*filter(is_second, more)}


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
