"""The limits of a budget as options of a command."""

from typing import Annotated, Any

import typer

from ..spec.records import NamedTuple


def _limit(word: str, what: str) -> Any:
    return typer.Option(f"--{word}", metavar="LIMIT", show_default=False, help=f"At most so many {what}.")


class Budgets(NamedTuple):
    """Limits, by the words that they limit."""

    params: Annotated[str, _limit("params", "params, such as 50k")] = ""
    macs: Annotated[str, _limit("macs", "multiply-adds, such as 150M")] = ""
    effective_macs: Annotated[str, _limit("effective-macs", "multiply-adds that touch data")] = ""
    flops: Annotated[str, _limit("flops", "FLOPs, 2 a multiply-add")] = ""
    elementwise: Annotated[str, _limit("elementwise", "elementwise operations")] = ""
    conv_activations: Annotated[str, _limit("conv-activations", "activations of convolutions")] = ""
    weight_bytes: Annotated[str, _limit("weight-bytes", "bytes of weights, such as 2MiB")] = ""
    activation_bytes: Annotated[str, _limit("activation-bytes", "bytes of activations")] = ""
    peak_bytes: Annotated[str, _limit("peak-bytes", "bytes at the peak, such as 2MiB")] = ""
    traffic_bytes: Annotated[str, _limit("traffic-bytes", "bytes read and written")] = ""

    def limits(self) -> dict[str, str]:
        """The limits that somebody gave, by word."""
        return {word: text for word, text in zip(self._fields, self) if text}
