"""Every network of the zoo as an ONNX file, in ONNX Runtime, in our executor and in the onnx package's own evaluator.

`python tests/benchmarks/exported.py [NETWORK…]`: the largest difference of outputs, of the largest number, beside 1e-4.
The evaluator is slow: inputs are as small as each network takes them.
"""

from __future__ import annotations

import sys

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
        (defined,) = ReferenceEvaluator(onnx.ModelProto.FromString(case.model)).run(None, {"input": case.given})
        gaps = difference(made, defined), difference(made, Executor(case)())
        worst = max(worst, *gaps)
        print(f"{name:<20} {'x'.join(map(str, graph.input_shape)):<16} evaluator {gaps[0]:.1e}  ours {gaps[1]:.1e}",
              flush=True)  # fmt: skip
    print(f"worst {worst:.1e}   (at most 1e-4)")


def smallest(name: str):  # type: ignore[no-untyped-def]  # a graph
    for side in SIDES:
        try:
            return build_network(zoo_program(name), Choices(f"@{side}" if side else "")).graph
        except (SpecError, ValueError):
            continue
    raise SystemExit(f"{name} takes no input")


if __name__ == "__main__":
    main(sys.argv[1:])
