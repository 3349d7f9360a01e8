"""Writes a graph node by node, keeping track of channels and, where padding depends on them, of shapes."""

from __future__ import annotations

from collections.abc import Callable

from . import ops
from .shapes import output_shape


class GraphBuilder:
    """A graph under construction, each operation applied to the one before it unless told otherwise.

    >>> b = GraphBuilder((1, 3, 8, 8), "fp32")
    >>> b.conv("conv", 4, (3, 3), stride=(2, 2), padding="same-upper")
    1
    >>> b.shape(1)
    (1, 4, 4, 4)

    `norm` and `activation` follow each convolution. An activation is written only when the next
    convolution, or the end, comes: whatever is put between (the add of a shortcut) goes before it.
    """

    def __init__(self, input_shape: ops.Shape, dtype: str, norm: bool = False, activation: str | None = None) -> None:
        self.dtype = dtype
        self.nodes: list[ops.Node] = []
        self.channels: list[int] = [input_shape[1]]
        self._shapes: list[ops.Shape] = [input_shape]
        self._norm = norm
        self._activation = activation
        self._pending: str | None = None
        self._bias_due: int | None = None

    @property
    def last(self) -> int:
        """Number of the newest value."""
        return len(self.nodes)

    def shape(self, value: int) -> ops.Shape:
        """Shape of a value; inferred when it is asked for, which few variants do."""
        for node in self.nodes[len(self._shapes) - 1 : value]:
            self._shapes.append(output_shape(node.op, [self._shapes[i] for i in node.inputs]))
        return self._shapes[value]

    def add(self, name: str, op: ops.Op, *inputs: int) -> int:
        """Append one operation and give the number of its value."""
        self.nodes.append(ops.Node(name, op, inputs))
        keeps = type(op) in (ops.Add, ops.Activation, ops.BatchNorm)
        known = op.out_channels if type(op) is ops.Conv else self.channels[inputs[0]] if keeps else None
        self.channels.append(self.shape(self.last)[1] if known is None else known)
        return self.last

    def conv(
        self,
        name: str,
        out_channels: int,
        kernel_size: ops.Ints,
        *,
        stride: ops.Ints | None = None,
        padding: ops.Pads | str | None = None,
        dilation: ops.Ints | None = None,
        groups: int = 1,
        bias: bool | str = False,
        padding_mode: str = "zeros",
        transposed: bool = False,
        output_padding: ops.Ints = (),
        linear: bool = False,
        at: int | None = None,
    ) -> int:
        """Append a convolution with its norm, its activation to follow unless `linear`.

        What is left out is stride 1, padding 0, dilation 1; `at` names the value it reads. A `bias` that is "last"
        is for the last convolution that says so, which is known when the graph is finished.
        """
        self.activate()
        value = self.last if at is None else at
        ones = (1,) * len(kernel_size)
        stride, dilation = stride or ones, dilation or ones
        if padding is None:
            padding = ((0, 0),) * len(kernel_size)
        elif isinstance(padding, str):
            padding = same_upper(self.shape(value)[2:], kernel_size, stride, dilation)
        op = ops.Conv(
            self.channels[value], out_channels, kernel_size, stride, padding, dilation, groups,
            False if isinstance(bias, str) else bias, padding_mode, transposed, output_padding,
        )  # fmt: skip
        if isinstance(bias, str):
            self._bias_due = len(self.nodes)
        result = self.add(name, op, value)
        if self._norm:
            result = self.add(f"{name}.norm", ops.BatchNorm(out_channels), result)
        self._pending = None if linear or not self._activation else f"{name}.activation"
        return result

    def shortcut(self, stride: ops.Ints, *, bias: bool | str, project: bool = True) -> str:
        """Add the graph's input to the newest value and say how: "identity", "projection" or "none".

        The identity where every stride is 1 and the channels agree, else a strided 1x1 convolution
        (ResNet's option B) or, without `project`, nothing. An activation that is due follows the sum. The projection
        is not of the main branch: a `bias` that is "last" is none of its own.
        """
        main, due = self.last, self._pending
        self._pending = None
        other, kind, out_channels = 0, "identity", self.channels[main]
        if self.channels[0] != out_channels or any(s != 1 for s in stride):
            if not project:
                self._pending = due
                return "none"
            kernel = (1,) * len(stride)
            own = False if isinstance(bias, str) else bias
            other = self.conv("projection", out_channels, kernel, stride=stride, bias=own, linear=True, at=0)
            kind = "projection"
        self.add("add", ops.Add(), main, other)
        self._pending = due and "add.activation"
        return kind

    def activate(self) -> None:
        """Write the activation that is due, if one is."""
        if self._pending and self._activation:
            self.add(self._pending, ops.Activation(self._activation), self.last)
        self._pending = None

    def graph(self) -> ops.Graph:
        """The finished graph."""
        self.activate()
        if self._bias_due is not None:
            node = self.nodes[self._bias_due]
            assert type(node.op) is ops.Conv
            self.nodes[self._bias_due] = node._replace(op=node.op._replace(bias=True))
        return ops.Graph(self._shapes[0], self.dtype, tuple(self.nodes))


def inline(nodes: list[ops.Node], graph: ops.Graph, value: int, name: Callable[[str], str]) -> int:
    """Append the operations of `graph`, whose input is then `value`, under other names; gives the newest value.

    >>> nodes = [ops.Node("stem", ops.Activation("relu"), (0,))]
    >>> inline(nodes, ops.Graph((1, 2, 3), "fp32", (ops.Node("add", ops.Add(), (0, 0)),)), 1, "block.{}".format)
    2
    >>> nodes[1]
    Node(name='block.add', op=Add(), inputs=(1, 1))
    """
    base = len(nodes)
    for node in graph.nodes:
        nodes.append(ops.Node(name(node.name), node.op, tuple([i + base if i else value for i in node.inputs])))
    return len(nodes)


def same_upper(size: ops.Ints, kernel_size: ops.Ints, stride: ops.Ints, dilation: ops.Ints) -> ops.Pads:
    """Padding that makes output = ceil(input / stride), an odd one after: ONNX's SAME_UPPER, TensorFlow's SAME.

    >>> same_upper((56,), (3,), (2,), (1,))
    ((0, 1),)
    """
    totals = [
        max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0) for n, k, s, d in zip(size, kernel_size, stride, dilation)
    ]
    return tuple([(total // 2, total - total // 2) for total in totals])
