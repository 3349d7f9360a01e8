"""Rows of a sweep as a file that is written as they come: CSV, Parquet, Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ..spec.errors import SpecError
from ..variants.registry import AS_GIVEN, all_variants
from .grid import SETTINGS
from .rows import COLUMNS, Batch, is_missing
from .where import MISSING, SHAPING

if TYPE_CHECKING:
    import pyarrow

#: The kinds of files that rows are written to, by ending.
ENDINGS = (".csv", ".parquet", ".arrow")

#: Every variant, in the order in which a file numbers them.
NAMES = (AS_GIVEN, *all_variants())

#: How the settings of a row are written in its tokens.
STARTS = {field: start for start, (field, _) in SETTINGS.items()}


@contextmanager
def rows_to(file: BinaryIO, ending: str) -> Iterator[Callable[[Batch], object]]:
    """What writes batches of rows to a file of one of `ENDINGS`.

    >>> import io
    >>> from .questions import Question
    >>> from .grid import read_grid
    >>> from .reduce import Search
    >>> from .rows import batches
    >>> file = io.BytesIO()
    >>> with rows_to(file, ".csv") as write:
    ...     for batch in batches(Search((Question(read_grid(["16,32", "@7", "k3"])[0], "standard"),))):
    ...         _ = write(batch)
    >>> file.getvalue().decode().splitlines()[1][:50]
    'standard,16 @7 k3,16,16,7x7,,,,,,2304,112896,92416'

    Raises SpecError where pyarrow is missing.
    """
    if ending == ".csv":
        file.write((",".join(COLUMNS) + "\n").encode())
        yield lambda batch: file.write(lines_of_rows(batch).encode())
        return
    with _arrow_writer(file, ending) as writer:
        yield lambda batch: writer.write_batch(arrow_batch(batch))


def lines_of_rows(batch: Batch) -> str:
    """A line a row; a setting that a row does not have is empty."""
    columns = [texts(batch, name) for name in COLUMNS]
    return "\n".join(map(",".join, zip(*columns))) + "\n"


def texts(batch: Batch, name: str) -> Sequence[str]:
    """A column as texts."""
    rows = len(batch["params"])
    if name == "variant":
        return [batch["variant"]] * rows
    if name == "spec":
        return tokens_of_rows(batch)
    if name == "input_size":
        return ["x".join(map(str, size)) for size in zip(*[column.tolist() for column in batch["sizes"]])]
    if name in SHAPING:
        return ["" if number == MISSING else str(number) for number in batch[name].tolist()]
    return list(map(str, batch[name].tolist()))


def tokens_of_rows(batch: Batch) -> list[str]:
    """Each row's layer in our notation."""
    given: dict[str, Any] = {field: column.tolist() for field, column in batch["given"].items()}
    sizes = [field for field in given if field.startswith("size")]
    outer = ["out_channels"] * ("out_channels" in given)
    settings = [field for field in given if field in STARTS]
    fields = ["in_channels", *outer, *sizes, *settings]
    form = ":".join(["%d"] * (1 + len(outer))) + " @" + "x".join(["%d"] * len(sizes))
    form += f" {batch['structure']}".rstrip().replace("%", "%%") + "".join(
        [f" {STARTS[field]}%d" for field in settings]
    )
    return [form % row for row in zip(*[given[field] for field in fields])]


@contextmanager
def _arrow_writer(file: BinaryIO, ending: str) -> Iterator[Any]:
    pa = _pyarrow(ending)
    if ending == ".arrow":
        with pa.ipc.new_file(file, schema_of_rows(pa)) as writer:
            yield writer
        return
    from pyarrow import parquet

    with parquet.ParquetWriter(file, schema_of_rows(pa)) as writer:
        yield writer


def _pyarrow(ending: str) -> Any:
    try:
        import pyarrow
        import pyarrow.ipc
    except ImportError:
        hint = "pip install 'convcost[sweep]', or write a .csv"
        raise SpecError(f"a file that ends in {ending} needs pyarrow", hint, ending) from None
    return pyarrow


def schema_of_rows(pa: Any) -> pyarrow.Schema:
    """The types of the columns."""
    kinds = {"variant": pa.dictionary(pa.int8(), pa.string()), "spec": pa.string(), "input_size": pa.string(),
             "arithmetic_intensity": pa.float64()}  # fmt: skip
    return pa.schema([(name, kinds.get(name, pa.int64())) for name in COLUMNS])


def numpy_records(batch: Batch) -> np.recarray[Any, Any]:
    """Rows as records of NumPy, a field a column."""
    columns = [np.array(texts(batch, name)) if name in ("variant", "spec", "input_size") else batch[name]
               for name in COLUMNS]  # fmt: skip
    found: np.recarray[Any, Any] = np.rec.fromarrays(columns, names=",".join(COLUMNS))  # type: ignore[call-overload]  # its stubs want a dtype, too
    return found


def arrow_batch(batch: Batch) -> pyarrow.RecordBatch:
    """Rows as a batch of Arrow; a setting that a row does not have is null."""
    pa = _pyarrow(".arrow")
    rows = len(batch["params"])
    arrays = []
    for name in COLUMNS:
        if name == "variant":
            number = NAMES.index(batch["variant"])  # one dictionary for all batches: a file has no second
            arrays.append(pa.DictionaryArray.from_arrays(pa.array([number] * rows, pa.int8()), NAMES))
        elif name in ("spec", "input_size"):
            arrays.append(pa.array(texts(batch, name), pa.string()))
        elif name in SHAPING:
            arrays.append(pa.array(batch[name], pa.int64(), mask=is_missing(batch[name])))
        else:
            arrays.append(pa.array(batch[name]))
    return pa.RecordBatch.from_arrays(arrays, schema=schema_of_rows(pa))
