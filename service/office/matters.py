"""What a case is about, in plain words: the mistakes, the edits, the device, the records. Each with its address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import url_for

from schemas.form import Form
from service.cases.kinds import CONTESTED, HELD, INVALID, LATE, MISMATCH, QUARANTINE, SIGNATURE
from service.office.answers import anchor_of
from service.office.case_view import when
from service.office.history import fault_of
from service.office.names import Names
from service.office.values import Reader, label_of
from service.office.why import why_url
from service.readmodel.paging import Row

Matter = dict[str, Any]


def matters_of(case: Row, answers: Mapping[str, Any], form: Form | None, names: Names) -> list[Matter]:
    """Each thing that a case names, as `{text, url}`; none for kinds that show values or records instead."""
    tell = _TOLD.get(case["kind"])
    return list(tell(case, answers, form, names, names.reader(case["record_team"]))) if tell else []


def unnamed(case: Row, named: int) -> int:
    """How many more there are than the case names."""
    return max(0, int(case["detail"].get("count", 0)) - named)


def _mistakes(case: Row, answers: Mapping[str, Any], form: Form | None, _: Names, reader: Reader) -> Iterator[Matter]:
    record = url_for("office.record", record_id=case["record"], team=case["record_team"])
    for problem in case["detail"].get("problems", ()):
        path = problem["path"]
        label = label_of(path, form, reader, answers) if form else reader.pick(problem["label"], path)
        text = reader.pick(problem["message"], problem["code"])
        yield {"label": label, "text": text, "url": f"{record}#{anchor_of(path)}"}


def _held(case: Row, _: Mapping[str, Any], __: Form | None, ___: Names, reader: Reader) -> Iterator[Matter]:
    yield {"label": "", "text": reader.say(f"held.{case['detail']['reason']}"), "url": ""}


def _differing(case: Row, answers: Mapping[str, Any], form: Form | None, _: Names, reader: Reader) -> Iterator[Matter]:
    about = {"id": case["record"], "team": case["record_team"]}
    for name in case["detail"].get("fields", ()):
        label = label_of(f"/{name}", form, reader, answers) if form else name
        yield {"label": label, "text": "", "url": why_url(about, f"/{name}") if form and form.field(f"/{name}") else ""}


def _edits(case: Row, _: Mapping[str, Any], form: Form | None, names: Names, reader: Reader) -> Iterator[Matter]:
    for edit in case["detail"].get("edits", ()):
        at = when(edit["at"], form, reader, names)["full"]
        fault = fault_of(edit["fault"], reader)
        text = reader.say("case.edit_facts", when=at, device=names.device(edit["device"]))
        yield {"label": names.person(edit["by"]), "text": f"{text} {fault}".strip(), "url": ""}


def _device(case: Row, _: Mapping[str, Any], __: Form | None, names: Names, reader: Reader) -> Iterator[Matter]:
    text = reader.say("case.put_back_times", count=case["detail"].get("times", 0))
    yield {"label": names.device(case["path"]), "text": text, "url": ""}


_TOLD: Mapping[str, Callable[[Row, Mapping[str, Any], Form | None, Names, Reader], Iterator[Matter]]] = {
    INVALID: _mistakes,
    HELD: _held,
    MISMATCH: _differing,
    SIGNATURE: _edits,
    LATE: _edits,
    CONTESTED: _edits,
    QUARANTINE: _device,
}
