"""What keeps a database small: compaction, purging, and how much history is remembered."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from sync.embedded import kept
from sync.embedded.files import File, alone, connect, remove
from sync.embedded.tree import Tree
from sync.store import BadRequest

MOST_REVISIONS = 1_000_000
DEFAULTS = {"revs_limit": 1000, "purged_infos_limit": 1000}
"""The second: how many purges a CouchDB remembers for its replicas. There are none here, so it is kept and not used."""


def compact(file: File) -> None:
    """Forget the bodies of revisions that are no leaves and attachments that nothing names, and give the space back."""
    with file.writing() as connection:
        connection.execute(_LEAVES_ALONE)
        connection.execute(
            "DELETE FROM body WHERE number NOT IN (SELECT kept.value FROM doc, json_each(doc.bodies) AS kept)"
        )
        forget_attachments(connection)
    give_back(file)


_LEAVES_ALONE = """
UPDATE doc SET bodies = (
    SELECT json_group_object(kept.key, kept.value) FROM json_each(doc.bodies) AS kept
    WHERE kept.key IN (SELECT leaf.key FROM json_each(doc.leaves) AS leaf)
) WHERE EXISTS (
    SELECT 1 FROM json_each(doc.bodies) AS kept
    WHERE kept.key NOT IN (SELECT leaf.key FROM json_each(doc.leaves) AS leaf)
)
"""


def forget_attachments(connection: sqlite3.Connection) -> None:
    """Attachments that no kept revision names any more."""
    connection.execute(
        "DELETE FROM blob WHERE digest NOT IN (SELECT json_extract(stub.value, '$.digest')"
        " FROM body, json_each(body.attachments) AS stub WHERE body.attachments IS NOT NULL)"
    )
    connection.execute("DELETE FROM chunk WHERE digest NOT IN (SELECT digest FROM blob)")


def give_back(file: File) -> None:
    """Hand unused pages back to the file system. Where somebody reads or writes just then, the next time does it."""
    connection = connect(file.path)  # one that no unfinished reading of this thread hinders
    try:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL):
            raise
    finally:
        connection.close()


def sizes(file: File) -> dict[str, int]:
    """Bytes: of the file with its log, and of the pages in use. What the contents alone would take is not counted."""
    connection = file.connection()
    [page], [pages], [unused] = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_size", "page_count", "freelist_count")
    )
    log = file.path.with_name(f"{file.path.name}-wal")
    whole = file.path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    active = page * (pages - unused)
    return {"file": whole, "external": active, "active": active}


def purge(file: File, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Take leaves out of documents as if they had never been; returns those that were there, by document.

    A document whose last leaf goes is gone, and no feed tells of it. Source: CouchDB's `_purge`.
    """
    with file.writing() as connection:
        purged = {doc_id: _purge_one(connection, doc_id, revs) for doc_id, revs in wanted.items()}
        if any(purged.values()):
            times = _number(connection, "purge_seq", 0) + 1
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('purge_seq', ?)", (times,))
    if any(purged.values()):
        with alone(file.path.parent):
            remove(file.lookup)  # no change tells an index to forget the values of what is gone
    return purged


def purge_seq(file: File) -> int:
    """How many times something was purged."""
    return _number(file.connection(), "purge_seq", 0)


def limit(file: File, name: str) -> int:
    """What `name` is set to."""
    return _number(file.connection(), name, DEFAULTS[name])


def set_limit(file: File, name: str, limit: object) -> None:
    """Set `revs_limit` or `purged_infos_limit`. Raises `BadRequest`. Trees are cut when they are next written."""
    if not isinstance(limit, int) or isinstance(limit, bool) or not 0 < limit <= MOST_REVISIONS:
        raise BadRequest(f"{name} must be a whole number from 1 to {MOST_REVISIONS}.")
    with file.writing() as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, limit))


def _number(connection: sqlite3.Connection, key: str, default: int) -> int:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return int(row[0]) if row else default


def _purge_one(connection: sqlite3.Connection, doc_id: str, revs: Sequence[str]) -> list[str]:
    row = connection.execute(f"SELECT deleted, {kept.TREE} FROM doc WHERE id = ?", (doc_id,)).fetchone()  # noqa: S608
    if row is None:
        return []
    tree = kept.tree_of(row[1:])
    purged = [rev for rev in dict.fromkeys(revs) if rev in tree.leaves]
    if not purged:
        return []
    gone = [(number,) for rev in purged for number in tree.cut(rev)]
    connection.executemany("DELETE FROM body WHERE number = ?", gone)
    _count(connection, row[0], -1)
    connection.execute("DELETE FROM doc WHERE id = ?", (doc_id,))
    if tree.leaves:
        _put_back(connection, doc_id, tree)
    return purged


def _put_back(connection: sqlite3.Connection, doc_id: str, tree: Tree) -> None:
    """What is left of a document is a change: followers learn of its new winner."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'seq'")
    kept.keep_documents(connection, [kept.row(_number(connection, "seq", 0), doc_id, tree)])
    _count(connection, tree.leaves[tree.winner()], 1)


def _count(connection: sqlite3.Connection, deleted: bool, step: int) -> None:
    connection.execute("UPDATE meta SET value = value + ? WHERE key = ?", (step, "dead" if deleted else "live"))
