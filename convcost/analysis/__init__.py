"""What a graph costs: folds over its operations, exact, by arithmetic on sizes of any kind."""

from .analyze import WORDS, Analysis, OpAnalysis, analyze, words
from .cost import Cost

__all__ = ["WORDS", "Analysis", "Cost", "OpAnalysis", "analyze", "words"]
