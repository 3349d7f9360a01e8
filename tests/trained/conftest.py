"""Models are read where the tests run; what a copy of the process is for stands in networks/test_onnx_isolated.py."""

from __future__ import annotations

import pytest

from convcost.networks.onnx import read


@pytest.fixture(autouse=True)
def _read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "isolated", lambda work, *_: work(lambda _: None))
