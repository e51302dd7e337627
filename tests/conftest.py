"""What all tests share: property tests draw the same examples every time, unless somebody goes hunting.

A test run says whether a change broke something; it must not depend on luck. ``HYPOTHESIS_PROFILE=hunt`` draws new
examples, and more of them.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("hunt", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(autouse=True, scope="session")
def _cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What tests find is not remembered where the user's own runs look."""
    os.environ["TOCSIN_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
