"""What the API takes and gives, as marshmallow schemas: the same ones check requests and make the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Range, Regexp

from schemas.documents import VERDICTS
from service.errors import RoundsError
from sync.merge import STATES

NO_NUL = Regexp(r"^[^\x00]*$", error="No NUL characters.")
RECORD_ID = re.compile(r"record:[a-z][a-z0-9_-]{0,63}:[0-9A-HJKMNP-TV-Z]{26}")
FORM_VERSION = re.compile(r"[1-9][0-9]{0,8}")
FORM_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def text(description: str, **options: Any) -> fields.String:
    """A text with what it means."""
    return fields.String(metadata={"description": description}, **options)


def languages(description: str) -> fields.Dict:
    """A text in each language."""
    return fields.Dict(keys=fields.String(), values=fields.String(), metadata={"description": description})


class Failure(Schema):
    """Every answer that is no success."""

    error = text("What went wrong, as a slug; docs/errors.md explains each.", required=True)
    reason = text("The same as a sentence in the reader's language.", required=True)
    details = fields.Dict(required=True, metadata={"description": "More for programs, such as the fields at fault."})


class PublicKey(Schema):
    """An EC P-256 public key as a JSON Web Key; members that a key may have besides are left out."""

    class Meta:
        unknown = "exclude"

    kty = fields.String(required=True, validate=OneOf(["EC"]))
    crv = fields.String(required=True, validate=OneOf(["P-256"]))
    x = fields.String(required=True, validate=Length(max=64))
    y = fields.String(required=True, validate=Length(max=64))


class NewDevice(Schema):
    """The device that somebody signs in on for the first time."""

    public_key = fields.Nested(PublicKey, required=True)
    label = fields.String(load_default="", validate=[Length(max=80), NO_NUL])


class PasswordSignIn(Schema):
    """Sign in with name and password, on a device where one is named."""

    name = fields.String(required=True, validate=Length(1, 64))
    password = fields.String(required=True, validate=Length(1, 256))
    device = fields.Nested(NewDevice)


class ChallengeSignIn(Schema):
    """Sign in with a registered device: its signature over a challenge."""

    device = fields.String(required=True, validate=Length(1, 64))
    challenge = fields.String(required=True, validate=Length(1, 200))
    origin = fields.String(validate=[Length(max=300), NO_NUL])
    signature = fields.String(required=True, validate=Length(1, 200))


class SignInRequest(Schema):
    """Either `{name, password, device?: {public_key, label?}}` or `{device, challenge, origin, signature}`."""

    name = fields.String()
    password = fields.String()
    device = fields.Raw(metadata={"description": "With a password: {public_key, label?}. Else: the device's id."})
    challenge = fields.String()
    origin = text("With a challenge: the address that the device signs in at, as it knows it.")
    signature = text("Over `rounds-sign-in`, the challenge and the origin, each on a line, by the device's key.")

    @validates_schema(skip_on_field_errors=True)
    def one_of_two(self, data: Mapping[str, Any], **_: Any) -> None:
        schema = ChallengeSignIn() if "challenge" in data or "signature" in data else PasswordSignIn()
        if errors := schema.validate(dict(data)):
            raise ValidationError(errors)


class ChallengeRequest(Schema):
    device = text("The device's id.", required=True, validate=Regexp(r"^[0-9a-f]{12}$"))
    origin = text("The address that a tablet asks at, where it is a hub's.", validate=[Length(max=300), NO_NUL])


class HubProof(Schema):
    name = fields.String()
    device = fields.String()
    signature = text("Over `rounds-hub`, the challenge and the origin, each on a line, by the hub's key.")


class ChallengeGiven(Schema):
    challenge = text("Text to sign with the origin, see `POST /session`: ECDSA P-256, SHA-256, raw r and s, base64url.")
    expires_at = fields.String()
    hub = fields.Nested(HubProof, metadata={"description": "At a hub: that it is one of the office's."})


class Person(Schema):
    name = fields.String()
    display_name = fields.String()
    roles = fields.List(fields.String())
    teams = fields.List(fields.String())
    team_names = fields.Dict(
        keys=fields.String(), values=languages("A team's name."), metadata={"description": "By the ids of the teams."}
    )


class DeviceId(Schema):
    id = fields.String()


class Databases(Schema):
    reference = fields.String()
    mailboxes = fields.List(fields.String())
    media = fields.List(fields.String())


class SessionGiven(Schema):
    token = text("Send it as `Authorization: Bearer …`, here and to /db/.")
    expires_at = fields.String()
    server_time = fields.String()
    user = fields.Nested(Person)
    device = fields.Nested(DeviceId)
    databases = fields.Nested(Databases)


class Me(Schema):
    user = fields.Nested(Person)
    device = fields.Nested(DeviceId)
    databases = fields.Nested(Databases)
    server_time = fields.String()


class Paging(Schema):
    cursor = text("`next` of the page before.", load_default="", validate=Length(max=600))
    limit = fields.Integer(load_default=50, validate=Range(1, 200))


class RecordFilter(Paging):
    team = fields.String(load_default="", validate=Regexp(r"^[a-z][a-z0-9-]{0,30}$|^$"))
    form = fields.String(load_default="", validate=Regexp(r"^[a-z][a-z0-9_-]{0,63}$|^$"))
    state = fields.String(load_default="", validate=OneOf(["", *STATES]))
    verdict = fields.String(load_default="", validate=OneOf(["", *VERDICTS]))
    q = text(
        "Words that the record's summary, id or people contain.", load_default="", validate=[Length(max=200), NO_NUL]
    )


class OneTeam(Schema):
    team = text(
        "Where two teams hold a record of one id: whose.",
        load_default="",
        validate=Regexp(r"^[a-z][a-z0-9-]{0,30}$|^$"),
    )


class RecordListed(Schema):
    id = fields.String()
    team = fields.String()
    form = fields.String()
    version = fields.Integer()
    rev = fields.String()
    state = fields.String()
    verdict = fields.String()
    reason = fields.String(allow_none=True)
    label = languages("The record's summary.")
    task = fields.String(allow_none=True)
    errors = fields.Integer(metadata={"description": "How many."})
    collisions = fields.Integer(metadata={"description": "How many."})
    edits = fields.Integer(metadata={"description": "How many."})
    updated = text("Of its latest edit, as a hybrid time.")
    updated_by = fields.String()


class RecordPage(Schema):
    items = fields.List(fields.Nested(RecordListed))
    next = fields.String(allow_none=True)


class RecordShown(RecordListed):
    answers = fields.Dict()
    problems = fields.List(fields.Dict())
    receipt = fields.Dict()
    cases = fields.List(fields.String())


class EditShown(Schema):
    id = fields.String()
    digest = fields.String()
    at = fields.String()
    by = fields.String()
    device = fields.String()
    app = fields.String(allow_none=True)
    version = fields.Integer(allow_none=True)
    note = fields.String(allow_none=True)
    set = fields.Dict()
    unset = fields.List(fields.String())
    seen = fields.Dict()
    erased = fields.Boolean()
    verified = fields.Boolean(metadata={"description": "Whether the device's signature holds."})
    fault = fields.String(allow_none=True)


class History(Schema):
    items = fields.List(fields.Nested(EditShown))


class WhyQuery(OneTeam):
    path = text(
        "The path of a value, such as `/survey/workers`, or `/_state`.",
        required=True,
        validate=Regexp(r"^(/[A-Za-z0-9_]{1,64}){1,16}$"),
    )


class WhyStep(Schema):
    edit = fields.String()
    at = text("A hybrid time.")
    by = fields.String(allow_none=True)
    device = fields.String(allow_none=True)
    version = fields.Integer()
    note = fields.String(allow_none=True)
    value = fields.Raw(allow_none=True)
    present = fields.Boolean(metadata={"description": "False where the edit took the value away."})
    replaced = fields.List(fields.String(), metadata={"description": "Edits whose values it had seen."})
    first = text("The edit that gave this value before anybody repeated it.")
    stands = fields.Boolean(metadata={"description": "Whether no edit has replaced it."})
    decision = fields.Boolean(metadata={"description": "Whether the office's device made it."})


class WhyShown(Schema):
    record = fields.String()
    team = fields.String()
    path = fields.String()
    kind = text("`answered`, `computed` or `absent`.")
    value = fields.Raw(allow_none=True)
    policy = text("The field's merge policy, where several values stand.", allow_none=True)
    reads = fields.List(fields.String(), metadata={"description": "What a computed value is worked out from."})
    steps = fields.List(fields.Nested(WhyStep))
    cases = fields.List(fields.String())
    receipt = fields.Dict()


class FormListed(Schema):
    form = fields.String()
    version = fields.Integer()
    title = languages("The form's title.")


class FormPage(Schema):
    items = fields.List(fields.Nested(FormListed))


class FormShown(FormListed):
    definition = fields.Dict()


class DraftListed(Schema):
    form = fields.String()
    title = languages("The form's title; empty while the draft has mistakes.")
    by = text("Who kept it.")
    at = fields.String()
    faults = fields.Integer(metadata={"description": "How many mistakes it has."})


class DraftPage(Schema):
    items = fields.List(fields.Nested(DraftListed))


class Fault(Schema):
    """One mistake in the text of a draft; line and column count from 1."""

    line = fields.Integer()
    column = fields.Integer()
    path = text("The field's path; empty for the form as a whole.")
    code = fields.String()
    sentence = text("What is wrong, in the reader's language.")


class DraftShown(Schema):
    form = fields.String()
    by = fields.String()
    at = fields.String()
    rev = fields.String()
    text = text("The JSON file as its author wrote it.")
    definition = fields.Dict(allow_none=True, metadata={"description": "What would be published; null with mistakes."})
    faults = fields.List(fields.Nested(Fault))


class NewDraft(Schema):
    """`text` is a form's JSON file; it may have mistakes. `rev` is the revision that it was made from."""

    text = fields.String(required=True, validate=[Length(min=1), NO_NUL])
    rev = fields.String(load_default=None, allow_none=True, validate=[Length(1, 64), NO_NUL])


class DraftDropped(Schema):
    form = fields.String()


class BundleDocument(Schema):
    """What became of one document of a bundle."""

    database = fields.String()
    id = fields.String()
    rev = fields.String()
    result = text("written, present (it was here), refused, damaged, or missing from the file.")
    reason = text("Why it was refused.")


class BundleTally(Schema):
    """What became of a bundle."""

    bundle = fields.String()
    made_at = fields.String()
    by = fields.String()
    device = fields.String()
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    documents = fields.List(fields.Nested(BundleDocument))


def checked(pattern: re.Pattern[str], text: str, code: str) -> str:
    """An id from an address, refused as unknown where it could be nobody's. Raises `RoundsError` `code`."""
    if not pattern.fullmatch(text):
        raise RoundsError(code)
    return text
