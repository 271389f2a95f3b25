"""For operators: is it alive, is it ready, and how much is there."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterator

import structlog
from flask import Blueprint, Response, jsonify, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from service.auth import access
from service.errors import RoundsError
from service.parts import Parts, current
from service.readmodel.checkpoints import behind
from service.readmodel.tables import cases, records
from service.version import VERSION
from sync.store import StoreError

log = structlog.get_logger(__name__)
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FORWARDED = ("X-Forwarded-For", "Forwarded")


def create_blueprint() -> Blueprint:
    """`/healthz`, `/readyz` and `/metrics`."""
    blueprint = Blueprint("operators", __name__)

    @blueprint.get("/healthz")
    @access.needs(None)
    def healthz() -> Response:
        return jsonify(status="alive", version=VERSION)

    @blueprint.get("/readyz")
    @access.needs(None)
    def readyz() -> Response:
        faults = list(_faults(current()))
        response = jsonify(status="unready" if faults else "ready", faults=faults)
        response.status_code = 503 if faults else 200
        return response

    @blueprint.get("/metrics")
    @access.needs(None)
    def metrics() -> Response:
        if not _may_measure():
            raise RoundsError("forbidden")
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Measures(current()))
        return Response(generate_latest(registry), content_type=METRICS_TYPE)

    return blueprint


class Measures:
    """Counts what there is at the moment of asking, so that every web process gives the same answer."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        yield self._build()
        yield from self._readmodel()
        yield self._pending()

    def _build(self) -> Metric:
        build = GaugeMetricFamily("rounds_build_info", "The program's version.", labels=["version"])
        build.add_metric([VERSION], 1)
        return build

    def _readmodel(self) -> Iterator[Metric]:
        by_verdict = GaugeMetricFamily("rounds_records", "Records by team and verdict.", labels=["team", "verdict"])
        open_cases = GaugeMetricFamily("rounds_cases_open", "Cases that wait for a decision.", labels=["team"])
        with self._parts.readmodel.connect() as connection:
            verdicts = select(records.c.team, records.c.verdict, func.count())
            for team, verdict, count in connection.execute(verdicts.group_by(records.c.team, records.c.verdict)):
                by_verdict.add_metric([team, verdict], count)
            waiting = select(cases.c.team, func.count()).where(cases.c.status == "open").group_by(cases.c.team)
            for team, count in connection.execute(waiting):
                open_cases.add_metric([team], count)
        yield by_verdict
        yield open_cases

    def _pending(self) -> Metric:
        late = GaugeMetricFamily("rounds_mailbox_behind", "1 where intake has changes to read.", labels=["mailbox"])
        for mailbox, is_behind in behind(self._parts.store, self._parts.readmodel).items():
            late.add_metric([mailbox], int(is_behind))
        return late


def _faults(parts: Parts) -> Iterator[str]:
    try:
        parts.store.database("reference").info()
    except StoreError as error:
        log.warning("the store is not ready", code=error.code, reason=error.reason)
        yield "store"
    try:
        with parts.readmodel.connect() as connection:
            connection.execute(select(records.c.id).limit(1))
    except SQLAlchemyError as error:
        log.warning("the read model is not ready", fault=type(error).__name__)
        yield "readmodel"


def _may_measure() -> bool:
    wanted = current().config.metrics_token
    given = request.authorization.token if request.authorization else None
    if wanted and given and hmac.compare_digest(given.encode(), wanted.encode()):
        return True
    # Behind a proxy that is not configured as trusted, everybody seems to be this machine.
    proxied = any(name in request.headers for name in FORWARDED) and not current().config.proxies
    return not proxied and _is_loopback(request.remote_addr)


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False
