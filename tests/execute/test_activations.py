"""What activations make: as PyTorch 2 has it, edges included."""

from __future__ import annotations

import numpy as np
import pytest
from tables import each

from convcost.execute.activations import FUNCTIONS
from convcost.spec import ACTIVATIONS

AT = np.array([-4.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0, 7.0])

#: By `torch.nn.functional` in float64, GELU in its tanh form.
VALUES = {
    "relu": [0, 0, 0, 0, 1, 3, 6, 7],
    "relu6": [0, 0, 0, 0, 1, 3, 6, 6],
    "leaky-relu": [-0.04, -0.03, -0.01, 0, 1, 3, 6, 7],
    "elu": [-0.981684361, -0.950212932, -0.632120559, 0, 1, 3, 6, 7],
    "selu": [-1.725898628, -1.670568729, -1.111330738, 0, 1.050700987, 3.152102962, 6.304205924, 7.354906911],
    "gelu": [-0.000070246, -0.003637392, -0.158808009, 0, 0.841191991, 2.996362608, 6, 7],
    "silu": [-0.07194484, -0.14227762, -0.268941421, 0, 0.731058579, 2.85772238, 5.985164261, 6.993622642],
    "mish": [-0.072591741, -0.145647461, -0.303401461, 0, 0.865098388, 2.986535005, 5.999926634, 6.99998838],
    "hardswish": [0, 0, -1 / 3, 0, 2 / 3, 3, 6, 7],
    "hardsigmoid": [0, 0, 1 / 3, 1 / 2, 2 / 3, 1, 1, 1],
    "sigmoid": [0.01798621, 0.047425873, 0.268941421, 0.5, 0.731058579, 0.952574127, 0.997527377, 0.999088949],
    "tanh": [-0.9993293, -0.995054754, -0.761594156, 0, 0.761594156, 0.995054754, 0.999987712, 0.999998337],
}


@each("kind", ACTIVATIONS)
def test_activations_make_what_pytorch_makes(kind: str) -> None:
    assert FUNCTIONS[kind](AT).tolist() == pytest.approx(VALUES[kind], abs=1e-9)


@pytest.mark.parametrize("kind", ["elu", "selu"])
def test_an_activation_with_an_exponential_stays_finite_far_out(kind: str) -> None:
    """No overflow on the side that does not need it."""
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(FUNCTIONS[kind](np.array([-1e6, 1e6]))).all()
