"""Reads a stranger's weight file in a process of its own: `python -m fracture_core.registry._weights_worker FILE`.

The HDF5 library has ended processes on damaged files before. What is wanted comes on standard input as JSON, name →
[shape, kind of number]; what is wrong goes to standard output, nothing where all is well.
"""

import json
import sys
from collections.abc import Iterator

import h5py
import numpy as np

# A network of some hundred layers has a few thousand objects.
_MOST = 20_000
_DEEPEST = 12

# Where Keras keeps what the training needed; nobody reads it here.
_IGNORED = "optimizer"

# Deflate, shuffle and checksum; others would look for a plugin on this computer.
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_LARGEST_CHUNK = 64 << 20

Wanted = dict[str, tuple[list[int], str]]


class _MisfitError(Exception):
    """What is wrong, as the end of a sentence."""


def main() -> None:
    """Says what is wrong with a file."""
    try:
        with h5py.File(sys.argv[1], "r") as file:
            _check(file, json.load(sys.stdin))
    except _MisfitError as fault:
        sys.stdout.write(str(fault))
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        sys.stdout.write(f"it is damaged or cut off ({str(error).splitlines()[0][:120]})")
    except MemoryError:
        sys.stdout.write("it asks for more memory than there is")


def _check(file: h5py.File, wanted: Wanted) -> None:
    found = dict(_datasets(file))
    # Every shape before the first number is read: what is announced may be larger than any memory.
    for name, (shape, kind) in wanted.items():
        if name not in found:
            raise _MisfitError(f"{name} is missing")
        _right(name, found[name], tuple(shape), kind)
    for name in found:
        if name not in wanted:
            raise _MisfitError(f"it holds {name[:120]}, for which the network has no place")
    for name, dataset in found.items():
        if not np.isfinite(dataset[()]).all():
            raise _MisfitError(f"{name} holds values that are no numbers, as after a training that diverged")


def _datasets(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Every array but the optimizer's; refuses whatever leads elsewhere."""
    waiting: list[tuple[str, h5py.Group, int]] = [("", file, 0)]
    seen: set[int] = set()
    objects = 0
    while waiting:
        path, group, depth = waiting.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen or depth > _DEEPEST:
            raise _MisfitError(f"{path or 'its root'} stands within itself")
        seen.add(address)
        objects += len(group)
        if objects > _MOST:
            raise _MisfitError(f"it holds more than {_MOST:,} parts")
        for name in group:
            place = f"{path}/{name}".lstrip("/")
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise _MisfitError(f"{place} is a link to somewhere else")
            if place == _IGNORED:
                continue
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append((place, item, depth + 1))
            elif isinstance(item, h5py.Dataset):
                yield place, item
            else:
                raise _MisfitError(f"{place} is neither numbers nor a group of them")


def _right(name: str, dataset: h5py.Dataset, shape: tuple[int, ...], kind: str) -> None:
    """Refuses an array of another shape or kind, or one whose numbers lie elsewhere."""
    if dataset.shape != shape:
        raise _MisfitError(f"{name} has the shape {_shown(dataset.shape)}, not {_shown(shape)}")
    if dataset.dtype.kind != kind:
        raise _MisfitError(f"{name} holds {dataset.dtype}, not {_KINDS[kind]}")
    if dataset.external or dataset.is_virtual:
        raise _MisfitError(f"the numbers of {name} lie in another file")
    storage = dataset.id.get_create_plist()
    if not {storage.get_filter(number)[0] for number in range(storage.get_nfilters())} <= _FILTERS:
        raise _MisfitError(f"{name} is packed by a method that needs another program")
    if dataset.chunks and np.prod(dataset.chunks, dtype=float) * dataset.dtype.itemsize > _LARGEST_CHUNK:
        raise _MisfitError(f"{name} is kept in pieces larger than itself")


_KINDS = {"f": "floating-point numbers", "i": "whole numbers", "u": "whole numbers", "b": "truth values"}


def _shown(shape: tuple[int, ...] | None) -> str:
    return " × ".join(f"{side}" for side in shape or ()) or "of a single number"


if __name__ == "__main__":
    main()
