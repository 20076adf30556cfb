"""Reading of DICOM files: syntaxes, grey levels, colour, rejection of other files."""

import io
import subprocess

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000,
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from fracture_core.errors import ImageReadError
from fracture_core.imaging import isolated_decoding, read_radiograph

VALUES = np.array([[0, 1000], [2000, 4095]], np.uint16)
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
SHOWN = VALUES / np.float32(4095)


@pytest.fixture
def ramp() -> np.ndarray:
    """12-bit values, uint16 (32, 48)."""
    return np.arange(32 * 48, dtype=np.uint16).reshape(32, 48) * 2


def test_window_to_grey_levels(make_dicom):
    film = read_radiograph(make_dicom(VALUES, BitsStored=12, **WINDOW))
    assert_allclose(film.pixels, SHOWN, atol=1e-6)
    assert film.pixels.dtype == np.float32
    assert film.kind == "DICOM (CR)"
    assert film.warnings == ()


def test_monochrome1_is_inverted_after_the_window(make_dicom):
    film = read_radiograph(
        make_dicom(VALUES, BitsStored=12, PhotometricInterpretation="MONOCHROME1", **WINDOW)
    )
    assert_allclose(film.pixels, 1 - SHOWN, atol=1e-6)


def test_monochrome1_with_inverse_presentation_shape_is_inverted_once(make_dicom):
    extra = {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}
    assert_allclose(
        read_radiograph(make_dicom(VALUES, BitsStored=12, **extra, **WINDOW)).pixels, 1 - SHOWN, atol=1e-6
    )


def test_without_a_window_the_range_of_the_values_is_shown(make_dicom):
    film = read_radiograph(make_dicom(np.array([[100, 200, 300]], np.uint16)))
    assert_array_equal(film.pixels, [[0, 0.5, 1]])


def test_signed_values_are_scaled_to_their_range(make_dicom):
    film = read_radiograph(make_dicom(np.array([[-100, 0, 100]], np.int16)))
    assert_array_equal(film.pixels, [[0, 0.5, 1]])


def test_signed_values_in_twelve_of_sixteen_bits(make_dicom):
    # -1 in 12 bits, the upper four unset.
    film = read_radiograph(
        make_dicom(np.array([[0x0FFF, 0x0000, 0x0001]], np.uint16), BitsStored=12, PixelRepresentation=1)
    )
    assert_array_equal(film.pixels, [[0, 0.5, 1]])


def test_overlay_bits_are_ignored(make_dicom):
    film = read_radiograph(make_dicom(VALUES | 0xF000, BitsStored=12, **WINDOW))
    assert_allclose(film.pixels, SHOWN, atol=1e-6)


def test_eight_bits_of_odd_length(make_dicom):
    film = read_radiograph(make_dicom(np.array([[0, 51, 255]], np.uint8), WindowCenter=128, WindowWidth=256))
    assert_allclose(film.pixels, [[0, 0.2, 1]], atol=1e-6)


def test_padding_is_black_and_does_not_influence_the_range(make_dicom):
    values = np.array([[0, 0, 100, 200, 300]], np.uint16)
    for photometric, expected in [("MONOCHROME2", [0, 0, 0, 0.5, 1]), ("MONOCHROME1", [0, 0, 1, 0.5, 0])]:
        film = read_radiograph(make_dicom(values, PixelPaddingValue=0, PhotometricInterpretation=photometric))
        assert_array_equal(film.pixels, [expected])


def test_padding_range_is_black(make_dicom):
    film = read_radiograph(
        make_dicom(np.array([[0, 1, 100, 300]], np.uint16), PixelPaddingValue=0, PixelPaddingRangeLimit=9)
    )
    assert_array_equal(film.pixels, [[0, 0, 0, 1]])


def test_rescale_is_applied_before_the_window(make_dicom):
    film = read_radiograph(
        make_dicom(VALUES, RescaleSlope=2, RescaleIntercept=-100, WindowCenter=3900, WindowWidth=4001)
    )
    assert_allclose(film.pixels, np.clip((VALUES * 2.0 - 100 - 1899.5) / 4000, 0, 1), atol=1e-6)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_uncompressed_syntaxes_are_read(make_dataset, encode_dataset, ramp, syntax):
    source = make_dataset(ramp, BitsStored=12)
    source.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        source.PixelData = ramp.astype(">u2").tobytes()
    film = read_radiograph(encode_dataset(source))
    assert_allclose(film.pixels, read_radiograph(encode_dataset(make_dataset(ramp, BitsStored=12))).pixels)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless, JPEG2000])
def test_compressed_syntaxes_are_read(make_dataset, encode_dataset, ramp, syntax):
    source = make_dataset(ramp, BitsStored=12, **WINDOW)
    options = {"j2k_cr": [4]} if syntax == JPEG2000 else {}
    source.compress(syntax, generate_instance_uid=False, **options)
    film = read_radiograph(encode_dataset(source))
    assert_allclose(film.pixels, ramp / 4095, atol=0.05 if syntax == JPEG2000 else 1e-6)


@pytest.fixture
def jpeg_lossless(make_dicom, ramp, tmp_path) -> bytes:
    """The ramp as JPEG Lossless, which GDCM can write and pydicom cannot."""
    gdcm = pytest.importorskip("gdcm")
    plain, packed = tmp_path / "plain.dcm", tmp_path / "packed.dcm"
    plain.write_bytes(make_dicom(ramp, BitsStored=12, **WINDOW))
    reader = gdcm.ImageReader()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(packed))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return packed.read_bytes()


def test_jpeg_lossless_is_read(jpeg_lossless, ramp):
    assert dcmread(io.BytesIO(jpeg_lossless)).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    assert_allclose(read_radiograph(jpeg_lossless).pixels, ramp / 4095, atol=1e-6)


def test_file_that_crashes_gdcm_is_rejected(jpeg_lossless):
    # A precision of 36 bits: GDCM 3.2 reads through a null pointer.
    header = jpeg_lossless.index(b"\xff\xc3")
    bad = bytearray(jpeg_lossless)
    bad[header + 4] = 36
    with pytest.raises(ImageReadError, match="pixel data of the DICOM file is damaged"):
        read_radiograph(bytes(bad))


def test_decoder_process_gets_no_patient_data(jpeg_lossless, monkeypatch):
    inputs = []

    def run(command, content, timeout):
        inputs.append(content)
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(isolated_decoding, "run_decoder", run)
    with pytest.raises(ImageReadError, match="far more time or memory"):
        read_radiograph(jpeg_lossless)
    assert b"Doe" in jpeg_lossless
    assert b"Doe" not in inputs[0]
    assert b"SECRET" not in inputs[0]


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
def test_codestream_of_another_size_is_rejected_before_decoding(make_dataset, encode_dataset, ramp, syntax):
    source = make_dataset(ramp, BitsStored=12)
    source.compress(syntax, generate_instance_uid=False)
    source.Rows += 1
    with pytest.raises(ImageReadError, match="pixel data of the DICOM file is damaged") as excinfo:
        read_radiograph(encode_dataset(source))
    assert "code stream of (32, 48)" in str(excinfo.value.__cause__)


def test_jpeg_baseline_is_read(make_dataset, encode_dataset, encode_image):
    grey = np.full((16, 16), 180, np.uint8)
    source = make_dataset(grey, WindowCenter=128, WindowWidth=256)
    source.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    source.PixelData = encapsulate([encode_image(grey, "JPEG", quality=95)])
    assert_allclose(read_radiograph(encode_dataset(source)).pixels, 180 / 255, atol=2 / 255)


def test_every_supported_syntax_has_a_decoder():
    for syntax in (
        RLELossless,
        JPEGBaseline8Bit,
        JPEGLosslessSV1,
        JPEGLSLossless,
        JPEG2000Lossless,
        JPEG2000,
    ):
        assert get_decoder(syntax).is_available


def test_rgb_is_converted_to_grey_and_its_colour_measured(make_dicom):
    rgb = np.array([[[255, 0, 0], [90, 90, 90]]], np.uint8)
    film = read_radiograph(make_dicom(rgb))
    assert_array_equal(film.pixels, np.array([[76, 90]], np.float32) / 255)
    assert film.colour == 0.5


def test_ybr_is_converted_to_grey(make_dicom):
    ybr = np.full((4, 4, 3), (180, 128, 128), np.uint8)
    film = read_radiograph(make_dicom(ybr, PhotometricInterpretation="YBR_FULL"))
    assert_allclose(film.pixels, 180 / 255, atol=1 / 255)
    assert film.colour == 0.0


def test_rgb_declared_signed_is_read_unsigned(make_dicom):
    rgb = np.array([[[255, 0, 0], [200, 200, 200]]], np.uint8)
    signed = read_radiograph(make_dicom(rgb, PixelRepresentation=1))
    assert_array_equal(signed.pixels, read_radiograph(make_dicom(rgb)).pixels)
    assert signed.colour == 0.5


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
def test_first_of_several_codes_is_used(make_dicom):
    film = read_radiograph(
        make_dicom(VALUES, Modality=["DX", "CR"], VOILUTFunction=["SIGMOID", "LINEAR"], **WINDOW)
    )
    assert film.kind == "DICOM (DX)"
    assert_array_equal(
        film.pixels, read_radiograph(make_dicom(VALUES, VOILUTFunction="SIGMOID", **WINDOW)).pixels
    )


def test_sixteen_bit_rgb(make_dicom):
    film = read_radiograph(make_dicom(np.full((2, 2, 3), 65535, np.uint16)))
    assert_array_equal(film.pixels, np.ones((2, 2)))


def test_palette_colour_is_converted_to_grey(make_dataset, encode_dataset):
    source = make_dataset(np.array([[0, 1]], np.uint8), PhotometricInterpretation="PALETTE COLOR")
    for name in ("Red", "Green", "Blue"):
        setattr(source, f"{name}PaletteColorLookupTableDescriptor", [2, 0, 16])
        setattr(source, f"{name}PaletteColorLookupTableData", np.array([0, 65535], "<u2").tobytes())
    assert_array_equal(read_radiograph(encode_dataset(source)).pixels, [[0, 1]])


@pytest.mark.filterwarnings("ignore:.*File Meta Information:UserWarning")
@pytest.mark.parametrize(("implicit", "little"), [(True, True), (False, True), (False, False)])
def test_without_preamble_and_meta_header(make_dataset, ramp, implicit, little):
    source = make_dataset(ramp, BitsStored=12, **WINDOW)
    if not little:
        source.PixelData = ramp.astype(">u2").tobytes()
    del source.file_meta
    file = io.BytesIO()
    source.save_as(file, implicit_vr=implicit, little_endian=little)
    data = file.getvalue()
    assert data[128:132] != b"DICM"
    assert_allclose(read_radiograph(data).pixels, ramp / 4095, atol=1e-6)


def test_spacing_is_read_in_order_of_precedence(make_dicom):
    assert read_radiograph(make_dicom(VALUES)).spacing is None
    assert read_radiograph(make_dicom(VALUES, ImagerPixelSpacing=[0.2, 0.2])).spacing == (0.2, 0.2)
    both = {"ImagerPixelSpacing": [0.2, 0.2], "NominalScannedPixelSpacing": [0.3, 0.3]}
    assert read_radiograph(make_dicom(VALUES, PixelSpacing=[0.15, 0.15], **both)).spacing == (0.15, 0.15)
    assert read_radiograph(make_dicom(VALUES, PixelSpacing=[0, 0], **both)).spacing == (0.2, 0.2)
    assert read_radiograph(make_dicom(VALUES, NominalScannedPixelSpacing=[0.3, 0.3])).spacing == (0.3, 0.3)


def test_radiograph_contains_no_patient_data(make_dicom):
    film = read_radiograph(make_dicom(VALUES))
    text = f"{film.kind} {film.warnings} {film.spacing} {vars(film).keys()}"
    assert set(vars(film)) == {
        "pixels", "kind", "spacing", "colour", "truncated", "warnings", "scale", "shuttered", "displayed",
        "body_parts", "other_modality", "missing", "values",
    }  # fmt: skip
    assert "Doe" not in text
    assert "SECRET" not in text


def test_free_text_in_modality_is_not_displayed(make_dicom):
    with pytest.warns(UserWarning, match="Invalid value for VR CS"):
        data = make_dicom(VALUES, Modality="Jane Doe 1970")
    film = read_radiograph(data)
    assert film.kind == "DICOM"
    assert "Jane" not in str(film.warnings).title()


@pytest.mark.parametrize(
    ("modality", "message"),
    [("RF", "a fluoroscopy image"), ("OT", "other"), ("ZZ", "does not state"), (None, "does not state")],
)
def test_other_projections_are_read_with_a_warning(make_dicom, modality, message):
    (warning,) = read_radiograph(make_dicom(VALUES, Modality=modality)).warnings
    assert message in warning


@pytest.mark.parametrize("modality", ["CR", "DX"])
def test_radiographs_for_processing_are_read_with_a_warning(make_dicom, modality):
    film = read_radiograph(make_dicom(VALUES, Modality=modality, PresentationIntentType="FOR PROCESSING"))
    assert film.kind == f"DICOM ({modality})"
    assert "raw detector values" in film.warnings[0]


@pytest.mark.parametrize(
    ("modality", "message"), [("CT", "a CT slice"), ("MR", "an MR slice"), ("XC", "a photograph")]
)
def test_other_modalities_are_rejected_by_name(make_dicom, modality, message):
    with pytest.raises(ImageReadError, match=f"The DICOM file is {message}"):
        read_radiograph(make_dicom(VALUES, Modality=modality))


def test_several_frames_are_rejected(make_dicom):
    with pytest.raises(ImageReadError, match="has 12 frames, but only one is supported"):
        read_radiograph(make_dicom(VALUES, NumberOfFrames=12))


@pytest.mark.parametrize(
    ("uid", "modality", "name"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.11", "SR", "“Basic Text SR”"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "DOC", "“Encapsulated PDF”"),
        ("1.2.3.4", "CR", "of an unknown type"),
    ],
)
def test_files_without_pixels_are_rejected_by_name(make_dicom, uid, modality, name):
    with pytest.raises(ImageReadError, match=rf"has no pixels \(it is {name}\)"):
        read_radiograph(make_dicom(VALUES, SOPClassUID=uid, Modality=modality, PixelData=None))


def test_truncated_pixel_data_is_rejected(make_dicom, ramp):
    data = make_dicom(ramp)
    with pytest.raises(ImageReadError, match="pixel data of the DICOM file is damaged or incomplete"):
        read_radiograph(data[:-1000])


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_corrupt_compressed_pixel_data_is_rejected(make_dataset, encode_dataset, ramp, syntax):
    source = make_dataset(ramp, BitsStored=12)
    source.compress(syntax, generate_instance_uid=False)
    source.PixelData = encapsulate([b"\x12\x34" * 40])
    with pytest.raises(ImageReadError, match="pixel data of the DICOM file is damaged"):
        read_radiograph(encode_dataset(source))


def test_missing_elements_are_rejected(make_dicom):
    with pytest.raises(ImageReadError, match="pixel data of the DICOM file is damaged"):
        read_radiograph(make_dicom(VALUES, PhotometricInterpretation=None))
    with pytest.raises(ImageReadError, match="2 × 0 pixels"):
        read_radiograph(make_dicom(VALUES, Rows=0))


def test_video_is_rejected_by_name(make_dataset, encode_dataset):
    source = make_dataset(VALUES)
    source.file_meta.TransferSyntaxUID = MPEG2MPML
    source.PixelData = encapsulate([b"\0" * 20])
    with pytest.raises(ImageReadError, match="compressed as MPEG2"):
        read_radiograph(encode_dataset(source))


def test_huge_image_is_rejected_before_decoding(make_dicom):
    with pytest.raises(ImageReadError, match="at most 80 megapixels"):
        read_radiograph(make_dicom(VALUES, Rows=20000, Columns=20000))


def test_deflated_bomb_is_rejected_before_it_is_inflated(make_dataset, encode_dataset, monkeypatch):
    monkeypatch.setattr("fracture_core.imaging.dicom_file.MAX_INFLATED", 1000)
    source = make_dataset(np.zeros((100, 100), np.uint16))
    source.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    with pytest.raises(ImageReadError, match="unpacks to more than"):
        read_radiograph(encode_dataset(source))


def test_damaged_header_is_rejected():
    with pytest.raises(ImageReadError, match="The DICOM file is damaged or incomplete"):
        read_radiograph(bytes(128) + b"DICM" + b"\x02\x00")


def test_voi_lut_takes_precedence_over_the_window(make_dataset, encode_dataset):
    source = make_dataset(np.array([[0, 1, 2, 3]], np.uint8), WindowCenter=0, WindowWidth=2)
    table = type(source)()
    table.LUTDescriptor = [4, 0, 16]
    table.LUTData = [65535, 0, 32768, 65535]
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    source.VOILUTSequence = Sequence([table])
    assert_allclose(read_radiograph(encode_dataset(source)).pixels, [[1, 0, 32768 / 65535, 1]], atol=1e-6)


def test_png_and_dicom_of_the_same_values_give_the_same_image(make_dicom, encode_image, film):
    values = (film * 255).astype(np.uint8)
    from_dicom = read_radiograph(make_dicom(values, WindowCenter=128, WindowWidth=256))
    assert_allclose(
        from_dicom.pixels, read_radiograph(encode_image(Image.fromarray(values), "PNG")).pixels, atol=1e-6
    )
