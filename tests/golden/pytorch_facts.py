"""What PyTorch does with a module: the measurements that make_layers.py writes down. No test imports this."""

from __future__ import annotations

import itertools

import torch
from pytorch_modules import Sum
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

Ints = tuple[int, ...]


def is_conv(module: nn.Module) -> bool:
    """True for a convolution of any kind."""
    return isinstance(module, nn.modules.conv._ConvNd)


def is_transposed(module: nn.Module) -> bool:
    """True for a transposed convolution."""
    return isinstance(module, nn.modules.conv._ConvTransposeNd)


def fill(module: nn.Module, *, average: bool) -> None:
    """Constant weights and no bias: ones, so that outputs count products, or such that outputs are averages."""
    for part in module.modules():
        if is_conv(part):
            nn.init.constant_(part.weight, 1.0 / part.weight[0].numel() if average else 1.0)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def count(module: nn.Module, shape: Ints) -> int:
    """How many products of real data there are in the output for an input of `shape`."""
    fill(module, average=False)
    with torch.no_grad():
        out = module(torch.ones(shape, dtype=torch.float64))
    whole = out.round().to(torch.int64)
    assert bool((out - whole).abs().max() < 1e-6)
    return int(whole.sum())


def counted_macs(module: nn.Module, shape: Ints) -> int:
    """Half of what PyTorch's own counter says."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.ones(shape, dtype=torch.float64))
    flops = counter.get_total_flops()
    assert flops % 2 == 0
    return flops // 2


def executed_macs(conv: nn.Module, shape: Ints, pads: list[list[int]] | None = None) -> int:
    """MACs by execution: the border written out as ones; transposed: nothing cropped."""
    axes = len(shape) - 2
    if is_transposed(conv):
        bare = type(conv)(
            conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, 0, 0, conv.groups, False, conv.dilation
        ).double()
        return count(bare, shape)
    bare = type(conv)(
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, 0, conv.dilation, conv.groups, False
    ).double()
    if pads is None:
        twice = conv._reversed_padding_repeated_twice  # exists for every form of padding
        pads = [list(twice[2 * a : 2 * a + 2]) for a in reversed(range(axes))]
    return count(bare, (*shape[:2], *[n + before + after for n, (before, after) in zip(shape[2:], pads)]))


def receptive_field(module: nn.Module, channels: int, axes: int, period: Ints) -> list[int]:
    """Spans per axis, the largest over one period of output positions on every axis."""
    fill(module, average=True)  # so that a ReLU6 stays in its middle part
    steps = list(itertools.product(*map(range, period)))
    size = 24 if axes == 3 else 48
    while True:
        spans = [_spans(module, channels, axes, size, step) for step in steps]
        seen = [[span[axis] for span in spans if span is not None] for axis in range(axes)]
        if all(first > 0 and last < size - 1 for axis in seen for first, last in axis):
            return [max(last - first + 1 for first, last in axis) for axis in seen]
        size *= 2


def _spans(module: nn.Module, channels: int, axes: int, size: int, step: Ints) -> list[tuple[int, int]] | None:
    x = torch.ones((1, channels, *[size] * axes), dtype=torch.float64, requires_grad=True)
    y = module(x)
    middle = [n // 2 + ahead for n, ahead in zip(y.shape[2:], step)]
    (gradient,) = torch.autograd.grad(y[(0, 0, *middle)], x)
    touched = gradient[0].abs().sum(0).nonzero()
    if not len(touched):
        return None
    first, last = touched.min(0).values.tolist(), touched.max(0).values.tolist()
    return list(zip(first, last))


def operations(part: nn.Module) -> int:
    """Elementwise operations that a module does for each element it gives."""
    if is_conv(part):
        return int(part.bias is not None)
    if isinstance(part, nn.modules.batchnorm._BatchNorm):
        return 2
    return int(isinstance(part, (Sum, nn.ReLU, nn.ReLU6)))
