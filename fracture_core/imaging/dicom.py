"""DICOM to a `Radiograph`, through pydicom.

The steps, in order: parse, refuse what is not one plain film, decode the pixel data, then the
grayscale transformation sequence of `dicom_levels`. Read are the elements that say how the pixels
are to be shown, and nothing that says whose they are.
"""

import io
import re
import zlib
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.encaps import get_frame
from pydicom.pixels import apply_color_lut, get_decoder, pixel_array
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)  # fmt: skip

from fracture_core.errors import ImageReadError
from fracture_core.imaging import colour, dicom_levels, formats, levels, square_pixels
from fracture_core.imaging.codestream import announced_size
from fracture_core.imaging.dicom_elements import DAMAGED, element, number, text
from fracture_core.imaging.isolated import decode_isolated
from fracture_core.imaging.radiograph import Radiograph
from fracture_core.imaging.shutter import read_shutter
from fracture_core.imaging.size import MAX_MEGAPIXELS, check_size
from fracture_core.imaging.stored_bits import extract_stored_bits

#: Modalities (PS3.3 section C.7.3.1.1.1) that are plain radiographs.
_PLAIN = {"CR", "DX", "RG"}

#: Modalities that are X-ray projections, or may be, but not what the models were made for.
_NEAR = {
    "RF": "a fluoroscopy image",
    "XA": "an angiography image",
    "MG": "a mammogram",
    "PX": "a dental panoramic image",
    "IO": "an intra-oral image",
    "SC": "a secondary capture",
    "OT": "of the kind “other”",
    "HC": "a hard copy",
}

#: Modalities that are no X-ray projection.
_OTHER = {
    "CT": "a CT slice",
    "MR": "an MR slice",
    "US": "an ultrasound image",
    "IVUS": "an ultrasound image",
    "NM": "a nuclear medicine image",
    "PT": "a PET slice",
    "ES": "an endoscopy image",
    "XC": "a photograph",
    "GM": "a microscopy image",
    "SM": "a microscopy image",
    "OP": "an eye image",
    "OPT": "an eye image",
    "BMD": "a bone density record",
    "ECG": "an ECG",
}

# Body parts of DICOM PS3.16 Annex L that no limb model has seen. Other terms, and none, pass.
_OTHER_PARTS = {
    "ABDOMEN",
    "BREAST",
    "CHEST",
    "CSPINE",
    "HEAD",
    "JAW",
    "LSPINE",
    "NECK",
    "ORBIT",
    "RIB",
    "SKULL",
    "SPINE",
    "SSPINE",
    "STERNUM",
    "TEETH",
    "THORAX",
    "TSPINE",
}

_UNCOMPRESSED = {
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
}

#: The decoder of each compressed transfer syntax (PS3.5 section A.4).
_GDCM = "gdcm"
_DECODERS = {
    RLELossless: "pydicom",
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: _GDCM,
    JPEGLossless: _GDCM,
    JPEGLosslessSV1: _GDCM,
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
    HTJ2KLossless: "pylibjpeg",
    HTJ2KLosslessRPCL: "pylibjpeg",
    HTJ2K: "pylibjpeg",
}


def read_dicom(data: bytes) -> Radiograph:
    """Reads a DICOM file of one frame.

    Args:
        data: the file, with or without preamble and File Meta Information.

    Returns:
        The film, bone bright on dark, with square pixels; padding and what a display shutter hides are black.
        `spacing` is Pixel Spacing (0028,0030), else Imager Pixel Spacing (0018,1164), else Nominal Scanned Pixel
        Spacing (0018,2010), in mm per pixel of `pixels`.

    Raises:
        ImageReadError: damaged, without pixels, several frames, another kind of examination, too
            large, or compressed in a way no decoder here reads.
    """
    dataset = parse_dicom(data)
    modality = text(dataset, "Modality")
    _check(dataset, modality)
    decoded = _decode(dataset)
    aspect, warnings = square_pixels.read_aspect(dataset)
    shape = decoded.shape[0], decoded.shape[1]
    shutter, notes = read_shutter(dataset, shape, aspect)
    warnings = (*_kind_warnings(dataset, modality), *warnings, *notes)
    hidden = np.zeros(shape, bool) if shutter is None else shutter.hidden
    share = 0.0
    if decoded.ndim == 3:
        pixels, share = _from_colour(decoded)
    else:
        pixels, notes = _from_grey(decoded, dataset, hidden)
        warnings += notes
    size = square_pixels.square_size(shape, aspect)
    scale = square_pixels.scale(shape, size)
    spacing = square_pixels.read_spacing(dataset)
    pixels = square_pixels.resample(np.ascontiguousarray(pixels, np.float32), size)
    displayed = shuttered = None
    if shutter is not None:
        shuttered = square_pixels.resample(hidden, size)
        if shutter.level > 0:
            displayed = np.where(shuttered, np.float32(shutter.level), pixels)
        pixels = np.where(shuttered, np.float32(0), pixels)
    return Radiograph(
        pixels,
        f"DICOM ({modality})" if re.fullmatch("[A-Z]{2,8}", modality) else "DICOM",
        spacing=None if spacing is None else (spacing[0] / scale[0], spacing[1] / scale[1]),
        colour=share,
        warnings=warnings,
        scale=scale,
        shuttered=shuttered,
        displayed=displayed,
    )


def _from_grey(
    decoded: np.ndarray, dataset: FileDataset, hidden: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Grey levels in 0–1, black on padding, and warnings.

    Args:
        decoded: integers (rows, columns) as the decoder returned them.
        dataset: the file.
        hidden: bool (rows, columns), what must not influence the grey levels.
    """
    stored, doubts = extract_stored_bits(decoded, dataset)
    # Some files pad with a value that needs more than the bits stored.
    valid = dicom_levels.padding(stored, dataset) & dicom_levels.padding(decoded, dataset)
    seen = valid & ~hidden
    shown, notes = dicom_levels.display(
        dicom_levels.modality(stored, dataset), dataset, seen if seen.any() else valid
    )
    pixels = np.where(valid, dicom_levels.invert(shown, _photometric(dataset)), np.float32(0))
    return pixels, (*doubts, *notes, *dicom_levels.presentation_warnings(dataset))


def parse_dicom(data: bytes) -> FileDataset:
    """The data set of a DICOM file, with or without preamble; no element of it has been converted yet.

    Raises:
        ImageReadError: damaged, or no DICOM.
    """
    _check_deflated(data)
    try:
        dataset = dcmread(io.BytesIO(data), force=True)
        meaningful = "SOPClassUID" in dataset or "PixelData" in dataset or "Modality" in dataset
    except DAMAGED as error:
        raise _damaged() from error
    if not meaningful:
        if formats.is_dicom(data):
            raise _damaged()
        raise ImageReadError(
            f"This is {formats.describe(data)}; {formats.EXPECTED}: export the image and upload that."
        )
    return dataset


def _check_deflated(data: bytes) -> None:
    """Refuses a deflated data set (PS3.5 section A.5) that would inflate without end."""
    if not formats.is_dicom(data) or DeflatedExplicitVRLittleEndian.encode() not in data[:1024]:
        return
    # Group length (0002,0000), always first and of fixed size, says where the data set begins.
    start = 144 + int.from_bytes(data[140:144], "little")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflater.decompress(data[start:], int(MAX_MEGAPIXELS * 1e6) * 6)
    except zlib.error as error:
        raise _damaged() from error
    if inflater.unconsumed_tail:
        raise ImageReadError(
            f"The DICOM file unpacks to far more than an image of {MAX_MEGAPIXELS} megapixels, which is "
            "the largest expected: export the image again."
        )


def _check(dataset: FileDataset, modality: str) -> None:
    """Refuses what is not one plain film, before any pixel is decoded."""
    if "PixelData" not in dataset:
        raise ImageReadError(
            f"The DICOM file holds no pixels (it is {_class_name(dataset)}); expected a radiograph "
            "(CR or DX): choose the image of the study."
        )
    if modality in _OTHER:
        raise ImageReadError(
            f"The DICOM file is {_OTHER[modality]} ({modality}); expected a plain radiograph (CR or DX): "
            "choose another file."
        )
    frames = number(dataset, "NumberOfFrames") or 1
    if frames > 1:
        raise ImageReadError(
            f"The DICOM file holds {frames:.0f} frames; expected one radiograph: export a single frame."
        )
    check_size(number(dataset, "Columns") or 0, number(dataset, "Rows") or 0)


def _class_name(dataset: FileDataset) -> str:
    """What a file without pixels is: “Encapsulated PDF” (PS3.4 section B.5)."""
    uid = UID(str(element(dataset, "SOPClassUID") or ""), validation_mode=0)
    known = uid.name != str(uid)
    return f"“{uid.name.removesuffix(' Storage')}”" if known else "of an unknown kind"


def _decode(dataset: FileDataset) -> np.ndarray:
    """Stored values (rows, columns), or (rows, columns, 3) in RGB for colour."""
    syntax = _transfer_syntax(dataset)
    plugin = _DECODERS.get(syntax, "")
    if syntax not in _UNCOMPRESSED and plugin not in _available(syntax):
        raise _no_decoder(syntax)
    try:
        if syntax not in _UNCOMPRESSED:
            _check_code_stream(dataset)
        options: dict[str, Any] = {}
        if (number(dataset, "SamplesPerPixel") or 1) > 1:
            options["pixel_representation"] = 0  # PS3.3 C.7.6.3.1.2: colour has no negative values
        elif _photometric(dataset).startswith("MONOCHROME"):
            options["correct_unused_bits"] = False  # `extract_stored_bits` does it for every syntax
        isolate = plugin == _GDCM
        stored = (
            decode_isolated(dataset) if isolate else pixel_array(dataset, decoding_plugin=plugin, **options)
        )
        if _photometric(dataset) == "PALETTE COLOR":
            stored = apply_color_lut(stored, dataset)
    except DAMAGED as error:
        raise ImageReadError(
            "The pixel data of the DICOM file is damaged or incomplete; expected a whole image: "
            "export it from the archive again."
        ) from error
    if stored.ndim not in (2, 3) or (stored.ndim == 3 and stored.shape[2] != 3):
        raise ImageReadError(
            f"The DICOM file holds pixels of shape {stored.shape}; expected grey or RGB: export it as grey."
        )
    return stored


def _check_code_stream(dataset: FileDataset) -> None:
    """Raises ValueError where the compressed image is of another size than the file says."""
    size = announced_size(get_frame(dataset.PixelData, 0, number_of_frames=1))
    if size is not None and size != (dataset.Rows, dataset.Columns):
        raise ValueError(f"code stream of {size}, data set of {(dataset.Rows, dataset.Columns)}")


def _available(syntax: UID) -> tuple[str, ...]:
    try:
        return get_decoder(syntax).available_plugins
    except NotImplementedError:
        return ()


def _transfer_syntax(dataset: FileDataset) -> UID:
    """The Transfer Syntax UID, set from how the file parsed where it does not say."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if not syntax:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        syntax = ImplicitVRLittleEndian if implicit else explicit
        dataset.file_meta.TransferSyntaxUID = syntax
    return UID(str(syntax))


def _from_colour(rgb: np.ndarray) -> tuple[np.ndarray, float]:
    """Grey levels in 0–1 of an RGB image, and its share of coloured pixels."""
    if rgb.dtype != np.uint8:
        full = levels.full_scale(int(rgb.max()))
        rgb = np.rint(levels.stretch(rgb, 0, full) * 255).astype(np.uint8)
    return colour.grey(rgb).astype(np.float32) / np.float32(255), colour.coloured_share(rgb)


def _photometric(dataset: FileDataset) -> str:
    return text(dataset, "PhotometricInterpretation")


def _kind_warnings(dataset: FileDataset, modality: str) -> tuple[str, ...]:
    warnings = []
    if modality not in _PLAIN:
        what = f"is {_NEAR[modality]}" if modality in _NEAR else "does not say that it is a radiograph"
        warnings.append(f"The DICOM file {what}; the model knows plain radiographs (CR, DX).")
    if text(dataset, "PresentationIntentType") == "FOR PROCESSING":
        warnings.append("The DICOM file holds raw detector values, so its contrast may be unusual.")
    part = str(dataset.get("BodyPartExamined") or "").strip().upper()
    if part in _OTHER_PARTS:
        warnings.append(
            f"The DICOM file says that it shows the {part.lower()}; the model knows hands, legs, hips and shoulders "
            "only, so do not rely on its opinion."
        )
    return tuple(warnings)


def _no_decoder(syntax: UID) -> ImageReadError:
    how = f"as {syntax.name}" if syntax.name != str(syntax) else "in an unknown way"
    return ImageReadError(
        f"The DICOM file is compressed {how}, which cannot be decoded here; expected "
        "uncompressed, RLE, JPEG, JPEG-LS or JPEG 2000: export it uncompressed."
    )


def _damaged() -> ImageReadError:
    return ImageReadError(
        "The DICOM file is damaged or incomplete; expected a whole file: export it from the archive again."
    )
