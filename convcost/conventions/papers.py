"""What papers and tables of models print."""

from .dispatched import fvcore
from .registry import MACS, Amount, amount, convention


@convention("multiply-adds", "papers", "mult-adds", "Howard et al. 2017, He et al. 2015 and most papers")
def multiply_adds() -> dict[str, Amount | None]:
    """Products of convolutions and matrix products, padding included: `macs` here. Papers round, or cut off."""
    return {"conv transposed linear matmul attention other": MACS}


@convention("infer_gmacs", "timm", "GMACs", "pytorch-image-models, results/benchmark-infer-*.csv: fvcore's figure")
def infer_gmacs() -> dict[str, Amount | None]:
    """The column of timm's tables, counted by fvcore on timm's own models."""
    return {**fvcore.rules, "attention": MACS}


@convention("infer_macts", "timm", "Macts", "pytorch-image-models, results/benchmark-infer-*.csv")
def infer_macts() -> dict[str, Amount | None]:
    """Elements that convolutions and matrix products put out (Radosavovic et al. 2020): `conv_activations` here."""
    return {"conv transposed linear matmul attention other": amount("conv_activations")}
