"""Derivatives of the activations, each of the function that `activations` defines under the same name."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ..execute.activations import SELU_ALPHA, SELU_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROOT = sqrt(2 / pi)


def _sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = 1 / (1 + np.exp(-x))
    return result


def _gelu(x: NDArray[Any]) -> NDArray[Any]:
    t = np.tanh(_ROOT * (x + 0.044715 * x**3))
    result: NDArray[Any] = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * _ROOT * (1 + 3 * 0.044715 * x**2)
    return result


def _silu(x: NDArray[Any]) -> NDArray[Any]:
    s = _sigmoid(x)
    result: NDArray[Any] = s * (1 + x * (1 - s))
    return result


def _mish(x: NDArray[Any]) -> NDArray[Any]:
    t = np.tanh(np.logaddexp(0, x))
    result: NDArray[Any] = t + x * (1 - t * t) * _sigmoid(x)
    return result


def _inside(x: NDArray[Any], low: float, high: float, slope: NDArray[Any] | float) -> NDArray[Any]:
    return np.where((x > low) & (x < high), slope, 0.0)


DERIVATIVES: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "relu": lambda x: x > 0,
    "relu6": lambda x: _inside(x, 0, 6, 1.0),
    "leaky-relu": lambda x: np.where(x > 0, 1.0, 0.01),
    "elu": lambda x: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(x, 0))),
    "gelu": _gelu,
    "silu": _silu,
    "mish": _mish,
    "hardswish": lambda x: np.where(x >= 3, 1.0, _inside(x, -3, 3, x / 3 + 0.5)),
    "hardsigmoid": lambda x: _inside(x, -3, 3, 1 / 6),
    "sigmoid": lambda x: _sigmoid(x) * (1 - _sigmoid(x)),
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
}
