"""Settings that all tests share."""

from __future__ import annotations

import os
import random

from hypothesis import HealthCheck, settings

# Of all random tests of one run: drawn here, once, since several processes must collect the same tests.
os.environ.setdefault("ROUNDS_TEST_SEED", str(random.SystemRandom().randrange(10**6)))

settings.register_profile("default", max_examples=100, deadline=None)
settings.register_profile(
    "nightly",
    max_examples=20_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
