"""Numbers as text: one unit and one number of decimals for a whole column."""

from collections.abc import Iterable
from math import floor, log10

from ..spec.records import NamedTuple

Number = int | float


class Units(NamedTuple):
    """A family of units: each `base` times the one before; `suffix` follows every number; `exact` scales none.

    The smallest number of a column is shown with so many significant `digits`.
    """

    names: tuple[str, ...]
    base: int = 1000
    suffix: str = ""
    exact: bool = False
    digits: int = 3


COUNTS = Units(("", "K", "M", "G", "T", "P", "E"))
BYTES = Units(("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"), 1024)
TIME = Units(("µs", "ms", "s"))
PLAIN = Units(("",))
RATIO = Units(("",), suffix="×")

#: A column shows its smallest number with three significant digits, but no more decimals than this …
_MOST_DECIMALS = 3
#: … and no more digits than this in its largest.
_MOST_DIGITS = 7
#: A smaller number is shown as a power of ten.
_LEAST = 0.00095


class Scale(NamedTuple):
    """How the numbers of one column are shown."""

    unit: str
    divisor: int = 1
    decimals: int = 0
    suffix: str = ""
    exact: bool = False


def choose_scale(values: Iterable[Number | None], units: Units) -> Scale:
    """The unit and decimals in which all of `values` read well.

    >>> choose_scale([1806336, 719323136, 0, None], COUNTS)
    Scale(unit='M', divisor=1000000, decimals=2, suffix='', exact=False)

    The largest unit in which the largest number is at least 1 and the smallest, 0 apart, at least 0.01; or
    a larger one where the largest number would have more than five digits before the point.
    """
    present = [v for v in values if v]
    if units.exact or not present:
        return Scale(units.names[0], suffix=units.suffix, exact=units.exact)
    low, high = min(present), max(present)
    power = 0
    while power + 1 < len(units.names) and _is_better(units.base**power, units.base, low, high):
        power += 1
    if high >= 100_000 * units.base**power:  # there is no unit for it: powers of ten say it better
        power = 0
    divisor = units.base**power
    return Scale(units.names[power], divisor, _decimals(present, low, high, divisor, units.digits), units.suffix)


def _is_better(divisor: int, base: int, low: Number, high: Number) -> bool:
    """Is the next unit after `divisor` better for numbers from `low` to `high`?"""
    following = divisor * base
    return high >= 100_000 * divisor or (100 * low >= following and high >= following)


def _decimals(present: list[Number], low: Number, high: Number, divisor: int, digits: int) -> int:
    wanted = max(digits - 1 - floor(log10(low / divisor)), int(divisor != 1))
    # a hair above the largest: it may round up to one digit more
    most = _MOST_DIGITS - 1 - floor(log10(high / divisor) + 1e-6)
    decimals = max(0, min(wanted, _MOST_DECIMALS, most))
    written = [v / divisor for v in present if v / divisor >= _LEAST]
    while decimals and all([v == round(v, decimals - 1) for v in written]):  # 0.9999 is 1.000 and not 1
        decimals -= 1
    return decimals


def with_unit(label: str, unit: str) -> str:
    """A label, its unit behind it where it has one.

    >>> with_unit("MACs", "M"), with_unit("FLOPs / byte", "")
    ('MACs (M)', 'FLOPs / byte')
    """
    return f"{label} ({unit})" if unit else label


def show(value: Number | None, scale: Scale) -> str:
    """`value` in its column's unit, `–` where it is missing; a number too small for the column shows two digits.

    >>> show(27496448, Scale("M", 1000000, 2)), show(0.00089, Scale("", 1, 3, "×"))
    ('27.50', '8.9e-4×')
    """
    if value is None:
        return "–"
    if value < 0:
        return f"-{show(-value, scale)}"
    if scale.exact:
        return f"{value:,}{scale.suffix}"
    if value == 0:
        return "0" + scale.suffix
    scaled = value / scale.divisor
    if scaled >= 10**_MOST_DIGITS:
        text = f"{scaled:.2e}"
    elif scaled < _LEAST:
        text = f"{scaled:.1e}"
    elif scaled < 10.0 ** (1 - scale.decimals) and scaled != round(scaled, scale.decimals):
        text = f"{scaled:.2g}"
    else:
        text = f"{scaled:.{scale.decimals}f}"
    return _plain_exponent(text) + scale.suffix


def _plain_exponent(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text
