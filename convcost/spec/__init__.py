"""What somebody wrote -> LayerSpec, and back. The rarer notations are loaded when a line needs them."""

from .errors import SpecError
from .layer import ACTIVATIONS, DTYPES, LayerSpec
from .text import parse_spec
from .write import format_spec, spec_to_json

__all__ = ["ACTIVATIONS", "DTYPES", "LayerSpec", "SpecError", "format_spec", "parse_spec", "spec_to_json"]
