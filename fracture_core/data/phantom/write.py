"""Write synthetic radiographs to disk: a whole data set of PNG files, or one DICOM file."""

import csv
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from fracture_core.data.phantom.anatomy import REGIONS
from fracture_core.data.phantom.generate import SIZE, Phantom, draw, fracture_boxes
from fracture_core.errors import DataError
from fracture_core.words import SPLITS

#: Folder names of the two classes, in the order of `words.LABELS`.
FOLDERS = ("not fractured", "fractured")

#: Fewest images of a set: one of each class in each split.
FEWEST = 2 * len(SPLITS)

#: Images of one set have seeds from `seed * _STRIDE` on, so that sets with different seeds share none.
_STRIDE = 1_000_000

_BOXES, _README = "boxes.csv", "README.txt"
_TEMPORARY = ".writing"

_TEXT = """Synthetic radiographs

Every image in this folder was computed from a model of bones and X-rays. None shows a person.
They serve to try out the app and the training without any download. A model trained on them
says nothing about real patients.

<split>/<fractured|not fractured>/synthetic_<region>_<seed>.png   8-bit grey images
boxes.csv   the fractures: file, x0, y0, x1, y1 as fractions of the image's width and height

Drawn by Second Look (fracture_core.data.phantom): {count} images, seed {seed}.
"""


@dataclass(frozen=True)
class _Item:
    """One image of a set, before it is drawn."""

    name: str
    region: str
    label: int
    seed: int


def encode_png(pixels: np.ndarray) -> bytes:
    """An 8-bit grey PNG with the three chunks it needs and nothing else.

    Args:
        pixels: (H, W) uint8.

    Returns:
        The file. Equal pixels give equal bytes as long as zlib is the same.
    """
    height, width = pixels.shape
    # Filter type 2 (up) on every row but the first, which has no row above: noise is best predicted so.
    rows = np.zeros((height, width + 1), dtype=np.uint8)
    rows[0, 1:] = pixels[0]
    rows[1:, 0] = 2
    rows[1:, 1:] = pixels[1:] - pixels[:-1]
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def _items(count: int, seed: int) -> list[_Item]:
    """The images of a set: classes in turn, regions in turn, splits by a shuffle of pairs."""
    pairs = count // 2
    held_out = max(1, round(0.15 * pairs))
    splits = [SPLITS[1]] * held_out + [SPLITS[2]] * held_out
    splits += [SPLITS[0]] * (pairs - 2 * held_out)
    order = np.random.default_rng([seed, 99]).permutation(pairs)
    items = []
    for i in range(count):
        pair, label = divmod(i, 2)
        split = splits[int(order[pair])] if pair < pairs else SPLITS[0]
        region, own = REGIONS[pair % len(REGIONS)], seed * _STRIDE + i
        items.append(_Item(f"{split}/{FOLDERS[label]}/synthetic_{region}_{own}.png", region, label, own))
    return items


def _check(folder: Path, items: list[_Item]) -> None:
    """Refuse a folder with anything in it that a set with these images would not have put there."""
    if folder.exists() and not folder.is_dir():
        raise DataError(
            f"Synthetic images need a folder to go to, but {folder} is a file; name another place."
        )
    known = {item.name for item in items} | {_BOXES, _README}
    known |= {name + _TEMPORARY for name in known}
    for path in sorted(folder.rglob("*")) if folder.exists() else []:
        name = path.relative_to(folder).as_posix()
        if not path.is_dir() and name not in known:
            raise DataError(
                f"Synthetic images go to an empty folder or to an unfinished set of the same count and seed, "
                f"but {folder} holds {name}; name another folder or empty this one."
            )


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that its name never stands for half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + _TEMPORARY)
    temporary.write_bytes(content)
    temporary.replace(path)


def _same_size(path: Path, size: tuple[int, int]) -> bool:
    """Whether a finished PNG of this size lies there."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(24)
    return len(head) == 24 and struct.unpack(">II", head[16:24]) == (size[1], size[0])


def write_set(
    folder: Path,
    count: int,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    size: tuple[int, int] = SIZE,
) -> list[Path]:
    """Write a data set of synthetic radiographs.

    The files are `<split>/<fractured|not fractured>/synthetic_<region>_<seed>.png`, with `boxes.csv` and
    `README.txt` beside the splits. Half of every split shows a fracture; about 70 % of the images are in
    train, 15 % in val and 15 % in test. A call that was interrupted is taken up where it stopped.

    Args:
        folder: where to; made if missing.
        count: how many images, 6 to 1,000,000; of an odd number the last is one more normal film in train.
        seed: sets of different seeds share no image; 0 or greater.
        progress: called after each image with the number done and `count`.
        size: rows and columns of each image.

    Returns:
        The images, in the order in which they were drawn.

    Raises:
        DataError: for a count or a seed out of range, or a folder with other files in it.
    """
    if not FEWEST <= count <= _STRIDE:
        raise DataError(
            f"A synthetic set needs {FEWEST} to {_STRIDE:,} images, so that every split has both classes, "
            f"but {count} were asked for; ask for a count in that range."
        )
    if seed < 0:
        raise DataError(f"A seed is 0 or greater, but {seed} was given; choose another.")
    folder = Path(folder)
    items = _items(count, seed)
    _check(folder, items)
    _replace(folder / _README, _TEXT.format(count=count, seed=seed).encode())
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("file", "x0", "y0", "x1", "y1"))
    paths = []
    for done, item in enumerate(items, start=1):
        path = folder / item.name
        if _same_size(path, size):
            boxes = fracture_boxes(item.seed, item.region, bool(item.label), size)
        else:
            phantom = draw(item.seed, item.region, bool(item.label), size)
            boxes = phantom.boxes
            _replace(path, encode_png(phantom.pixels))
        for box in boxes:
            writer.writerow((item.name, *(f"{edge:.6f}" for edge in box)))
        paths.append(path)
        if progress is not None:
            progress(done, count)
    _replace(folder / _BOXES, table.getvalue().encode())
    return paths


def _uid(text: str) -> UID:
    """A UID under the root 2.25 (DICOM PS3.5 B.2), derived from a text, hence the same every time."""
    return UID(f"2.25.{int.from_bytes(sha256(text.encode()).digest()[:15], 'big')}")


def to_dicom(phantom: Phantom, patient_id: str = "SYNTHETIC") -> bytes:
    """A phantom as a DX DICOM file (DICOM PS3.3 A.26), for presentation, uncompressed.

    Stored are 12 bits, MONOCHROME2, with a window over the full range and the pixel spacing. Names, UIDs
    and dates are made up or empty; the image is declared synthetic in the patient's name and the comments.

    Args:
        phantom: what to write.
        patient_id: identifier to write; not that of a person.

    Returns:
        The file, the same bytes for the same phantom and version of pydicom.
    """
    key = f"second look phantom {phantom.seed} {phantom.region} {phantom.kind} {phantom.raw.shape}"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = _uid(key + sha256(phantom.raw.tobytes()).hexdigest())
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = _uid("second look")

    data = Dataset()
    data.file_meta = meta
    data.SpecificCharacterSet = "ISO_IR 192"
    data.ImageType = ["DERIVED", "PRIMARY", ""]
    data.SOPClassUID = meta.MediaStorageSOPClassUID
    data.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    data.StudyDate = data.ContentDate = data.StudyTime = data.ContentTime = data.AccessionNumber = ""
    data.AcquisitionDate = data.AcquisitionTime = ""
    data.Modality = "DX"
    data.PresentationIntentType = "FOR PRESENTATION"
    data.Manufacturer = "Second Look (synthetic)"
    data.ReferringPhysicianName = ""
    data.PatientName = "SYNTHETIC"
    data.PatientID = patient_id
    data.PatientBirthDate = data.PatientSex = ""
    data.PatientIdentityRemoved = "YES"
    data.DeidentificationMethod = "Computed image of no person"
    data.BodyPartExamined = {"hand": "HAND", "forearm": "FOREARM", "leg": "LEG"}[phantom.region]
    data.ImageComments = "SYNTHETIC: computed image, shows no person"
    data.StudyInstanceUID = _uid(key + " study")
    data.SeriesInstanceUID = _uid(key + " series")
    data.StudyID = ""
    data.SeriesNumber = data.InstanceNumber = 1
    data.Laterality = data.ImageLaterality = phantom.side
    data.PatientOrientation = ["", ""]
    data.ViewPosition = "AP" if phantom.region == "leg" else "PA"
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows, data.Columns = phantom.raw.shape
    data.PixelSpacing = data.ImagerPixelSpacing = [f"{phantom.spacing:.6f}"] * 2
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelIntensityRelationship = "LOG"
    data.PixelIntensityRelationshipSign = 1
    data.WindowCenter, data.WindowWidth = "2048", "4096"
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = "0", "1", "US"
    data.PresentationLUTShape = "IDENTITY"
    data.LossyImageCompression = "00"
    data.BurnedInAnnotation = "NO"
    data.PixelData = phantom.raw.astype("<u2").tobytes()
    data["PixelData"].VR = "OW"
    buffer = DicomBytesIO()
    dcmwrite(buffer, data, enforce_file_format=True)
    return buffer.getvalue()
