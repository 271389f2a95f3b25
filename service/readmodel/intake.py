"""`rounds intake` and `rounds rebuild`: the judge at work, alone under its lease."""

from __future__ import annotations

import signal
import threading

import structlog

from service import logs
from service.cases.audit import AuditedProjection
from service.config import Config
from service.hub.identity import judge_of
from service.parts import Parts, open_parts
from service.readmodel import tables
from service.readmodel.lease import hold
from service.readmodel.office import OfficeFeed, follow
from service.readmodel.second import second_judge
from sync.follow import Follower
from sync.garbage import look_seldom
from sync.intake import Intake
from sync.second import SecondJudge

log = structlog.get_logger(__name__)


def run_intake(config: Config) -> None:
    """Follow the mailboxes until SIGTERM or SIGINT."""
    logs.configure(config.log_level, config.log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parts = open_parts(config)
    try:
        with hold(parts.readmodel, config.data, stop) as held:
            if held:
                log.info("intake begins")
                look_seldom()
                office = threading.Thread(target=follow, args=(parts, stop), name="follow office", daemon=True)
                office.start()
                with second_judge(config) as second:
                    Follower(parts.store, intake_of(parts, second), stop).run()
                office.join()
    finally:
        parts.close()
    log.info("intake ends")


def rebuild(config: Config) -> int:
    """Empty the read model and fill it from the documents; returns how many records were judged.

    Waits for a running intake to end, since only one may judge at a time.
    """
    stop = threading.Event()
    parts = open_parts(config)
    try:
        with hold(parts.readmodel, config.data, stop):
            tables.clear(parts.readmodel)
            return judge_all(parts)
    finally:
        parts.close()


def judge_all(parts: Parts) -> int:
    """Bring the read model up to date with every document; returns how many records were judged."""
    OfficeFeed(parts.store, parts.readmodel).drain()
    with second_judge(parts.config) as second:
        return intake_of(parts, second).drain()


def intake_of(parts: Parts, second: SecondJudge | None = None) -> Intake:
    """The intake of these parts; with a second judge it needs half the time for a long page."""
    judge = judge_of(parts.config)
    return Intake(parts.store, parts.library, AuditedProjection(parts), judge=judge, second=second)
