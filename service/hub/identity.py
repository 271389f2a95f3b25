"""Who a hub is: its name, its office, its place in the world. Written once, when the office enrols it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from service.campaign import HUB
from service.config import Config, ConfigError

FILE = "hub.json"
NAME = re.compile(r"[a-z][a-z0-9-]{0,22}[a-z0-9]")
OFFICE = "office"


@dataclass(frozen=True)
class Identity:
    """A hub as the office knows it. `office` is the office's address; tablets were installed from `tablets`."""

    name: str
    device: str
    office: str
    tablets: str
    teams: Sequence[str]

    @property
    def judge(self) -> str:
        """The name under which this hub signs in, and judges."""
        return HUB + self.name

    @property
    def host(self) -> str:
        """What it is called on a local network (mDNS)."""
        return f"rounds-{self.name}.local"


def load_identity(config: Config) -> Identity | None:
    """Which hub this installation is; None for an office. Raises `ConfigError` for a file that is damaged."""
    path = config.data / FILE
    try:
        return Identity(**orjson.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, TypeError, orjson.JSONDecodeError) as error:
        raise ConfigError(f"{path} does not say which hub this is: {error}") from None


def save_identity(data: Path, identity: Identity) -> None:
    """Write it down, whole or not at all."""
    draft = data / f".{FILE}.{os.getpid()}"
    draft.write_bytes(orjson.dumps(_plain(identity), option=orjson.OPT_INDENT_2))
    draft.replace(data / FILE)


def judge_of(config: Config) -> str:
    """Under which name this installation judges: `office`, or a hub's own, so that no two write the same receipt."""
    identity = load_identity(config)
    return identity.judge if identity else OFFICE


def _plain(identity: Identity) -> dict[str, Any]:
    return {**asdict(identity), "teams": list(identity.teams)}
