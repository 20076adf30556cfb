"""Mutated image files of every supported kind: each gives an image or an error message, within limits.

    python -m benchmarks.fuzz_readers --count 20000

Each input is read with at most five seconds of CPU time and 600 MB more than before, decoder processes included. The
mutations know the structure of the files: elements of DICOM datasets get other types, lengths and values, chunks,
segments and directory entries get other lengths, and parts of two files are joined. Inputs depend only on their
number. Inputs that break a limit, raise another exception or end the process are written to `--keep`.
"""

import argparse
import io
import multiprocessing
import random
import resource
import struct
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from fracture_core.errors import ImageReadError
from fracture_core.phantom import draw_phantom, phantom_to_dicom

MAX_SECONDS, MAX_BYTES = 5.0, 600 << 20

# Numbers at the limits of the fields of image formats.
_NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    8,
    15,
    16,
    127,
    128,
    255,
    256,
    32767,
    32768,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
)

# Values of DICOM elements, as in reports of vulnerabilities: another type for dimensions, exponents, long lists.
_VALUES = (
    *(
        b"",
        b"\0",
        b"-1",
        b"1e308 ",
        b"-1e308",
        b"1e-320",
        b"NaN ",
        b"inf ",
        b"1\\2\\3\\4",
        b"\\" * 1000,
        b"9" * 64,
    ),
    *(
        b"ISO 2022 IR 13\\ISO 2022 IR 87 ",
        b"../../etc/passwd",
        b"PALETTE COLOR ",
        b"RGB ",
        b"YBR_FULL_422",
        b"\xff" * 8,
    ),
)
# Rows, rescale, window, VOI LUT, image type, palettes, body part.
_TAGS = (0x00280010, 0x00281052, 0x00281050, 0x00283010, 0x00080008, 0x00281201, 0x00281221, 0x00180015)
_VRS = (
    b"UL",
    b"US",
    b"SS",
    b"SL",
    b"DS",
    b"IS",
    b"FD",
    b"OW",
    b"OB",
    b"UN",
    b"SQ",
    b"AT",
    b"CS",
    b"UT",
    b"OV",
    b"XX",
)


# An Exif block that states an orientation.
_ROTATED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"


@cache
def seeds() -> tuple[tuple[str, bytes], ...]:
    """Valid files by kind, all of the same small synthetic radiograph."""
    phantom = draw_phantom(1, "leg", True, (96, 80))
    grey = phantom.pixels
    wide = grey.astype(np.uint16) * 16
    rgb = np.repeat(grey[..., None], 3, axis=2)
    files = [
        ("PNG", _encode(grey, "PNG")),
        ("PNG 16", _encode(wide, "PNG")),
        ("PNG alpha", _encode(np.dstack([rgb, grey]), "PNG")),
        ("PNG palette", _encode(Image.fromarray(grey).convert("P"), "PNG")),
        ("JPEG", _encode(grey, "JPEG")),
        (
            "JPEG colour",
            _encode(
                rgb, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
            ),
        ),
        ("JPEG progressive", _encode(grey, "JPEG", progressive=True)),
        ("TIFF", _encode(grey, "TIFF")),
        ("TIFF 16 LZW", _encode(wide, "TIFF", compression="tiff_lzw")),
        ("TIFF deflate", _encode(grey, "TIFF", compression="tiff_adobe_deflate")),
        ("TIFF float", _encode(grey.astype(np.float32), "TIFF")),
        ("BMP", _encode(grey, "BMP")),
        ("WebP", _encode(rgb, "WEBP")),
        *_dicom_seeds(phantom_to_dicom(phantom, "A"), grey, wide),
    ]
    return tuple(files)


def _encode(pixels: np.ndarray | Image.Image, name: str, **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def _dicom_seeds(content: bytes, grey: np.ndarray, wide: np.ndarray) -> Iterator[tuple[str, bytes]]:
    from pydicom import dcmread
    from pydicom.dataset import Dataset
    from pydicom.encaps import encapsulate
    from pydicom.sequence import Sequence
    from pydicom.uid import (
        JPEG2000,
        UID,
        DeflatedExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        JPEG2000Lossless,
        JPEGBaseline8Bit,
        RLELossless,
    )

    def save(syntax: str = "", change: Callable[[Dataset], None] = lambda dataset: None) -> bytes:
        dataset = dcmread(io.BytesIO(content))
        change(dataset)
        if syntax:
            dataset.file_meta.TransferSyntaxUID = UID(syntax)
        file = io.BytesIO()
        dataset.save_as(file, enforce_file_format=True)
        return file.getvalue()

    def with_pixels(stream: bytes, bits: int) -> Callable[[Dataset], None]:
        def change(dataset: Dataset) -> None:
            dataset.PixelData = encapsulate([stream])
            dataset["PixelData"].VR = "OB"
            dataset["PixelData"].is_undefined_length = True
            dataset.BitsAllocated = dataset.BitsStored = bits
            dataset.HighBit = bits - 1
            dataset.Rows, dataset.Columns = grey.shape

        return change

    def table(dataset: Dataset) -> None:
        item = Dataset()
        item.LUTDescriptor, item.LUTData = [256, 0, 16], np.arange(256, dtype="<u2").tobytes()
        item["LUTData"].VR, item["LUTDescriptor"].VR = "OW", "US"
        dataset.VOILUTSequence = Sequence([item])
        dataset.ModalityLUTSequence = Sequence([item])

    def palette(dataset: Dataset) -> None:
        dataset.PhotometricInterpretation = "PALETTE COLOR"
        dataset.BitsAllocated = dataset.BitsStored = 8
        dataset.HighBit = 7
        dataset.Rows, dataset.Columns = grey.shape
        dataset.PixelData = grey.tobytes()
        for colour in ("Red", "Green", "Blue"):
            setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
            dataset[f"{colour}PaletteColorLookupTableDescriptor"].VR = "US"
            segments = np.array([0, 2, 0, 1000, 1, 254, 65535], "<u2").tobytes()
            setattr(dataset, f"Segmented{colour}PaletteColorLookupTableData", segments)

    yield "DICOM", content
    yield "DICOM implicit", save(ImplicitVRLittleEndian)
    yield "DICOM deflated", save(DeflatedExplicitVRLittleEndian)
    yield "DICOM tables", save(change=table)
    yield "DICOM palette", save(change=palette)
    yield "DICOM JPEG", save(JPEGBaseline8Bit, with_pixels(_encode(grey, "JPEG"), 8))
    rows = b"".join(b"\x01" + row.tobytes()[i : i + 2] for row in grey for i in range(0, row.size, 2))
    rle = struct.pack("<2I", 1, 64).ljust(64, b"\0") + rows + bytes(len(rows) % 2)
    yield "DICOM RLE", save(RLELossless, with_pixels(rle, 8))
    yield "DICOM JPEG 2000", save(JPEG2000Lossless, with_pixels(_encode(grey, "JPEG2000", no_jp2=True), 8))
    yield "DICOM JP2", save(JPEG2000, with_pixels(_encode(wide, "JPEG2000"), 16))


# Kinds whose pixels a separate process decodes, which takes half a second: their headers are mutated as often as
# those of other kinds, their pixels rarely.
_ISOLATED = ("DICOM RLE", "DICOM JPEG 2000", "DICOM JP2")


def make_input(number: int) -> tuple[str, bytes]:
    """Return the kind and the content of an input.

    Args:
        number: determines the input.
    """
    chance = random.Random(number)
    kinds = [seed for seed in seeds() if seed[0] not in _ISOLATED or chance.random() < 0.08]
    kind, content = chance.choice(kinds)
    if kind == "DICOM deflated" and chance.random() < 0.7:
        # Mutated before it is compressed, otherwise nearly every change only damages the stream.
        meta = 144 + int.from_bytes(content[140:144], "little")
        inner = _mutate("DICOM", zlib.decompress(content[meta:], -15), chance)
        packer = zlib.compressobj(wbits=-15)
        content = content[:meta] + packer.compress(inner) + packer.flush()
    for _ in range(chance.choice((1, 1, 1, 2, 4, 8))):
        content = _mutate(kind, content, chance)
    return kind, content


def _mutate(kind: str, content: bytes, chance: random.Random) -> bytes:
    changes = [_flip, _number, _cut, _insert, _repeat, _join]
    if kind.startswith("DICOM"):
        changes += [_element] * 8
    return chance.choice(changes)(content, chance) if content else content


def _flip(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    # Headers are at the start.
    end = len(changed) if chance.random() < 0.5 else min(len(changed), 700)
    for _ in range(chance.choice((1, 2, 5, 50))):
        changed[chance.randrange(end)] = chance.randrange(256)
    return bytes(changed)


def _number(content: bytes, chance: random.Random) -> bytes:
    """Replace a number of one to four bytes by one at a limit."""
    size, order = chance.choice((1, 2, 4)), chance.choice(("little", "big"))
    at = chance.randrange(min(len(content), 1500))
    value = (chance.choice(_NUMBERS) % 256**size).to_bytes(size, order)
    return content[:at] + value + content[at + size :]


def _cut(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    return (
        content[:start]
        if chance.random() < 0.5
        else content[:start] + content[start + chance.randint(1, 64) :]
    )


def _insert(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + chance.randbytes(chance.choice((1, 2, 8, 300))) + content[at:]


def _repeat(content: bytes, chance: random.Random) -> bytes:
    """Repeat a part many times, as decompression bombs and endless lists do."""
    at, size = chance.randrange(len(content)), chance.choice((1, 8, 12, 64, 400))
    return content[:at] + content[at : at + size] * chance.choice((2, 50, 3000)) + content[at + size :]


def _join(content: bytes, chance: random.Random) -> bytes:
    other = chance.choice(seeds())[1]
    return content[: chance.randrange(len(content))] + other[chance.randrange(len(other)) :]


def _element(content: bytes, chance: random.Random) -> bytes:
    """Change the type, the length or the value of an element in explicit little endian, or add one."""
    places = list(_elements(content))
    if not places:
        return _flip(content, chance)
    at, end, header = chance.choice(places)
    action = chance.random()
    if action < 0.25:
        return content[: at + 4] + chance.choice(_VRS) + content[at + 6 :]
    if action < 0.4:
        size = header - 6 if header == 8 else 4
        value = (chance.choice(_NUMBERS) % 256**size).to_bytes(size, "little")
        return content[: at + header - size] + value + content[at + header :]
    value = chance.choice(_VALUES)
    value += b" " * (len(value) % 2)
    vr = chance.choice(_VRS)
    if action < 0.6:
        return (
            content[:at] + content[at : at + 4] + vr + struct.pack("<H", len(value)) + value + content[end:]
        )
    if action < 0.7:  # the element twice
        return content[:at] + content[at:end] * 2 + content[end:]
    if action < 0.8:
        return content[:at] + content[end:]
    tag = chance.choice(
        (0x00280010, 0x00281052, 0x00281050, 0x00283010, 0x00080008, 0x00281201, 0x00281221, 0x00180015)
    )
    added = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr + struct.pack("<H", len(value)) + value
    if chance.random() < 0.3:
        nested = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" * chance.choice((1, 20, 2000))
        added = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + b"SQ\0\0\xff\xff\xff\xff" + nested
    return content[:at] + added + content[at:]


def _elements(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Start and end of each top-level element, and the length of its header."""
    position = 132 if content[128:132] == b"DICM" else 0
    for _ in range(400):
        vr = content[position + 4 : position + 6]
        if not (vr.isalpha() and vr.isupper()):
            return
        long = vr in (
            b"OB",
            b"OW",
            b"SQ",
            b"UN",
            b"UT",
            b"OF",
            b"OD",
            b"UC",
            b"UR",
            b"OV",
            b"OL",
            b"SV",
            b"UV",
        )
        header = 12 if long else 8
        size = content[position + 8 : position + 12] if long else content[position + 6 : position + 8]
        end = position + header + int.from_bytes(size, "little")
        if end > len(content):
            return
        yield position, end, header
        position = end


def read_input(content: bytes) -> tuple[str, str]:
    """Read an input; return "image", "refused" or a fault, and a description of a fault."""
    from fracture_core.imaging import read_radiograph

    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.process_time() + children.ru_utime + children.ru_stime
    try:
        film = read_radiograph(content)
        outcome, text = "image", ""
        if not (np.isfinite(film.pixels).all() and film.pixels.min() >= 0 and film.pixels.max() <= 1):
            outcome, text = "pixels outside 0–1", f"{film.pixels.min()}–{film.pixels.max()}"
    except ImageReadError as error:
        outcome, text = "refused", ""
        if "internal error" in str(error):
            outcome, text = "internal error", str(error)
    except Exception as error:  # noqa: BLE001 - what is looked for
        outcome, text = type(error).__name__, str(error)[:150]
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() + children.ru_utime + children.ru_stime - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - own.ru_maxrss) << 10
    if seconds > MAX_SECONDS or grown > MAX_BYTES:
        outcome, text = "beyond the limits", f"{seconds:.1f} s, {grown >> 20} MB"
    return outcome, text


def attack(numbers: range) -> Iterator[tuple[int, str, str, str]]:
    """Read inputs; yields number, kind, outcome and description."""
    warnings.simplefilter("ignore")
    for number in numbers:
        kind, content = make_input(number)
        yield (number, kind, *read_input(content))


def _attack_in_process(
    numbers: range, results: "multiprocessing.SimpleQueue[tuple[int, str, str, str]]"
) -> None:
    for result in attack(numbers):
        results.put(result)


def main() -> None:
    """Attack the readers and print the outcomes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for inputs that break a rule")
    args = parser.parse_args()
    outcomes: Counter[str] = Counter()
    first, end, begun = args.first, args.first + args.count, time.monotonic()
    context = multiprocessing.get_context("spawn")
    while first < end:
        results = context.SimpleQueue()
        process = context.Process(target=_attack_in_process, args=(range(first, end), results))
        process.start()
        while first < end:
            while results.empty() and process.is_alive():
                time.sleep(0.01)
            if results.empty():
                _report(
                    first,
                    make_input(first)[0],
                    "process ended",
                    f"status {process.exitcode}",
                    outcomes,
                    args.keep,
                )
                first += 1
                break
            number, kind, outcome, text = results.get()
            _report(number, kind, outcome, text, outcomes, args.keep)
            first = number + 1
        process.join()
    print(f"{args.count:,} inputs in {time.monotonic() - begun:.0f} s: {dict(outcomes)}")


def _report(
    number: int, kind: str, outcome: str, text: str, outcomes: Counter[str], keep: Path | None
) -> None:
    outcomes[outcome] += 1
    if outcome in ("image", "refused"):
        return
    print(f"{number} ({kind}): {outcome} {text}", flush=True)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{number}.bin").write_bytes(make_input(number)[1])


if __name__ == "__main__":
    main()
