"""Settings: one table, four sources, and for each value the source that it came from.

Defaults are overruled by `rounds.toml`, that by the environment (`ROUNDS_…`), that by flags of the command line.
Names that nobody knows and settings that contradict each other stop the start with a sentence.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

PREFIX = "ROUNDS_"
FILE = "rounds.toml"
NOT_OURS = ("ROUNDS_TEST_", "ROUNDS_PICTURES", "ROUNDS_KILLS", "ROUNDS_SOAK_")
"""Read by the tests, never by the service."""

Source = Literal["default", "file", "environment", "flag"]


class ConfigError(Exception):
    """A setting that the service cannot start with; the sentence says which and why."""


@dataclass(frozen=True)
class Setting:
    """One setting. `parse` turns text into the value, or raises `ValueError` with what is expected."""

    name: str
    parse: Callable[[str], Any]
    default: str
    help: str
    secret: bool = False

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.upper()

    def __reduce__(self) -> tuple[Callable[[str], Setting], tuple[str]]:
        """Another process of this program has the same settings: their names are enough on the way there."""
        return _named, (self.name,)


@dataclass(frozen=True)
class Value:
    """What a setting is, and who said so."""

    setting: Setting
    value: Any
    source: Source

    def shown(self) -> str:
        """The value as an operator may see it: a secret is masked, a password in an address too."""
        if self.setting.secret:
            return "(set)" if self.value else ""
        if self.setting.parse is _urls:
            return ", ".join(map(without_password, self.value))
        if isinstance(self.value, tuple):
            return ":".join(map(str, self.value))
        text = "" if self.value is None else str(self.value)
        return without_password(text) if "://" in text else text


def without_password(url: str) -> str:
    """An address with the password in it replaced by `***`."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":***@")))


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _optional_path(text: str) -> Path | None:
    return _path(text) if text else None


def _url(text: str) -> str | None:
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("an address such as https://rounds.example.org")
    return text.rstrip("/")


def _urls(text: str) -> tuple[str, ...]:
    return tuple(url for each in text.split(",") if (url := _url(each.strip())))


def _database(text: str) -> str | None:
    if not text:
        return None
    if text.split(":", 1)[0] not in {"postgresql", "postgresql+psycopg", "sqlite"}:
        raise ValueError("postgresql://user:password@host/name")
    return text.replace("postgresql://", "postgresql+psycopg://", 1)


def _bind(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("HOST:PORT, such as 127.0.0.1:8000")
    return host.strip("[]"), int(port)


def _count(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return parse


def _one_of(*names: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in names:
            raise ValueError("one of " + ", ".join(names))
        return text.lower()

    return parse


SETTINGS: tuple[Setting, ...] = (
    Setting("data", _path, "var/rounds", "Directory of the embedded store, the read model and the secrets."),
    Setting(
        "couchdb_url",
        _url,
        "",
        "CouchDB to use instead of the embedded store, with an administrator's name and password.",
    ),
    Setting(
        "database_url",
        _database,
        "",
        "PostgreSQL for the read model and operational state; SQLite in the data directory where empty.",
    ),
    Setting("public_url", _url, "", "Address that people reach the service at; https makes cookies Secure."),
    Setting(
        "other_urls",
        _urls,
        "",
        "Further addresses of this service, with commas between.",
    ),
    Setting(
        "secret_file",
        _optional_path,
        "",
        "File with the key that signs office sessions; `secrets/session.key` in the data directory where empty.",
    ),
    Setting(
        "certificate",
        _optional_path,
        "",
        "PEM file with the key and the certificate chain to serve https with; plain http where empty.",
    ),
    Setting("bind", _bind, "127.0.0.1:8000", "HOST:PORT to listen on."),
    Setting("workers", _count(1, 64), "2", "Web processes."),
    Setting("threads", _count(2, 1024), "64", "Threads of each web process: requests that it answers at once."),
    Setting("proxies", _count(0, 5), "0", "Reverse proxies in front whose X-Forwarded headers are trusted."),
    Setting("log_level", _one_of("debug", "info", "warning", "error"), "info", "Least severity that is logged."),
    Setting("log_format", _one_of("console", "json"), "console", "How log lines are written."),
    Setting(
        "metrics_token", str, "", "Bearer token that may read /metrics from elsewhere than this machine.", secret=True
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


def _named(name: str) -> Setting:
    return BY_NAME[name]


@dataclass(frozen=True)
class Config:
    """Every setting with its value and source; `load` makes one."""

    values: Mapping[str, Value]

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values.values())

    def _of(self, name: str) -> Any:
        return self.values[name].value

    @property
    def data(self) -> Path:
        path: Path = self._of("data")
        return path

    @property
    def couchdb_url(self) -> str | None:
        url: str | None = self._of("couchdb_url")
        return url

    @property
    def database_url(self) -> str | None:
        url: str | None = self._of("database_url")
        return url

    @property
    def secrets(self) -> Path:
        """Directory of key files, readable by the owner alone."""
        return self.data / "secrets"

    @property
    def session_key_file(self) -> Path:
        path: Path | None = self._of("secret_file")
        return path or self.secrets / "session.key"

    @property
    def bind(self) -> tuple[str, int]:
        host, port = self._of("bind")
        return host, port

    @property
    def public_url(self) -> str:
        """Where people reach the service; the address listened on where none is set."""
        host, port = self.bind
        shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104
        scheme = "https" if self.certificate else "http"
        return self._of("public_url") or f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}"

    @property
    def has_public_url(self) -> bool:
        return self._of("public_url") is not None

    @property
    def other_urls(self) -> tuple[str, ...]:
        urls: tuple[str, ...] = self._of("other_urls")
        return urls

    @property
    def certificate(self) -> Path | None:
        path: Path | None = self._of("certificate")
        return path

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def workers(self) -> int:
        return int(self._of("workers"))

    @property
    def threads(self) -> int:
        return int(self._of("threads"))

    @property
    def proxies(self) -> int:
        return int(self._of("proxies"))

    @property
    def log_level(self) -> str:
        return str(self._of("log_level"))

    @property
    def log_format(self) -> str:
        return str(self._of("log_format"))

    @property
    def metrics_token(self) -> str:
        return str(self._of("metrics_token"))


def load(
    flags: Mapping[str, str | None] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Config:
    """Read every source. `file` must be there where it is named; otherwise `rounds.toml` in the working directory may.

    Raises `ConfigError` for unknown names, values of the wrong kind and contradictions.
    """
    texts: dict[str, tuple[str, Source]] = {s.name: (s.default, "default") for s in SETTINGS}
    texts |= {name: (text, "file") for name, text in _from_file(file)}
    texts |= {
        name: (text, "environment") for name, text in _from_environment(os.environ if environ is None else environ)
    }
    texts |= {name: (text, "flag") for name, text in (flags or {}).items() if text is not None}
    config = Config({name: _value(BY_NAME[name], text, source) for name, (text, source) in texts.items()})
    _check(config)
    return config


def _value(setting: Setting, text: str, source: Source) -> Value:
    try:
        return Value(setting, setting.parse(text.strip()), source)
    except ValueError as error:
        shown = "its value" if setting.secret else repr(without_password(text))
        raise ConfigError(f"{setting.variable} ({source}): {shown} is not {error}.") from None


def _from_file(file: Path | None) -> Iterator[tuple[str, str]]:
    path = file or Path(FILE)
    if file is None and not path.exists():
        return
    try:
        settings = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    for name, value in settings.items():
        if name not in BY_NAME:
            raise ConfigError(f"{path} sets {name}, which is no setting. Known: {', '.join(BY_NAME)}.")
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise ConfigError(f"{path}: {name} must be text or a whole number.")
        yield name, str(value)


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable.startswith(NOT_OURS):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in BY_NAME:
            raise ConfigError(f"{variable} is no setting of Rounds. `rounds config` lists those that are.")
        yield name, text


def _check(config: Config) -> None:
    host, _ = config.bind
    if config.couchdb_url and urlsplit(config.couchdb_url).username is None:
        raise ConfigError("ROUNDS_COUCHDB_URL needs the name and password of a CouchDB administrator in it.")
    if config.proxies and not config.values["public_url"].value:
        raise ConfigError("ROUNDS_PROXIES trusts a proxy, but ROUNDS_PUBLIC_URL does not say what address it serves.")
    if config.metrics_token and len(config.metrics_token) < 16:
        raise ConfigError("ROUNDS_METRICS_TOKEN is too short to keep anybody out: use 16 characters or more.")
    if config.certificate and not config.certificate.is_file():
        raise ConfigError(f"ROUNDS_CERTIFICATE is {config.certificate}, which is no file.")
    if config.data.exists() and not config.data.is_dir():
        raise ConfigError(f"ROUNDS_DATA is {config.data}, which is a file, not a directory.")
    if not host:
        raise ConfigError("ROUNDS_BIND names no host.")
