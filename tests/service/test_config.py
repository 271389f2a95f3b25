"""Settings come from four sources, know which, and stop the start where they cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.config import SETTINGS, ConfigError, load, without_password


def test_defaults_are_overruled_by_file_environment_and_flag_in_that_order(tmp_path: Path) -> None:
    file = tmp_path / "rounds.toml"
    file.write_text('threads = 8\nworkers = 3\nlog_level = "error"\n')
    environ = {"ROUNDS_WORKERS": "4", "ROUNDS_LOG_LEVEL": "warning"}
    config = load({"log_level": "debug", "bind": None}, environ=environ, file=file)
    assert (config.threads, config.values["threads"].source) == (8, "file")
    assert (config.workers, config.values["workers"].source) == (4, "environment")
    assert (config.log_level, config.values["log_level"].source) == ("debug", "flag")
    assert (config.bind, config.values["bind"].source) == (("127.0.0.1", 8000), "default")


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"ROUNDS_BINDD": "x"}, "no setting"),
        ({"ROUNDS_BIND": "8000"}, "HOST:PORT"),
        ({"ROUNDS_BIND": "127.0.0.1:99999"}, "HOST:PORT"),
        ({"ROUNDS_WORKERS": "0"}, "whole number"),
        ({"ROUNDS_WORKERS": "two"}, "whole number"),
        ({"ROUNDS_LOG_FORMAT": "xml"}, "one of"),
        ({"ROUNDS_PUBLIC_URL": "rounds.example.org"}, "address"),
        ({"ROUNDS_COUCHDB_URL": "http://127.0.0.1:5984"}, "administrator"),
        ({"ROUNDS_DATABASE_URL": "mysql://x"}, "postgresql"),
        ({"ROUNDS_PROXIES": "1"}, "ROUNDS_PUBLIC_URL"),
        ({"ROUNDS_METRICS_TOKEN": "short"}, "16 characters"),
        ({"ROUNDS_DATA": __file__}, "not a directory"),
    ],
)
def test_what_cannot_be_meant_stops_the_start_with_a_sentence(environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(environ=environ)


def test_a_file_with_an_unknown_name_or_a_table_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rounds.toml"
    for text in ("colour = 'red'", "[bind]\nhost = 'x'", "bind = true", "not toml"):
        file.write_text(text)
        with pytest.raises(ConfigError, match=r"rounds\.toml"):
            load(environ={}, file=file)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(environ={}, file=tmp_path / "none.toml")


def test_secrets_and_passwords_are_masked() -> None:
    config = load(
        environ={
            "ROUNDS_METRICS_TOKEN": "m" * 20,
            "ROUNDS_DATABASE_URL": "postgresql://rounds:hunter2@db/rounds",
            "ROUNDS_COUCHDB_URL": "http://admin:hunter2@couch:5984",
        }
    )
    shown = " ".join(value.shown() for value in config)
    assert "hunter2" not in shown
    assert "m" * 20 not in shown
    assert "rounds:***@db" in shown


def test_a_mistake_in_a_secret_does_not_show_it() -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ={"ROUNDS_DATABASE_URL": "mysql://root:hunter2@db/x"})
    assert "hunter2" not in str(caught.value)


def test_an_address_without_a_password_stays_as_it_is() -> None:
    assert without_password("http://couch:5984/x") == "http://couch:5984/x"


def test_settings_for_the_tests_are_none_of_the_services_business() -> None:
    load(
        environ={
            "ROUNDS_TEST_COUCHDB_URL": "http://127.0.0.1:5984",
            "ROUNDS_PICTURES": "1",
            "ROUNDS_KILLS": "3",
            "ROUNDS_SOAK_MINUTES": "5",
        }
    )


def test_every_setting_has_help_and_a_default_that_parses() -> None:
    for setting in SETTINGS:
        assert setting.help.endswith(".")
        setting.parse(setting.default)
