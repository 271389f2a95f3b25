"""What the API takes and gives about cases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Regexp

from service.api.messages import NO_NUL, RECORD_ID, Paging, languages, text
from service.cases.batches import MOST
from service.cases.kinds import KINDS
from service.cases.rules import RULES, WITH_WHOSE
from service.readmodel.case_lists import NOBODY, SORTS

CASE_STATES = ("open", "closed")
CASE_ID = re.compile(rf"({'|'.join(KINDS)})-[0-9a-f]{{20}}")
TEAM = r"^[a-z][a-z0-9-]{0,30}$|^$"
PERSON = r"^[a-z][a-z0-9._-]{0,62}[a-z0-9]$"
NOTE_MOST = 2000


def _day(description: str) -> fields.Date:
    return fields.Date(format="iso", load_default=None, metadata={"description": description})


class CaseFilter(Paging):
    status = fields.String(load_default="", validate=OneOf(["", *CASE_STATES]))
    kind = fields.String(load_default="", validate=OneOf(["", *KINDS]))
    team = fields.String(load_default="", validate=Regexp(TEAM))
    form = fields.String(load_default="", validate=Regexp(r"^[a-z][a-z0-9_-]{0,63}$|^$"))
    record = text("Cases that are about this record first of all.", load_default="", validate=Length(max=120))
    path = fields.String(load_default="", validate=[Length(max=600), NO_NUL])
    owner = text(
        f"Whose: a name, `me`, or `{NOBODY}` for nobody's.",
        load_default="",
        validate=Regexp(rf"{PERSON}|^{NOBODY}$|^$"),
    )
    due = _day("What is due on this day or before it.")
    opened = _day("What was opened on this day or before it.")
    awake = _day("Without what is put off beyond this day.")
    sort = fields.String(load_default="opened", validate=OneOf(list(SORTS)))

    @validates_schema(skip_on_field_errors=True)
    def a_record(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["record"] and not RECORD_ID.fullmatch(data["record"]):
            raise ValidationError("No id of a record.", "record")


class OriginShown(Schema):
    """The edit that first gave a value; another one where a decision that was taken back has set it again."""

    edit = fields.String()
    at = fields.String()
    by = fields.String()
    device = fields.String()
    version = fields.Integer(allow_none=True)


class HeadShown(Schema):
    contradicted = fields.Boolean(metadata={"description": "Whether other edits show that a clock was wrong here."})
    skew_ms = fields.Integer(
        allow_none=True, metadata={"description": "How far the device's clock was ahead, by its own measurement."}
    )
    doubted = fields.Boolean(metadata={"description": "Whether the time of this value is not to be believed."})
    origin = fields.Nested(OriginShown)
    edit = fields.String()
    value = fields.Raw(allow_none=True)
    present = fields.Boolean()
    at = fields.String()
    by = fields.String()
    device = fields.String()
    version = fields.Integer(allow_none=True)


class CaseShown(Schema):
    id = fields.String()
    kind = fields.String()
    title = languages("What cases of this kind are called.")
    settles = languages("What would end it.")
    dismissible = fields.Boolean(metadata={"description": "Whether it may be waved through."})
    status = fields.String()
    team = text("Whose it is; empty where it is about records of several teams, which only the office sees.")
    record = fields.String()
    record_team = fields.String()
    form = fields.String()
    version = fields.Integer(allow_none=True)
    path = fields.String()
    label = languages("The record's summary.")
    opened = text("The time of the edit that opened it, as a hybrid time.")
    owner = text(
        "Who sees to it: whoever was named, else the team's first supervisor; null where it is the office's.",
        allow_none=True,
    )
    due = fields.String()
    snoozed = text("Put off until this day.", allow_none=True)
    asked = fields.Boolean(metadata={"description": "Whether the team was asked and has not answered."})
    in_force = fields.String(allow_none=True)
    closed_by = text("The edit that settled it.", allow_none=True)
    closed_how = text("`edit` or `dismissed`.", allow_none=True)
    heads = fields.List(fields.Nested(HeadShown))
    detail = fields.Dict(metadata={"description": "More, by kind; docs/reconcile.md."})


class EntryShown(Schema):
    class Meta:
        unknown = "include"

    id = fields.String()
    at = fields.String()
    by = fields.String()
    kind = fields.String()
    text = fields.String(allow_none=True)
    owner = fields.String(allow_none=True)
    due = fields.String(allow_none=True)
    until = fields.String(allow_none=True)
    edit = fields.String()
    edits = fields.List(fields.String())
    digests = fields.List(fields.String())
    batch = fields.String(allow_none=True)
    fingerprint = fields.String()


class CaseInFull(CaseShown):
    entries = fields.List(fields.Nested(EntryShown))


class CasePage(Schema):
    items = fields.List(fields.Nested(CaseShown))
    next = fields.String(allow_none=True)


class CaseCounts(Schema):
    """How many open cases there are."""

    total = fields.Integer()
    overdue = fields.Integer()
    mine = fields.Integer()
    kinds = fields.Dict(keys=fields.String(), values=fields.Integer())


class OnDay(Schema):
    today = fields.Date(format="iso", load_default=None, metadata={"description": "The reader's day; else UTC's."})


class Decision(Schema):
    """Either `choose`, the id of the edit whose value stands, or `value`, another one; null leaves it empty."""

    choose = fields.String(validate=[Length(1, 200), NO_NUL])
    value = fields.Raw(allow_none=True)
    note = fields.String(load_default=None, allow_none=True, validate=[Length(max=NOTE_MOST), NO_NUL])
    heads = fields.List(
        fields.String(validate=[Length(1, 200), NO_NUL]),
        load_default=None,
        validate=Length(max=1000),
        metadata={"description": "The edits whose values were looked at; with others, nothing is decided."},
    )

    @validates_schema(skip_on_field_errors=True)
    def one_of_two(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("choose" in data) == ("value" in data):
            raise ValidationError("Give either choose or value.")


class Reason(Schema):
    note = text(
        "Why; kept with the record.", load_default=None, allow_none=True, validate=[Length(max=NOTE_MOST), NO_NUL]
    )


class Admission(Reason):
    edits = fields.List(
        text("A digest, as `detail.edits` of the case gives it.", validate=Regexp(r"^[0-9a-f]{64}$")),
        required=True,
        validate=Length(1, 1000),
    )


class Question(Schema):
    text = fields.String(required=True, validate=[Length(1, NOTE_MOST), NO_NUL])


class RuleGiven(Schema):
    name = fields.String(required=True, validate=OneOf(RULES))
    whose = text("The person or device, for the rules that ask for one.", load_default="", validate=Length(max=80))

    @validates_schema(skip_on_field_errors=True)
    def somebody(self, data: Mapping[str, Any], **_: Any) -> None:
        if (data["name"] in WITH_WHOSE) != bool(data["whose"]):
            raise ValidationError("A person or device belongs to the rules that ask for one.", "whose")


class Among(Schema):
    """Which open conflicts."""

    team = fields.String(load_default="", validate=Regexp(TEAM))
    form = fields.String(load_default="", validate=Regexp(r"^[a-z][a-z0-9_-]{0,63}$|^$"))
    path = fields.String(load_default="", validate=[Length(max=600), NO_NUL])


class BatchWanted(Schema):
    """Either `cases`, ids, or `among`, a filter: of those the longest waiting. At most 200."""

    rule = fields.Nested(RuleGiven, required=True)
    cases = fields.List(fields.String(validate=Regexp(rf"^{CASE_ID.pattern}$")), validate=Length(1, MOST))
    among = fields.Nested(Among)
    note = fields.String(load_default=None, allow_none=True, validate=[Length(max=NOTE_MOST), NO_NUL])
    seal = text(
        "Of the preview that was looked at: apply just that. Without it, nothing is written.", load_default=None
    )

    @validates_schema(skip_on_field_errors=True)
    def one_of_two(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("cases" in data) == ("among" in data):
            raise ValidationError("Give either cases or among.")


class BatchLine(Schema):
    case = fields.String()
    team = fields.String()
    record = fields.String()
    path = fields.String()
    label = languages("The record's summary.")
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)
    choose = fields.String(allow_none=True)
    heads = fields.List(fields.String())
    reason = text("Why the rule decides nothing here.", allow_none=True)
    edit = text("The edit that decides it, once applied.")
    result = text("What became of it: `decided`, `undone`, or the code of an error.")


class BatchShown(Schema):
    batch = text("Its id; null for a preview.", allow_none=True)
    rule = fields.Nested(RuleGiven)
    note = fields.String(allow_none=True)
    by = fields.String(allow_none=True)
    at = fields.String(allow_none=True)
    undone = fields.Dict(allow_none=True)
    seal = text("To apply just this preview.", allow_none=True)
    items = fields.List(fields.Nested(BatchLine))


class RecordNamed(Schema):
    team = fields.String(required=True, validate=Regexp(r"^[a-z][a-z0-9-]{0,30}$"))
    record = fields.String(required=True, validate=Regexp(rf"^{RECORD_ID.pattern}$"))


class Taken(RecordNamed):
    path = text("A field, or a row with all that is in it.", required=True, validate=[Length(2, 600), NO_NUL])


class JointWanted(Schema):
    """Which record stays, and which values it takes from the others; what is not named stays as it is there."""

    survivor = fields.Nested(RecordNamed, required=True)
    take = fields.List(fields.Nested(Taken), load_default=list, validate=Length(max=1000))
    note = fields.String(load_default=None, allow_none=True, validate=[Length(max=NOTE_MOST), NO_NUL])


class Joined(Schema):
    case = fields.String()
    edits = fields.List(fields.String(), metadata={"description": "The edits that did it."})


class Decided(Schema):
    case = fields.String()
    edit = text("The edit that the decision made.")
    rev = fields.String()


class NewEntry(Schema):
    """Exactly one of: a comment, an owner, a due day, a day to put it off to, or `dismiss` and `reopen` with a text."""

    comment = fields.String(validate=[Length(1, NOTE_MOST), NO_NUL])
    owner = text("A person's name; null: by the rule.", allow_none=True, validate=Regexp(PERSON))
    due = fields.Date(format="iso", allow_none=True, metadata={"description": "null: by the rule."})
    snooze = fields.Date(format="iso", allow_none=True, metadata={"description": "null: not put off."})
    dismiss = text("Why nothing has to be done.", validate=[Length(1, NOTE_MOST), NO_NUL])
    reopen = text("Why it is open again.", validate=[Length(1, NOTE_MOST), NO_NUL])
    id = text("A ULID of the caller's: sent again, it changes nothing.", validate=Regexp(r"^[0-9A-HJKMNP-TV-Z]{26}$"))

    @validates_schema(skip_on_field_errors=True)
    def one_thing(self, data: Mapping[str, Any], **_: Any) -> None:
        if len(data.keys() - {"id"}) != 1:
            raise ValidationError("Give exactly one of comment, owner, due, snooze, dismiss and reopen.")
