"""The node models of the onnx package, executed: `python tests/benchmarks/onnx_nodes.py`; needs the bench extra.

ONNX Runtime executes each model and says the shape of every tensor; what it cannot load, the onnx
package's reference evaluator executes, which also follows branches and loops as the data have them.
Products are counted from those shapes by the definitions below, which share nothing with the package.
"""

from __future__ import annotations

import re
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

#: Operations with products, by what their shapes are multiplied to: inputs, first output, attributes.
Shapes = list[tuple[int, ...] | None]


def products(op: str, given: Shapes, made: tuple[int, ...], attributes: dict[str, Any]) -> int:
    """Products of one operation, from the shapes of what it was given and of what it made."""
    a, b = [*given, None, None][:2]
    if op in ("Conv", "ConvInteger", "DeformConv", "CausalConvWithState"):
        return prod(made) * prod((b or ())[1:])
    if op == "QLinearConv":
        return prod(made) * prod((given[3] or ())[1:])
    if op == "ConvTranspose":
        return prod(a or ()) * prod((b or ())[1:])
    if op in ("MatMul", "MatMulInteger", "QLinearMatMul"):
        return prod(made) * (a or ())[-1]
    if op == "Gemm":
        return prod(made) * (a or ())[0 if attributes.get("transA") else 1]
    if op == "Einsum":
        return _einsum(attributes["equation"], given)
    if op in ("LSTM", "GRU", "RNN"):
        gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
        first, second = (1, 0) if attributes.get("layout") else (0, 1)
        steps = (a or ())[first] * (a or ())[second]
        directions, _, features = b or (0, 0, 0)
        hidden = (given[2] or ())[2]
        return steps * directions * gates * hidden * (features + hidden)
    if op == "Attention":
        return _attention(given, attributes)
    return 0


def _einsum(equation: Any, given: Shapes) -> int:
    text = (equation.decode() if isinstance(equation, bytes) else equation).replace(" ", "")
    left, _, right = text.partition("->")
    if "->" not in text:
        counts = Counter(re.findall(r"\w", text))
        right = "".join(sorted(letter for letter, n in counts.items() if n == 1))
    sizes: dict[str, int] = {}
    for term, shape in zip(left.split(","), given):
        rest = len(shape or ()) - len(term.replace("...", ""))
        letters = term.replace("...", "".join(chr(0x100 + i) for i in range(rest)))
        sizes.update(zip(letters, shape or ()))
    kept = {letter for letter in sizes if letter in right or ord(letter) >= 0x100}
    terms = left.count(",") + 1
    return (terms - 1) * prod(sizes.values()) if kept != set(sizes) else 0


def _attention(given: Shapes, attributes: dict[str, Any]) -> int:
    q, k, v = given[0] or (), given[1] or (), given[2] or ()
    past = (given[4] or (0, 0, 0))[2] if len(given) > 4 else 0
    if len(q) == 4:
        return q[0] * q[1] * q[2] * (k[2] + past) * (q[3] + v[3])
    heads, shared = attributes["q_num_heads"], attributes["kv_num_heads"]
    return q[0] * q[1] * (k[1] + past) * (q[2] + heads * (v[2] // shared))


#: Operations that are defined by others: the model with these written out is among the models.
COMPOSED = {"FlexAttention", "LinearAttention"}


class Truth:
    """Products of a model, counted while it is executed."""

    def __init__(self) -> None:
        self.total = 0
        self.running: set[int] = set()

    def by_runtime(self, model: Any, feeds: dict[str, Any]) -> bool:
        """Count with ONNX Runtime's shapes; False where it cannot load the model, or where there are graphs in it."""
        import onnx
        import onnxruntime as runtime

        if model.functions or any(a.HasField("g") for node in model.graph.node for a in node.attribute):
            return False
        whole = onnx.ModelProto()
        whole.CopyFrom(model)
        names = list(dict.fromkeys(name for node in whole.graph.node for name in node.output if name))
        del whole.graph.output[:]
        whole.graph.output.extend([onnx.helper.make_empty_tensor_value_info(name) for name in names])
        for node in whole.graph.node:  # outputs that have no name have a shape, too
            if node.output and not node.output[0]:
                return False
        options = runtime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            session = runtime.InferenceSession(whole.SerializeToString(), options, ["CPUExecutionProvider"])
            values = dict(zip(names, session.run(names, feeds)))
        except Exception:  # what it does not implement, of which there is much
            return False
        values |= feeds | {t.name: onnx.numpy_helper.to_array(t) for t in whole.graph.initializer}
        for node in whole.graph.node:
            self.add(node, [_shape(values.get(name)) for name in node.input], _shape(values[node.output[0]]))
        return True

    def by_reference(self, model: Any, feeds: dict[str, Any]) -> bool:
        """Count while the reference evaluator executes every operation, those in graphs and functions included."""
        from onnx.reference import ReferenceEvaluator
        from onnx.reference.op_run import OpRun

        ReferenceEvaluator(model)  # loads its operations
        runs = [(kind, kind.run) for kind in _below(OpRun) if "run" in vars(kind)]
        for kind, run in runs:
            kind.run = self._counting(run)
        try:
            ReferenceEvaluator(model).run(None, feeds)
        except Exception:  # what it does not implement, and data that are no tensors
            return False
        finally:
            for kind, run in runs:
                kind.run = run
        return True

    def _counting(self, run: Any) -> Any:
        """An operation's `run`, which counts as well; not where one class's calls another's."""

        def counted(operation: Any, *args: Any, **more: Any) -> Any:
            is_first = id(operation) not in self.running
            self.running.add(id(operation))
            found = run(operation, *args, **more)
            if is_first:
                self.running.remove(id(operation))
                if operation.onnx_node.op_type not in ("If", "Loop", "Scan") and found:
                    self.add(operation.onnx_node, [_shape(value) for value in args], _shape(found[0]))
            return found

        return counted

    def add(self, node: Any, given: Shapes, made: tuple[int, ...] | None) -> None:
        import onnx

        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        self.total += products(node.op_type, given, made or (), attributes)


def _below(kind: Any) -> Iterator[Any]:
    """A class and all that inherit from it."""
    yield kind
    for one in kind.__subclasses__():
        yield from _below(one)


def _shape(value: Any) -> tuple[int, ...] | None:
    return tuple(value.shape) if hasattr(value, "shape") else None


def models() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Every node model with its inputs."""
    from onnx.backend.test.case.node import collect_testcases

    for case in collect_testcases(None):
        inputs = case.data_sets[0][0]
        names = [value.name for value in case.model.graph.input]
        yield case.name, case.model, dict(zip(names, inputs))


def verdict(model: Any, feeds: dict[str, Any], path: Path) -> tuple[str, str]:
    """Whether the number is exact, and what was found."""
    from convcost.analysis import analyze
    from convcost.networks.onnx import read_onnx
    from convcost.spec.errors import SpecError

    if {node.op_type for node in model.graph.node} & COMPOSED:
        return "composed", ""
    truth = Truth()
    if not truth.by_runtime(model, feeds):
        truth.total = 0
        if not truth.by_reference(model, feeds):
            return "not executed", ""
    path.write_bytes(model.SerializeToString())
    try:
        tensors = {value.name for value in model.graph.input if value.type.HasField("tensor_type")}
        shapes = {name: value.shape for name, value in feeds.items() if name in tensors}
        found = read_onnx(str(path), shapes, None)
    except SpecError as error:
        return "refused", error.message
    macs = analyze(found.graph).cost.macs
    said = f"{macs} for {truth.total} {[(m.op, m.reason) for m in found.unknown]}"
    if found.unknown:
        return ("partial" if macs <= truth.total else "wrong"), said
    if found.upper_bound:
        return ("exact" if macs >= truth.total else "wrong"), said
    return ("exact" if macs == truth.total else "wrong"), said


def main() -> None:
    """A line for each model whose number is not exact, and the sums: with products, and of all."""
    warnings.simplefilter("ignore")
    sums: dict[str, Counter[str]] = {"with products": Counter(), "all": Counter()}
    with tempfile.TemporaryDirectory() as folder:
        for name, model, feeds in models():
            if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
                continue
            found, said = verdict(model, feeds, Path(folder) / "model.onnx")
            sums["all"][found] += 1
            if said and " for 0 " not in said:
                sums["with products"][found] += 1
            if found in ("wrong", "refused", "partial"):
                print(f"{found:12} {name:60} {said}")
    for what, counts in sums.items():
        print(f"{what}: {dict(counts)}")


if __name__ == "__main__":
    sys.path = [entry for entry in sys.path if Path(entry).name != "benchmarks"]  # a file here is named onnx, too
    main()
