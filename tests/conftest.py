"""Settings of every test: a thread for each process, no deadlines, and a cache that is nobody's."""

import gc
import os

import pytest
from hypothesis import settings
from needs import fold

# There is a process for each core: a second thread in each waits, and takes processor time for that. NumPy's library
# reads this when it loads, and so do the processes that tests start.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# Whoever runs the tests may say how wide a terminal is: the program is to find none.
os.environ.pop("COLUMNS", None)

# How long an example takes says more about the machine than about the code.
settings.register_profile("convcost", deadline=None)
settings.load_profile("convcost")


# What is collected stays to the end: to look through it again and again takes a third of the time of quick tests.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on only what tests make is looked through."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What needs something that is not here is skipped once, with its reason."""
    config.hook.pytest_deselected(items=fold(items))


@pytest.fixture(autouse=True, scope="session")
def _profiles_of_this_machine_are_kept_aside(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What `device` and `time` keep from run to run is not the user's: processes that tests start see it, too."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
