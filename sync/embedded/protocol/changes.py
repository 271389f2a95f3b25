"""The changes feed: at once, when something happens (longpoll), or one that stays open."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import orjson
from flask import Response, g, request

from sync.embedded.database import EmbeddedDatabase
from sync.embedded.protocol import answer, feeds
from sync.embedded.protocol.answer import NotAcceptable
from sync.embedded.protocol.bulk import list_of
from sync.embedded.protocol.reading import inline
from sync.embedded.protocol.waiting import LOT, THREADS, Place
from sync.embedded.serving.feed import PARKING, Feed
from sync.store import BadRequest, Change, Changes, Seq

STAYING = ("continuous", "eventsource")
LONGEST_WAIT_SECONDS = 60.0
LEAST_HEARTBEAT_MILLISECONDS = 1_000
LISTEN_SECONDS = 10.0
"""How often a waiting feed finds out that nobody listens any more."""


class Look(Protocol):
    """Reads the feed after a place, waiting for so many seconds where there is nothing."""

    def __call__(self, since: Seq, wait: float) -> Changes: ...


def changes(database: str) -> Response:
    """What changed after `since`."""
    feed = request.args.get("feed", "normal")
    if feed not in ("normal", "longpoll", "continuous", "eventsource"):
        raise BadRequest("The feeds are normal, longpoll, continuous and eventsource.")
    if feed in STAYING and not g.whole:
        raise NotAcceptable("The feeds are normal and longpoll here; one that stays open would outlive its sign-in.")
    body = answer.body_object() if request.method == "POST" and request.content_length else {}
    since = _since()
    look, key = _looker(g.database, body)
    if feed == "normal":
        return _page(look(since, 0.0))
    return _staying(look, since, feed) if feed in STAYING else _longpoll(look, since, key)


def _since() -> Seq:
    since = request.args.get("since") or request.headers.get("Last-Event-ID") or "0"
    return g.database.info().update_seq if since == "now" else since


def _looker(database: EmbeddedDatabase, body: Mapping[str, Any]) -> tuple[Look, Hashable]:
    """What reads the feed as the request's parameters say, and a key: feeds with the same one read the same."""
    include_docs, limit, descending = answer.flag("include_docs"), answer.number("limit"), answer.flag("descending")
    style = request.args.get("style", "main_only")
    if style not in ("main_only", "all_docs"):
        raise BadRequest("style must be main_only or all_docs.")
    selector = _selector(body)

    def look(since: Seq, wait: float) -> Changes:
        return database.changes(
            since,
            limit=limit,
            include_docs=include_docs,
            all_leaves=style == "all_docs",
            wait=wait,
            selector=selector,
            descending=descending,
        )

    answer.number("seq_interval", least=1)
    conflicts, attached = answer.flag("conflicts"), answer.flag("attachments")
    chosen = orjson.dumps(selector, option=orjson.OPT_SORT_KEYS)
    key = (database.path, include_docs, limit, style, descending, conflicts, attached, chosen)
    more = include_docs and (conflicts or attached)
    return _completed(look, database, conflicts, attached) if more else look, key


def _completed(look: Look, database: EmbeddedDatabase, conflicts: bool, attached: bool) -> Look:
    """Documents of the feed with their conflicts or the bytes of their attachments."""

    def complete(change: Change) -> Change:
        doc = change.doc
        assert doc is not None
        if conflicts and "_deleted" not in doc:
            doc = database.get(change.id, doc["_rev"], conflicts=True)
        if attached:
            inline(doc, database=database)
        return replace(change, doc=doc)

    def looked(since: Seq, wait: float) -> Changes:
        page = look(since, wait)
        return replace(page, results=tuple(map(complete, page.results)))

    return looked


def _selector(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    kind = request.args.get("filter")
    if kind is None or kind == "":
        return None
    if kind == "_selector":
        selector = body.get("selector", answer.parameter("selector"))
        if not isinstance(selector, Mapping):
            raise BadRequest("filter=_selector needs a selector.")
        return selector
    if kind == "_doc_ids":
        ids = body.get("doc_ids", answer.parameter("doc_ids"))
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise BadRequest("filter=_doc_ids needs doc_ids, a list of text.")
        return {"_id": {"$in": list_of(ids, "doc_ids")}}
    if kind == "_design":
        return {"_id": {"$beginsWith": "_design/"}}
    raise NotAcceptable("Filters written in JavaScript are not run here; use a selector or doc_ids.")


def _page(page: Changes) -> Response:
    return Response(b"".join(_bytes(page)), content_type=answer.JSON)


def _bytes(page: Changes) -> Iterator[bytes]:
    yield b'{"results":['
    yield b",\n".join(map(_row, page.results))
    yield b'],"last_seq":' + orjson.dumps(page.last_seq) + b',"pending":' + orjson.dumps(page.pending) + b"}\n"


def _row(change: Change) -> bytes:
    return orjson.dumps(row_of(change))


def row_of(change: Change) -> dict[str, Any]:
    """A change as the feed tells it."""
    row: dict[str, Any] = {"seq": change.seq, "id": change.id, "changes": [{"rev": rev} for rev in change.revs]}
    if change.deleted:
        row["deleted"] = True
    if change.doc is not None:
        row["doc"] = change.doc
    return row


def _longpoll(look: Look, since: Seq, key: Hashable) -> Response:
    seconds, heartbeat = _seconds_left(), _heartbeat()
    page = look(since, 0.0)  # what is wrong with the request is told before the answer begins
    if page.results:
        return _page(page)
    parking = request.environ.get(PARKING)
    if parking is None:
        place = THREADS.enter(g.user.name)
        waiting = _waiting(look, page.last_seq, seconds, heartbeat, _still(place, g.admits()))
        response = Response(waiting, content_type=answer.JSON)
        response.call_on_close(place.leave)
        return response
    place = LOT.enter(g.user.name)
    parking.append(
        Feed(
            database=g.database,
            key=key,
            look=partial(look, wait=0.0),
            render=lambda page: b"".join(_bytes(page)),
            leave=place.leave,
            admits=_still(place, g.admits()),
            since=page.last_seq,
            ends=time.monotonic() + seconds,
            heartbeat=heartbeat,
        )
    )
    return Response(iter(()), content_type=answer.JSON)  # the server sends the head, and the rest when there is news


def _still(place: Place, admits: Callable[[], bool]) -> Callable[[], bool]:
    """Whether a feed may go on: it has its place, and its client is let in (law 28)."""
    return lambda: not place.given_up and admits()


def _seconds_left() -> float:
    timeout = (answer.number("timeout", int(LONGEST_WAIT_SECONDS * 1000)) or 0) / 1000
    expiry = g.expires_at() if g.expires_at is not None else None
    left = LONGEST_WAIT_SECONDS if expiry is None else expiry - time.time()
    return max(0.0, min(timeout, LONGEST_WAIT_SECONDS, left))


def _heartbeat() -> float:
    if request.args.get("heartbeat") in ("true", "false"):
        return LISTEN_SECONDS
    given = answer.number("heartbeat")
    return min(LISTEN_SECONDS, max(given, LEAST_HEARTBEAT_MILLISECONDS) / 1000) if given else LISTEN_SECONDS


def _waiting(look: Look, since: Seq, seconds: float, heartbeat: float, admits: Callable[[], bool]) -> Iterator[bytes]:
    """A line break at every heartbeat, so that neither end takes the other for gone; then the page.

    Who is not let in any more, or has given up the place, is told nothing more.
    """
    end = time.monotonic() + seconds
    page = partial(look, since)
    while True:
        left = end - time.monotonic()
        found = page(min(left, heartbeat))
        if not admits():
            yield from _bytes(Changes((), since))
            return
        if found.results or left <= heartbeat:
            yield from _bytes(found)
            return
        page = partial(look, found.last_seq)
        yield b"\n"


def _staying(look: Look, since: Seq, feed: str) -> Response:
    """A feed that stays open: rows as they happen, until `limit`, `timeout` or the end of the sign-in."""
    waits = feeds.Waits.asked(_seconds_left)
    look(since, 0.0)  # what is wrong with the request is told before the answer begins
    place = THREADS.enter(g.user.name)
    shape = feeds.SHAPES[feed]
    told = feeds.stream(look, since, answer.number("limit"), waits, shape, row_of, lambda: place.given_up)
    response = Response(told, content_type=shape.content_type, headers={"Cache-Control": "no-cache"})
    response.call_on_close(place.leave)
    return response
