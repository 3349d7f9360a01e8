"""What somebody wrote -> LayerSpec, and back. The rarer notations are loaded when a line needs them."""

from .errors import SpecError
from .layer import ACTIVATIONS, DTYPES, LayerSpec, Reading
from .read import parse_spec, read_layer
from .tokens import format_spec, spec_to_json

__all__ = [
    "ACTIVATIONS", "DTYPES", "LayerSpec", "Reading", "SpecError", "format_spec", "parse_spec", "read_layer",
    "spec_to_json",
]  # fmt: skip
