"""How often a process that works through many documents looks for garbage in cycles."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 50_000, 10, 10


def look_seldom() -> None:
    """To be called once a process has loaded what it works with.

    Documents are trees, which reference counting frees. Looking for cycles among them every 700 objects, as Python
    does unless told otherwise, took an eighth of intake's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
