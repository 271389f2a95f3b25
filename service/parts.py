"""What one process of the service is made of: opened at its start, handed to whoever asks `current()`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import cast

from flask import current_app
from sqlalchemy import Engine

from service.auth import operational
from service.auth.directory import Directory
from service.auth.keys import Keys, load_keys
from service.auth.operational import Attempts, Challenges
from service.auth.sign_in import SignIn
from service.auth.tokens import Tokens
from service.config import Config
from service.hub.identity import Identity, load_identity
from service.origins import own_origins
from service.packs import FOLDER as PACKS
from service.packs import Packs
from service.readmodel import tables
from service.sql import open_engine, sqlite_url
from service.store import open_store
from sync.forms import FormLibrary
from sync.store import Store

NAME = "rounds"
READ_MODEL = "readmodel.sqlite"
OPERATIONAL = "operational.sqlite"


@dataclass(frozen=True)
class Parts:
    """The open parts. `readmodel` and `operational` are one PostgreSQL database or two SQLite files.

    `hub` says which hub this is; None for an office.
    """

    config: Config
    keys: Keys
    store: Store
    library: FormLibrary
    readmodel: Engine
    operational: Engine
    directory: Directory
    tokens: Tokens
    sign_in: SignIn
    hub: Identity | None
    packs: Packs

    def close(self) -> None:
        """Let go of files and connections."""
        self.store.close()
        self.readmodel.dispose()
        self.operational.dispose()


def open_parts(config: Config) -> Parts:
    """Open everything for an installation that `rounds init` has prepared. Raises `ConfigError` where it has not."""
    keys, store = load_keys(config), open_store(config)
    readmodel, operational_engine = open_databases(config)
    directory, hub = Directory(store), load_identity(config)
    return Parts(
        config=config,
        keys=keys,
        store=store,
        library=FormLibrary(directory.reference),
        readmodel=readmodel,
        operational=operational_engine,
        directory=directory,
        tokens=Tokens(keys),
        sign_in=SignIn(
            directory,
            Attempts(operational_engine),
            Challenges(operational_engine),
            origins=partial(own_origins, config, hub),
            at_hub=hub is not None,
        ),
        packs=Packs(config.data / PACKS),
        hub=hub,
    )


def open_databases(config: Config) -> tuple[Engine, Engine]:
    """The engines of the read model and of operational state, with their tables made."""
    if config.database_url:
        readmodel = operational_engine = open_engine(config.database_url)
    else:
        config.data.mkdir(parents=True, exist_ok=True)
        readmodel = open_engine(sqlite_url(config.data / READ_MODEL))
        operational_engine = open_engine(sqlite_url(config.data / OPERATIONAL))
    tables.prepare(readmodel)
    operational.prepare(operational_engine)
    return readmodel, operational_engine


def current() -> Parts:
    """The parts of the application that serves this request."""
    return cast(Parts, current_app.extensions[NAME])
