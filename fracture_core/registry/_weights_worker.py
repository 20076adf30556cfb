"""Worker process that checks an untrusted weight file: `python -m fracture_core.registry._weights_worker FILE`.

A damaged file can crash the HDF5 library, so the file is read in a separate process. Standard input holds the expected
arrays as JSON: name → [shape, number type]. The problem is written to standard output; empty output means no problem.
"""

import json
import sys
from collections.abc import Iterator

import h5py
import numpy as np

# A network of some hundred layers has a few thousand objects.
_MAX_OBJECTS = 20_000
_MAX_DEPTH = 12

# Keras stores the state of the optimizer here; it is not needed.
_IGNORED = "optimizer"

# Deflate, shuffle and checksum; other filters would load a plugin.
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_MAX_CHUNK_BYTES = 64 << 20

ExpectedArrays = dict[str, tuple[list[int], str]]


class _MisfitError(Exception):
    """The problem, as the end of a sentence."""


def main() -> None:
    """Write the problem of a file to standard output."""
    try:
        with h5py.File(sys.argv[1], "r") as file:
            _check(file, json.load(sys.stdin))
    except _MisfitError as problem:
        sys.stdout.write(str(problem))
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        sys.stdout.write(f"it is damaged or cut off ({str(error).splitlines()[0][:120]})")
    except MemoryError:
        sys.stdout.write("it needs more memory than is available")


def _check(file: h5py.File, expected: ExpectedArrays) -> None:
    arrays = dict(_datasets(file))
    # All shapes are checked before any value is read, because a declared shape may exceed the memory.
    for name, (shape, kind) in expected.items():
        if name not in arrays:
            raise _MisfitError(f"{name} is missing")
        _check_array(name, arrays[name], tuple(shape), kind)
    for name in arrays:
        if name not in expected:
            raise _MisfitError(f"it contains {name[:120]}, which the network does not have")
    for name, dataset in arrays.items():
        if not np.isfinite(dataset[()]).all():
            raise _MisfitError(
                f"{name} contains values that are not finite, as after a training that diverged"
            )


def _datasets(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Iterate over all arrays except those of the optimizer; links are an error."""
    pending: list[tuple[str, h5py.Group, int]] = [("", file, 0)]
    seen: set[int] = set()
    objects = 0
    while pending:
        path, group, depth = pending.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen or depth > _MAX_DEPTH:
            raise _MisfitError(f"{path or 'its root'} contains itself")
        seen.add(address)
        objects += len(group)
        if objects > _MAX_OBJECTS:
            raise _MisfitError(f"it contains more than {_MAX_OBJECTS:,} objects")
        for name in group:
            item_path = f"{path}/{name}".lstrip("/")
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise _MisfitError(f"{item_path} is a link to another location")
            if item_path == _IGNORED:
                continue
            item = group[name]
            if isinstance(item, h5py.Group):
                pending.append((item_path, item, depth + 1))
            elif isinstance(item, h5py.Dataset):
                yield item_path, item
            else:
                raise _MisfitError(f"{item_path} is neither an array nor a group")


def _check_array(name: str, dataset: h5py.Dataset, shape: tuple[int, ...], kind: str) -> None:
    """Check shape, number type and storage of an array."""
    if dataset.shape != shape:
        raise _MisfitError(f"{name} has the shape {_shape_text(dataset.shape)}, not {_shape_text(shape)}")
    if dataset.dtype.kind != kind:
        raise _MisfitError(f"{name} contains {dataset.dtype}, not {_KINDS[kind]}")
    if dataset.external or dataset.is_virtual:
        raise _MisfitError(f"the values of {name} are stored in another file")
    storage = dataset.id.get_create_plist()
    if not {storage.get_filter(number)[0] for number in range(storage.get_nfilters())} <= _FILTERS:
        raise _MisfitError(f"{name} is compressed by a method that needs a plugin")
    if dataset.chunks and np.prod(dataset.chunks, dtype=float) * dataset.dtype.itemsize > _MAX_CHUNK_BYTES:
        raise _MisfitError(f"{name} is stored in chunks that are too large")


_KINDS = {"f": "floating-point numbers", "i": "integers", "u": "unsigned integers", "b": "booleans"}


def _shape_text(shape: tuple[int, ...] | None) -> str:
    return " × ".join(f"{side}" for side in shape or ()) or "()"


if __name__ == "__main__":
    main()
