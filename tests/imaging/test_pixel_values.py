"""Pixel values and windows of DICOM files for the viewer."""

import gzip

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pydicom.dataset import Dataset

from fracture_core.imaging import PackedPixels, read_radiograph


def _apply(values, window) -> np.ndarray:
    """Apply a window as the viewer does."""
    numbers = values.first + values.step * values.levels.astype(float)
    shown = np.clip((numbers - window.black) / (window.white - window.black), 0, 1)
    return 1 - shown if values.is_inverted else shown


def _read(make_dicom, stored, **elements):
    radiograph = read_radiograph(make_dicom(stored, **elements))
    return radiograph, radiograph.values


@pytest.mark.parametrize(
    "elements",
    [
        {"WindowCenter": 1000, "WindowWidth": 1500},
        {"WindowCenter": 1000, "WindowWidth": 1500, "VOILUTFunction": "LINEAR_EXACT"},
        {"WindowCenter": [900, 2000], "WindowWidth": [300, 4000]},
        # The first window shows only one grey level, so the second is used.
        {"WindowCenter": [-5000, 900], "WindowWidth": [10, 900]},
        {"WindowCenter": 1500, "WindowWidth": 2000, "RescaleSlope": 0.5, "RescaleIntercept": 1000},
        {"WindowCenter": 1000, "WindowWidth": 1500, "PhotometricInterpretation": "MONOCHROME1"},
        {"WindowCenter": 20000, "WindowWidth": 65535},
        {},
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"PixelPaddingValue": 0, "WindowCenter": 1000, "WindowWidth": 1500},
        {"PixelPaddingValue": 0, "PhotometricInterpretation": "MONOCHROME1"},
        {"PixelAspectRatio": [2, 1], "WindowCenter": 2000, "WindowWidth": 8000},
    ],
)
def test_first_window_gives_the_pixels(make_dicom, film, elements):
    stored = np.rint(film * 4095).astype(np.uint16)
    if "PixelAspectRatio" not in elements:  # splines overshoot differently at hard edges
        stored[:20] = 0
    radiograph, values = _read(make_dicom, stored, **elements)
    assert values.levels.shape == radiograph.pixels.shape
    assert_allclose(_apply(values, values.windows[0]), radiograph.pixels, atol=2e-3)


def test_levels_are_the_stored_values(make_dicom):
    stored = np.arange(500, 500 + 32 * 48, dtype=np.int16).reshape(32, 48) - 1000
    _, values = _read(make_dicom, stored, RescaleSlope=2, RescaleIntercept=-10, RescaleType="HU")
    assert (values.first, values.step, values.units, values.top) == (-1010, 2, "HU", stored.size - 1)
    assert_array_equal(values.first + values.step * values.levels.astype(int), stored.astype(int) * 2 - 10)


def test_windows_have_names_and_no_duplicates(make_dicom, film):
    _, values = _read(
        make_dicom,
        np.rint(film * 4095).astype(np.uint16),
        WindowCenter=[1000, 1000, 2000],
        WindowWidth=[1500, 1500, 3000],
        WindowCenterWidthExplanation=["BONE", "BONE AGAIN"],
    )
    assert [(window.name, window.black, window.white) for window in values.windows] == [
        ("BONE", 250, 1749),
        ("Window 3", 500, 3499),
    ]


def test_unknown_unit_is_not_shown(make_dicom, film):
    stored = np.rint(film * 4095).astype(np.uint16)
    for rescale_type in ("US", "Jane Doe"):
        _, values = _read(make_dicom, stored, RescaleSlope=1, RescaleIntercept=0, RescaleType=rescale_type)
        assert values.units == ""


def _table() -> list[Dataset]:
    item = Dataset()
    item.LUTDescriptor = [4096, 0, 16]
    item.LUTData = (np.arange(4096, dtype=np.uint16) ** 2 // 256).astype("<u2").tobytes()
    return [item]


@pytest.mark.parametrize(
    "elements",
    [
        {"WindowCenter": 1000, "WindowWidth": 500, "VOILUTFunction": "SIGMOID"},
        {"VOILUTSequence": _table()},
        {"ModalityLUTSequence": _table()},
        {"RescaleSlope": -1, "RescaleIntercept": 4095},
    ],
)
def test_display_that_is_no_linear_window_has_no_values(make_dicom, film, elements):
    assert _read(make_dicom, np.rint(film * 4095).astype(np.uint16), **elements)[1] is None


def test_image_of_one_shade_has_no_values(make_dicom):
    assert _read(make_dicom, np.full((40, 40), 7, np.uint16))[1] is None


def test_values_are_packed_without_loss(make_dicom, film):
    for top, dtype in ((200, np.uint8), (4095, np.uint16)):
        _, values = _read(make_dicom, np.rint(film / film.max() * top).astype(dtype))
        packed = PackedPixels.of_values(values)
        levels = np.frombuffer(gzip.decompress(packed.packed), "u1" if packed.bits == 8 else "<u2")
        assert_array_equal(levels.reshape(packed.rows, packed.columns), values.levels)
        assert packed.top == values.top
