"""The part of docs/benchmarks.md that is about the store."""

from __future__ import annotations

from tests.bench.live import Live
from tests.bench.pictures import BYTES, CLIENTS, COUNT, Pictures
from tests.bench.pictures import STEPS as PICTURE_STEPS
from tests.bench.scale import TIMES, Size
from tests.bench.store import BATCH, STEPS, Throughput

SHOWN = {
    "bulk_docs": "`_bulk_docs` with `new_edits: false`, documents/s",
    "changes": "`_changes`, rows/s",
    "bulk_get": "`_bulk_get` with `revs`, documents/s",
    "revs_diff": "`_revs_diff`, documents/s",
    "put": "single `PUT`, documents/s",
}


def throughput(found: Throughput) -> str:
    """What it does for one client, and another server in the same run."""
    lines = [
        f"One client on one connection, {found.documents:,} records of about 1 kB in batches of {BATCH}, into an",
        "empty database each round. The embedded store runs as `python -m sync.embedded` runs it: every commit is on",
        "the disk (`synchronous=FULL`) before it is answered; the gate judges every record.",
        "",
    ]
    if not found.peer:
        rows = [f"| {SHOWN[step]} | {found.median(found.embedded, step):,.0f} |" for step in STEPS]
        return "\n".join([*lines, "| | embedded store |", "|---|---:|", *rows])
    rows = []
    for step in STEPS:
        own, other = found.median(found.embedded, step), found.median(found.peer, step)
        rows.append(f"| {SHOWN[step]} | {own:,.0f} | {other:,.0f} | {own / other:.1f} |")
    return "\n".join([*lines, f"| | embedded store | {found.peer_name} | ratio |", "|---|---:|---:|---:|", *rows])


def live(plain: Live, secure: Live) -> str:
    """How a change spreads, over http and over https."""
    rows = (
        ("the median client has it after", *(f"{each.half * 1000:.0f} ms" for each in (plain, secure))),
        ("95 of 100 after", *(f"{each.most * 1000:.0f} ms" for each in (plain, secure))),
        ("all, in the median change, after", *(f"{each.all * 1000:.0f} ms" for each in (plain, secure))),
        ("an ordinary request meanwhile, median", *(f"{each.ordinary * 1000:.1f} ms" for each in (plain, secure))),
        ("memory of all processes of the store", *(f"{each.memory:.0f} MiB" for each in (plain, secure))),
    )
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"""{plain.clients:,} clients wait with a longpoll each on one embedded store, all on this machine. A change
is written; the time is from the beginning of the write until a client has the end of its feed. {plain.changes} changes.
Over https as a hub serves it, one certificate for all.

| | http | https |
|---|---:|---:|
{table}"""


def pictures(found: Pictures, peer_name: str) -> str:
    """Pictures each way, and how a change reaches live clients of PouchDB's own."""
    shown = {"push": "push", "pull": "pull", "live": f"a change reaches {CLIENTS} live clients, the median one"}
    lines = [
        f"An unmodified PouchDB pushes {COUNT} pictures of {BYTES // 1000} kB, and pulls them into an empty one; then",
        f"{CLIENTS} live clients wait for a change.",
        "",
    ]
    if not found.peer:
        rows = [f"| {shown[step]} | {found.median(found.embedded, step):.3f} s |" for step in PICTURE_STEPS]
        return "\n".join([*lines, "| | embedded store |", "|---|---:|", *rows])
    rows = []
    for step in PICTURE_STEPS:
        own, other = found.median(found.embedded, step), found.median(found.peer, step)
        rows.append(f"| {shown[step]} | {own:.3f} s | {other:.3f} s | {own / other:.2f} |")
    return "\n".join([*lines, f"| | embedded store | {peer_name} | time, ratio |", "|---|---:|---:|---:|", *rows])


def scale(few: Size, many: Size) -> str:
    """What each operation takes in a small and in a large database."""
    steps = [("opening it, in a new process", few.opening, many.opening)]
    steps += [(name, one, many.seconds[name]) for name, one in few.seconds.items()]
    rows = [
        f"| {name} | {one * 1000:.1f} ms | {other * 1000:.1f} ms | {other / one:.1f} |" for name, one, other in steps
    ]
    return "\n".join(
        [
            f"Operations in a database of {few.documents:,} and in one of {many.documents:,} records, in turns",
            f"over HTTP: the median of {TIMES}. A new connection each time, so the first operation includes it.",
            "Opening is measured without a server, with nothing of the file in memory.",
            "",
            f"| | {few.documents:,} | {many.documents:,} | ratio |",
            "|---|---:|---:|---:|",
            *rows,
            f"| a sync without news: requests | {few.requests} | {many.requests} | |",
            f"| a sync without news: bytes | {few.bytes:,} | {many.bytes:,} | |",
        ]
    )
