"""One record's verdict: which edits count, what they amount to, and the receipt that says so."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.answers import Problem
from schemas.files import files_named
from schemas.form import Form
from schemas.identity import Part, identity
from schemas.messages import text
from schemas.summary import summary
from sync.edits import Edit, content, contested, edit_digest, edits_digest, in_force, well_formed
from sync.forms import FormLibrary
from sync.merge import DRAFT, Collision, Folded, fold
from sync.record import derive
from sync.signature import verify_edit
from sync.state import WITHDRAWN
from sync.store import Document

ACCEPTED, RETURNED, HELD = "accepted", "returned", "held"
UNKNOWN_VERSION, UNKNOWN_DEVICE, UNJUDGEABLE = "unknown_version", "unknown_device", "unjudgeable"
BAD_SIGNATURE, WRONG_AUTHOR, CONTESTED = "bad_signature", "wrong_author", "contested"
REVOKED_DEVICE = "revoked_device"
EDIT_FAULTS = frozenset({UNKNOWN_DEVICE, BAD_SIGNATURE, WRONG_AUTHOR, CONTESTED, REVOKED_DEVICE})
"""Problems that are about an edit and not about what the record says."""
VERIFIED_CACHE = 200_000
JOINT = {
    "case": re.compile(r"duplicate-[0-9a-f]{20}"),
    "team": re.compile(r"[a-z][a-z0-9-]{0,30}"),
    "record": re.compile(r"record:[a-z][a-z0-9-]{0,60}:[0-9A-HJKMNP-TV-Z]{26}"),
}
"""What the office writes at `/_joined`: the case that it settled, and the record that stays."""
ERRORS_TOLD = 500
"""A receipt that named thousands of mistakes could not be stored, and nobody could read it."""


@dataclass(frozen=True)
class Judged:
    """Everything that is known of one record after a verdict: what a projection stores.

    `answers` are the judge's own, `problems` what is wrong with them, `collisions` what a person must decide; `read`
    are the edits in force as the form version reads them, `invalid_edits` why an edit does not count, by its digest;
    `label` the record's summary per language; `differing` the top-level fields whose answers the document caches
    otherwise than the judge has them (law 14); `identity` what the record is about, by its form; `joined` the record
    that the office has joined it into; `by_time` the collisions that the clocks have settled; `media` the digests of
    the files that the answers name; `lost` the ids of edits that no leaf had any more and that are put back, `fresh`
    the edits that came instead.
    """

    record_id: str
    mailbox: str
    team: str
    form: str
    version: int
    rev: str
    state: str
    answers: Mapping[str, Any]
    verdict: str
    reason: str | None
    problems: tuple[Problem, ...]
    collisions: tuple[Collision, ...]
    edits: Sequence[Any]
    read: Sequence[Edit]
    invalid_edits: Mapping[str, str]
    receipt: Document
    task: str | None
    label: Mapping[str, str]
    at: str
    differing: tuple[str, ...] = ()
    identity: tuple[Part, ...] = ()
    joined: Mapping[str, str] | None = None
    by_time: tuple[Collision, ...] = ()
    media: tuple[str, ...] = ()
    lost: Collection[str] = ()
    fresh: Sequence[Any] = ()


class Judge:
    """Judges records under one name (`office`, or a hub's)."""

    def __init__(self, library: FormLibrary, name: str) -> None:
        self._library = library
        self.name = name
        self._verified: OrderedDict[tuple[str, str], bool] = OrderedDict()

    def form_of(self, body: Document, edits: Sequence[Any]) -> Form | None:
        """The form version that a record is judged by: the greatest of its edits in force (law 12)."""
        return self._form_of(body, edits, self.faults(body["_id"], edits))

    def _form_of(self, body: Document, edits: Sequence[Any], faults: Mapping[str, str]) -> Form | None:
        form_id = body.get("form")
        counted = in_force(edits, faults) or in_force(edits)
        version = max((edit["version"] for edit in counted), default=0)
        return self._library.form(form_id, version) if isinstance(form_id, str) else None

    def faults(self, record_id: str, edits: Sequence[Any]) -> dict[str, str]:
        """Why edits do not count, by digest.

        Their device is not known, did not sign them, is not their author's, or was revoked before they came.

        Every copy is looked at, so that a forged one can neither stand in for the edit that it imitates nor contest it.
        """
        found = {}
        for edit in well_formed(edits):
            digest = edit_digest(edit)
            fault = self._fault(record_id, edit, digest)
            if fault is not None:
                found[digest] = fault
        return found

    def _fault(self, record_id: str, edit: Edit, digest: str) -> str | None:
        device = self._library.device(str(edit.get("device", "")))
        if device is None:
            return UNKNOWN_DEVICE
        key = (record_id, digest)
        if key not in self._verified:
            self._verified[key] = verify_edit(record_id, edit, device.jwk)
            if len(self._verified) > VERIFIED_CACHE:
                self._verified.popitem(last=False)
        if not self._verified[key]:
            return BAD_SIGNATURE
        if not device.speaks_for(edit.get("by")):
            return WRONG_AUTHOR
        return None if device.may_have_made(digest) else REVOKED_DEVICE

    def judge(self, mailbox: str, winner: Document, edits: Sequence[Any]) -> Judged:
        """The verdict on a record that holds these edits."""
        record_id = winner["_id"]
        faults = self.faults(record_id, edits)
        form = self._form_of(winner, edits, faults)
        if form is None:
            return self._held(mailbox, winner, edits, faults, UNKNOWN_VERSION)
        derived = derive(edits, form, excluded=faults)
        problems = (*_edit_problems(edits, faults), *derived.judgement.problems)
        if UNKNOWN_DEVICE in faults.values():
            verdict, reason = HELD, UNKNOWN_DEVICE
        elif REVOKED_DEVICE in faults.values() and not in_force(edits, faults):
            verdict, reason = HELD, REVOKED_DEVICE
        else:
            verdict, reason = (RETURNED if problems else ACCEPTED), None
        answers, folded = derived.judgement.answers, derived.folded
        label = summary(form, answers, self._library.entity_name)
        return self._judged(
            mailbox,
            winner,
            edits,
            faults,
            folded,
            answers=answers,
            problems=problems,
            verdict=verdict,
            reason=reason,
            label=label,
            differing=() if faults else _differing(winner, edits, answers),
            identity=identity(form, answers),
            joined=self._joined(folded),
            media=files_named(form, answers),
        )

    def _joined(self, folded: Folded) -> Mapping[str, str] | None:
        """Where the office says that it has joined a withdrawn record into another. A tablet's word is none."""
        head = folded.joined
        if head is None or folded.state != WITHDRAWN or not isinstance(head.value, dict):
            return None
        device = self._library.device(head.device)
        if device is None or not device.speaks_for_all or not JOINT.keys() <= head.value.keys():
            return None
        found = {name: head.value[name] for name in JOINT}
        if not all(isinstance(found[name], str) and JOINT[name].fullmatch(found[name]) for name in JOINT):
            return None
        return found | {"edit": head.edit_id}

    def _held(
        self, mailbox: str, winner: Document, edits: Sequence[Any], faults: Mapping[str, str], reason: str
    ) -> Judged:
        folded = fold(edits, None, excluded=faults)
        return self._judged(
            mailbox,
            winner,
            edits,
            faults,
            folded,
            answers=folded.values,
            problems=(),
            verdict=HELD,
            reason=reason,
            label={},
        )

    def set_aside(self, mailbox: str, winner: Document, edits: Sequence[Any]) -> Judged:
        """The verdict on a record that this program trips over: held, so that all others go on."""
        nothing = Folded({}, DRAFT, 0, {}, (), "")
        return self._judged(
            mailbox,
            winner,
            edits,
            {},
            nothing,
            answers={},
            problems=(),
            verdict=HELD,
            reason=UNJUDGEABLE,
            label={},
        )

    def _judged(
        self,
        mailbox: str,
        winner: Document,
        edits: Sequence[Any],
        faults: Mapping[str, str],
        folded: Folded,
        *,
        answers: Mapping[str, Any],
        problems: tuple[Problem, ...],
        verdict: str,
        reason: str | None,
        label: Mapping[str, str],
        differing: tuple[str, ...] = (),
        identity: tuple[Part, ...] = (),
        joined: Mapping[str, str] | None = None,
        media: tuple[str, ...] = (),
    ) -> Judged:
        record_id, team = winner["_id"], mailbox.removeprefix("mailbox-")
        form, task = winner.get("form"), winner.get("task")
        receipt = {
            "_id": f"receipt:{record_id}:{self.name}",
            "type": "receipt",
            "team": team,
            "record": record_id,
            "judge": self.name,
            "verdict": verdict,
            "reason": reason,
            "digest": edits_digest(edits),
            "form": form if isinstance(form, str) else "",
            "version": folded.version,
            "errors": [problem.as_json() for problem in problems[:ERRORS_TOLD]],
            "collisions": [collision.path for collision in folded.collisions[:ERRORS_TOLD]],
        }
        if len(problems) > ERRORS_TOLD:
            receipt["errors_in_all"] = len(problems)
        return Judged(
            record_id,
            mailbox,
            team,
            receipt["form"],
            folded.version,
            winner["_rev"],
            folded.state,
            answers,
            verdict,
            reason,
            problems,
            folded.collisions,
            edits,
            folded.edits,
            faults,
            receipt,
            task if isinstance(task, str) else None,
            label,
            folded.at,
            differing,
            identity,
            joined,
            folded.by_time,
            media,
        )


def _differing(winner: Document, edits: Sequence[Any], answers: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that the document caches differently; none where it does not hold these very edits."""
    cached, own = winner.get("answers"), winner.get("edits")
    if not isinstance(cached, dict) or not isinstance(own, list) or len(own) != len(edits):
        return ()
    if content(cached) == content(dict(answers)):
        return ()
    names = sorted(cached.keys() | answers.keys())
    return tuple(name for name in names if content(cached.get(name)) != content(answers.get(name)))


def _edit_problems(edits: Sequence[Any], faults: Mapping[str, str]) -> tuple[Problem, ...]:
    """Edits that do not count, as far as the team has to know; of those of a revoked device the office decides."""
    theirs = {digest: fault for digest, fault in faults.items() if fault != REVOKED_DEVICE}
    wrong = [(edit, edit_digest(edit)) for edit in well_formed(edits)] if theirs else []
    found = {(edit["id"], theirs[digest]) for edit, digest in wrong if digest in theirs}
    found |= {(edit, CONTESTED) for edit in contested(edits, faults)}
    return tuple(
        Problem(path="", code=code, params={"edit": edit}, label={}, message=text(code, edit=edit))
        for edit, code in sorted(found)
    )
