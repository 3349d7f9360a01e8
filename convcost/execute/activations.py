"""The activations as functions of a float array, by their definitions in the PyTorch documentation."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: SELU's constants (Klambauer et al. 2017).
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def _sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = 1 / (1 + np.exp(-x))
    return result


def _elu(x: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = np.maximum(x, 0) + np.expm1(np.minimum(x, 0))
    return result


def _selu(x: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = SELU_SCALE * (np.maximum(x, 0) + SELU_ALPHA * np.expm1(np.minimum(x, 0)))
    return result


def _gelu(x: NDArray[Any]) -> NDArray[Any]:
    """The tanh form (Hendrycks & Gimpel 2016): NumPy has no error function."""
    result: NDArray[Any] = 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))
    return result


def _relu6(x: NDArray[Any]) -> NDArray[Any]:
    result: NDArray[Any] = np.minimum(np.maximum(x, 0), 6)
    return result


FUNCTIONS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": _relu6,
    "leaky-relu": lambda x: np.maximum(x, 0.01 * x),
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "hardswish": lambda x: x * _relu6(x + 3) / 6,
    "hardsigmoid": lambda x: _relu6(x + 3) / 6,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
}
