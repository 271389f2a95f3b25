"""A small world of tablets, hubs and an office that meet now and then: every part real, every choice from one seed."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from schemas.form import Form, compile_form, parse
from sync import gate
from sync.arrivals import File
from sync.checkpoints import Endpoint
from sync.clock import Clock
from sync.edits import edit_id, union
from sync.embedded import EmbeddedStore
from sync.embedded.database import EmbeddedDatabase
from sync.forms import FormLibrary
from sync.intake import Intake, Judged
from sync.merge import fold
from sync.receipts import with_media
from sync.record import body_of, new_edit
from sync.replicate import Replication
from sync.revisions import plan_merge
from sync.signature import device_id, generate_key, public_jwk, sign_edit
from sync.store import Document, Place, Seq, UserContext, Written
from tests.sync.logs import VALUES

FORMS = Path(__file__).parents[1] / "vectors/forms"
FORM = compile_form(json.loads((FORMS / "policies.json").read_text("utf-8")))
MAILBOX, MEDIA, REFERENCE = "mailbox-north", "media-north", "reference"
SECURITY = {"members": {"names": [], "roles": ["team:north"]}}
BEGINNING = datetime(2026, 11, 1, tzinfo=UTC)
OWN = {"type": "record"}
MORE = {"format": 2, "place": {"lat": "37.8"}, "moves": [["/rows", 1]]}
SAMPLES: Mapping[str, Sequence[Any]] = {
    "/_state": ["submitted", "withdrawn", "draft"],
    "/asked": ["x", "y", "检查"],
    "/last": ["x", "y"],
    "/kinds": [["red"], ["green", "blue"], []],
    "/most": [1, 5, -3],
    "/price": ["1.50", "20"],
    "/survey/workers": [1, 2, 3],
    **{path: [{}] for path in VALUES if path.startswith("/rows/") and path.count("/") == 2},
}


class Memory:
    """A projection without SQL."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.judged: dict[tuple[str, str], Judged] = {}
        self.sound: dict[tuple[str, str], bool] = {}

    def checkpoint(self, mailbox: str) -> Place | None:
        return self.places.get(mailbox)

    def known_edits(self, mailbox: str, record_ids: Sequence[str]) -> dict[str, Sequence[Any]]:
        return {each: self.judged[mailbox, each].edits for each in record_ids if (mailbox, each) in self.judged}

    def waiting(self, mailbox: str, reasons: Sequence[str]) -> list[str]:
        mine = [(name, each) for (box, name), each in self.judged.items() if box == mailbox]
        return [name for name, each in mine if {each.reason, *each.invalid_edits.values()} & set(reasons)]

    def apply(self, mailbox: str, judged: Sequence[Judged], place: Place, reports: Sequence[Document] = ()) -> None:
        self.judged |= {(mailbox, each.record_id): each for each in judged}
        self.places[mailbox] = place

    def arrived(self, team: str, digests: Iterable[str]) -> set[str]:
        return {each for each in digests if self.sound.get((team, each))}

    def shelve(self, team: str, files: Sequence[File]) -> list[Document]:
        self.sound |= {(team, each.digest): bool(each.sound) for each in files}
        digests, told = {each.digest for each in files}, []
        for key, each in self.judged.items():
            if key[0] == f"mailbox-{team}" and digests & set(each.media):
                receipt = with_media(each.receipt, each.media, self.arrived(team, each.media))
                self.judged[key] = replace(each, receipt=receipt)
                told.append(receipt)
        return told

    def shelved(self, media: str, place: Place) -> None:
        self.places[media] = place


class OtherVersion(Intake):
    """A program of another version: what it computes for a merge is not what this one does (laws 14, 16 to 20)."""

    def _merge(self, found: Any, known: Sequence[Any], judged: Judged) -> list[Document]:
        return super()._merge(found, known, replace(judged, answers={"v": 2}))


class NewerVersion(Intake):
    """A program to come, which writes more into a merge than this one knows."""

    def _merge(self, found: Any, known: Sequence[Any], judged: Judged) -> list[Document]:
        if not super()._merge(found, known, judged):
            return []

        def body(winner: Document, edits: list[Any]) -> Document:
            return {**body_of(winner, edits, judged.version, {"v": 3}), "format": 2, "more": {"edits": len(edits)}}

        return plan_merge(found.leaves, body, known=known)


class As:
    """A database as somebody with a token reaches it: the gate looks at who writes."""

    def __init__(self, real: EmbeddedDatabase, user: UserContext) -> None:
        self._real, self._user = real, user

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def put_revisions(
        self, docs: Sequence[Document], *, streams: Mapping[str, BinaryIO] | None = None
    ) -> list[Written]:
        return self._real.put_revisions(docs, user=self._user, streams=streams)


class Site:
    """An office or a hub: a store with a gate, and an intake under its own name. `user` is who it is to the office."""

    def __init__(self, path: Path, name: str, intake: type[Intake] = Intake) -> None:
        self.name = name
        self.store = EmbeddedStore(path / name, gate=gate.check)
        for database, kind in ((MAILBOX, "mailbox"), (MEDIA, "media"), (REFERENCE, "reference")):
            made = self.store.create(database)
            made.set_security({**SECURITY, "rounds": {"kind": kind, "team": "north"}})
        self.keeper = EmbeddedStore(path / f"{name}-keeper").create("keeper")
        library = FormLibrary(self.store.database(REFERENCE))
        self.intake = intake(self.store, library, Memory(), judge=name)
        self.user = UserContext(name, frozenset({"hub", "team:north"}))

    def database(self, name: str) -> EmbeddedDatabase:
        return self.store.database(name)

    def seqs(self) -> list[Seq]:
        return [self.database(name).info().update_seq for name in (MAILBOX, MEDIA, REFERENCE)]

    def crash(self) -> None:
        """Start again with nothing but what is on disk, the read model lost."""
        library = FormLibrary(self.store.database(REFERENCE))
        self.intake = type(self.intake)(self.store, library, Memory(), judge=self.name)


@dataclass
class Tablet:
    """A tablet: two databases without a gate, a key, a clock that may be wrong.

    `more` are members of its edits that no program knows yet; `written` are its edits by their ids.
    """

    path: Path
    name: str
    rng: random.Random
    skew: timedelta
    more: Mapping[str, Any] = field(default_factory=dict)
    written: dict[str, Document] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = EmbeddedStore(self.path / self.name)
        for database in (MAILBOX, MEDIA):
            self.store.create(database)
        self.key = generate_key()
        self.device = device_id(public_jwk(self.key))
        self.wall = BEGINNING + self.skew
        self.clock = Clock(self.device, wall=lambda: self.wall)
        self.user = UserContext(self.name, frozenset({"inspector", "team:north"}))

    def document(self) -> Document:
        return {
            "_id": f"device:{self.device}",
            "type": "device",
            "device": self.device,
            "public_key": public_jwk(self.key),
            "user": self.name,
            "label": "",
            "registered_at": "2026-11-01T00:00:00.000Z",
            "revoked": False,
        }

    @property
    def mailbox(self) -> EmbeddedDatabase:
        return self.store.database(MAILBOX)

    def seqs(self) -> list[Seq]:
        return [self.store.database(name).info().update_seq for name in (MAILBOX, MEDIA)]

    def fill(self, form: Form, *, again: bool = False) -> None:
        """A new record, or one more edit of one that is here, as a child of its winner; `again`: never a new one."""
        records = [row.doc for row in self.mailbox.all(start="record:", end="record:\ufff0", include_docs=True)]
        base = self.rng.choice(records) if records and (again or self.rng.random() < 0.9) else None
        if base is None:
            record = f"record:policies:{self._ulid()}"
            base = {"_id": record, "type": "record", "form": "policies", "version": 3, "team": "north", "edits": []}
        # What a person sees are all leaves, folded; what is written is a child of the winner (law 16).
        leaves = [leaf for leaf in self.mailbox.leaves(base["_id"]) if not leaf.get("_deleted")]
        edits = union(base["edits"], *(leaf["edits"] for leaf in leaves))
        edit = self._edit(base["_id"], edits, form)
        log = union(edits, [edit])
        self.mailbox.put({**base, "edits": log, "answers": {}})
        self.written[edit_id(edit)] = edit

    def take_picture(self) -> None:
        data = self.rng.randbytes(self.rng.choice([0, 10, 300_000]))
        doc_id = f"media:{hashlib.sha256(data).hexdigest()}"
        if not self._has(doc_id):
            entry = {"content_type": "image/jpeg", "data": base64.b64encode(data).decode()}
            doc = {"_id": doc_id, "type": "media", "team": "north", "_attachments": {"file": entry}}
            self.store.database(MEDIA).put(doc)

    def _has(self, doc_id: str) -> bool:
        return bool(self.store.database(MEDIA).all(keys=[doc_id]))

    def _edit(self, record: str, edits: list[Any], form: Form) -> Document:
        self.wall += timedelta(minutes=self.rng.randint(0, 90))
        paths = self.rng.sample(sorted(SAMPLES), self.rng.randint(1, 3))
        edit = new_edit(
            fold(edits, form),
            new_id=self._ulid(),
            at=self.clock.tick(),
            by=self.name,
            device=self.device,
            app="1.0",
            version=3,
            set={path: self.rng.choice(SAMPLES[path]) for path in paths},
        )
        return sign_edit(record, {**edit, **self.more}, self.key)

    def _ulid(self) -> str:
        return "01" + "".join(self.rng.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=24))


class World:
    """Tablets, hubs and an office; a link between two of them may be up or down.

    Every second hub runs another version of the program; with `newer` the office and every second tablet one to come.
    """

    def __init__(self, path: Path, seed: int, *, tablets: int, hubs: int, newer: bool = False) -> None:
        self.rng = random.Random(seed)
        self.office = Site(path, "office", NewerVersion if newer else Intake)
        kinds = [Intake, OtherVersion]
        self.hubs = [Site(path, f"hub-{n}", kinds[n % 2]) for n in range(1, hubs + 1)]
        self.tablets = [self._tablet(path, n, MORE if newer and n % 2 else {}) for n in range(tablets)]
        self.form = parse(FORM)
        reference = self.office.database(REFERENCE)
        reference.put({"_id": "form:policies:3", "type": "form", "form": "policies", "version": 3, "definition": FORM})
        reference.put_many([tablet.document() for tablet in self.tablets])
        self.down: set[str] = set()

    def _tablet(self, path: Path, number: int, more: Mapping[str, Any]) -> Tablet:
        skew = timedelta(minutes=self.rng.choice([0, 0, -3000, 55]))
        return Tablet(path, f"tablet-{number}", random.Random(self.rng.random()), skew, more)

    @property
    def sites(self) -> list[Site]:
        return [self.office, *self.hubs]

    def step(self) -> str:
        """One thing happens somewhere; returns what."""
        happenings = [self._fill] * 5 + [self._picture] + [self._visit] * 5 + [self._relay] * 3 + [self._judge] * 4
        return self.rng.choice([*happenings, self._cut, self._mend, self._crash])()

    def _fill(self) -> str:
        tablet = self.rng.choice(self.tablets)
        tablet.fill(self.form)
        return f"{tablet.name} fills"

    def _picture(self) -> str:
        tablet = self.rng.choice(self.tablets)
        tablet.take_picture()
        return f"{tablet.name} takes a picture"

    def _visit(self) -> str:
        tablet, site = self.rng.choice(self.tablets), self.rng.choice(self.sites)
        if tablet.name not in self.down and site.name not in self.down:
            self.sync(tablet, site, pages=self.rng.choice([1, 100]))
        return f"{tablet.name} meets {site.name}"

    def _relay(self) -> str:
        if not self.hubs:
            return "nothing"
        hub = self.rng.choice(self.hubs)
        if hub.name not in self.down and "office" not in self.down:
            self.relay(hub, pages=self.rng.choice([1, 100]))
        return f"{hub.name} relays"

    def _judge(self) -> str:
        site = self.rng.choice(self.sites)
        site.intake.drain()
        return f"{site.name} judges"

    def _cut(self) -> str:
        name = self.rng.choice([each.name for each in (*self.sites, *self.tablets)])
        self.down.add(name)
        return f"{name} is cut off"

    def _mend(self) -> str:
        name = self.rng.choice([each.name for each in (*self.sites, *self.tablets)])
        self.down.discard(name)
        return f"{name} is back"

    def _crash(self) -> str:
        site = self.rng.choice(self.sites)
        site.crash()
        return f"{site.name} starts again"

    def sync(self, tablet: Tablet, site: Site, *, pages: int = 100) -> None:
        """What a tablet does: its records and pictures out, the mailbox in."""
        here, there = self._ends(tablet.store, tablet.name, site, tablet.user, MAILBOX)
        media_here, media_there = self._ends(tablet.store, tablet.name, site, tablet.user, MEDIA)
        self._run(Replication(here, there, selector=OWN, page=5), pages)
        self._run(Replication(there, here, page=5), pages)
        self._run(Replication(media_here, media_there, page=2), pages)

    def relay(self, hub: Site, *, pages: int = 100) -> None:
        """What a hub does: forms in; mailboxes and pictures both ways."""
        ways = [(REFERENCE, False), (MAILBOX, True), (MAILBOX, False), (MEDIA, True), (MEDIA, False)]
        for name, out in ways:
            here, there = self._ends(hub.store, hub.name, self.office, hub.user, name)
            source, target = (here, there) if out else (there, here)
            self._run(Replication(source, target, designs=False, keeper=hub.keeper, page=5), pages)

    @staticmethod
    def _run(replication: Replication, pages: int) -> None:
        while pages and replication.step():
            pages -= 1
        assert replication.tally.refused == 0, replication.tally.refusals

    @staticmethod
    def _ends(store: EmbeddedStore, name: str, site: Site, user: UserContext, database: str) -> list[Endpoint]:
        here = Endpoint(store.database(database), f"{name}/{database}")
        there: Any = As(site.database(database), user)
        return [here, Endpoint(there, f"{site.name}/{database}")]

    def meet(self) -> None:
        """Everybody meets everybody once, and every site judges what it then has."""
        for hub in self.hubs:
            self.relay(hub)
        for tablet in self.tablets:
            for site in self.sites:
                self.sync(tablet, site)
        for site in self.sites:
            site.intake.drain()

    def written(self) -> list[Any]:
        """Places in all feeds: where they stand still, nothing was written anywhere."""
        return [each.seqs() for each in (*self.sites, *self.tablets)]
