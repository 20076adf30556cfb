import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pydicom.dataset import Dataset
from pydicom.pixels import apply_voi_lut
from pydicom.sequence import Sequence

from fracture_core.imaging import dicom_levels

VALUES = np.array([[-200, 0, 90, 100, 110, 4000]], np.int16)
ALL = np.ones(VALUES.shape, bool)


def _table(entries, descriptor, words=False) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US" if min(descriptor) >= 0 else "SS", descriptor)
    if words:
        item.add_new("LUTData", "OW", entries)
    else:
        item.add_new("LUTData", "US", entries)
    item.set_original_encoding(False, True, "iso8859")
    return item


def _with(**elements) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def test_values_outside_a_table_take_its_ends():
    table = _table([10, 20, 30], [3, 5, 8])
    assert_array_equal(
        dicom_levels.lookup(np.array([0, 5, 6, 7, 60000], np.uint16), table), [10, 10, 20, 30, 30]
    )


def test_table_of_words_and_of_packed_bytes():
    words = _table(np.array([7, 600], "<u2").tobytes(), [2, 0, 16], words=True)
    assert_array_equal(dicom_levels.lookup(np.array([0, 1]), words), [7, 600])
    packed = _table(bytes(range(256)) + b"\xff" * 144, [400, 0, 8], words=True)
    assert_array_equal(dicom_levels.lookup(np.array([0, 255, 399]), packed), [0, 255, 255])


def test_table_of_big_endian_words():
    table = _table(np.array([7, 600], ">u2").tobytes(), [2, 0, 16], words=True)
    table.set_original_encoding(False, False, "iso8859")
    assert_array_equal(dicom_levels.lookup(np.array([0, 1]), table), [7, 600])


def test_table_with_signed_start_written_unsigned():
    table = _table([1, 2, 3], [3, 65535, 16])
    assert_array_equal(dicom_levels.lookup(np.array([-1, 0, 1]), table), [1, 2, 3])


def test_table_of_65536_entries():
    table = _table(np.arange(65536, dtype="<u2").tobytes(), [0, 0, 16], words=True)
    assert_array_equal(dicom_levels.lookup(np.array([0, 65535]), table), [0, 65535])


def test_modality_table_goes_before_slope():
    dataset = _with(
        ModalityLUTSequence=Sequence([_table([100, 200], [2, 0, 16])]), RescaleSlope=5, RescaleIntercept=0
    )
    assert_array_equal(dicom_levels.modality(np.array([0, 1]), dataset), [100, 200])


@pytest.mark.parametrize("broken", [{}, {"LUTDescriptor": [2, 0]}, {"LUTDescriptor": [2, 0, 16]}])
def test_malformed_tables_are_passed_over(broken):
    dataset = _with(
        ModalityLUTSequence=Sequence([_with(**broken)]),
        RescaleSlope=2,
        RescaleIntercept=1,
        VOILUTSequence=Sequence(),
    )
    assert_array_equal(dicom_levels.modality(np.array([0, 1]), dataset), [1, 3])


@pytest.mark.parametrize("slope", [0, None])
def test_a_slope_that_says_nothing_is_passed_over(slope):
    values = np.array([1, 2])
    assert dicom_levels.modality(values, _with(RescaleSlope=slope, RescaleIntercept=5)) is values


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("centre", "width"), [(100, 20), (95.5, 41.5), (0, 1000)])
def test_windows_agree_with_pydicom(function, centre, width):
    dataset = _with(
        PhotometricInterpretation="MONOCHROME2", PixelRepresentation=1, BitsStored=16,
        WindowCenter=centre, WindowWidth=width, VOILUTFunction=function,
    )  # fmt: skip
    expected = (apply_voi_lut(VALUES.copy(), dataset) + 32768) / 65535
    shown, warnings = dicom_levels.display(VALUES, dataset, ALL)
    assert_allclose(shown, expected, atol=1e-6)
    assert warnings == ()


def test_window_written_out():
    # PS3.3 C.11.2.1.2.1: x <= c - 0.5 - (w-1)/2 is black, x > c - 0.5 + (w-1)/2 is white.
    shown = dicom_levels.window(np.array([89, 90, 99, 109, 110]), 100, 20)
    assert_allclose(shown, [0, 0, 9 / 19, 1, 1], atol=1e-7)


def test_a_negative_slope_keeps_the_window_the_right_way_up():
    dataset = _with(RescaleSlope=-1, RescaleIntercept=1000, WindowCenter=500, WindowWidth=1001)
    values = np.array([[0, 500, 1000]], np.uint16)
    shown, _ = dicom_levels.display(dicom_levels.modality(values, dataset), dataset, np.ones((1, 3), bool))
    assert shown[0, 0] == 1
    assert shown[0, 2] < 0.001


def test_the_first_of_several_windows_is_used():
    dataset = _with(WindowCenter=[100, 5], WindowWidth=[20, 6])
    shown, _ = dicom_levels.display(VALUES, dataset, ALL)
    assert_array_equal(shown, dicom_levels.window(VALUES, 100, 20))


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
def test_a_window_that_shows_nothing_is_set_aside_with_a_warning(centre, width, function):
    dataset = _with(WindowCenter=centre, WindowWidth=width, VOILUTFunction=function)
    shown, (warning,) = dicom_levels.display(VALUES, dataset, ALL)
    assert_array_equal(shown, dicom_levels.full_range(VALUES, ALL))
    assert "full range" in warning


@pytest.mark.parametrize("elements", [{"WindowCenter": 100}, {"WindowWidth": 100}, {"WindowCenter": None}])
def test_half_a_window_is_none(elements):
    shown, warnings = dicom_levels.display(VALUES, _with(**elements), ALL)
    assert_array_equal(shown, dicom_levels.full_range(VALUES, ALL))
    assert warnings == ()


def test_unknown_function_is_taken_for_linear():
    dataset = _with(WindowCenter=100, WindowWidth=20, VOILUTFunction="CUBIC")
    shown, _ = dicom_levels.display(VALUES, dataset, ALL)
    assert_array_equal(shown, dicom_levels.window(VALUES, 100, 20))


def test_a_table_that_announces_more_bits_than_it_holds():
    dataset = _with(VOILUTSequence=Sequence([_table([0, 4095], [2, 0, 16])]))
    shown, _ = dicom_levels.display(np.array([[0, 1]]), dataset, np.ones((1, 2), bool))
    assert_array_equal(shown, [[0, 1]])


def test_outliers_do_not_set_the_range():
    values = np.full((100, 100), 500, np.uint16)
    values[:50] = 100
    values[0, 0], values[-1, -1] = 0, 65535
    shown = dicom_levels.full_range(values, np.ones(values.shape, bool))
    assert shown[10, 10] == 0
    assert shown[-10, -10] == 1


def test_a_flat_image_is_black():
    values = np.full((4, 4), 7, np.uint16)
    assert_array_equal(dicom_levels.full_range(values, np.ones((4, 4), bool)), np.zeros((4, 4)))


def test_an_image_that_would_be_all_padding_has_none():
    assert dicom_levels.padding(np.zeros((2, 2)), _with(PixelPaddingValue=0)).all()


def test_steps_leave_their_input_alone():
    values = VALUES.copy()
    dataset = _with(RescaleSlope=2, RescaleIntercept=1, WindowCenter=100, WindowWidth=20)
    dicom_levels.display(dicom_levels.modality(values, dataset), dataset, ALL)
    assert_array_equal(values, VALUES)
