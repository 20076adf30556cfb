"""Crafted and damaged files: the result is an image or an `ImageReadError`, within limits on time and memory."""

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    RLELossless,
)

from fracture_core.errors import ImageReadError
from fracture_core.imaging import dicom_file, read_radiograph
from fracture_core.imaging.by_value import apply_by_value
from fracture_core.imaging.codestream import MAX_SCANS, count_scans, rle_segments_fit, unwrap_jp2
from fracture_core.imaging.segmented_palette import expand_segments

WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
ITEM, ITEM_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0\0\0\0\0"
SEQUENCE_END = b"\xfe\xff\xdd\xe0\0\0\0\0"
UNDEFINED = b"\xff\xff\xff\xff"
PATIENT_NAME = b"\x10\x00\x10\x00PN"

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture
def film_8_bit(film) -> np.ndarray:
    """`film` as 8-bit values, uint8 (240, 200)."""
    return (film * 255).astype(np.uint8)


def insert(data: bytes, element: bytes, before: bytes) -> bytes:
    at = data.index(before)
    return data[:at] + element + data[at:]


def sequence(content: bytes, length: bytes = UNDEFINED) -> bytes:
    """Referenced Study Sequence (0008,1110) in explicit VR."""
    return b"\x08\x00\x10\x11SQ\0\0" + length + content


def compressed(make, encode, stream: bytes, values: np.ndarray, syntax: str, **elements) -> bytes:
    source = make(values, **elements)
    source.file_meta.TransferSyntaxUID = syntax
    source.PixelData = encapsulate([stream])
    source["PixelData"].VR = "OB"
    source["PixelData"].is_undefined_length = True
    return encode(source)


# Header elements


@pytest.mark.parametrize(
    "keyword",
    [
        "BodyPartExamined",
        "WindowCenter",
        "PixelSpacing",
        "RescaleSlope",
        "VOILUTSequence",
        "Modality",
        "NumberOfFrames",
    ],
)
@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("UL", b"-1e308"),
        ("US", b"abc"),
        ("SQ", b"\1\2\3\4"),
        ("FD", b"12345\0"),
        ("UN", b"\xff\xfe"),
        ("AT", b"12"),
    ],
)
def test_element_of_wrong_type_or_length_counts_as_absent(make_dicom, film_12_bit, keyword, vr, value):
    tag = Dataset()
    setattr(tag, keyword, Sequence() if keyword.endswith("Sequence") else "1")
    (number,) = tag.keys()
    header = struct.pack("<HH2s", number >> 16, number & 0xFFFF, vr.encode())
    length = struct.pack("<HI", 0, len(value)) if vr in ("SQ", "UN") else struct.pack("<H", len(value))
    data = make_dicom(film_12_bit, BitsStored=12, Modality=None)
    parsed = dcmread(io.BytesIO(data))
    following = min(tag for tag in list(parsed._dict) if tag > number)
    before = struct.pack("<HH", following >> 16, following & 0xFFFF)
    malformed = insert(data, header + length + value, before)
    if keyword == "RescaleSlope" and vr != "AT":  # two bytes of AT are an empty value
        # Without the slope the grey levels are unknown.
        with pytest.raises(ImageReadError, match="RescaleSlope"):
            read_radiograph(malformed)
    else:
        assert read_radiograph(malformed).pixels.shape == film_12_bit.shape


def test_malformed_sequence_counts_as_absent(make_dicom, film_12_bit):
    data = insert(
        make_dicom(film_12_bit, BitsStored=12, **WINDOW),
        b"\x28\x00\x10\x30US\x02\0\x05\0",
        b"\xe0\x7f\x10\x00OW",
    )
    assert_allclose(read_radiograph(data).pixels, film_12_bit / 4095, atol=1e-6)


def test_rgb_of_32_bits(make_dicom, film):
    colour = np.repeat((film.astype(np.float64) * (2**32 - 1))[..., None], 3, axis=2).astype(np.uint32)
    radiograph = read_radiograph(make_dicom(colour, Modality="OT"))
    assert_allclose(radiograph.pixels, film, atol=1 / 250)
    assert "other" in radiograph.warnings[0]


def test_pixel_data_of_unknown_value_representation_is_rejected(make_dicom, film_12_bit):
    data = make_dicom(film_12_bit).replace(b"\xe0\x7f\x10\x00OW", b"\xe0\x7f\x10\x00XX")
    with pytest.raises(ImageReadError, match="DICOM file") as excinfo:
        read_radiograph(data)
    assert "internal error" not in str(excinfo.value)


# Excessive amounts of data


@pytest.mark.parametrize("amount", ["items", "elements", "elements in an item"])
def test_far_too_many_elements_are_rejected(make_dicom, film_12_bit, monkeypatch, amount):
    monkeypatch.setattr(dicom_file, "_MAX_READS", 3000)
    elements = b"".join(struct.pack("<HH2sH", 0x11, i, b"SH", 0) for i in range(5000))
    content = {
        "items": sequence((ITEM + bytes(4)) * 5000 + SEQUENCE_END),
        "elements": elements,
        "elements in an item": sequence(ITEM + UNDEFINED + elements + ITEM_END + SEQUENCE_END),
    }[amount]
    before = b"\x28\x00\x02\x00US" if amount == "elements" else PATIENT_NAME
    with pytest.raises(ImageReadError, match="far more elements"):
        read_radiograph(insert(make_dicom(film_12_bit), content, before))


def test_endlessly_nested_sequences_are_skipped(make_dicom, film_12_bit):
    data = insert(
        make_dicom(film_12_bit, BitsStored=12, **WINDOW), sequence(ITEM + UNDEFINED) * 5000, PATIENT_NAME
    )
    assert_allclose(read_radiograph(data).pixels, film_12_bit / 4095, atol=1e-6)


def test_long_values_and_sequences_are_not_converted(make_dicom, film_12_bit):
    data = make_dicom(film_12_bit, BitsStored=12)
    centres = b"1\\" * 100_000
    items = (ITEM + bytes(4)) * 5000
    elements = b"\x28\x00\x50\x10UT\0\0" + struct.pack("<I", len(centres)) + centres
    elements += b"\x28\x00\x10\x30SQ\0\0" + struct.pack("<I", len(items)) + items
    film = read_radiograph(insert(data, elements, b"\xe0\x7f\x10\x00OW"))
    assert_array_equal(film.pixels, read_radiograph(data).pixels)


# Deflated data sets


@pytest.mark.parametrize(
    "change", ["none", "no preamble", "wrong group length", "long header", "not deflated", "zlib"]
)
def test_deflated_files_with_damaged_headers_are_inflated(make_dataset, encode_dataset, film_12_bit, change):
    source = make_dataset(film_12_bit, BitsStored=12, **WINDOW)
    source.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data = encode_dataset(source)
    meta = 144 + int.from_bytes(data[140:144], "little")
    inflated = zlib.decompress(data[meta:], -15)
    data = {
        "none": data,
        "no preamble": data[132:],
        "wrong group length": data[:140] + struct.pack("<I", 4) + data[144:],
        "long header": insert(
            data, b"\x02\x00\x02\x00UN\0\0" + struct.pack("<I", 2000) + b"1" * 2000, b"\x02\x00\x10\x00UI"
        ),
        "not deflated": data[:meta] + inflated,
        "zlib": data[:meta] + zlib.compress(inflated),
    }[change]
    assert_allclose(read_radiograph(data).pixels, film_12_bit / 4095, atol=1e-6)


def test_deflated_bomb_without_preamble_is_rejected(make_dataset, encode_dataset, monkeypatch):
    monkeypatch.setattr(dicom_file, "MAX_INFLATED", 1 << 20)
    source = make_dataset(np.zeros((100, 100), np.uint16))
    source.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    source.PixelData = bytes(8 << 20)
    with pytest.raises(ImageReadError, match="unpacks to more than"):
        read_radiograph(encode_dataset(source)[132:])


# Damaged sequences

UID_ELEMENT = b"\x08\x00\x50\x11UI\x06\x001.2.3\0"


@pytest.mark.parametrize(
    "damaged",
    [
        sequence(ITEM + UNDEFINED + UID_ELEMENT + ITEM_END),
        sequence(ITEM + struct.pack("<I", len(UID_ELEMENT)) + UID_ELEMENT),
        sequence(ITEM + UNDEFINED + UID_ELEMENT),
        sequence(ITEM + UNDEFINED + UID_ELEMENT + SEQUENCE_END),
        sequence(ITEM + struct.pack("<I", len(UID_ELEMENT)) + UID_ELEMENT, struct.pack("<I", 10)),
        sequence(ITEM + struct.pack("<I", len(UID_ELEMENT)) + UID_ELEMENT, struct.pack("<I", 40)),
    ],
    ids=["no sequence end", "no end, item length", "no ends", "no item end", "too short", "too long"],
)
def test_damaged_sequences_are_skipped(make_dicom, film_12_bit, damaged):
    film = read_radiograph(insert(make_dicom(film_12_bit, BitsStored=12, **WINDOW), damaged, PATIENT_NAME))
    assert_allclose(film.pixels, film_12_bit / 4095, atol=1e-6)
    assert any("sequence" in warning for warning in film.warnings)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit])
@pytest.mark.parametrize("change", [-24, 24, 100_000])
def test_image_after_an_icon_of_wrong_length_is_found(
    make_dataset, encode_dataset, encode_image, film_8_bit, syntax, change
):
    source = make_dataset(film_8_bit, WindowCenter=128, WindowWidth=256)
    source.file_meta.TransferSyntaxUID = syntax
    icon = make_dataset(np.arange(256, dtype=np.uint8).reshape(16, 16)).group_dataset(0x28)
    icon.PixelData = bytes(range(256))
    icon["PixelData"].VR = "OB"
    source.IconImageSequence = Sequence([icon])
    if syntax == JPEGBaseline8Bit:
        source.PixelData = encapsulate([encode_image(film_8_bit, "JPEG", quality=95)])
        source["PixelData"].is_undefined_length = True
    data = bytearray(encode_dataset(source))
    expected = read_radiograph(bytes(data)).pixels
    at = data.index(b"\x88\x00\x00\x02") + (4 if syntax == ImplicitVRLittleEndian else 8)
    for offset in (at, at + 8):
        data[offset : offset + 4] = struct.pack(
            "<I", int.from_bytes(data[offset : offset + 4], "little") + change
        )
    film = read_radiograph(bytes(data))
    assert_array_equal(film.pixels, expected)
    assert any("sequence" in warning for warning in film.warnings)


def test_icon_of_a_truncated_file_is_not_read_as_the_image(make_dataset, encode_dataset, film_8_bit):
    source = make_dataset(film_8_bit)
    icon = make_dataset(np.arange(256, dtype=np.uint8).reshape(16, 16)).group_dataset(0x28)
    icon.PixelData = bytes(256)
    icon["PixelData"].VR = "OB"
    source.IconImageSequence = Sequence([icon])
    with pytest.raises(ImageReadError):
        read_radiograph(encode_dataset(source)[:-10_000])


# Transfer syntax and codestream


@pytest.mark.parametrize(
    ("kind", "declared"),
    [
        ("JPEG", JPEG2000),
        ("JPEG", ExplicitVRLittleEndian),
        ("JPEG", RLELossless),
        ("JPEG 2000", JPEGBaseline8Bit),
        ("JP2", JPEGBaseline8Bit),
        ("native", JPEG2000),
    ],
)
def test_pixel_data_takes_precedence_over_the_transfer_syntax(
    make_dataset, encode_dataset, make_dicom, encode_image, film_8_bit, kind, declared
):
    elements = {"WindowCenter": 128, "WindowWidth": 256}
    stream = {
        "JPEG": encode_image(film_8_bit, "JPEG", quality=95),
        "JPEG 2000": encode_image(film_8_bit, "JPEG2000", no_jp2=True),
        "JP2": encode_image(film_8_bit, "JPEG2000"),
        "native": b"\0\0",
    }[kind]
    data = compressed(make_dataset, encode_dataset, stream, film_8_bit, declared, **elements)
    if kind == "native":
        native, mark = make_dicom(film_8_bit, **elements), b"\xe0\x7f\x10\x00"
        data = data[: data.index(mark)] + native[native.index(mark) :]
    film = read_radiograph(data)
    assert_allclose(film.pixels, film_8_bit / 255, atol=0.03)
    assert any("header states" in warning for warning in film.warnings)


def test_jpeg_xl_is_rejected_by_name(make_dataset, encode_dataset, film_8_bit):
    data = compressed(make_dataset, encode_dataset, b"\xff\x0a" + bytes(100), film_8_bit, JPEG2000)
    xl = b"1.2.840.10008.1.2.4.110\0"
    old = b"\x16\x001.2.840.10008.1.2.4.91"
    assert old in data
    with pytest.raises(ImageReadError, match="compressed as JPEG XL Lossless"):
        read_radiograph(data.replace(old, struct.pack("<H", len(xl)) + xl))


def test_jpeg_extended_is_decoded_by_gdcm(
    make_dataset, encode_dataset, encode_image, film_8_bit, monkeypatch
):
    stream = bytearray(encode_image(film_8_bit, "JPEG"))
    frame = stream.index(b"\xff\xc0")
    stream[frame + 1], stream[frame + 4] = 0xC1, 12
    calls = []

    def decode(dataset, plugin, options=None):
        calls.append((plugin, dataset.file_meta.TransferSyntaxUID))
        return np.zeros(film_8_bit.shape, np.uint16)

    monkeypatch.setattr("fracture_core.imaging.dicom.decode_isolated", decode)
    read_radiograph(
        compressed(
            make_dataset,
            encode_dataset,
            bytes(stream),
            film_8_bit.astype(np.uint16),
            JPEGExtended12Bit,
            BitsStored=12,
        )
    )
    assert calls == [("gdcm", JPEGExtended12Bit)]


@pytest.mark.parametrize("boxed", [False, True])
@pytest.mark.parametrize("announce", [False, True])
def test_codestream_of_a_huge_image_is_not_decoded(
    make_dataset, encode_dataset, encode_image, film_8_bit, boxed, announce, monkeypatch
):
    monkeypatch.setattr("fracture_core.imaging.dicom.decode_isolated", lambda *args: pytest.fail("decoded"))
    stream = bytearray(encode_image(film_8_bit, "JPEG2000", no_jp2=not boxed))
    siz = stream.index(b"\xff\x4f\xff\x51")
    stream[siz + 8 : siz + 16] = struct.pack(">II", 20_000, 20_000)
    size = {"Rows": 20_000, "Columns": 20_000} if announce else {}
    with pytest.raises(ImageReadError, match="megapixels" if announce else "damaged"):
        read_radiograph(compressed(make_dataset, encode_dataset, bytes(stream), film_8_bit, JPEG2000, **size))


@pytest.mark.parametrize(
    ("segments", "fits"), [((64, 64), True), ((64,), False), ((64,) * 12, False), ((2, 64), False)]
)
def test_rle_segments_are_checked(segments, fits):
    starts = 64 + np.cumsum([0, *segments[:-1]])
    header = struct.pack(f"<{len(segments) + 1}I", len(segments), *starts).ljust(64, b"\0")
    assert rle_segments_fit(header + bytes(sum(segments)), 4000, 2) is fits


def test_rle_larger_than_the_image_is_rejected(make_dataset, encode_dataset):
    part = b"\x81\0" * 2_000_000  # 128 times as long
    header = struct.pack("<3I", 2, 64, 64 + len(part)).ljust(64, b"\0")
    values = np.zeros((16, 16), np.uint16)
    with pytest.raises(ImageReadError, match=r"damaged|far more time or memory"):
        read_radiograph(compressed(make_dataset, encode_dataset, header + part + part, values, RLELossless))


def test_damaged_jp2_container_is_rejected():
    with pytest.raises(ValueError, match="without a codestream"):
        unwrap_jp2(b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(200))


# Colour


@pytest.mark.parametrize("coloured", [False, True])
def test_ycbcr_labelled_rgb_is_detected_by_its_chroma(make_dicom, film_8_bit, coloured):
    rgb = np.zeros((*film_8_bit.shape, 3), np.uint8)
    rgb[..., 0], rgb[..., 1:] = film_8_bit, 128
    if coloured:
        rgb[..., 1] = np.linspace(0, 255, film_8_bit.shape[1])
    film = read_radiograph(make_dicom(rgb))
    if coloured:
        assert film.colour > 0.2
    else:
        assert_allclose(film.pixels, film_8_bit / 255, atol=2 / 255)
        assert film.colour == 0


def test_rgb_labelled_ycbcr_is_detected_by_its_chroma(make_dicom, film_8_bit):
    film = read_radiograph(
        make_dicom(np.repeat(film_8_bit[..., None], 3, axis=2), PhotometricInterpretation="YBR_FULL")
    )
    assert_allclose(film.pixels, film_8_bit / 255, atol=1 / 255)
    assert film.colour == 0


# Segmented palettes


def test_segments_are_expanded():
    values = np.array([0, 2, 0, 100, 1, 4, 500, 2, 1, 0, 0], np.uint16)
    assert_array_equal(expand_segments(values, 8), [0, 100, 200, 300, 400, 500, 0, 100])


@pytest.mark.parametrize(
    "values",
    [
        [0, 2, 0, 100] + [1, 65535, 5] * 100,
        [0, 1, 7] + [2, 65535, 3, 0] * 100,
        [2, 5, 0, 0],
        [0, 5, 1],
        [9, 1, 1],
        [0, 1, 7],
        [0, 1, 7, 2, 0, 3, 0] * 3,
    ],
)
def test_segments_that_do_not_fill_the_table_are_rejected(values):
    with pytest.raises(ValueError, match="segment"):
        expand_segments(np.array(values, np.uint16), 256)


# Large images


def test_grey_levels_by_value_and_by_pixel_agree(monkeypatch):
    monkeypatch.setattr("fracture_core.imaging.by_value._LARGE", 0)
    stored = np.random.default_rng(0).integers(-50, 900, (300, 200)).astype(np.int16)
    valid = stored != -50

    def transform(values, used):
        low, high = values[used].min(), values[used].max()
        return ((values - low) / (high - low)).astype(np.float32), ("note",)

    levels, notes = apply_by_value(stored, valid, transform)
    assert_allclose(levels, transform(stored, valid)[0], atol=1e-6)
    assert notes == ("note",)


@pytest.mark.parametrize(("mode", "side"), [("RGBA", 8900), ("RGB", 8500), ("LA", 8900)])
def test_images_that_need_too_much_memory_are_rejected_before_decoding(encode_image, mode, side):
    data = bytearray(encode_image(Image.new(mode, (8, 8)), "PNG"))
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    with pytest.raises(ImageReadError, match="megapixels are supported for this pixel format"):
        read_radiograph(bytes(data))


# Images with too many parts


def scans(count: int, picture, grey) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    data = picture(grey, "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def test_jpeg_with_too_many_scans_is_rejected(encode_image, film_8_bit):
    data = scans(200, encode_image, film_8_bit)
    assert count_scans(data).count > MAX_SCANS
    with pytest.raises(ImageReadError, match="more than 40 scans"):
        read_radiograph(data)


def test_dicom_jpeg_with_too_many_scans_is_rejected(make_dataset, encode_dataset, encode_image, film_8_bit):
    with pytest.raises(ImageReadError, match="scans"):
        read_radiograph(
            compressed(
                make_dataset,
                encode_dataset,
                scans(200, encode_image, film_8_bit),
                film_8_bit,
                JPEGBaseline8Bit,
            )
        )


def directory(offset: int, pages: int, tags: list[bytes]) -> bytes:
    """TIFF directories in a row."""
    size, out = 2 + 12 * len(tags) + 4, b""
    for page in range(pages):
        following = offset + size * (page + 1) if page + 1 < pages else 0
        out += struct.pack("<H", len(tags)) + b"".join(tags) + struct.pack("<I", following)
    return out


TAGS = [
    struct.pack("<HHII", *tag) for tag in [(256, 3, 1, 8), (257, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8)]
]


def test_tiff_with_too_many_pages_is_rejected():
    data = b"II*\0" + struct.pack("<I", 8) + directory(8, 2000, TAGS)
    with pytest.raises(ImageReadError, match="more than 100 pages"):
        read_radiograph(data)


def test_tiff_with_overlapping_tags_is_rejected():
    tags = TAGS + [struct.pack("<HHII", 30_000 + i, 7, 1_000_000, 8) for i in range(500)]
    data = b"II*\0" + struct.pack("<I", 8) + directory(8, 1, tags) + bytes(1_000_000)
    with pytest.raises(ImageReadError, match="far more tags"):
        read_radiograph(data)


def test_png_with_too_many_chunks_is_rejected(encode_image, film_8_bit, monkeypatch):
    monkeypatch.setattr("fracture_core.imaging.raster._MAX_CHUNKS", 50)
    data = encode_image(film_8_bit, "PNG")
    chunk = struct.pack(">I", 0) + b"abCd" + struct.pack(">I", zlib.crc32(b"abCd"))
    with pytest.raises(ImageReadError, match="far more chunks"):
        read_radiograph(data[:33] + chunk * 100 + data[33:])


def test_any_exception_of_a_decoder_becomes_an_image_read_error(encode_image, film_8_bit, monkeypatch):
    def fail(*args):
        raise BufferError("Doe^Jane")

    monkeypatch.setattr(sys.modules["fracture_core.imaging.read"], "read_raster", fail)
    with pytest.raises(ImageReadError, match="internal error, reference") as excinfo:
        read_radiograph(encode_image(film_8_bit, "PNG"))
    assert "Doe" not in str(excinfo.value)


# 16-bit samples


def png16(values: np.ndarray, kind: int) -> bytes:
    """A 16-bit PNG of colour type 2 (RGB), 4 (grey, alpha) or 6 (RGBA)."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, kind, 0, 0, 0)
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def tiff16(values: np.ndarray, order: str, compression: int, extra: int | None) -> bytes:
    """A 16-bit TIFF of one strip."""
    height, width, samples = values.shape
    pixels = values.astype(f"{order}u2").tobytes()
    pixels = zlib.compress(pixels) if compression == 8 else pixels
    tags = [(256, [width]), (257, [height]), (258, [16] * samples), (259, [compression])]
    tags += [
        (262, [2 if samples > 2 else 1]),
        (273, [0]),
        (277, [samples]),
        (278, [height]),
        (279, [len(pixels)]),
    ]
    tags += [(338, [extra])] if extra is not None else []
    outside = 8 + 2 + 12 * len(tags) + 4
    body, more = b"", b""
    bits = struct.pack(f"{order}{samples}H", *[16] * samples)
    for tag, content in tags:
        if tag == 258 and len(bits) > 4:
            body += struct.pack(f"{order}HHII", tag, 3, samples, outside)
            more = bits
        elif tag == 258:
            body += struct.pack(f"{order}HHI", tag, 3, samples) + bits
        else:
            value = outside + (len(bits) if samples > 2 else 0) if tag == 273 else content[0]
            body += struct.pack(
                f"{order}HHII" if tag in (273, 279) else f"{order}HHIHH",
                tag,
                4 if tag in (273, 279) else 3,
                1,
                value,
                *([] if tag in (273, 279) else [0]),
            )
    magic = b"II*\0" if order == "<" else b"MM\0*"
    count = struct.pack(f"{order}IH", 8, len(tags))
    return magic + count + body + struct.pack(f"{order}I", 0) + more + pixels


@pytest.mark.parametrize("samples", [2, 3, 4])
@pytest.mark.parametrize("format", ["PNG", "II", "MM", "II deflated", "MM deflated"])
def test_12_bits_in_wide_samples_are_displayed_like_grey(encode_image, film_12_bit, samples, format):
    wide = np.repeat(film_12_bit[..., None], samples, axis=2)
    if samples != 3:
        wide[..., -1] = 65535
    if format == "PNG":
        data = png16(wide, {2: 4, 3: 2, 4: 6}[samples])
    else:
        order, compression = ("<" if format.startswith("II") else ">"), 8 if "deflated" in format else 1
        data = tiff16(wide, order, compression, None if samples == 3 else 2)
    film = read_radiograph(data)
    assert_allclose(film.pixels, read_radiograph(encode_image(film_12_bit, "PNG")).pixels, atol=1e-4)
    assert film.colour == 0


def test_alpha_of_16_bits_is_composited_on_black(film_12_bit):
    translucent = np.stack([film_12_bit, np.full_like(film_12_bit, 32768)], axis=-1)
    opaque = np.stack([film_12_bit, np.full_like(film_12_bit, 65535)], axis=-1)
    translucent[0, 0] = opaque[0, 0] = (4095, 65535)
    blended = read_radiograph(png16(translucent, 4)).pixels
    assert_allclose(blended[1:], read_radiograph(png16(opaque, 4)).pixels[1:] / 2, atol=1e-3)


# Truncated files


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize(
    ("keep", "end"), [(0.2, b""), (0.5, b""), (0.9, b""), (0.2, b"\xff\xd9"), (0.5, b"\xff\xd9")]
)
def test_truncated_progressive_jpeg_lacks_detail_everywhere(encode_image, film_8_bit, mode, keep, end):
    noisy = film_8_bit // 2 + np.random.default_rng(0).integers(0, 60, film_8_bit.shape).astype(np.uint8)
    data = encode_image(Image.fromarray(noisy).convert(mode), "JPEG", progressive=True, quality=90)
    film = read_radiograph(data[: int(len(data) * keep)] + end)
    assert film.truncated
    assert "the whole image lacks fine detail" in film.warnings[0]
    assert read_radiograph(data).warnings == ()


def test_truncated_baseline_jpeg_with_an_end_marker_states_the_missing_lines(encode_image, film_8_bit):
    noisy = film_8_bit // 2 + np.random.default_rng(0).integers(0, 60, film_8_bit.shape).astype(np.uint8)
    data = encode_image(noisy, "JPEG", quality=90)
    film = read_radiograph(data[: len(data) // 2] + b"\xff\xd9")
    assert film.truncated
    assert "of its lines are missing" in film.warnings[0]


# Names


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(50), "an AVIF image"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(50), "a HEIF photo"),
        (b"\xff\x0a" + bytes(range(60)), "a JPEG XL image"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl " + bytes(50), "a JPEG XL image"),
        (b"\xff\x4f\xff\x51" + bytes(60), "a JPEG 2000 image"),
    ],
)
def test_images_of_other_formats_are_rejected_by_name(data, name):
    with pytest.raises(ImageReadError, match=f"This is {name};"):
        read_radiograph(data)


@pytest.mark.parametrize(
    ("dtype", "format", "name"), [(np.float64, 3, "64-bit float"), (np.uint64, 1, "64-bit integer")]
)
def test_unsupported_tiff_pixels_are_rejected_by_name(film, dtype, format, name):
    pixels = film.astype(dtype)
    tags = [(256, pixels.shape[1]), (257, pixels.shape[0]), (258, 8 * pixels.itemsize), (259, 1), (262, 1)]
    tags += [(273, 8 + 2 + 12 * 9 + 4), (277, 1), (279, pixels.nbytes), (339, format)]
    body = b"".join(struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, value) for tag, value in tags)
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(4) + pixels.tobytes()
    with pytest.raises(ImageReadError, match=f"contains {name} pixels"):
        read_radiograph(data)


def test_private_transfer_syntax_is_rejected_as_unknown(make_dataset, encode_dataset, film_8_bit):
    data = compressed(make_dataset, encode_dataset, bytes(100), film_8_bit, JPEG2000)
    unknown = b"1.2.3.4.5.6.7.8.9.10.1"
    with pytest.raises(ImageReadError, match="in an unknown way"):
        read_radiograph(data.replace(b"1.2.840.10008.1.2.4.91", unknown))
    assert not UID(unknown.decode()).is_transfer_syntax
