"""The languages of a workbook, and texts in each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from schemas.media import KINDS, is_media
from schemas.xlsform.expressions import references
from schemas.xlsform.languages import guess, tag
from schemas.xlsform.notes import CHANGED, DROPPED, Notes
from schemas.xlsform.workbook import Row, Workbook

TRANSLATED = ("label", "hint", "guidance_hint", "constraint_message", "required_message")

MEDIA = "media::"

_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|\*\*|(?<!\w)_[^_\s][^_]*_(?!\w)|\]\(|^#+ ", re.MULTILINE)


def _bare(book: Workbook) -> tuple[list[str], bool]:
    """The texts of no named language, and whether one stands beside a translation, so that it is another language."""
    bare: list[str] = []
    beside = False
    for sheet in ("survey", "choices"):
        for row in book[sheet].rows:
            for name in TRANSLATED:
                texts = row.texts(name)
                if "" in texts:
                    bare.append(texts[""])
                    beside = beside or len(texts) > 1
    return bare, beside


class Texts:
    """Reads texts: the language of each header, and what stands in where a translation is missing."""

    def __init__(self, book: Workbook, notes: Notes) -> None:
        self._notes = notes
        settings = book["settings"].rows[0] if book["settings"].rows else None
        said = settings.get("default_language") if settings else ""
        self._tags: dict[str, str] = {}
        found: dict[str, None] = {}
        for sheet in ("survey", "choices"):
            for column in book[sheet].columns:
                if column.language and (column.name in TRANSLATED or column.name.startswith(MEDIA)):
                    self._tags[column.language] = tag(column.language)
                    found.setdefault(self._tags[column.language])
        first = tag(said) if said and said != "default" else ""
        bare, beside = _bare(book)
        self.bare = first or guess(bare)
        if not first and found and self.bare not in found and not beside:
            self.bare = next(iter(found))
        if bare or not found:
            found.setdefault(self.bare)
        front = first if first in found else next(iter(found))
        self.languages = [front, *(each for each in found if each != front)]

    def read(self, row: Row, name: str) -> dict[str, str]:
        """A column's text in every language of the form; empty where no language has one."""
        found: dict[str, str] = {}
        written = row.texts(name)
        for language, text in sorted(written.items(), key=lambda each: each[0] == ""):
            found.setdefault(self._tags.get(language, self.bare), text)
        if not found:
            return {}
        self._look(row, name, written.values())
        stand_in = next(language for language in self.languages if language in found)
        missing = [language for language in self.languages if language not in found]
        if missing:
            text = f"no text in {', '.join(missing)}; the one in {stand_in} stands in"
            self._notes.add(CHANGED, row.sheet, row.number, name, text)
        return {language: found.get(language, found[stand_in]) for language in self.languages}

    def media(self, row: Row) -> dict[str, dict[str, str]]:
        """The files that a row shows, by kind and language; a column of no language is for all that lack one."""
        found: dict[str, dict[str, str]] = {}
        for column, text in sorted(row.cells.items(), key=lambda each: each[0].language == ""):
            if column.name.startswith(MEDIA):
                languages = [self._tags[column.language]] if column.language else self.languages
                names = found.setdefault(column.name.removeprefix(MEDIA), {})
                for language in languages:
                    names.setdefault(language, text)
        return {kind: found[kind] for kind in KINDS if kind in found}

    def shown(self, row: Row, entry: dict[str, Any]) -> None:
        """Put what a row shows into its field or choice; tell of what no file can be called."""
        media = self.media(row)
        fit = {kind: names for kind, names in media.items() if is_media({"image": names, kind: names})}
        if "image" not in fit:
            fit.pop("big-image", None)
        for kind in (kind for kind in media if kind not in fit):
            text = f"there can be no file of this name: {next(iter(media[kind].values()))}"
            self._notes.add(DROPPED, row.sheet, row.number, row.header(f"{MEDIA}{kind}"), text)
        if fit:
            entry["media"] = fit

    def everywhere(self, text: str | Mapping[str, str]) -> dict[str, str]:
        """A text in every language of the form, the same one where only one is known."""
        if isinstance(text, str):
            return dict.fromkeys(self.languages, text)
        return {language: text.get(language, text["en"]) for language in self.languages}

    def _look(self, row: Row, name: str, texts: Iterable[str]) -> None:
        joined = "\n".join(texts)
        if named := references(joined):
            text = f"texts show answers of other questions nowhere: ${{{named[0]}}} is shown as it is written"
            self._notes.add(CHANGED, row.sheet, row.number, row.header(name), text)
        if _MARKUP.search(joined):
            self._notes.add(CHANGED, row.sheet, row.number, row.header(name), "markup is shown as it is written")
