"""Cards, auxiliary heads and prediction tables with hostile values: each is read, or refused with a sentence.

    python -m benchmarks.hostile_models --cards 15000 --heads 8000 --tables 2000

Prints how many inputs of each kind were accepted and refused, and each one that raised another exception, took longer
than five seconds or needed more than 600 MB.
"""

import argparse
import copy
import io
import json
import random
import resource
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fracture_core.auxiliary_heads.auxiliary_heads import AuxiliaryHeads
from fracture_core.errors import SecondLookError
from fracture_core.evaluation import predictions
from fracture_core.registry.card import ModelCard
from fracture_core.registry.check_arrays import check_arrays
from fracture_core.registry.model_readme import render_readme
from fracture_core.registry.store import CARD_NAME, PREDICTIONS_NAME, SHIPPED_MODEL

#: The model whose files are changed.
SHIPPED = Path(__file__).resolve().parents[1] / "models" / SHIPPED_MODEL

MAX_SECONDS, MAX_BYTES = 5.0, 600 << 20

#: Values that break code which expects another type, a range or a short text. Texts are inserted into JSON as they are.
HOSTILE_VALUES: tuple[str, ...] = (
    *("null", "true", "-1", "0", "1e999", "-1e308", "1e-320", "NaN", "Infinity", "1" * 400, "1" + "0" * 5000),
    *(
        '""',
        '"\\ud800"',
        '"\\u0000"',
        '"../../etc/passwd"',
        '"![x](http://127.0.0.1:9/a)"',
        '"' + "A" * 100_000 + '"',
    ),
    *("[]", "{}", "[[]]", '{"a": {}}', "[" * 3000 + "]" * 3000, "[" + "0," * 5000 + "0]"),
    *("9223372036854775808", "0.1", '"1"', "[null]", '{"": null}'),
)


def mutate_card(card: dict[str, Any], seed: int) -> str:
    """Return the JSON text of a card in which a few values are replaced, removed or added.

    Args:
        card: a valid card as JSON values.
        seed: determines the changes.
    """
    chance = random.Random(seed)
    changed = copy.deepcopy(card)
    marks = []
    for number in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(_places(changed)))
        action = chance.random()
        if action < 0.15:
            del holder[key]
            continue
        marks.append((f"@{number}@", chance.choice(HOSTILE_VALUES)))
        if action < 0.25 and isinstance(holder, dict):
            holder[f"extra {number}"] = f"@{number}@"
        else:
            holder[key] = f"@{number}@"
    text = json.dumps(changed)
    for mark, value in marks:
        text = text.replace(f'"{mark}"', value)
    return text if chance.random() > 0.03 else text[: chance.randrange(len(text))]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place below a JSON value, as its holder and its key or index."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def mutate_heads(content: bytes, seed: int) -> bytes:
    """Return an .npz file in which arrays or bytes are changed."""
    chance = np.random.default_rng(seed)
    if chance.random() < 0.4:
        changed = bytearray(content)
        for position in chance.integers(0, len(changed), chance.integers(1, 20)):
            changed[position] = chance.integers(256)
        return bytes(changed)
    with np.load(io.BytesIO(content)) as stored:
        arrays = {name: stored[name] for name in stored.files}
    name = str(chance.choice(list(arrays)))
    arrays[name] = _hostile_array(arrays[name], int(chance.integers(12)))
    if arrays[name] is None:
        del arrays[name]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, array in arrays.items():
            part = io.BytesIO()
            np.lib.format.write_array(part, np.asarray(array))
            data = part.getvalue()
            if each == name and chance.random() < 0.2:  # another shape than the data
                data = data.replace(b"(", b"(100000000, ", 1)
            archive.writestr(f"{each}.npy", data)
    return file.getvalue()


def _hostile_array(array: np.ndarray, kind: int) -> Any:
    changes: tuple[Callable[[], Any], ...] = (
        lambda: np.zeros(0),
        lambda: np.array(np.nan),
        lambda: array[..., None],
        lambda: np.full(array.shape, np.nan) if array.dtype.kind == "f" else array,
        lambda: np.full(array.shape, 1e308),
        lambda: array.astype(str),
        lambda: array.astype(complex) if array.dtype.kind == "f" else array,
        lambda: np.zeros(array.shape, "datetime64[s]"),
        lambda: np.zeros(array.shape, "V8"),
        lambda: np.atleast_1d(array)[:0],
        lambda: np.zeros(10_000_000, "<U0"),
        lambda: None,
    )
    return changes[kind]()


def mutate_table(text: str, seed: int) -> bytes:
    """Return a CSV table in which cells or bytes are changed."""
    chance = random.Random(seed)
    lines = text.splitlines()
    match chance.randrange(6):
        case 0:
            lines[0] += "," * chance.choice((1, 2000, 200_000))
        case 1:
            cells = lines[1].split(",")
            cells[chance.randrange(len(cells))] = chance.choice(
                (
                    "",
                    "nan",
                    "inf",
                    "1e999",
                    "../a",
                    "/etc/passwd",
                    "C:\\a",
                    '"',
                    "\0",
                    "=1+1",
                    "A" * 1_000_000,
                )
            )
            lines[1] = ",".join(cells)
        case 2:
            lines.append(lines[1])
        case 3:
            lines[0] = ",".join([*lines[0].split(","), *lines[0].split(",")])
        case 4:
            lines = lines[:1]
        case _:
            content = bytearray(text.encode())
            for _ in range(chance.randint(1, 30)):
                content[chance.randrange(len(content))] = chance.randrange(256)
            return bytes(content)
    return "\n".join(lines).encode()


def read_card(content: bytes, folder: Path) -> None:
    """Read a card and everything that is made of it without its weights."""
    path = folder / CARD_NAME
    path.write_bytes(content)
    card = ModelCard.load(path)
    render_readme(card).encode("utf-8")
    card.save(folder / "again.json")
    ModelCard.load(folder / "again.json")


def read_heads(content: bytes, folder: Path) -> None:
    """Read auxiliary heads as an import does."""
    path = folder / "heads.npz"
    path.write_bytes(content)
    check_arrays(path)
    AuxiliaryHeads.load(path)


def read_table(content: bytes, folder: Path) -> None:
    """Read a table of predictions as an import does."""
    path = folder / PREDICTIONS_NAME
    path.write_bytes(content)
    predictions.read_predictions(path)


def attack(read: Callable[[bytes, Path], None], contents: Iterator[bytes]) -> tuple[Counter[str], list[str]]:
    """Read contents; count the outcomes and describe those that are not allowed."""
    outcomes: Counter[str] = Counter()
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(contents):
            start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            try:
                read(content, Path(folder))
                outcomes["accepted"] += 1
            except SecondLookError:
                outcomes["refused"] += 1
            except Exception as error:  # noqa: BLE001 - what is looked for
                outcomes[type(error).__name__] += 1
                faults.append(f"{number}: {type(error).__name__}: {str(error)[:120]}")
            seconds = time.process_time() - start
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
            if seconds > MAX_SECONDS or grown > MAX_BYTES:
                outcomes["beyond the limits"] += 1
                faults.append(f"{number}: {seconds:.1f} s, {grown >> 20} MB")
    return outcomes, faults


def hostile_cards(count: int) -> Iterator[bytes]:
    """Mutations of the shipped model's card."""
    card = json.loads((SHIPPED / CARD_NAME).read_text("utf-8"))
    return (mutate_card(card, seed).encode("utf-8", "surrogatepass") for seed in range(count))


def hostile_heads(count: int) -> Iterator[bytes]:
    """Mutations of the shipped model's auxiliary heads."""
    content = (SHIPPED / "heads.npz").read_bytes()
    return (mutate_heads(content, seed) for seed in range(count))


def hostile_tables(count: int) -> Iterator[bytes]:
    """Mutations of the shipped model's predictions."""
    lines = (SHIPPED / PREDICTIONS_NAME).read_text("utf-8").splitlines()
    return (mutate_table("\n".join(lines[:40]), seed) for seed in range(count))


def main() -> None:
    """Attack all three and print the outcomes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, count in (("cards", 15_000), ("heads", 8_000), ("tables", 2_000)):
        parser.add_argument(f"--{name}", type=int, default=count)
    args = parser.parse_args()
    for name, read, contents in (
        ("cards", read_card, hostile_cards(args.cards)),
        ("heads", read_heads, hostile_heads(args.heads)),
        ("tables", read_table, hostile_tables(args.tables)),
    ):
        outcomes, faults = attack(read, contents)
        print(f"{name}: {dict(outcomes)}", *faults[:20], sep="\n  ")


if __name__ == "__main__":
    main()
