"""The shapes of all documents that travel, as marshmallow schemas.

The office checks by them what it writes itself. What tablets write is checked where it arrives, in bulk and so by code
that does nothing else: the gate (`sync/gate.py`). Meaning is judged by `schemas/answers.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE, RAISE, Schema, fields, validate, validates_schema
from marshmallow.exceptions import ValidationError

from schemas.messages import LANGUAGES

ULID = r"[0-9A-HJKMNP-TV-Z]{26}"
NAME = r"[a-z][a-z0-9_-]*"
VERDICTS = ("accepted", "returned", "held")


def _text(pattern: str = r".+", *, required: bool = True, **options: Any) -> fields.String:
    return fields.String(required=required, validate=validate.Regexp(rf"\A(?:{pattern})\Z", re.DOTALL), **options)


def _id(pattern: str) -> fields.String:
    return _text(pattern, data_key="_id")


def _texts_per_language(*, required: bool = True) -> fields.Dict:
    keys = fields.String(validate=validate.OneOf(LANGUAGES))
    return fields.Dict(keys=keys, values=fields.String(), required=required)


def _object(*, required: bool = True) -> fields.Dict:
    return fields.Dict(keys=fields.String(), required=required)


class _Truth(fields.Boolean):
    """True or false; to marshmallow, as to Python, 1 is true as well."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class _Document(Schema):
    """What every document has. `_rev` and `_attachments` belong to the store."""

    class Meta:
        unknown = RAISE

    type = fields.String(required=True)
    rev = fields.String(data_key="_rev")
    revisions = _object(required=False)
    attachments = fields.Dict(data_key="_attachments")


class EditSchema(Schema):
    """One sitting of one person at one device."""

    class Meta:
        unknown = RAISE

    id = _text(r"[ -~]{1,200}")
    at = _text(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/[0-9a-f]{4}/[0-9a-z]{1,32}")
    by = _text()
    device = _text()
    app = _text()
    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    set = _object()
    unset = fields.List(fields.String(), required=True)
    seen = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)
    note = fields.String(required=True, allow_none=True)
    sig = _text()


class ErasedSchema(Schema):
    """What an erasure under a retention or privacy rule leaves of an edit."""

    class Meta:
        unknown = RAISE

    id = _text(r"[ -~]{1,200}")
    at = _text()
    erased = _text(r"[0-9a-f]{64}")


_EDIT, _ERASED = EditSchema(), ErasedSchema()


class _Logged(fields.Field[Any]):
    """An entry of a record's log: an edit, or the stub of one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        erased = isinstance(value, Mapping) and "erased" in value
        found = (_ERASED if erased else _EDIT).validate(value)
        if found:
            raise ValidationError(found)
        return value


class RecordSchema(_Document):
    """One filled form: `record:<form>:<ulid>`, in the team's mailbox."""

    id = _id(rf"record:{NAME}:{ULID}")
    form = _text(NAME)
    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    team = _text(NAME)
    task = _text(rf"task:{ULID}", required=False)
    edits = fields.List(_Logged(), required=True, validate=validate.Length(min=1))
    answers = _object()


class _Media(Schema):
    """Of the files that a record's answers name, by digest: which have arrived at the judge, and which have not."""

    arrived = fields.List(_text(r"[0-9a-f]{64}"), required=True)
    missing = fields.List(_text(r"[0-9a-f]{64}"), required=True)


class ReceiptSchema(_Document):
    """A judge's verdict on one record: `receipt:<record>:<judge>`. `media` is absent where the answers name no file."""

    id = _id(rf"receipt:record:{NAME}:{ULID}:{NAME}")
    team = _text(NAME)
    record = _text(rf"record:{NAME}:{ULID}")
    judge = _text(NAME)
    verdict = fields.String(required=True, validate=validate.OneOf(VERDICTS))
    reason = fields.String(required=True, allow_none=True)
    digest = _text(r"[0-9a-f]{64}")
    form = fields.String(required=True)
    version = fields.Integer(required=True, strict=True)
    errors = fields.List(fields.Dict(), required=True)
    errors_in_all = fields.Integer(strict=True)
    collisions = fields.List(fields.String(), required=True)
    media = fields.Nested(_Media)


class TaskSchema(_Document):
    """A form for a team to fill, with answers already known: `task:<ulid>`, in the team's mailbox."""

    id = _id(rf"task:{ULID}")
    team = _text(NAME)
    form = _text(NAME)
    title = _texts_per_language()
    due = fields.Date(required=True, format="iso")
    answers = _object()
    created_by = _text()


class FormSchema(_Document):
    """A published form version: `form:<form>:<version>`, in `reference`; `files`: digests of what it shows."""

    id = _id(rf"form:{NAME}:[1-9][0-9]*")
    form = _text(NAME)
    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    definition = _object()
    files = fields.Dict(keys=fields.String(), values=_text(r"[0-9a-f]{64}"))

    @validates_schema
    def _one_identity(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["id"] != f"form:{data['form']}:{data['version']}":
            raise ValidationError("The id does not name this form and version.", "_id")


class EntitySchema(_Document):
    """A thing that forms are about: `entity:<kind>:<id>`, in `reference`. Other properties are its own."""

    class Meta:
        unknown = INCLUDE

    id = _id(rf"entity:{NAME}:\S{{1,128}}")
    entity = _text(NAME)
    name = _text()
    names = _texts_per_language(required=False)
    active = _Truth(required=True)

    @validates_schema
    def _one_identity(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["id"].split(":")[1] != data["entity"]:
            raise ValidationError("The id does not name this kind of entity.", "_id")


class DeviceSchema(_Document):
    """A registered device and the public half of its key (a JWK): `device:<id>`, in `reference`."""

    id = _id(r"device:[0-9a-z]{1,32}")
    device = _text(r"[0-9a-z]{1,32}")
    public_key = _object()
    sealing_key = _object(required=False)
    user = _text()
    users = fields.List(fields.String())
    display_name = _text(required=False)
    label = fields.String(required=True)
    registered_at = fields.AwareDateTime(required=True, format="iso")
    revoked = _Truth(required=True)
    genuine = fields.List(_text(r"[0-9a-f]{64}", required=False))


class MediaSchema(_Document):
    """A photo, sound, signature or file: `media:<sha256>` with one attachment `file`, in the team's media database."""

    id = _id(r"media:[0-9a-f]{64}")
    team = _text(NAME)
    content_type = _text()
    length = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    device = _text()
    taken_at = fields.String()
    attachments = fields.Dict(data_key="_attachments", required=True, validate=validate.Length(equal=1))


class FileSchema(_Document):
    """A picture, sound or film that forms show: `file:<sha256>` with one attachment `file`, in `reference`."""

    id = _id(r"file:[0-9a-f]{64}")
    content_type = _text()
    length = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    attachments = fields.Dict(data_key="_attachments", required=True, validate=validate.Length(equal=1))


class _Skew(Schema):
    """A measurement: at a moment by the service's clock, the device's was ahead by `ms` (behind: negative)."""

    at = fields.AwareDateTime(required=True, format="iso")
    ms = fields.Integer(required=True, strict=True)


class _Held(Schema):
    """What is on the device alone: how much, and since when the oldest of it."""

    records = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    files = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    bytes = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    drafts = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    refused = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    since = fields.AwareDateTime(required=True, format="iso", allow_none=True)


class ReportSchema(_Document):
    """What a device says of itself at a sync: `report:<device>`, in the team's mailbox.

    `at` is the moment by the service's clock, the best that is known of it; `skews` the latest measurements; `via` the
    hub that it was told to, where it was no office.
    """

    id = _id(r"report:[0-9a-z]{1,32}")
    team = _text(NAME)
    device = _text(r"[0-9a-z]{1,32}")
    by = _text()
    app = _text()
    via = fields.String(allow_none=True, validate=validate.Length(max=80))
    at = fields.AwareDateTime(required=True, format="iso")
    skews = fields.List(fields.Nested(_Skew), required=True, validate=validate.Length(max=50))
    held = fields.Nested(_Held, required=True)


SCHEMAS: Mapping[str, Schema] = {
    "record": RecordSchema(),
    "receipt": ReceiptSchema(),
    "task": TaskSchema(),
    "report": ReportSchema(),
    "form": FormSchema(),
    "entity": EntitySchema(),
    "device": DeviceSchema(),
    "media": MediaSchema(),
    "file": FileSchema(),
}
"""By a document's `type`."""


def check(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is wrong with a document's shape, by member; empty where nothing is.

    The values are marshmallow's: a list of sentences, nested where the member is an object or a list.
    """
    kind = document.get("type")
    schema = SCHEMAS.get(kind) if isinstance(kind, str) else None
    if schema is None:
        return {"type": [f"Must be one of: {', '.join(SCHEMAS)}."]}
    return dict(schema.validate(document))
