"""The DICOM grayscale transformation sequence."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.pixels import apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from fracture_core.errors import ImageReadError
from fracture_core.imaging import dicom_grayscale

VALUES = np.array([[-200, 0, 90, 100, 110, 4000]], np.int16)
ALL = np.ones(VALUES.shape, bool)


def _table(entries, descriptor, as_words=False) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US" if min(descriptor) >= 0 else "SS", descriptor)
    if as_words:
        item.add_new("LUTData", "OW", entries)
    else:
        item.add_new("LUTData", "US", entries)
    item.set_original_encoding(False, True, "iso8859")
    return item


def _dataset_with(**elements) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def test_modality_table_takes_precedence_over_slope():
    dataset = _dataset_with(
        ModalityLUTSequence=Sequence([_table([100, 200], [2, 0, 16])]), RescaleSlope=5, RescaleIntercept=0
    )
    assert_array_equal(dicom_grayscale.apply_modality(np.array([0, 1]), dataset), [100, 200])


@pytest.mark.parametrize("broken", [{}, {"LUTDescriptor": [2, 0]}, {"LUTDescriptor": [2, 0, 16]}])
def test_malformed_tables_are_ignored(broken):
    dataset = _dataset_with(
        ModalityLUTSequence=Sequence([_dataset_with(**broken)]),
        RescaleSlope=2,
        RescaleIntercept=1,
        VOILUTSequence=Sequence(),
    )
    assert_array_equal(dicom_grayscale.apply_modality(np.array([0, 1]), dataset), [1, 3])


def test_empty_slope_is_ignored():
    values = np.array([1, 2])
    assert (
        dicom_grayscale.apply_modality(values, _dataset_with(RescaleSlope=None, RescaleIntercept=5)) is values
    )


@pytest.mark.parametrize(
    ("slope", "intercept"),
    [("0", "5"), ("0.0", "0"), ("1e300", "0"), ("1e308", "-1e308"), ("1", "1e17"), ("1e-9", "1e9")],
)
def test_rescale_without_usable_numbers_is_rejected(slope, intercept):
    values = np.array([1, 4095], np.uint16)
    with pytest.raises(
        ImageReadError, match=r"RescaleSlope of the DICOM file is .* so its grey levels cannot be computed"
    ):
        dicom_grayscale.apply_modality(values, _dataset_with(RescaleSlope=slope, RescaleIntercept=intercept))


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
@pytest.mark.parametrize("value", [b"NaN ", b"inf ", b"1,5 ", b"- "])
@pytest.mark.filterwarnings("ignore:Invalid value for VR DS")
def test_rescale_that_is_not_a_number_is_rejected(keyword, value):
    dataset = _dataset_with(RescaleSlope="2", RescaleIntercept="3")
    dataset[keyword] = RawDataElement(Tag(keyword), "DS", len(value), value, 0, False, True)
    with pytest.raises(ImageReadError, match=f"{keyword} of the DICOM file is not a number"):
        dicom_grayscale.apply_modality(np.array([1, 2]), dataset)


def test_first_of_several_slopes_is_used():
    dataset = _dataset_with(RescaleSlope=["2", "7"], RescaleIntercept="1")
    assert_array_equal(dicom_grayscale.apply_modality(np.array([0, 1]), dataset), [1, 3])


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("centre", "width"), [(100, 20), (95.5, 41.5), (0, 1000)])
def test_windows_agree_with_pydicom(function, centre, width):
    dataset = _dataset_with(
        PhotometricInterpretation="MONOCHROME2", PixelRepresentation=1, BitsStored=16,
        WindowCenter=centre, WindowWidth=width, VOILUTFunction=function,
    )  # fmt: skip
    expected = (apply_voi_lut(VALUES.copy(), dataset) + 32768) / 65535
    levels, warnings = dicom_grayscale.apply_voi(VALUES, dataset, ALL)
    assert_allclose(levels, expected, atol=1e-6)
    assert warnings == ()


def test_window_follows_the_formula_of_the_standard():
    # PS3.3 C.11.2.1.2.1: x <= c - 0.5 - (w-1)/2 is black, x > c - 0.5 + (w-1)/2 is white.
    levels = dicom_grayscale.apply_window(np.array([89, 90, 99, 109, 110]), 100, 20)
    assert_allclose(levels, [0, 0, 9 / 19, 1, 1], atol=1e-7)


def test_negative_slope_does_not_invert_the_window():
    dataset = _dataset_with(RescaleSlope=-1, RescaleIntercept=1000, WindowCenter=500, WindowWidth=1001)
    values = np.array([[0, 500, 1000]], np.uint16)
    levels, _ = dicom_grayscale.apply_voi(
        dicom_grayscale.apply_modality(values, dataset), dataset, np.ones((1, 3), bool)
    )
    assert levels[0, 0] == 1
    assert levels[0, 2] < 0.001


def test_first_of_several_windows_is_used():
    dataset = _dataset_with(WindowCenter=[100, 5], WindowWidth=[20, 6])
    levels, _ = dicom_grayscale.apply_voi(VALUES, dataset, ALL)
    assert_array_equal(levels, dicom_grayscale.apply_window(VALUES, 100, 20))


@pytest.mark.parametrize(
    ("centre", "width", "function"),
    [
        (100, 0, "LINEAR"),
        (100, 1, "LINEAR"),
        (100, -5, "LINEAR"),
        (100, 0, "LINEAR_EXACT"),
        (100, 0, "SIGMOID"),
        (-30000, 10, "LINEAR"),
    ],
)
def test_window_that_shows_nothing_is_ignored_with_a_warning(centre, width, function):
    dataset = _dataset_with(WindowCenter=centre, WindowWidth=width, VOILUTFunction=function)
    levels, (warning,) = dicom_grayscale.apply_voi(VALUES, dataset, ALL)
    assert_array_equal(levels, dicom_grayscale.scale_full_range(VALUES, ALL))
    assert "full range" in warning


@pytest.mark.parametrize("elements", [{"WindowCenter": 100}, {"WindowWidth": 100}, {"WindowCenter": None}])
def test_incomplete_window_is_ignored(elements):
    levels, warnings = dicom_grayscale.apply_voi(VALUES, _dataset_with(**elements), ALL)
    assert_array_equal(levels, dicom_grayscale.scale_full_range(VALUES, ALL))
    assert warnings == ()


def test_window_that_shows_nothing_is_replaced_by_the_next():
    dataset = _dataset_with(WindowCenter=[100, 100], WindowWidth=[0, 20])
    levels, warnings = dicom_grayscale.apply_voi(VALUES, dataset, ALL)
    assert_array_equal(levels, dicom_grayscale.apply_window(VALUES, 100, 20))
    assert warnings == ()


@pytest.mark.parametrize(
    ("centre", "width"), [("1.7e308", "1.7e308"), ("-1.7e308", "1.7e308"), ("0", "1e308")]
)
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_window_outside_the_range_of_floats_is_ignored(centre, width, function):
    dataset = _dataset_with(WindowCenter=centre, WindowWidth=width, VOILUTFunction=function)
    levels, (warning,) = dicom_grayscale.apply_voi(VALUES, dataset, ALL)
    assert_array_equal(levels, dicom_grayscale.scale_full_range(VALUES, ALL))
    assert "full range" in warning


@pytest.mark.parametrize("function", ["LINEAR_EXACT", "SIGMOID"])
def test_narrow_window_is_valid_for_exact_and_sigmoid_functions(function):
    values = np.array([[0.1, 0.5, 0.9]])
    dataset = _dataset_with(WindowCenter="0.5", WindowWidth="0.8", VOILUTFunction=function)
    levels, warnings = dicom_grayscale.apply_voi(values, dataset, np.ones((1, 3), bool))
    assert warnings == ()
    low = 0 if function == "LINEAR_EXACT" else 1 / (1 + np.exp(2))
    assert_allclose(levels, [[low, 0.5, 1 - low]], atol=1e-6)


@pytest.mark.filterwarnings("ignore:Invalid value for VR DS")
def test_window_that_is_not_a_number_is_ignored_with_a_warning():
    dataset = _dataset_with(WindowWidth="100")
    dataset["WindowCenter"] = RawDataElement(Tag("WindowCenter"), "DS", 4, b"NaN ", 0, False, True)
    levels, (warning,) = dicom_grayscale.apply_voi(VALUES, dataset, ALL)
    assert_array_equal(levels, dicom_grayscale.scale_full_range(VALUES, ALL))
    assert "full range" in warning


def test_window_replaces_a_contradictory_display_table():
    table = _table(list(range(10)), [4096, 0, 16])
    dataset = _dataset_with(VOILUTSequence=Sequence([table]), WindowCenter=100, WindowWidth=20)
    levels, (warning,) = dicom_grayscale.apply_voi(VALUES, dataset, ALL)
    assert_array_equal(levels, dicom_grayscale.apply_window(VALUES, 100, 20))
    assert "contradicts" in warning
    del dataset.WindowCenter
    with pytest.raises(ImageReadError, match="lookup table of the DICOM file contradicts"):
        dicom_grayscale.apply_voi(VALUES, dataset, ALL)


def test_second_table_replaces_a_contradictory_first_table():
    tables = [_table([1, 2], [4096, 0, 16]), _table([0, 255], [2, 0, 8])]
    dataset = _dataset_with(VOILUTSequence=Sequence(tables))
    levels, _ = dicom_grayscale.apply_voi(np.array([[0, 1]]), dataset, np.ones((1, 2), bool))
    assert_array_equal(levels, [[0, 1]])


def test_table_of_twelve_bits_is_scaled_by_its_depth():
    dataset = _dataset_with(VOILUTSequence=Sequence([_table([0, 1000], [2, 0, 12])]))
    levels, _ = dicom_grayscale.apply_voi(np.array([[0, 1]]), dataset, np.ones((1, 2), bool))
    assert_allclose(levels, [[0, 1000 / 4095]], atol=1e-6)


def test_unknown_function_is_treated_as_linear():
    dataset = _dataset_with(WindowCenter=100, WindowWidth=20, VOILUTFunction="CUBIC")
    levels, _ = dicom_grayscale.apply_voi(VALUES, dataset, ALL)
    assert_array_equal(levels, dicom_grayscale.apply_window(VALUES, 100, 20))


def test_table_with_fewer_bits_than_stated():
    dataset = _dataset_with(VOILUTSequence=Sequence([_table([0, 4095], [2, 0, 16])]))
    levels, _ = dicom_grayscale.apply_voi(np.array([[0, 1]]), dataset, np.ones((1, 2), bool))
    assert_array_equal(levels, [[0, 1]])


def test_outliers_do_not_influence_the_range():
    values = np.full((100, 100), 500, np.uint16)
    values[:50] = 100
    values[0, 0], values[-1, -1] = 0, 65535
    levels = dicom_grayscale.scale_full_range(values, np.ones(values.shape, bool))
    assert levels[10, 10] == 0
    assert levels[-10, -10] == 1


def test_uniform_image_is_black():
    values = np.full((4, 4), 7, np.uint16)
    assert_array_equal(dicom_grayscale.scale_full_range(values, np.ones((4, 4), bool)), np.zeros((4, 4)))


def test_padding_that_covers_the_whole_image_is_ignored():
    assert dicom_grayscale.valid_pixel_mask(np.zeros((2, 2)), _dataset_with(PixelPaddingValue=0)).all()


@pytest.mark.parametrize(
    ("values", "value", "limit"),
    [
        (np.array([[-2000, -1999, 5]], np.int16), 63536, 63537),
        (np.array([[63536, 63537, 5]], np.uint16), -2000, -1999),
        (np.array([[-2000, -1999, 5]], np.int16), -1999, -2000),
    ],
)
def test_padding_value_gets_the_sign_of_the_values(values, value, limit):
    dataset = Dataset()
    for keyword, number in (("PixelPaddingValue", value), ("PixelPaddingRangeLimit", limit)):
        dataset.add_new(keyword, "SS" if number < 0 else "US", number)
    assert_array_equal(dicom_grayscale.valid_pixel_mask(values, dataset), [[False, False, True]])


@pytest.mark.parametrize(
    ("photometric", "shape", "count"),
    [("MONOCHROME2", "INVERSE", 1), ("MONOCHROME2", "IDENTITY", 0), ("MONOCHROME1", "INVERSE", 0)],
)
def test_contradictory_presentation_shape_gets_a_warning(photometric, shape, count):
    dataset = _dataset_with(PhotometricInterpretation=photometric, PresentationLUTShape=shape)
    assert len(dicom_grayscale.presentation_warnings(dataset)) == count


def test_steps_do_not_change_their_input():
    values = VALUES.copy()
    dataset = _dataset_with(RescaleSlope=2, RescaleIntercept=1, WindowCenter=100, WindowWidth=20)
    dicom_grayscale.apply_voi(dicom_grayscale.apply_modality(values, dataset), dataset, ALL)
    assert_array_equal(values, VALUES)
