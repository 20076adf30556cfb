"""DICOM to a `Radiograph`, through pydicom.

The steps, in order: parse, refuse what is not one plain film, decode the pixel data, then the
grayscale transformation sequence of `dicom_levels`. Read are the elements that say how the pixels
are to be shown, and nothing that says whose they are.
"""

import io
import re
import zlib

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
from fracture_core.imaging import colour, dicom_levels, formats, levels
from fracture_core.imaging.codestream import announced_size
from fracture_core.imaging.dicom_elements import DAMAGED, element, number, numbers, text
from fracture_core.imaging.isolated import decode_isolated
from fracture_core.imaging.radiograph import Radiograph
from fracture_core.imaging.scope import (
    OTHER_MODALITIES,
    PLAIN_MODALITIES,
    BodyPart,
    find_body_part,
    find_coded_body_part,
)
from fracture_core.imaging.size import MAX_MEGAPIXELS, check_size

#: Modalities that are X-ray projections, or may be, but not what the models were made for.
_NEAR = {
    "RF": "a fluoroscopy image",
    "XA": "an angiography image",
    "SC": "a secondary capture",
    "OT": "of the kind “other”",
    "HC": "a hard copy",
}

#: Modalities outside the scope that are X-ray projections all the same, and so may stand in a data set.
_PROJECTIONS = frozenset({"MG", "PX", "IO", "RTIMAGE"})

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


def read_dicom(data: bytes, any_modality: bool = False) -> Radiograph:
    """Reads a DICOM file of one frame.

    Args:
        data: the file, with or without preamble and File Meta Information.
        any_modality: whether slices, photographs and other images that are no X-ray projection are read too.

    Returns:
        The film, bone bright on dark; padding is black. `spacing` is Pixel Spacing (0028,0030),
        else Imager Pixel Spacing (0018,1164), in mm.

    Raises:
        ImageReadError: damaged, without pixels, several frames, another kind of examination, too
            large, or compressed in a way no decoder here reads.
    """
    dataset = parse_dicom(data)
    modality = text(dataset, "Modality")
    _check(dataset, modality, any_modality)
    stored = _decode(dataset)
    warnings = _kind_warnings(dataset, modality)
    share = 0.0
    if stored.ndim == 3:
        pixels, share = _from_colour(stored)
    else:
        valid = dicom_levels.padding(stored, dataset)
        shown, notes = dicom_levels.display(dicom_levels.modality(stored, dataset), dataset, valid)
        pixels = np.where(valid, dicom_levels.invert(shown, _photometric(dataset)), np.float32(0))
        warnings += notes
    known = re.fullmatch("[A-Z]{2,8}", modality)
    kind = f"DICOM ({modality})" if known else "DICOM"
    pixels = np.ascontiguousarray(pixels, np.float32)
    return Radiograph(
        pixels,
        kind,
        spacing=_spacing(dataset),
        colour=share,
        warnings=warnings,
        body_parts=_body_parts(dataset),
        other_modality=modality if modality in OTHER_MODALITIES else "",
    )


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


def _check(dataset: FileDataset, modality: str, any_modality: bool) -> None:
    """Refuses what is not one plain film, before any pixel is decoded."""
    if "PixelData" not in dataset:
        raise ImageReadError(
            f"The DICOM file holds no pixels (it is {_class_name(dataset)}); expected a radiograph "
            "(CR or DX): choose the image of the study."
        )
    if modality in OTHER_MODALITIES and modality not in _PROJECTIONS and not any_modality:
        raise ImageReadError(
            f"The DICOM file is {OTHER_MODALITIES[modality]} ({modality}); expected a plain radiograph (CR or DX): "
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
        isolate = plugin == _GDCM
        stored = decode_isolated(dataset) if isolate else pixel_array(dataset, decoding_plugin=plugin)
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
    if modality not in PLAIN_MODALITIES and modality not in OTHER_MODALITIES:
        what = f"is {_NEAR[modality]}" if modality in _NEAR else "does not say that it is a radiograph"
        warnings.append(f"The DICOM file {what}; the model knows plain radiographs (CR, DX).")
    if text(dataset, "PresentationIntentType") == "FOR PROCESSING":
        warnings.append("The DICOM file holds raw detector values, so its contrast may be unusual.")
    return tuple(warnings)


def _body_parts(dataset: FileDataset) -> tuple[BodyPart, ...]:
    """The body parts that the header names and that are known, each once."""
    value = element(dataset, "BodyPartExamined")
    # The element has one value, but some files hold several.
    values = [value] if isinstance(value, str) else list(value or ())
    found = [find_body_part(str(part)) for part in values]
    for item in element(dataset, "AnatomicRegionSequence") or ():
        parts = (element(item, keyword) for keyword in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"))
        found.append(find_coded_body_part(*(str(part or "") for part in parts)))
    return tuple(dict.fromkeys(part for part in found if part is not None))


def _spacing(dataset: FileDataset) -> tuple[float, float] | None:
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        values = numbers(dataset, keyword)
        if len(values) == 2 and min(values) > 0:
            return values[0], values[1]
    return None


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
