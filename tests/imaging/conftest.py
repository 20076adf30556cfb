"""Fixtures that make tiny image files of every format."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

CR_STORAGE = "1.2.840.10008.5.1.4.1.1.1"


def _make_dataset(values: np.ndarray, **elements: object) -> Dataset:
    """Make a CR dataset in explicit little endian. `elements` are set, or removed if None."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = UID(CR_STORAGE)
    dataset.SOPInstanceUID = generate_uid()
    dataset.PatientName = "Doe^Jane"
    dataset.PatientID = "SECRET-1"
    dataset.Modality = "CR"
    dataset.Rows, dataset.Columns = values.shape[:2]
    dataset.SamplesPerPixel = 1 if values.ndim == 2 else values.shape[2]
    dataset.PhotometricInterpretation = "MONOCHROME2" if values.ndim == 2 else "RGB"
    if values.ndim == 3:
        dataset.PlanarConfiguration = 0
    bits = values.dtype.itemsize * 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    data = values.tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    for keyword, value in elements.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    dataset.HighBit = dataset.BitsStored - 1
    return dataset


def _encode_dataset(dataset: Dataset, **options: object) -> bytes:
    file = io.BytesIO()
    dataset.save_as(file, **({"enforce_file_format": True} | options))
    return file.getvalue()


@pytest.fixture
def make_dataset() -> Callable[..., Dataset]:
    """Function that makes a DICOM dataset from pixel values and elements."""
    return _make_dataset


@pytest.fixture
def encode_dataset() -> Callable[..., bytes]:
    """Function that encodes a dataset as a DICOM file."""
    return _encode_dataset


@pytest.fixture
def make_dicom() -> Callable[..., bytes]:
    """Function that makes a DICOM file from pixel values and elements."""

    def build(values: np.ndarray, **elements: object) -> bytes:
        return _encode_dataset(_make_dataset(values, **elements))

    return build


@pytest.fixture
def encode_image() -> Callable[..., bytes]:
    """Function that encodes an array or a Pillow image in the given format."""

    def build(content: np.ndarray | Image.Image, format: str, **options: object) -> bytes:
        image = content if isinstance(content, Image.Image) else Image.fromarray(content)
        file = io.BytesIO()
        image.save(file, format, **options)
        return file.getvalue()

    return build


@pytest.fixture
def film() -> np.ndarray:
    """A bright, blurred bar on a dark background, similar to a long bone; float32 (240, 200) in 0–1."""
    y, x = np.mgrid[0:240, 0:200].astype(np.float32)
    bone = np.exp(-(((x - 100) / 25) ** 2)) * (0.6 + 0.2 * np.sin(y / 15))
    return np.clip(0.05 + bone, 0, 1).astype(np.float32)


@pytest.fixture
def film_12_bit(film) -> np.ndarray:
    """`film` as 12-bit values, uint16 (240, 200)."""
    return np.rint(film * 4095).astype(np.uint16)
