"""What commands that read and write documents share: an open store, and refusals as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from service.auth.keys import load_keys
from service.campaign import CampaignError
from service.cli import Refusal
from service.config import Config, ConfigError
from service.errors import RoundsError, describe
from service.store import open_store
from sync.store import Store, StoreError


@contextmanager
def opened(config: Config) -> Iterator[Store]:
    """The store of an installation that was prepared; what goes wrong inside ends the command with a sentence."""
    try:
        load_keys(config)
        store = open_store(config)
        try:
            yield store
        finally:
            store.close()
    except RoundsError as error:
        raise Refusal(describe(error, "en").reason) from None
    except (ConfigError, StoreError, CampaignError) as error:
        raise Refusal(str(error)) from None
