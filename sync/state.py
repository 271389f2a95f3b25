"""The rule of a record's state (law 5): what several states at once amount to. The twin is `core/state.js`.

States are not opinions about one thing but steps of one way, so that most of what meets is progress and asks nobody:

- draft against anything else: the other, since a draft is only not sent yet;
- submitted against returned: returned, since the submission does not answer what the office wants mended;
- submitted against approved: submitted, since what was approved is not what was handed in meanwhile;
- returned against approved: two people of the office differ; a person decides;
- withdrawn against anything that it has not seen: a person decides, and meanwhile the record stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from sync.edits import Edit
from sync.heads import Head

STATE = "/_state"
DRAFT, SUBMITTED, RETURNED, APPROVED, WITHDRAWN = STATES = ("draft", "submitted", "returned", "approved", "withdrawn")
JOINED = "/_joined"
"""Names the record that a withdrawn one was joined into; the office's own."""

Heads = Mapping[str, tuple[Head, ...]]


def state_of(heads: Heads, edits: Mapping[str, Edit]) -> tuple[str, tuple[Head, ...]]:
    """The state in force, and the heads of a collision, oldest first; none where nothing has to be decided.

    `edits` are those in force, by id.
    """
    standing = heads.get(STATE, ())
    withdrawn = [head for head in standing if value_of(head) == WITHDRAWN]
    if not withdrawn:
        return _progress([value_of(head) for head in standing]), _differing(standing)
    wanting = [head for head in standing if head not in withdrawn] + _unseen(heads, withdrawn, edits)
    if not wanting:
        return WITHDRAWN, ()
    return _progress([value_of(head) for head in wanting]), tuple(
        sorted([*withdrawn, *wanting], key=attrgetter("rank"))
    )


def everything_seen(heads: Heads) -> list[str]:
    """What a withdrawal lists as seen at the path of the state: every edit that has a value in force."""
    first = [head.edit_id for head in heads.get(STATE, ())]
    return list(dict.fromkeys([*first, *sorted({head.edit_id for found in heads.values() for head in found})]))


def value_of(head: Head) -> str:
    """The state that a head stands for; what is none counts as a draft."""
    return head.value if head.present and head.value in STATES else DRAFT


def _progress(values: Iterable[str]) -> str:
    """The state that these amount to. Where a person has to decide, returned: it promises least."""
    found = set(values)
    for state in (RETURNED, SUBMITTED, APPROVED):
        if state in found:
            return state
    return DRAFT


def _differing(heads: Sequence[Head]) -> tuple[Head, ...]:
    """The heads, where two people of the office differ."""
    return tuple(heads) if {RETURNED, APPROVED} <= {value_of(head) for head in heads} else ()


def _unseen(heads: Heads, withdrawn: Sequence[Head], edits: Mapping[str, Edit]) -> list[Head]:
    """The heads of other paths that no withdrawal knew of, and whose edits knew of none: once for each edit."""
    away = [edits[head.edit_id] for head in withdrawn]
    known = _reached(away, _seen_of(edits)) | _reached(away, _seers_of(edits))
    known |= {name for name, edit in edits.items() if any(_same_device(edit, each) for each in away)}
    unseen = {head.edit_id: head for path, found in heads.items() if path != STATE for head in found}
    for name in heads.get(STATE, ()):
        unseen.pop(name.edit_id, None)
    return [head._replace(value=SUBMITTED, present=True) for name, head in sorted(unseen.items()) if name not in known]


def _seen_of(edits: Mapping[str, Edit]) -> Mapping[str, set[str]]:
    """What each edit has seen, at whatever path."""
    return {
        name: {seen for ids in edit["seen"].values() for seen in ids if seen in edits} for name, edit in edits.items()
    }


def _seers_of(edits: Mapping[str, Edit]) -> Mapping[str, set[str]]:
    """Which edits have seen each."""
    found: dict[str, set[str]] = {name: set() for name in edits}
    for name, seen in _seen_of(edits).items():
        for each in seen:
            found[each].add(name)
    return found


def _reached(from_: Iterable[Edit], links: Mapping[str, set[str]]) -> set[str]:
    """All that these edits lead to, directly or through others; they themselves too."""
    reached = {edit["id"] for edit in from_}
    todo = [*reached]
    while todo:
        fresh = links[todo.pop()] - reached
        reached |= fresh
        todo += fresh
    return reached


def _same_device(one: Edit, other: Edit) -> bool:
    """A device knows what it wrote itself."""
    device = one.get("device")
    return isinstance(device, str) and other.get("device") == device
