"""One phantom in every supported encoding gives the same image and the same probability."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from fracture_core.imaging import QualityState, read_radiograph
from fracture_core.inference.predictor import Predictor
from fracture_core.phantom import draw_phantom

BITS = (8, 10, 12, 16)
NATIVE = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
LOSSLESS = (RLELossless, JPEGLSLossless, JPEG2000Lossless)
# One step of a float32 in 0–1 is far below this; half a step of 16 bits is 8e-6.
EXACT = 1e-6


@pytest.fixture(scope="module")
def phantom_levels() -> np.ndarray:
    """Pixels of a phantom forearm."""
    return _phantom(5, "forearm", (320, 256))


def _phantom(seed: int, region: str, size: tuple[int, int] = (640, 512)) -> np.ndarray:
    """A phantom with the full range of grey levels, float64 in 0–1."""
    raw = draw_phantom(seed, region, True, size).raw.astype(float)
    return (raw - raw.min()) / (raw.max() - raw.min())


def _stored(levels: np.ndarray, bits: int) -> np.ndarray:
    return np.rint(levels * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)


def _file(values: np.ndarray, bits: int, syntax: str = ExplicitVRLittleEndian, **elements: object) -> bytes:
    """A CR file of the values; unsigned integers for Pixel Representation 0, signed ones for 1."""
    dataset = _dataset(values, bits)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    if syntax in NATIVE:
        dataset.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = _padded(values.astype(values.dtype.newbyteorder(">")).tobytes())
            if bits == 8:
                dataset["PixelData"].VR = "OB"
    elif syntax == JPEGBaseline8Bit:
        dataset.PixelData = encapsulate([_picture(values, "JPEG", quality=100)])
        dataset.file_meta.TransferSyntaxUID = syntax
    else:
        options = {JPEG2000: {"j2k_cr": [4]}, JPEGLSNearLossless: {"jls_error": 2}}.get(syntax, {})
        dataset.compress(syntax, generate_instance_uid=False, **options)
    return _encode(dataset)


def _dataset(values: np.ndarray, bits: int) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = ComputedRadiographyImageStorage, "2.25.1"
    dataset.Modality = "CR"
    dataset.Rows, dataset.Columns = values.shape[:2]
    dataset.SamplesPerPixel = 1 if values.ndim == 2 else 3
    dataset.PhotometricInterpretation = "MONOCHROME2" if values.ndim == 2 else "RGB"
    if values.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = values.dtype.itemsize * 8
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.PixelData = _padded(values.tobytes())
    dataset["PixelData"].VR = "OB" if dataset.BitsAllocated == 8 else "OW"
    return dataset


def _padded(data: bytes) -> bytes:
    return data + bytes(len(data) % 2)


def _encode(dataset: Dataset) -> bytes:
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _jpeg_lossless(file: bytes, folder: Path) -> bytes:
    """A file as JPEG Lossless, which GDCM can write and pydicom cannot."""
    gdcm = pytest.importorskip("gdcm")
    plain, packed = folder / "plain.dcm", folder / "packed.dcm"
    plain.write_bytes(file)
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(packed))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    assert dcmread(packed).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    return packed.read_bytes()


def _picture(values: np.ndarray, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, format, **options)
    return file.getvalue()


def _signed(values: np.ndarray, bits: int) -> np.ndarray:
    """The same values moved down by half the range, as a signed type."""
    wide = values.astype(np.int32) - 2 ** (bits - 1)
    return wide.astype(np.int8 if bits == 8 else np.int16)


def _window(bits: int, signed: bool = False) -> dict[str, object]:
    """The window over the whole range."""
    return {"WindowCenter": 0 if signed else 2 ** (bits - 1), "WindowWidth": 2**bits}


def _table(entries: np.ndarray, first: int, bits: int, packed: bool = False) -> Sequence:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [entries.size % 65536, first, bits])
    item.add_new("LUTData", "OW", _padded(entries.astype(np.uint8 if packed else "<u2").tobytes()))
    return Sequence([item])


# ---- transfer syntaxes, bit depths, signs ----


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("syntax", NATIVE + LOSSLESS, ids=lambda uid: uid.name)
def test_lossless_syntaxes_give_equal_pixels(phantom_levels, syntax, bits, signed):
    values = _stored(phantom_levels, bits)
    written = _signed(values, bits) if signed else values
    film = read_radiograph(_file(written, bits, syntax, **_window(bits, signed)))
    assert_allclose(film.pixels, values / (2**bits - 1), atol=EXACT)
    assert film.warnings == ()


@pytest.mark.parametrize(("bits", "signed"), [(12, True), (16, False)])
def test_jpeg_lossless_gives_equal_pixels(phantom_levels, tmp_path, bits, signed):
    values = _stored(phantom_levels, bits)
    written = _signed(values, bits) if signed else values
    film = read_radiograph(_jpeg_lossless(_file(written, bits, **_window(bits, signed)), tmp_path))
    assert_allclose(film.pixels, values / (2**bits - 1), atol=EXACT)


@pytest.mark.parametrize(
    ("syntax", "bits", "tolerance"),
    [
        (JPEGBaseline8Bit, 8, 3 / 255),
        (JPEGLSNearLossless, 12, 2.01 / 4095),
        (JPEG2000, 8, 0.06),
        (JPEG2000, 12, 0.06),
    ],
)
def test_lossy_syntaxes_give_similar_pixels(phantom_levels, syntax, bits, tolerance):
    values = _stored(phantom_levels, bits)
    film = read_radiograph(_file(values, bits, syntax, **_window(bits)))
    assert_allclose(film.pixels, values / (2**bits - 1), atol=tolerance)
    assert np.abs(film.pixels - values / (2**bits - 1)).mean() < tolerance * 0.6


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, *LOSSLESS], ids=lambda uid: uid.name)
def test_values_in_the_high_bits_give_equal_pixels(phantom_levels, syntax, bits):
    values = _stored(phantom_levels, bits)
    data = _dataset(values << (16 - bits), 16)
    if syntax not in NATIVE:
        data.compress(syntax, generate_instance_uid=False)
    data.BitsStored, data.HighBit = bits, 15
    data.WindowCenter, data.WindowWidth = _window(bits).values()
    assert_allclose(read_radiograph(_encode(data)).pixels, values / (2**bits - 1), atol=EXACT)


# ---- photometric interpretations ----


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, JPEGLSLossless, JPEG2000Lossless], ids=lambda uid: uid.name
)
@pytest.mark.parametrize("bits", BITS)
def test_monochrome1_gives_equal_pixels(phantom_levels, bits, syntax):
    values = _stored(phantom_levels, bits)
    inverted = (2**bits - 1 - values).astype(values.dtype)
    file = _file(inverted, bits, syntax, PhotometricInterpretation="MONOCHROME1", **_window(bits))
    assert_allclose(read_radiograph(file).pixels, values / (2**bits - 1), atol=EXACT)


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("signed", [0, 1])
def test_rgb_gives_equal_pixels(phantom_levels, planar, signed):
    values = _stored(phantom_levels, 8)
    rgb = np.repeat(values[..., None], 3, axis=-1)
    written = np.ascontiguousarray(np.moveaxis(rgb, -1, 0)) if planar else rgb
    dataset = _dataset(rgb, 8)
    dataset.PlanarConfiguration, dataset.PixelRepresentation = planar, signed
    dataset.PixelData = written.tobytes()
    assert_allclose(read_radiograph(_encode(dataset)).pixels, values / 255, atol=EXACT)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless], ids=lambda uid: uid.name)
def test_compressed_rgb_gives_equal_pixels(phantom_levels, syntax):
    values = _stored(phantom_levels, 8)
    film = read_radiograph(_file(np.repeat(values[..., None], 3, axis=-1), 8, syntax))
    assert_allclose(film.pixels, values / 255, atol=EXACT)


def test_ybr_gives_similar_pixels(phantom_levels):
    values = _stored(phantom_levels, 8)
    grey = np.full_like(values, 128)
    ybr = np.stack([values, grey, grey], axis=-1)
    film = read_radiograph(_file(ybr, 8, PhotometricInterpretation="YBR_FULL"))
    assert_allclose(film.pixels, values / 255, atol=1.01 / 255)
    assert film.colour == 0


def test_palette_gives_similar_pixels(phantom_levels):
    values = _stored(phantom_levels, 8)
    ramp = (np.arange(256, dtype="<u2") * 257).tobytes()
    elements = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name in ("Red", "Green", "Blue"):
        elements[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        elements[f"{name}PaletteColorLookupTableData"] = ramp
    assert_allclose(read_radiograph(_file(values, 8, **elements)).pixels, values / 255, atol=1.01 / 255)


# ---- window forms ----


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("bits", BITS)
def test_all_forms_of_a_window_give_equal_pixels(phantom_levels, bits, signed):
    values = _stored(phantom_levels, bits)
    written = _signed(values, bits) if signed else values
    first, top = (-(2 ** (bits - 1)) if signed else 0), 2**bits - 1
    expected = values / top
    half = top / 2
    identity = np.arange(2**bits)
    # The first of several linear windows is used; a table takes precedence over a window.
    forms = {
        "linear": _window(bits, signed),
        "several windows": {
            "WindowCenter": [_window(bits, signed)["WindowCenter"], 7], "WindowWidth": [2**bits, 9],
        },
        "linear exact": {"WindowCenter": first + half, "WindowWidth": top, "VOILUTFunction": "LINEAR_EXACT"},
        "rescale": {
            "RescaleSlope": "0.5", "RescaleIntercept": "-7", "WindowCenter": (first + half) / 2 - 7,
            "WindowWidth": top / 2, "VOILUTFunction": "LINEAR_EXACT",
        },
        "negative slope": {
            "RescaleSlope": "-1", "RescaleIntercept": "3", "WindowCenter": 3 - first - half, "WindowWidth": top,
            "VOILUTFunction": "LINEAR_EXACT", "PhotometricInterpretation": "MONOCHROME1",
        },
        "modality table": {
            "ModalityLUTSequence": _table(identity, first, 16), "WindowCenter": half, "WindowWidth": top,
            "VOILUTFunction": "LINEAR_EXACT",
        },
        "voi table": {"VOILUTSequence": _table(identity, first, bits), "WindowCenter": 1, "WindowWidth": 2},
        "voi table of 16 bits": {"VOILUTSequence": _table(np.rint(identity / top * 65535), first, 16)},
        "voi table, one entry short": {"VOILUTSequence": _table(identity[:-1], first, bits)},
    }  # fmt: skip
    # The descriptor stays the same if an entry is missing.
    forms["voi table, one entry short"]["VOILUTSequence"][0].LUTDescriptor = [2**bits % 65536, first, bits]
    for name, elements in forms.items():
        tolerance = 1.01 / top if "short" in name else max(EXACT, 0.51 / 65535)
        film = read_radiograph(_file(written, bits, **elements))
        assert_allclose(film.pixels, expected, atol=tolerance, err_msg=name)
        assert film.warnings == (), name

    sigmoid = {"WindowCenter": first + half, "WindowWidth": top / 2, "VOILUTFunction": "SIGMOID"}
    curve = 1 / (1 + np.exp(-4 * (values - half) / (top / 2)))
    assert_allclose(read_radiograph(_file(written, bits, **sigmoid)).pixels, curve, atol=1e-5)


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("bits", BITS)
def test_image_without_a_window_is_scaled_to_its_range(phantom_levels, bits, signed):
    values = _stored(phantom_levels, bits)
    low, high = np.quantile(values, (0.001, 0.999), method="nearest")
    film = read_radiograph(_file(_signed(values, bits) if signed else values, bits))
    assert_allclose(
        film.pixels, np.clip((values - float(low)) / (float(high) - float(low)), 0, 1), atol=EXACT
    )


# ---- PNG, JPEG, TIFF, BMP, WebP ----


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("bits", BITS)
def test_lossless_images_give_equal_pixels(phantom_levels, format, bits):
    values = _stored(phantom_levels, bits)
    assert_allclose(read_radiograph(_picture(values, format)).pixels, values / (2**bits - 1), atol=EXACT)


@pytest.mark.parametrize(
    ("format", "options", "tolerance"),
    [("BMP", {}, EXACT), ("WEBP", {"lossless": True}, EXACT), ("JPEG", {"quality": 98}, 6 / 255)],
)
def test_eight_bit_images_give_similar_pixels(phantom_levels, format, options, tolerance):
    values = _stored(phantom_levels, 8)
    for written in (values, np.repeat(values[..., None], 3, axis=-1)):
        assert_allclose(
            read_radiograph(_picture(written, format, **options)).pixels, values / 255, atol=tolerance
        )


# ---- the probability ----


def _probabilities(reader: Predictor, files: dict[str, bytes]) -> dict[str, float]:
    opinions = {name: reader.predict(file, heatmap=False) for name, file in files.items()}
    assert {opinion.gate.state for opinion in opinions.values()} == {QualityState.PASS}
    return {name: opinion.probability for name, opinion in opinions.items()}


def test_every_precision_gives_the_same_probability(shipped_predictor):
    levels = _phantom(3, "leg")
    eight, twelve, sixteen = (_stored(levels, bits) for bits in (8, 12, 16))
    probabilities = _probabilities(
        shipped_predictor,
        {
            "PNG": _picture(eight, "PNG"),
            "TIFF of 16 bits": _picture(sixteen, "TIFF"),
            "JPEG": _picture(eight, "JPEG", quality=95),
            "DICOM, 8 bits": _file(eight, 8, **_window(8)),
            "DICOM, 12 bits": _file(twelve, 12, **_window(12)),
            "DICOM, 16 bits": _file(sixteen, 16, **_window(16)),
            "JPEG Baseline": _file(eight, 8, JPEGBaseline8Bit, **_window(8)),
            "lossy JPEG-LS": _file(twelve, 12, JPEGLSNearLossless, **_window(12)),
            "lossy JPEG 2000": _file(twelve, 12, JPEG2000, **_window(12)),
            "resampled to square pixels": _file(
                twelve[:, ::2].copy(), 12, PixelSpacing=[0.1, 0.2], **_window(12)
            ),
        },
    )
    expected = probabilities["DICOM, 12 bits"]
    assert {
        name: probability for name, probability in probabilities.items() if abs(probability - expected) > 0.01
    } == {}


def test_every_lossless_encoding_gives_the_same_probability(shipped_predictor):
    # Neither 0 nor 1, so that a difference between images would be noticed.
    twelve = _stored(_phantom(5, "forearm"), 12)
    ramp = np.arange(4096)
    probabilities = _probabilities(
        shipped_predictor,
        {
            "window": _file(twelve, 12, **_window(12)),
            "signed JPEG-LS": _file(_signed(twelve, 12), 12, JPEGLSLossless, **_window(12, True)),
            "MONOCHROME1 RLE": _file(
                4095 - twelve, 12, RLELossless, PhotometricInterpretation="MONOCHROME1", **_window(12)
            ),
            "JPEG 2000": _file(twelve, 12, JPEG2000Lossless, **_window(12)),
            "VOI LUT": _file(twelve, 12, VOILUTSequence=_table(ramp, 0, 12)),
            "modality LUT": _file(twelve, 12, ModalityLUTSequence=_table(ramp, 0, 16), **_window(12)),
            "PNG": _picture(twelve, "PNG"),
        },
    )
    assert 0.2 < probabilities["window"] < 0.8
    assert max(probabilities.values()) - min(probabilities.values()) < 0.002
