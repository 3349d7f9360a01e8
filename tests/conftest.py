"""Settings of every property test."""

import os

import pytest
from hypothesis import settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("convcost", deadline=None)
settings.load_profile("convcost")


@pytest.fixture(autouse=True, scope="session")
def _profiles_of_this_machine_are_kept_aside(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What `device` and `time` keep from run to run is not the user's: processes that tests start see it, too."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
