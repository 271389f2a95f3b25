"""A small office with two teams, in a directory of its own: real keys, store, read model and intake."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from schemas.bundled import bundled
from schemas.form import Form
from service.app import create_app
from service.auth.keys import Keys
from service.campaign import Campaign, mailbox_of
from service.config import Config, load
from service.identifiers import ulid
from service.installation import prepare
from service.parts import NAME, Parts
from service.readmodel.intake import judge_all
from service.sql import open_engine
from sync.clock import Clock
from sync.merge import fold
from sync.record import derive, new_edit
from sync.signature import device_id, generate_key, public_jwk, sign_edit
from sync.store import Database, Store, UserContext
from tests.live import free_port
from tests.service.postgresql import binaries, cluster

PASSWORDS = {
    "li.wei": "a north password",
    "zhang.min": "another north password",
    "wang.fang": "a south password",
    "chen.jie": "a supervisor's password",
    "office": "the office's password",
    "admin": "the admin's password",
}
PEOPLE = {
    "li.wei": (["inspector"], ["north"], "李伟"),
    "zhang.min": (["inspector"], ["north"], "张敏"),
    "wang.fang": (["inspector"], ["south"], "王芳"),
    "chen.jie": (["supervisor"], ["north"], "陈洁"),
    "office": (["office"], [], "办公室"),
    "admin": (["admin"], [], "管理员"),
}
ENTERPRISE = "entity:enterprise:01HQ0000000000000000000001"
FORM = "enterprise-visit"


def set_up(store: Store, _keys: Keys, _now: datetime) -> None:
    campaign = Campaign(store)
    campaign.add_team("north", {"zh-Hans": "北区组", "zh-Hant": "北區組", "en": "North team"})
    campaign.add_team("south", {"zh-Hans": "南区组", "zh-Hant": "南區組", "en": "South team"})
    for name, (roles, teams, display) in PEOPLE.items():
        campaign.add_user(name, PASSWORDS[name], display_name=display, roles=roles, teams=teams)
    for definition in bundled().values():
        campaign.publish(definition)
    names = {"zh-Hans": "河口五金加工厂", "zh-Hant": "河口五金加工廠", "en": "Hekou Hardware Works"}
    campaign.put_entities([{"_id": ENTERPRISE, "entity": "enterprise", "name": names["zh-Hans"], "names": names}])


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared data directory to copy: hashing six passwords takes longer than most tests."""
    data = tmp_path_factory.mktemp("template") / "data"
    prepare(load({"data": str(data)}, environ={}), set_up)
    return data


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A cluster's address. Not in a folder of pytest's, which other runs may tidy away."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed: /usr/lib/postgresql/*/bin")
    with tempfile.TemporaryDirectory(prefix="rounds-postgresql-") as folder, cluster(Path(folder) / "data") as url:
        yield url


@pytest.fixture
def config(template: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Config:
    """The settings of an office; its tables are in PostgreSQL where ROUNDS_TEST_DATABASE says so."""
    data = tmp_path / "data"
    shutil.copytree(template, data)
    given = {"data": str(data), "log_level": "warning", "bind": f"127.0.0.1:{free_port()}"}
    if os.environ.get("ROUNDS_TEST_DATABASE") != "postgresql":
        return load(given, environ={})
    config = load(given, environ={"ROUNDS_DATABASE_URL": request.getfixturevalue("postgresql")})
    begin_anew(config)
    return config


def begin_anew(config: Config) -> None:
    """Drop whatever an earlier test left in the database, and make the tables."""
    engine = open_engine(config.database_url or "")
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    prepare(config, lambda *_: None)


@pytest.fixture
def office(config: Config) -> Iterator[Office]:
    app = create_app(config)
    yield Office(app)
    app.extensions[NAME].close()


@pytest.fixture(scope="session")
def still_office(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office for tests that change nothing in it."""
    data = tmp_path_factory.mktemp("still") / "data"
    shutil.copytree(template, data)
    app = create_app(load({"data": str(data), "log_level": "warning"}, environ={}))
    yield Office(app)
    app.extensions[NAME].close()


class Office:
    """The application and shorthands to ask it things."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.parts: Parts = app.extensions[NAME]
        self.client: FlaskClient = app.test_client()
        self._tokens: dict[str, str] = {}

    def get(self, path: str, user: str | None = None, **options: Any) -> TestResponse:
        return self.call("GET", path, user, **options)

    def post(self, path: str, user: str | None = None, **options: Any) -> TestResponse:
        return self.call("POST", path, user, **options)

    def call(self, method: str, path: str, user: str | None = None, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if user:
            headers["Authorization"] = f"Bearer {self.token(user)}"
        # A client of its own: what the office's pages keep in cookies is no business of the API.
        return self.app.test_client(use_cookies=False).open(path, method=method, headers=headers, **options)

    def token(self, user: str) -> str:
        if user not in self._tokens:
            body = {"name": user, "password": PASSWORDS[user]}
            answer = self.app.test_client().post("/api/v1/session", json=body)
            assert answer.status_code == 200, answer.get_json()
            self._tokens[user] = answer.get_json()["token"]
        return self._tokens[user]

    def judge(self) -> int:
        """Let intake read everything that arrived."""
        return judge_all(self.parts)

    def mailbox(self, team: str) -> Database:
        return self.parts.store.database(mailbox_of(team))

    def form(self, form: str = FORM, version: int = 1) -> Form:
        found = self.parts.library.form(form, version)
        assert found is not None
        return found

    def enter(self, user: str = "office", lang: str = "en") -> FlaskClient:
        """Sign in to the office's pages, as a browser does."""
        client = self.app.test_client()
        page = client.get(f"/office/sign-in?lang={lang}").get_data(as_text=True)
        form = {"csrf_token": csrf_of(page), "name": user, "password": PASSWORDS[user]}
        answer = client.post("/office/sign-in", data=form)
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return client


def csrf_of(page: str) -> str:
    return page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]


class Tablet:
    """Somebody's tablet, which writes straight into the team's mailbox as replication would."""

    def __init__(self, office: Office, user: str, wall: datetime = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)) -> None:
        self.office, self.user = office, user
        self.team = PEOPLE[user][1][0]
        self.key: EllipticCurvePrivateKey = generate_key()
        self.jwk = public_jwk(self.key)
        self.device = device_id(self.jwk)
        self.wall = wall
        self.clock = Clock(self.device, wall=lambda: self.wall)
        body = {"name": user, "password": PASSWORDS[user], "device": {"public_key": self.jwk, "label": f"{user} 1"}}
        self.session = office.post("/api/v1/session", json=body).get_json()

    @property
    def member(self) -> UserContext:
        return UserContext(self.user, frozenset({"inspector", f"team:{self.team}"}))

    def fill(self, changes: Mapping[str, Any], *, form: str = FORM, state: str = "submitted") -> str:
        """A new record with these paths set; returns its id."""
        record_id = f"record:{form}:{ulid()}"
        doc = {"_id": record_id, "type": "record", "form": form, "version": 1, "team": self.team}
        edit = self.edit(record_id, [], {**changes, "/_state": state}, form=form)
        self.office.mailbox(self.team).put({**doc, "edits": [edit], **self.worked_out([edit], form)}, user=self.member)
        return record_id

    def worked_out(self, edits: list[Any], form: str = FORM) -> dict[str, Any]:
        """The answers that a tablet caches."""
        return {"answers": dict(derive(edits, self.office.form(form)).judgement.answers)}

    def edit(
        self, record_id: str, edits: list[Any], changes: Mapping[str, Any], *, form: str = FORM, note: str | None = None
    ) -> dict[str, Any]:
        """A signed edit on top of those edits."""
        self.wall += timedelta(minutes=1)
        folded = fold(edits, self.office.form(form))
        edit = new_edit(
            folded,
            new_id=ulid(),
            version=self.office.form(form).version,
            set=changes,
            by=self.user,
            device=self.device,
            at=self.clock.tick(),
            app="test",
            note=note,
        )
        return sign_edit(record_id, edit, self.key)

    def change(
        self, record_id: str, base: Mapping[str, Any], changes: Mapping[str, Any], note: str | None = None
    ) -> str:
        """Edit a revision that this tablet has, and send it as a branch of its own; returns the new revision."""
        return self.send_branch(
            record_id, base, self.edit(record_id, base["edits"], changes, form=base["form"], note=note)
        )

    def signed(self, record_id: str, edit: Mapping[str, Any]) -> dict[str, Any]:
        """An edit as this tablet's device signs it."""
        return sign_edit(record_id, {name: value for name, value in edit.items() if name != "sig"}, self.key)

    def send_branch(self, record_id: str, base: Mapping[str, Any], edit: dict[str, Any]) -> str:
        """Send a revision with one more edit as a branch of its own; returns it."""
        body = {name: value for name, value in base.items() if not name.startswith("_re")}
        edits = sorted([*base["edits"], edit], key=lambda each: (each["at"], each["id"]))
        generation, parent = str(base["_rev"]).split("-")
        digest = hashlib.sha256(edit["id"].encode()).hexdigest()[:32]
        revisions = {"start": int(generation) + 1, "ids": [digest, parent]}
        body |= self.worked_out(edits, base["form"])
        doc = {**body, "edits": edits, "_rev": f"{revisions['start']}-{digest}", "_revisions": revisions}
        assert self.office.mailbox(self.team).put_revisions([doc], user=self.member) == []
        return str(doc["_rev"])


VISIT: dict[str, Any] = {
    "/enterprise": ENTERPRISE,
    "/visited_on": "2026-03-02",
    "/visitors": "李伟、张敏",
    "/publicity/sessions": 0,
    "/publicity/guides": 20,
    "/publicity/topics": ["tax"],
    "/survey/workers": 120,
    "/survey/operation": "stable",
    "/survey/findings": "订单饱满，生产正常。",
    "/no_opinions": True,
    "/planning/helped": False,
    "/planning/no_plan_reason": "企业已有完整规划。",
    "/none_solved_reason": "走访中未发现问题。",
    "/closing/satisfaction": "satisfied",
}


@pytest.fixture
def north(office: Office) -> Tablet:
    return Tablet(office, "li.wei")


@pytest.fixture
def colleague(office: Office) -> Tablet:
    return Tablet(office, "zhang.min", wall=datetime(2026, 3, 2, 3, 10, tzinfo=UTC))
