"""Names that were found to be in order before: documents of a form have the same few hundred again and again."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

MOST = 8_192
LONGEST = 1_024


class Familiar(set[str]):
    """Some of the names that need not be looked at again; `issuperset` of many is asked far faster than a rule of each.

    It forgets all of them when there are too many, which only somebody who makes names up can bring about.
    """

    def learn(self, names: Collection[str]) -> None:
        """Remember names that are in order."""
        if len(self) + len(names) > MOST:
            self.clear()
        self.update(name for name in islice(names, MOST) if len(name) <= LONGEST)
