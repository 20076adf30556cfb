"""DICOM to a `Radiograph`, through pydicom.

The steps, in order: parse, refuse what is not one plain film, decode the pixel data, then the
grayscale transformation sequence of `dicom_grayscale`. Read are the elements that say how the pixels
are to be shown, and nothing that says whose they are.
"""

import re
from typing import Any

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.pixels import apply_color_lut, pixel_array
from pydicom.uid import UID

from fracture_core.errors import ImageReadError
from fracture_core.imaging import colour, dicom_file, dicom_grayscale, rescale, square_pixels
from fracture_core.imaging.by_value import apply_by_value
from fracture_core.imaging.dicom_elements import (
    ELEMENT_ERRORS,
    all_items,
    read_element,
    read_number,
    read_text,
    texts,
)
from fracture_core.imaging.dicom_pixels import Encoding, identify_encoding
from fracture_core.imaging.image_size import check_image_size
from fracture_core.imaging.isolated_decoding import DecodeLimitError, decode_isolated
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

#: Modalities that are X-ray projections, or may be, but not what the models were made for.
_RELATED_MODALITIES = {
    "RF": "a fluoroscopy image",
    "XA": "an angiography image",
    "SC": "a secondary capture",
    "OT": "of the kind “other”",
    "HC": "a hard copy",
}

#: Modalities outside the scope that are X-ray projections all the same, and so may stand in a data set.
_PROJECTIONS = frozenset({"MG", "PX", "IO", "RTIMAGE"})


def read_dicom(data: bytes, any_modality: bool = False) -> Radiograph:
    """Reads a DICOM file of one frame.

    Args:
        data: the file, with or without preamble and File Meta Information.
        any_modality: whether slices, photographs and other images that are no X-ray projection are read too.

    Returns:
        The film, bone bright on dark, with square pixels; padding and what a display shutter hides are black.
        `spacing` is Pixel Spacing (0028,0030), else Imager Pixel Spacing (0018,1164), else Nominal Scanned Pixel
        Spacing (0018,2010), in mm per pixel of `pixels`.

    Raises:
        ImageReadError: damaged, without pixels, several frames, another kind of examination, too
            large, or compressed in a way no decoder here reads.
    """
    dataset, file_notes = dicom_file.parse(data)
    modality = read_text(dataset, "Modality")
    _check(dataset, modality, any_modality)
    decoded, warning = _decode(dataset)
    del dataset.PixelData  # no longer needed, and as large as the image
    aspect, warnings = square_pixels.read_aspect(dataset)
    shape = decoded.shape[0], decoded.shape[1]
    shutter, notes = read_shutter(dataset, shape, aspect)
    warnings = (
        *_kind_warnings(dataset, modality),
        *file_notes,
        *((warning,) if warning else ()),
        *warnings,
        *notes,
    )
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
        body_parts=_body_parts(dataset),
        other_modality=modality if modality in OTHER_MODALITIES else "",
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
    valid = dicom_grayscale.padding_mask(stored, dataset) & dicom_grayscale.padding_mask(decoded, dataset)
    seen = valid & ~hidden
    shown, notes = apply_by_value(
        stored,
        seen if seen.any() else valid,
        lambda values, counted: dicom_grayscale.apply_voi(
            dicom_grayscale.apply_modality(values, dataset), dataset, counted
        ),
    )
    pixels = np.where(valid, dicom_grayscale.apply_photometric(shown, _photometric(dataset)), np.float32(0))
    return pixels, (*doubts, *notes, *dicom_grayscale.presentation_warnings(dataset))


def parse_dicom(data: bytes) -> FileDataset:
    """The data set of a DICOM file, with or without preamble; no element of it has been converted yet.

    Raises:
        ImageReadError: damaged, or no DICOM.
    """
    return dicom_file.parse(data)[0]


def _check(dataset: FileDataset, modality: str, any_modality: bool) -> None:
    """Refuses what is not one plain film, before any pixel is decoded."""
    if "PixelData" not in dataset:
        raise ImageReadError(
            f"The DICOM file holds no pixels (it is {_sop_class_text(dataset)}); expected a radiograph "
            "(CR or DX): choose the image of the study."
        )
    if modality in OTHER_MODALITIES and modality not in _PROJECTIONS and not any_modality:
        raise ImageReadError(
            f"The DICOM file is {OTHER_MODALITIES[modality]} ({modality}); expected a plain radiograph (CR or DX): "
            "choose another file."
        )
    frames = read_number(dataset, "NumberOfFrames") or 1
    if frames > 1:
        raise ImageReadError(
            f"The DICOM file holds {frames:.0f} frames; expected one radiograph: export a single frame."
        )
    check_image_size(read_number(dataset, "Columns") or 0, read_number(dataset, "Rows") or 0)


def _sop_class_text(dataset: FileDataset) -> str:
    """What a file without pixels is: “Encapsulated PDF” (PS3.4 section B.5)."""
    uid = UID(str(read_element(dataset, "SOPClassUID") or ""), validation_mode=0)
    known = uid.name != str(uid)
    return f"“{uid.name.removesuffix(' Storage')}”" if known else "of an unknown kind"


def _decode(dataset: FileDataset) -> tuple[np.ndarray, str]:
    """Stored values (rows, columns), or (rows, columns, 3) in RGB for colour; and a warning or ""."""
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
            stored = _colour_as_stored(stored, dataset, encoding)
    except DecodeLimitError as error:
        raise ImageReadError(
            "The pixel data of the DICOM file takes far more time or memory to decode than a radiograph should; "
            "export it uncompressed."
        ) from error
    except ELEMENT_ERRORS as error:
        raise ImageReadError(
            "The pixel data of the DICOM file is damaged or incomplete; expected a whole image: "
            "export it from the archive again."
        ) from error
    if stored.ndim not in (2, 3) or (stored.ndim == 3 and stored.shape[2] != 3):
        raise ImageReadError(
            f"The DICOM file holds pixels of shape {stored.shape}; expected grey or RGB: export it as grey."
        )
    return stored, encoding.warning


def _colour_as_stored(rgb: np.ndarray, dataset: FileDataset, encoding: Encoding) -> np.ndarray:
    """RGB of an image whose Photometric Interpretation may be wrong: a grey film tells by its chroma."""
    if _photometric(dataset).startswith("YBR"):
        if encoding.is_isolated or rgb.dtype != np.uint8 or not colour.is_coloured(rgb):
            return rgb
        raw = pixel_array(dataset, decoding_plugin=encoding.plugin, raw=True)
        return raw if raw.shape == rgb.shape and not colour.is_coloured(raw) else rgb
    return colour.grey_if_ycbcr(rgb)


def _from_colour(rgb: np.ndarray) -> tuple[np.ndarray, float]:
    """Grey levels in 0–1 of an RGB image, and its share of coloured pixels."""
    if rgb.dtype != np.uint8:
        full = rescale.full_scale_of_any(int(rgb.max()))
        rgb = np.rint(rescale.rescale_linear(rgb, 0, full) * 255).astype(np.uint8)
    return colour.to_grey(rgb).astype(np.float32) / np.float32(255), colour.measure_coloured_share(rgb)


def _photometric(dataset: FileDataset) -> str:
    return read_text(dataset, "PhotometricInterpretation")


def _kind_warnings(dataset: FileDataset, modality: str) -> tuple[str, ...]:
    warnings = []
    if modality not in PLAIN_MODALITIES and modality not in OTHER_MODALITIES:
        what = (
            f"is {_RELATED_MODALITIES[modality]}"
            if modality in _RELATED_MODALITIES
            else "does not say that it is a radiograph"
        )
        warnings.append(f"The DICOM file {what}; the model knows plain radiographs (CR, DX).")
    if read_text(dataset, "PresentationIntentType") == "FOR PROCESSING":
        warnings.append("The DICOM file holds raw detector values, so its contrast may be unusual.")
    return tuple(warnings)


def _body_parts(dataset: FileDataset) -> tuple[BodyPart, ...]:
    """The body parts that the header names and that are known, each once."""
    found = [find_body_part(part) for part in texts(dataset, "BodyPartExamined")]
    for item in all_items(dataset, "AnatomicRegionSequence"):
        parts = (
            read_element(item, keyword) for keyword in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
        )
        found.append(find_coded_body_part(*(str(part or "") for part in parts)))
    return tuple(dict.fromkeys(part for part in found if part is not None))
