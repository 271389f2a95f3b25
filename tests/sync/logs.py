"""Hypothesis strategies of edit logs: what replicas write that have seen each other or not, and what nobody should."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from sync.edits import Edit
from sync.merge import fold, union
from sync.record import new_edit
from sync.signature import generate_key, sign_edit

RECORD = "record:policies:01JDA000000000000000000001"
ROWS = [f"/rows/01JDA00000000000000000000{number}" for number in (1, 2)]
PART = f"{ROWS[0]}/parts/01JDA000000000000000000003"
KEY = generate_key()

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "/_state": st.sampled_from(["draft", "submitted", "returned", "approved", "withdrawn"]),
    "/asked": st.sampled_from(["x", "y", "检查"]),
    "/last": st.sampled_from(["x", "y"]),
    "/kinds": st.lists(st.sampled_from(["red", "green", "blue"]), unique=True),
    "/most": st.integers(-30, 30),
    "/price": st.decimals(-20, 20, places=2).map(str),
    "/cheap": st.sampled_from(["-1.5", "-1.50", "-1.25", "0", "-0", "10", "9.75"]),
    "/since": st.dates().map(str),
    "/survey/workers": st.integers(0, 5),
    PART: st.just({}),
    f"{PART}/weight": st.sampled_from(["1", "2.5"]),
    **{row: st.just({}) for row in ROWS},
    **{f"{row}/item": st.sampled_from(["a", "b"]) for row in ROWS},
}
CHANGES = st.sets(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3).flatmap(
    lambda paths: st.fixed_dictionaries({path: st.none() | VALUES[path] for path in sorted(paths)})
)
"""What one sitting sets; None takes away."""


def at(minute: int, device: str) -> str:
    """A time as tablets write it; nobody's clock has to be right."""
    return f"2026-11-23T06:{minute:02d}:00.000Z/0000/{device}"


@st.composite
def replicas(draw: Any, most: int = 6) -> list[list[Edit]]:
    """The logs of up to six replicas that wrote and met in some order, with clocks that are wrong."""
    logs: list[list[Edit]] = [[] for _ in range(draw(st.integers(2, most)))]
    which = st.integers(0, len(logs) - 1)
    for number in range(draw(st.integers(1, 10))):
        here = draw(which)
        if logs[here] and draw(st.booleans()):
            there = draw(which)
            logs[there] = union(logs[there], logs[here])
        changes, device = draw(CHANGES), f"d{here}"
        edit = new_edit(
            fold(logs[here], None),
            new_id=f"e{number:02d}",
            at=at(draw(st.integers(0, 59)), device),
            by="li.wei",
            device=device,
            app="1.0",
            version=draw(st.integers(1, 3)),
            set={path: value for path, value in changes.items() if value is not None},
            unset=[path for path, value in changes.items() if value is None],
        )
        logs[here] = union(logs[here], [{**edit, "sig": "s"}])
    return logs


def signed(edit: Edit) -> Edit:
    """An edit with the signature of the one key that these tests have."""
    return sign_edit(RECORD, {name: value for name, value in edit.items() if name != "sig"}, KEY)


NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, 1, 1.0])
TEXTS = st.text(max_size=6) | st.sampled_from(["\ud800", "x\udc00", "😀", "\uff01", "a", ""])
JUNK = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
PATHS = st.sampled_from(
    [
        *(*sorted(VALUES), "/survey", "/rows", "/", "x", "//", "/__proto__", "/constructor/x", "/😀", "/\uff01"),
        *(ROWS[0] + PART[-27:], f"{ROWS[0]}{PART[-27:]}/x"),
    ]
)
IDS = st.sampled_from(["a", "b", "c", "d", "B", ""])
TIMES = st.sampled_from(
    [at(1, "aa"), at(2, "aa"), at(2, "bb"), at(3, "aa"), "2026-02-30T06:00:00.000Z/0000/aa", "soon"]
)
SHAPED = st.fixed_dictionaries(
    {
        "id": IDS,
        "at": TIMES,
        "by": st.sampled_from(["li.wei", "zhang.min"]),
        "device": st.just("aa"),
        "app": st.just("1.0"),
        "version": st.sampled_from([1, 2, 2.0, 3]),
        "set": st.dictionaries(PATHS, JUNK | st.sampled_from(["x", 1, 1.0, True, "1.0", ["red"]]), max_size=4),
        "unset": st.lists(PATHS, max_size=2),
        "seen": st.dictionaries(PATHS, st.lists(IDS, max_size=4), max_size=4),
        "note": st.none() | TEXTS,
        "sig": st.sampled_from(["s", "t"]),
    }
)
BROKEN = st.builds(
    lambda edit, member, value: {**edit, member: value},
    SHAPED,
    st.sampled_from(["id", "at", "by", "device", "version", "set", "unset", "seen", "erased", "more"]),
    JUNK,
)
FOREIGN = st.lists(SHAPED | SHAPED | SHAPED | BROKEN | JUNK, max_size=7)
"""Logs as no tablet of ours would write them."""

_ROW = "01JDA000000000000000000001"
_PATHS_OF = {
    1: ["/name", "/left", "/right", "/points", "/reasons", "/count", "/many", "/said", f"/problems/{_ROW}"]
    + [f"/problems/{_ROW}/{below}" for below in ("due", "kind", "parts/01JDA000000000000000000003/weight")],
    2: ["/who/full_name", "/who", "/left", "/reasons", "/count", f"/findings/{_ROW}", f"/findings/{_ROW}/when/due_on"],
    3: ["/person", "/left", "/points", "/reasons", "/count", f"/findings/{_ROW}", f"/findings/{_ROW}/term/due_on"],
}
_GIVEN = st.sampled_from(
    ["x", "late", "slow", "delay", 5, -1, True, False, "5.0", "-0", "1e2", ["rain", "snow"], ["a"], [], {}, None, [1]]
)


def _of_version(version: int) -> st.SearchStrategy[Edit]:
    paths = st.sampled_from(_PATHS_OF[min(version, 3)] + ["/_state", "/__proto__"])
    return st.fixed_dictionaries(
        {
            "id": IDS,
            "at": st.builds(at, st.integers(0, 9), st.just("aa")),
            "by": st.just("li.wei"),
            "device": st.just("aa"),
            "app": st.just("1.0"),
            "version": st.just(version),
            "set": st.dictionaries(paths, _GIVEN, max_size=5),
            "unset": st.lists(paths, max_size=2),
            "seen": st.dictionaries(paths, st.lists(IDS, max_size=3), max_size=4),
            "note": st.none(),
            "sig": st.just("s"),
        }
    )


OF_VERSIONS = st.lists(st.integers(1, 4).flatmap(_of_version), max_size=6, unique_by=lambda edit: edit["id"])
"""Logs of tablets that have different versions of the form `mapped`."""
