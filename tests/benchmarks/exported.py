"""Every network of the zoo as an ONNX file, in ONNX Runtime, in our executor and in the onnx package's own evaluator.

`python -P tests/benchmarks/exported.py [NETWORK…]`: the largest difference of outputs, as a share of the largest.
The evaluator is slow: inputs are as small as each network takes them.
"""

from __future__ import annotations

import sys

from convcost.graph.ops import Graph
from convcost.networks.build import Choices, build_network
from convcost.networks.zoo import zoo_names, zoo_program
from convcost.spec import SpecError
from convcost.timing.engines import open_engine
from convcost.timing.values import Executor, difference, make_case

#: Sides of inputs to try, the smallest first; None: the network's own.
SIDES = (32, 48, 64, 96, 128, None)


def main(names: list[str]) -> None:
    import onnx
    from onnx.reference import ReferenceEvaluator

    engine, worst = open_engine("onnxruntime"), 0.0
    for name in names or zoo_names():
        graph = smallest(name)
        case = make_case(graph, name)
        made = engine.prepare(case)()
        shape, ours = "x".join(map(str, graph.input_shape)), difference(made, Executor(case)())
        try:
            model = onnx.ModelProto.FromString(case.model)
            (defined,) = ReferenceEvaluator(model).run(None, {"input": case.given})
        except Exception as error:  # the evaluator's own: it has no ceil_mode as the definition has it
            print(f"{name:<20} {shape:<16} evaluator fails: {error!r:.80}  ours {ours:.1e}", flush=True)
            continue
        gap = difference(made, defined)
        worst = max(worst, gap, ours)
        print(f"{name:<20} {shape:<16} evaluator {gap:.1e}  ours {ours:.1e}", flush=True)
    print(f"worst {worst:.1e}   (at most 1e-4)")


def smallest(name: str) -> Graph:
    """At the smallest of `SIDES` that it takes."""
    for side in SIDES:
        try:
            return build_network(zoo_program(name), Choices(f"@{side}" if side else "")).graph
        except (SpecError, ValueError):
            continue
    raise SystemExit(f"{name} takes no input")


if __name__ == "__main__":
    main(sys.argv[1:])
