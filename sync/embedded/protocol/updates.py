"""`_db_updates`: which databases were made, changed or removed."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, g, request

from sync.embedded.protocol import answer, feeds
from sync.embedded.protocol.changes import LONGEST_WAIT_SECONDS, STAYING
from sync.store import BadRequest, Seq, Update, Updates


def db_updates() -> Response:
    """What became of the databases after `since`, which is from now on where the feed waits."""
    feed = request.args.get("feed", "normal")
    if feed not in ("normal", "longpoll", *STAYING):
        raise BadRequest("The feeds are normal, longpoll, continuous and eventsource.")
    store, limit, given = g.store, answer.number("limit"), request.args.get("since")
    since: Seq = store.updates("now").last_seq if given == "now" else given or 0

    def look(place: Seq, wait: float) -> Updates:
        found: Updates = store.updates(place, limit=limit, wait=wait)
        return found

    if feed in STAYING:
        look(since, 0.0)
        waits, shape = feeds.Waits.asked(_timeout), feeds.SHAPES[feed]
        told = feeds.stream(look, since, limit, waits, shape, _row)
        return Response(told, content_type=shape.content_type, headers={"Cache-Control": "no-cache"})
    page = look(since, _timeout() if feed == "longpoll" else 0.0)
    rows = [_row(update) for update in page.results]
    return Response(orjson.dumps({"results": rows, "last_seq": page.last_seq}) + b"\n", content_type=answer.JSON)


def _row(update: Update) -> dict[str, Any]:
    return {"db_name": update.name, "type": update.kind, "seq": update.seq}


def _timeout() -> float:
    return min(LONGEST_WAIT_SECONDS, (answer.number("timeout", int(LONGEST_WAIT_SECONDS * 1000)) or 0) / 1000)
