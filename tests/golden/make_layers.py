"""Makes layers.json: what PyTorch really does with some 500 layers, to test the analysis against.

Run by hand, where PyTorch is installed (`pip install torch==2.13.0`), from the top of the repository:

    python tests/golden/make_layers.py

The choice of layers is seeded and nothing here imports convcost: two runs write the same bytes. Each line is one
layer (or block) under the names of a JSON spec, with

* `output_shape` - of the tensor that came out, batch included;
* `params`       - the sum of the sizes of the module's parameters;
* `macs`         - torch.utils.flop_counter.FlopCounterMode / 2. Its rule was read with care (2.13): it multiplies the
  sizes of the weight, the batch and the output positions (transposed: the input positions), and leaves out the bias.
  PyTorch's weights are already divided by the groups, so grouped and transposed layers come out right; a padding
  mode other than zeros pads first and convolves then, which does not matter to it. It is a formula all the same, so
  every figure is confirmed by an execution on an input surrounded by a border of ones, and for a transposed layer by
  its uncropped output; the script stops where the two differ, which they do nowhere;
* `effective_macs` - the sum of the output in float64, weights and input being ones and the bias zeros. Of a block:
  each convolution alone, on fresh ones of the shape that reached it, added up;
* `receptive_field` - along each axis, from the first to the last input position whose gradient with respect to one
  output position in the middle is not zero, on an input that reaches further on either side. Transposed: the largest
  over one period of output positions, that is `stride` of them;
* `elementwise`  - blocks only: sizes of the outputs that hooks saw, bias 1, add 1, activation 1, BatchNorm 2.
"""

from __future__ import annotations

import itertools
import json
import random
import warnings
from pathlib import Path

import torch
from chosen_layers import blocks, known_layers, random_layers
from pytorch_facts import count, counted_macs, executed_macs, is_conv, is_transposed, operations, receptive_field
from pytorch_modules import Fields, Ints, Padded, build, build_block, explicit_pads, per_axis
from torch import nn

SEED = 20151210  # the day "Deep Residual Learning" appeared
OUT = Path(__file__).with_name("layers.json")


def layer(spec: Fields) -> Fields:
    """One line: the spec and what PyTorch did with it."""
    module, axes = build(spec), len(spec["kernel_size"])
    conv = module.conv if isinstance(module, Padded) else module
    shape = (spec.get("batch", 1), spec["in_channels"], *spec["input_size"])
    with torch.no_grad():
        output_shape = list(module(torch.ones(shape, dtype=torch.float64)).shape)
    macs = counted_macs(module, shape)
    executed = executed_macs(conv, shape, explicit_pads(spec))
    assert macs == executed, (spec, macs, executed)
    period = per_axis(spec.get("stride", 1), axes) if is_transposed(conv) else (1,) * axes
    return {
        "spec": spec,
        "printed": None if isinstance(module, Padded) else repr(module),
        "output_shape": output_shape,
        "params": sum(p.numel() for p in module.parameters()),
        "macs": macs,
        "effective_macs": count(module, shape),
        "receptive_field": receptive_field(module, spec["in_channels"], axes, period),
    }


def block(variant: str, spec: Fields) -> Fields:
    """One line: the spec, the variant that it is, and what PyTorch did."""
    module, axes = build_block(variant, spec), len(spec["kernel_size"])
    shape = (spec.get("batch", 1), spec["in_channels"], *spec["input_size"])
    seen: list[tuple[nn.Module, Ints, torch.Tensor]] = []
    hooks = [
        part.register_forward_hook(lambda part, given, out: seen.append((part, tuple(given[0].shape), out)))
        for part in module.modules()
    ]
    with torch.no_grad():
        output_shape = list(module(torch.ones(shape, dtype=torch.float64)).shape)
    for hook in hooks:
        hook.remove()
    macs = counted_macs(module, shape)
    assert macs == sum(executed_macs(part, given) for part, given, _ in seen if is_conv(part))
    return {
        "variant": variant,
        "spec": spec,
        "output_shape": output_shape,
        "params": sum(p.numel() for p in module.parameters()),
        "macs": macs,
        "effective_macs": sum(count(part, given) for part, given, _ in seen if is_conv(part)),
        "elementwise": sum(operations(part) * out.numel() for part, _, out in seen),
        "receptive_field": receptive_field(module, spec["in_channels"], axes, (1,) * axes),
    }


def main() -> None:
    """Write the file."""
    torch.manual_seed(SEED)
    # PyTorch copies its input there, which takes time and changes no number.
    warnings.filterwarnings("ignore", "Using padding='same' with even kernel lengths")
    rng = random.Random(SEED)
    layers = [layer(spec) for spec in itertools.chain(known_layers(), random_layers(rng))]
    made = [block(variant, spec) for variant, spec in blocks(rng)]
    OUT.write_text(
        f'{{"torch": "{torch.__version__.partition("+")[0]}",\n"layers": [\n{lines(layers)}\n],\n'
        f'"blocks": [\n{lines(made)}\n]}}\n',
        encoding="utf-8",
    )
    print(f"{OUT}: {len(layers)} layers, {len(made)} blocks, {OUT.stat().st_size} bytes")


def lines(rows: list[Fields]) -> str:
    return ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)


if __name__ == "__main__":
    main()
