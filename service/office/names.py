"""What people, teams, forms and devices are called, each looked up once a page."""

from __future__ import annotations

from functools import cached_property
from zoneinfo import ZoneInfo

from flask import request, url_for

from schemas.form import Form
from service import language
from service.auth.devices import device_id
from service.office.values import MediaFile, Reader
from service.parts import Parts
from sync.store import NotFound

ZONE = ZoneInfo("Asia/Shanghai")
"""Where no form says otherwise."""


class Names:
    """Names for the reader at hand."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._people: dict[str, str] = {}
        self._devices: dict[str, str] = {}
        self._media: dict[tuple[str, str], str | None] = {}
        self.lang = language.negotiate(request)

    def person(self, name: str) -> str:
        """A person's display name."""
        if name not in self._people:
            user = self._parts.directory.user(name)
            self._people[name] = user.display_name if user else name
        return self._people[name]

    def device(self, device: str) -> str:
        """A device's label, or its id where it has none."""
        if self.is_office(device):
            return language.translate("record.office_device", self.lang)
        if device not in self._devices:
            known = self._parts.directory.device(device)
            self._devices[device] = known.label if known and known.label else device
        return self._devices[device]

    def is_office(self, device: str) -> bool:
        """Whether this is the device that the office decides with."""
        return device == self._office_device

    def team(self, team: str) -> str:
        """A team's name."""
        return language.pick(self._teams.get(team), self.lang, team)

    @property
    def teams(self) -> dict[str, str]:
        """Every team's name by its id."""
        return {team: self.team(team) for team in self._teams}

    def form(self, form: str, version: int) -> Form | None:
        """That version of a form, if it is published."""
        return self._parts.library.form(form, version)

    def title(self, form: str, version: int) -> str:
        """A form's title."""
        found = self.form(form, version)
        return language.pick(found.title, self.lang, form) if found else form

    def titles(self, listed: dict[str, int]) -> dict[str, str]:
        """Titles of forms, given with a version of each."""
        return {form: self.title(form, version) for form, version in listed.items()}

    def zone(self, form: Form | None) -> ZoneInfo:
        """The zone that a form's times are told in."""
        return form.timezone if form else ZONE

    def reader(self, team: str) -> Reader:
        """How values in a record of this team are read."""
        return Reader(
            self.lang, self._parts.library.entity_name, lambda digest, picture: self._file(team, digest, picture)
        )

    @cached_property
    def _teams(self) -> dict[str, dict[str, str]]:
        return {team.team: dict(team.name) for team in self._parts.directory.teams()}

    @cached_property
    def _office_device(self) -> str:
        return device_id(self._parts.keys.office_device.public_key())

    def _file(self, team: str, digest: str, picture: bool) -> MediaFile:
        kind = self._content_type(team, digest)
        url = url_for("office.photo", team=team, digest=digest)
        return MediaFile(url, picture and kind is not None and kind.startswith("image/"), arrived=kind is not None)

    def _content_type(self, team: str, digest: str) -> str | None:
        if (team, digest) not in self._media:
            try:
                doc = self._parts.store.database(f"media-{team}").get(f"media:{digest}")
                self._media[team, digest] = str(doc.get("content_type", ""))
            except NotFound:
                self._media[team, digest] = None
        return self._media[team, digest]
