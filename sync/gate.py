"""The gate: what may be written into a database at all. Shape, size, team and role; never meaning.

Closed under merging: what lets every leaf through lets their merge and its tombstones through (law 21). So it does not
look at who made an edit (a tablet may relay a hub's merge), and at what was there before only to see that no edit is
missing (a new branch has no predecessor). `gate.js` is its twin for CouchDB; `tests/vectors/gate.json` holds both to
the same verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from sync.familiar import Familiar
from sync.store import Document, Forbidden, UserContext

EDIT_BYTES = 262_144
RECORD_BYTES = 4_194_304
REPORT_BYTES = 16_384
ID_CHARACTERS = 200
VERSION_MOST = 2_147_483_647

_RECORD_ID = re.compile(r"record:([a-z][a-z0-9-]{0,60}):[0-9A-HJKMNP-TV-Z]{26}")
_REPORT_ID = re.compile(r"report:([0-9a-z]{1,32})")
_MEDIA_ID = re.compile(r"media:[0-9a-f]{64}")
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z/[0-9a-f]{4}/[0-9a-z]{1,32}")
_PATH = re.compile(r"(/[A-Za-z0-9_]{1,64}){1,16}")
_PATHS = Familiar()
_EDIT_TEXTS = ("id", "at", "by", "device", "app", "sig")
_OFFICE = frozenset({"_admin", "hub"})


def check(
    doc: Document,
    old: Document | None,
    user: UserContext,
    security: Mapping[str, Any],
    *,
    at_most: int | None = None,
) -> None:
    """Raise `Forbidden`, its reason a sentence, unless the document may be written.

    `old` is the revision that it replaces, where there is one; `security` the database's `_security` object, whose
    `rounds` member says what the database is for (`kind`) and whose it is (`team`). A database without one is not
    Rounds' own, and lets everything through. `at_most` are bytes that the document certainly does not exceed as JSON,
    for a caller who knows: a small one need not be measured.
    """
    rounds = security.get("rounds")
    if not isinstance(rounds, dict) or str(doc.get("_id", "")).startswith("_design/"):
        return
    kind = rounds.get("kind")
    if kind == "mailbox":
        _check_mailbox(doc, old, user, rounds.get("team"), at_most)
    elif kind == "media":
        _check_media(doc, old, user, rounds.get("team"))
    else:
        _require(user.is_admin, "Only the office's own programs write here.")


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise Forbidden(reason)


def _check_mailbox(doc: Document, old: Document | None, user: UserContext, team: object, at_most: int | None) -> None:
    kind = doc.get("type")
    trusted = not user.roles.isdisjoint(_OFFICE)
    if kind == "record":
        _check_team(doc, team)
        _check_record(doc, trusted, at_most)
        if not user.is_admin:
            _check_nothing_is_erased(doc, old)
        if old is not None:
            _check_nothing_is_missing(doc, old)
    elif kind in ("receipt", "task"):
        _require(trusted, f"A {kind} is written by the office or a hub, not by a tablet.")
        _check_team(doc, team)
        _require(doc["_id"].startswith(f"{kind}:"), f"The id of a {kind} begins with '{kind}:'.")
        if kind == "receipt" and not user.is_admin:
            # Tablets believe the office's before a hub's: a laptop that was stolen must not speak in its name.
            own = doc["_id"].endswith(f":{user.name}") and doc.get("judge") == user.name
            _require(own, "A hub writes receipts under its own name alone.")
    elif doc.get("_deleted") is True:
        _require(user.is_admin, "Nothing is deleted here; withdraw the record instead.")
    elif kind == "report":
        _check_team(doc, team)
        _check_report(doc)
    else:
        raise Forbidden("A mailbox holds documents of the types record, receipt, task and report.")


def _check_team(doc: Document, team: object) -> None:
    if doc.get("team") != team:
        raise Forbidden(f"This mailbox belongs to the team {team}; the document names another.")


def _check_record(doc: Document, trusted: bool, at_most: int | None) -> None:
    found = _RECORD_ID.fullmatch(doc["_id"])
    if found is None:
        raise Forbidden("The id of a record is 'record:<form>:<ULID>'.")
    if doc.get("form") != found[1]:
        raise Forbidden("The record's form is not the one that its id names.")
    if "_attachments" in doc:
        raise Forbidden("A record carries no attachments; pictures travel as media documents.")
    if not _is_version(doc.get("version")):
        raise Forbidden("The record's version must be a positive integer.")
    edits = doc.get("edits")
    if not isinstance(edits, list) or not edits:
        raise Forbidden("A record holds at least one edit.")
    length = _length(doc) if at_most is None or at_most > EDIT_BYTES else at_most
    for edit in edits:
        _check_edit(edit, trusted)
        # An edit is no longer than the record: most need not be measured.
        if length > EDIT_BYTES:
            _require(_length(edit) <= EDIT_BYTES, f"An edit may have {EDIT_BYTES} bytes at most.")
    if length > RECORD_BYTES and not trusted:  # a merge may be longer than each of its leaves
        raise Forbidden(f"A record may have {RECORD_BYTES} bytes at most.")
    if doc.get("_deleted") is not True and not isinstance(doc.get("answers"), dict):
        raise Forbidden("The record's answers must be an object.")


def _check_report(doc: Document) -> None:
    """What a device says of itself. Which device writes here nobody can tell; a team can only speak of itself."""
    found = _REPORT_ID.fullmatch(doc["_id"])
    _require(found is not None and doc.get("device") == found[1], "The id of a report is 'report:<device>'.")
    _require("_attachments" not in doc, "A report carries no attachments.")
    _require(_length(doc) <= REPORT_BYTES, f"A report may have {REPORT_BYTES} bytes at most.")


def _check_nothing_is_missing(doc: Document, old: Document) -> None:
    """Edits are only ever added. Where the revision before is not at hand, intake puts back what is missing."""
    before = old.get("edits") if old.get("type") == "record" else None
    if not isinstance(before, list):
        return
    kept = {edit["id"] for edit in doc["edits"]}
    for edit in before:
        here = not isinstance(edit, dict) or not isinstance(edit.get("id"), str) or edit["id"] in kept
        _require(here, "An edit that this record held is missing; edits are only ever added.")


def _check_nothing_is_erased(doc: Document, old: Document | None) -> None:
    """A hub passes on what the office has erased, and erases nothing itself: nobody could bring it back."""
    stubs = [edit for edit in doc["edits"] if "erased" in edit and isinstance(edit["erased"], str)]
    before = old.get("edits") if stubs and old is not None else None
    for stub in stubs:
        _require(isinstance(before, list) and stub in before, "An edit is erased by the office alone.")


def _check_edit(edit: Any, trusted: bool) -> None:
    if not isinstance(edit, dict):
        raise Forbidden("Each edit is an object.")
    if isinstance(edit.get("erased"), str):
        _check_erased(edit, trusted)
        return
    for name in _EDIT_TEXTS:
        text = edit.get(name)
        if not isinstance(text, str) or not 0 < len(text) <= ID_CHARACTERS:
            raise Forbidden(f"Each edit has a text '{name}'.")
    if not (edit["id"].isascii() and edit["id"].isprintable()):
        raise Forbidden("An edit's id is plain ASCII text.")
    if _AT.fullmatch(edit["at"]) is None:
        raise Forbidden("An edit's 'at' is not a time of a hybrid clock.")
    if not _is_version(edit.get("version")):
        raise Forbidden("An edit's version must be a positive integer.")
    if edit.get("note") is not None and not isinstance(edit["note"], str):
        raise Forbidden("An edit's note is text or null.")
    _check_paths(edit)


def _check_erased(edit: Document, trusted: bool) -> None:
    _require(trusted, "An edit is erased by the office or a hub, not by a tablet.")
    _require(set(edit) == {"id", "at", "erased"}, "An erased edit keeps id and at.")
    _require(isinstance(edit["id"], str) and isinstance(edit["at"], str), "An erased edit keeps id and at.")


def _check_paths(edit: Document) -> None:
    set_, unset, seen = edit.get("set"), edit.get("unset"), edit.get("seen")
    if not isinstance(set_, dict):
        raise Forbidden("An edit's 'set' is an object of paths.")
    if not _are_texts(unset):
        raise Forbidden("An edit's 'unset' is a list of paths.")
    if not isinstance(seen, dict):
        raise Forbidden("An edit's 'seen' is an object of paths.")
    for paths in (set_, unset, seen):
        if paths and not _PATHS.issuperset(paths):
            _check_each_path(paths)
    if seen and not all(map(_are_texts, seen.values())):
        raise Forbidden("'seen' lists the ids of edits.")


def _check_each_path(paths: Collection[str]) -> None:
    wrong = next((path for path in paths if _PATH.fullmatch(path) is None), None)
    if wrong is not None:
        raise Forbidden(f"'{wrong[:80]}' is not the path of a field.")
    _PATHS.learn(paths)


def _check_media(doc: Document, old: Document | None, user: UserContext, team: object) -> None:
    if doc.get("_deleted") is True:
        _require(user.is_admin, "Pictures are not deleted here.")
        return
    _require(doc.get("type") == "media", "This database holds documents of the type media.")
    _check_team(doc, team)
    # Its name is the digest of its bytes: there is nothing to change, and nobody may put another's out of sight.
    _require(user.is_admin or old is None or old.get("_deleted") is True, "A picture is never replaced by another.")
    _require(_MEDIA_ID.fullmatch(doc["_id"]) is not None, "The id of a media document is 'media:<sha256>'.")
    files = doc.get("_attachments")
    _require(isinstance(files, dict) and list(files) == ["file"], "A media document has one attachment, named 'file'.")


def _is_version(value: object) -> bool:
    if type(value) is int:  # not a bool, which is an int too
        return 0 < value <= VERSION_MOST
    return type(value) is float and 0 < value <= VERSION_MOST and value % 1 == 0


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and (not value or all(isinstance(item, str) for item in value))


def _length(value: Any) -> int:
    try:
        return len(orjson.dumps(value))
    except TypeError:
        raise Forbidden("A record holds text that is no Unicode, or is nested too deep.") from None
