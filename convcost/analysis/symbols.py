"""Sizes that are formulas: polynomials that compute as integers do, print as formulas, and know a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import prod
from typing import Any

_POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

Monomial = tuple[tuple["Symbol", int], ...]  # symbols in their order, with their powers, none 0


class Symbol:
    """A named size and its value; `define` computes it from the values of others where it is not free."""

    __slots__ = ("define", "name", "order", "value")

    def __init__(self, name: str, value: int, order: int = 0, define: Callable[[Mapping[str, int]], Any] | None = None):
        self.name, self.value, self.order, self.define = name, value, order, define

    def __lt__(self, other: Symbol) -> bool:
        return (self.order, self.name) < (other.order, other.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Symbol) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class Size:
    """A polynomial in symbols, with exact rational coefficients; made by `symbol` and by arithmetic.

    >>> cin, cout = symbol("Cin", 64), symbol("Cout", 128, 1)
    >>> 9 * cin + cin * cout
    9·Cin + Cin·Cout
    >>> (9 * cin + cin * cout).value, cout // 4, min(cin, cout)
    (8768, Cout/4, Cin)

    Arithmetic stays a formula. Questions (comparison, truth, remainder) are answered for the values that the
    symbols were made with, so that code which chooses takes the way those sizes take; `at` evaluates the formula
    anywhere else where the choices are the same. A quotient is exact where the values divide, else a symbol of its
    own, `⌊Cout/3⌋`. Not hashable: a cache would hand a formula to somebody who asked with numbers.
    """

    __slots__ = ("terms",)
    __hash__ = None  # type: ignore[assignment]  # see above

    def __init__(self, terms: Mapping[Monomial, Fraction]) -> None:
        self.terms = {monomial: factor for monomial, factor in terms.items() if factor}

    @staticmethod
    def of(value: Any) -> Size:
        """`value` as a Size: itself, or the constant."""
        return value if isinstance(value, Size) else Size({(): Fraction(value)})

    @property
    def value(self) -> int:
        """What it is for the values that its symbols were made with."""
        return self.at({})

    def at(self, sizes: Mapping[str, int]) -> int:
        """What it is where symbols have the values of `sizes`, by name; the others keep their own."""
        total = sum([f * prod([_value(s, sizes) ** p for s, p in m]) for m, f in self.terms.items()], Fraction(0))
        if total.denominator != 1:
            raise ValueError(f"{self} is no integer there: {total}")
        return int(total)

    def parts(self) -> list[Fraction]:
        """The value of each term, in the order in which they are written."""
        ordered = sorted(self.terms.items(), key=_place)
        return [f * prod([_value(s, {}) ** p for s, p in m], start=Fraction(1)) for m, f in ordered]

    def __add__(self, other: Any) -> Size:
        terms = dict(self.terms)
        for monomial, factor in Size.of(other).terms.items():
            terms[monomial] = terms.get(monomial, Fraction(0)) + factor
        return Size(terms)

    def __mul__(self, other: Any) -> Size:
        terms: dict[Monomial, Fraction] = {}
        for left, factor in self.terms.items():
            for right, by in Size.of(other).terms.items():
                monomial = _times(left, right)
                terms[monomial] = terms.get(monomial, Fraction(0)) + factor * by
        return Size(terms)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: Any) -> Size:
        return self + -Size.of(other)

    def __rsub__(self, other: Any) -> Size:
        return Size.of(other) - self

    def __floordiv__(self, other: Any) -> Size:
        divisor = Size.of(other)
        if len(divisor.terms) == 1:
            quotient = ratio(self, divisor)
            if all([power > 0 for monomial in quotient.terms for _, power in monomial]) and not self % other:
                return quotient
        name = f"⌊{_grouped(self)}/{_grouped(divisor)}⌋"
        floor = Symbol(name, self.value // divisor.value, 9, lambda sizes: self.at(sizes) // divisor.at(sizes))
        return Size({((floor, 1),): Fraction(1)})

    def __rfloordiv__(self, other: Any) -> Size:
        return Size.of(other) // self

    def __mod__(self, other: Any) -> int:
        return self.value % Size.of(other).value

    def __bool__(self) -> bool:
        return self.value != 0

    def __eq__(self, other: object) -> bool:
        return self.value == (other.value if isinstance(other, Size) else other)

    def __lt__(self, other: Any) -> bool:
        return self.value < Size.of(other).value

    def __le__(self, other: Any) -> bool:
        return self.value <= Size.of(other).value

    def __gt__(self, other: Any) -> bool:
        return self.value > Size.of(other).value

    def __ge__(self, other: Any) -> bool:
        return self.value >= Size.of(other).value

    def __repr__(self) -> str:
        return self.written(lambda symbol: symbol.name)

    def written(self, show: Callable[[Symbol], str]) -> str:
        """The formula with every symbol as `show` has it.

        >>> (9 * symbol("Cin", 64) * symbol("H", 56)).written(lambda symbol: str(symbol.value))
        '9·64·56'
        """
        parts = [_term(monomial, factor, show) for monomial, factor in sorted(self.terms.items(), key=_place)]
        return " + ".join(parts).replace("+ -", "- ") or "0"


def symbol(name: str, value: int, order: int = 0) -> Size:
    """A size that prints as `name`; `order` says where it stands in a product."""
    return Size({((Symbol(name, value, order), 1),): Fraction(1)})


def abbreviated(name: str, size: Size, order: int = 0) -> Size:
    """A short name for a formula, which is still what computes it.

    >>> wide = symbol("W", 56)
    >>> abbreviated("W'", (wide - 1) // 2 + 1) * 3
    3·W'
    """
    return Size({((Symbol(name, size.value, order, size.at), 1),): Fraction(1)})


def ratio(this: Size, base: Size) -> Size:
    """`this` over `base`, which must be one term, simplified term by term.

    >>> cin, cout = symbol("Cin", 64), symbol("Cout", 128, 1)
    >>> ratio(9 * cin + cin * cout, 9 * cin * cout)
    1/Cout + 1/9
    """
    ((monomial, factor),) = base.terms.items()
    inverse = tuple([(s, -power) for s, power in monomial])
    return this * Size({inverse: 1 / factor})


def sum_of_sizes(sizes: Iterable[Any]) -> Size:
    """The sum of sizes and integers, as a Size."""
    return sum(sizes, Size({}))


def _value(of: Symbol, sizes: Mapping[str, int]) -> Fraction:
    if of.name in sizes:
        return Fraction(sizes[of.name])
    return Fraction(of.define(sizes) if of.define else of.value)


def _times(left: Monomial, right: Monomial) -> Monomial:
    powers = dict(left)
    for s, power in right:
        powers[s] = powers.get(s, 0) + power
    return tuple(sorted([(s, power) for s, power in powers.items() if power]))


def _place(term: tuple[Monomial, Fraction]) -> tuple[int, list[tuple[int, str]]]:
    """Few symbols first, as the papers write it; constants last."""
    monomial, _ = term
    degree = sum([power for _, power in monomial])
    return (degree if monomial else 99, [(s.order, s.name) for s, _ in monomial])


def _term(monomial: Monomial, factor: Fraction, show: Callable[[Symbol], str]) -> str:
    above = [_power(show(s), power) for s, power in monomial if power > 0]
    below = [_power(show(s), -power) for s, power in monomial if power < 0]
    number, divisor = abs(factor.numerator), factor.denominator
    top = "·".join([str(number)] * (number != 1 or not above) + above)
    under = [str(divisor)] * (divisor != 1) + below
    bottom = "·".join(under) if len(under) < 2 else f"({'·'.join(under)})"
    return "-" * (factor < 0) + top + f"/{bottom}" * bool(under)


def _power(name: str, power: int) -> str:
    return name if power == 1 else name + str(power).translate(_POWERS)


def _grouped(size: Size) -> str:
    return repr(size) if len(size.terms) < 2 else f"({size!r})"
