"""Reading of DICOM files with pydicom.

The steps in order: parse the file, reject files that are not one plain radiograph, decode the pixel data, and apply
the grayscale transformation sequence (`dicom_grayscale`). Only elements that describe the image are read, none that
identifies the patient.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from fracture_core.errors import ImageReadError
from fracture_core.imaging import colour, dicom_file, dicom_grayscale, rescale, square_pixels
from fracture_core.imaging.by_value import apply_by_value
from fracture_core.imaging.dicom_elements import (
    ELEMENT_ERRORS,
    read_element,
    read_items,
    read_number,
    read_text,
    read_texts,
)
from fracture_core.imaging.dicom_pixels import Encoding, identify_encoding
from fracture_core.imaging.image_size import check_image_size
from fracture_core.imaging.isolated_decoding import DecodeLimitError, decode_isolated
from fracture_core.imaging.pixel_values import read_pixel_values
from fracture_core.imaging.radiograph import Radiograph
from fracture_core.imaging.scope import (
    OTHER_MODALITIES,
    PLAIN_MODALITIES,
    BodyPart,
    find_body_part,
    find_coded_body_part,
)
from fracture_core.imaging.segmented_palette import expand_segmented_palette
from fracture_core.imaging.shutter import read_shutter
from fracture_core.imaging.stored_bits import extract_stored_bits

# Modalities that are or may be X-ray projections, but for which the models were not made.
_RELATED_MODALITIES = {
    "RF": "a fluoroscopy image",
    "XA": "an angiography image",
    "SC": "a secondary capture",
    "OT": "an image of the modality “other”",
    "HC": "a hard copy",
}

# Modalities out of scope that are X-ray projections, and therefore accepted in datasets.
_PROJECTIONS = frozenset({"MG", "PX", "IO", "RTIMAGE"})


def read_dicom(data: bytes, any_modality: bool = False) -> Radiograph:
    """Read a DICOM file with one frame.

    Args:
        data: the file, with or without preamble and File Meta Information.
        any_modality: whether images that are not X-ray projections, such as slices and photographs, are read too.

    Returns:
        The radiograph, bone bright on dark, with square pixels. Padding and areas hidden by a display shutter are
        black. `spacing` is Pixel Spacing (0028,0030), else Imager Pixel Spacing (0018,1164), else Nominal Scanned Pixel
        Spacing (0018,2010), in mm per pixel of `pixels`.

    Raises:
        ImageReadError: the file is damaged, has no pixels or several frames, is of another modality, is too large,
            or has an unsupported compression.
    """
    dataset, file_notes = dicom_file.parse(data)
    modality = read_text(dataset, "Modality")
    _check_scope(dataset, modality, any_modality)
    decoded, warning = _decode(dataset)
    del dataset.PixelData  # no longer needed, and as large as the image
    aspect, aspect_warnings = square_pixels.read_aspect(dataset)
    shape = decoded.shape[0], decoded.shape[1]
    shutter, shutter_warnings = read_shutter(dataset, shape, aspect)
    warnings: tuple[str, ...] = (
        *_modality_warnings(dataset, modality),
        *file_notes,
        *((warning,) if warning else ()),
        *aspect_warnings,
        *shutter_warnings,
    )
    hidden = np.zeros(shape, bool) if shutter is None else shutter.hidden
    size = square_pixels.square_size(shape, aspect)
    share = 0.0
    values = None
    if decoded.ndim == 3:
        pixels, share = _from_colour(decoded)
    else:
        stored, valid, bit_warnings = _stored_values(decoded, dataset)
        pixels, grey_warnings = _from_grey(stored, valid, dataset, hidden)
        warnings += (*bit_warnings, *grey_warnings)
        if shutter is None or shutter.level == 0:
            values = read_pixel_values(stored, valid & ~hidden, dataset, size)
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
        body_parts=_body_parts(dataset),
        other_modality=modality if modality in OTHER_MODALITIES else "",
        values=values,
    )


def _stored_values(
    decoded: NDArray[Any], dataset: FileDataset
) -> tuple[NDArray[Any], NDArray[np.bool_], tuple[str, ...]]:
    """The stored values of a grey image, the mask of those that are not padding, and warnings."""
    stored, warnings = extract_stored_bits(decoded, dataset)
    # Some files have a padding value that needs more than the stored bits.
    valid = dicom_grayscale.valid_pixel_mask(stored, dataset) & dicom_grayscale.valid_pixel_mask(
        decoded, dataset
    )
    return stored, valid, warnings


def _from_grey(
    stored: NDArray[Any], valid: NDArray[np.bool_], dataset: FileDataset, hidden: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Grey levels in 0–1, with black padding, and warnings.

    Args:
        stored: stored values (rows, columns).
        valid: mask (rows, columns), False on padding.
        dataset: the parsed file.
        hidden: mask (rows, columns) of pixels that must not influence the grey levels.
    """
    visible = valid & ~hidden
    shown, window_warnings = apply_by_value(
        stored,
        visible if visible.any() else valid,
        lambda values, mask: dicom_grayscale.apply_voi(
            dicom_grayscale.apply_modality(values, dataset), dataset, mask
        ),
    )
    pixels = np.where(valid, dicom_grayscale.apply_photometric(shown, _photometric(dataset)), np.float32(0))
    return pixels, (*window_warnings, *dicom_grayscale.presentation_warnings(dataset))


def parse_dicom(data: bytes) -> FileDataset:
    """Parse a DICOM file without converting its elements.

    Args:
        data: the file, with or without preamble.

    Returns:
        The dataset.

    Raises:
        ImageReadError: the file is damaged or not DICOM.
    """
    return dicom_file.parse(data)[0]


def _check_scope(dataset: FileDataset, modality: str, any_modality: bool) -> None:
    """Reject files that are not one plain radiograph, before any pixel is decoded."""
    if "PixelData" not in dataset:
        raise ImageReadError(
            f"The DICOM file has no pixels (it is {_sop_class_text(dataset)}). Choose a radiograph (CR or DX) of the "
            "study."
        )
    if modality in OTHER_MODALITIES and modality not in _PROJECTIONS and not any_modality:
        raise ImageReadError(
            f"The DICOM file is {OTHER_MODALITIES[modality]} ({modality}). Choose a plain radiograph (CR or DX)."
        )
    frames = read_number(dataset, "NumberOfFrames") or 1
    if frames > 1:
        raise ImageReadError(
            f"The DICOM file has {frames:.0f} frames, but only one is supported. Export a single frame."
        )
    check_image_size(read_number(dataset, "Columns") or 0, read_number(dataset, "Rows") or 0)


def _sop_class_text(dataset: FileDataset) -> str:
    """Name of the SOP class (PS3.4 section B.5), such as “Encapsulated PDF”."""
    uid = UID(str(read_element(dataset, "SOPClassUID") or ""), validation_mode=0)
    known = uid.name != str(uid)
    return f"“{uid.name.removesuffix(' Storage')}”" if known else "of an unknown type"


def _decode(dataset: FileDataset) -> tuple[NDArray[Any], str]:
    """Stored values (rows, columns), or RGB (rows, columns, 3) for colour; and a warning or ""."""
    options: dict[str, Any] = {}
    try:
        if (read_number(dataset, "SamplesPerPixel") or 1) > 1:
            options["pixel_representation"] = 0  # PS3.3 C.7.6.3.1.2: colour has no negative values
        elif _photometric(dataset).startswith("MONOCHROME"):
            options["correct_unused_bits"] = False  # `extract_stored_bits` does it for every syntax
        encoding = identify_encoding(dataset)
        if encoding.is_isolated:
            stored = decode_isolated(dataset, encoding.plugin, options)
        else:
            stored = pixel_array(dataset, decoding_plugin=encoding.plugin, **options)
        if _photometric(dataset) == "PALETTE COLOR":
            stored = apply_color_lut(stored, expand_segmented_palette(dataset))
        elif stored.ndim == 3:
            stored = _correct_colour_space(stored, dataset, encoding)
    except DecodeLimitError as error:
        raise ImageReadError(
            "The pixel data of the DICOM file takes far more time or memory to decode than a radiograph should. "
            "Export it uncompressed."
        ) from error
    except ELEMENT_ERRORS as error:
        raise ImageReadError(
            "The pixel data of the DICOM file is damaged or incomplete. Export it from the archive again."
        ) from error
    if stored.ndim not in (2, 3) or (stored.ndim == 3 and stored.shape[2] != 3):
        raise ImageReadError(
            f"The DICOM file has pixels of shape {stored.shape}, which is neither grey nor RGB. Export it as grey."
        )
    return stored, encoding.warning


def _correct_colour_space(rgb: NDArray[Any], dataset: FileDataset, encoding: Encoding) -> NDArray[Any]:
    """RGB of an image whose Photometric Interpretation may be wrong, judged by the chroma of a grey image."""
    if _photometric(dataset).startswith("YBR"):
        if encoding.is_isolated or rgb.dtype != np.uint8 or not colour.is_coloured(rgb):
            return rgb
        raw = pixel_array(dataset, decoding_plugin=encoding.plugin, raw=True)
        return raw if raw.shape == rgb.shape and not colour.is_coloured(raw) else rgb
    return colour.grey_if_ycbcr(rgb)


def _from_colour(rgb: NDArray[Any]) -> tuple[NDArray[np.float32], float]:
    """Grey levels in 0–1 of an RGB image, and its share of coloured pixels."""
    if rgb.dtype != np.uint8:
        full = rescale.full_scale_of_any(int(rgb.max()))
        rgb = np.rint(rescale.rescale_linear(rgb, 0, full) * 255).astype(np.uint8)
    return colour.to_grey(rgb).astype(np.float32) / np.float32(255), colour.measure_coloured_share(rgb)


def _photometric(dataset: FileDataset) -> str:
    return read_text(dataset, "PhotometricInterpretation")


def _modality_warnings(dataset: FileDataset, modality: str) -> tuple[str, ...]:
    warnings = []
    if modality not in PLAIN_MODALITIES and modality not in OTHER_MODALITIES:
        description = (
            f"is {_RELATED_MODALITIES[modality]}"
            if modality in _RELATED_MODALITIES
            else "does not state that it is a radiograph"
        )
        warnings.append(f"The DICOM file {description}. The model was made for plain radiographs (CR, DX).")
    if read_text(dataset, "PresentationIntentType") == "FOR PROCESSING":
        warnings.append("The DICOM file contains raw detector values, so its contrast may be unusual.")
    return tuple(warnings)


def _body_parts(dataset: FileDataset) -> tuple[BodyPart, ...]:
    """The known body parts in the header, without duplicates."""
    found = [find_body_part(part) for part in read_texts(dataset, "BodyPartExamined")]
    for item in read_items(dataset, "AnatomicRegionSequence"):
        parts = (
            read_element(item, keyword) for keyword in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
        )
        found.append(find_coded_body_part(*(str(part or "") for part in parts)))
    return tuple(dict.fromkeys(part for part in found if part is not None))
