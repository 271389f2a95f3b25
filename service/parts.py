"""What one application is made of: opened at start, handed to whoever asks `current()`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app
from sqlalchemy import Engine

from service.auth.directory import Directory
from service.auth.keys import Keys
from service.auth.sign_in import SignIn
from service.auth.tokens import Tokens
from service.config import Config
from sync.store import Store

NAME = "rounds"


@dataclass(frozen=True)
class Parts:
    """The open parts of an application. `readmodel` and `operational` may be one database or two."""

    config: Config
    keys: Keys
    store: Store
    readmodel: Engine
    operational: Engine
    directory: Directory
    tokens: Tokens
    sign_in: SignIn


def current() -> Parts:
    """The parts of the application that serves this request."""
    return cast(Parts, current_app.extensions[NAME])
