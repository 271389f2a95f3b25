"""Who first gave a value: the walk from an edit back through what it has seen, while the value stays the same.

A decision that is taken back sets each value again by an edit of the office; the value is still that of whoever gave
it. The twin is `core/origin.js`; `tests/vectors/origin.json` holds both to the same answers.
"""

from __future__ import annotations

from collections.abc import Iterable

from sync.edits import Edit, same
from sync.heads import Head, is_row


def origin_of(path: str, head: Head, edits: Iterable[Edit]) -> Head:
    """The head as its first author gave it: of all edits with this value that can be reached, the oldest.

    `edits` are those in force, as the form version reads them. A value that was given anew after another one is its
    latest giver's.
    """
    by_id = {edit["id"]: edit for edit in edits}
    if head.edit_id not in by_id:
        return head
    reached, todo = {head.edit_id}, [head.edit_id]
    while todo:
        for name in by_id[todo.pop()]["seen"].get(path, ()):
            if name in by_id and name not in reached and _gives(by_id[name], path, head):
                reached.add(name)
                todo.append(name)
    first = min((by_id[name] for name in reached), key=lambda edit: (edit["at"], edit["id"]))
    by, device = first.get("by"), first.get("device")
    return head._replace(
        edit_id=first["id"],
        at=first["at"],
        by=by if isinstance(by, str) else "",
        device=device if isinstance(device, str) else "",
        version=first["version"],
    )


def _gives(edit: Edit, path: str, head: Head) -> bool:
    """Whether an edit gives a path the value of this head, or takes it away where the head does."""
    value = edit["set"].get(path)
    if value is None:
        return not head.present and (path in edit["set"] or path in edit["unset"])
    return head.present and (is_row(path) or same(value, head.value))
