"""DICOM lookup tables."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pydicom.dataset import Dataset

from fracture_core.errors import ImageReadError
from fracture_core.imaging.dicom_lut import read_table

#: A gamma curve of 12 bits to 16, which is monotone as real tables are.
CURVE = np.rint((np.arange(4096) / 4095) ** 0.5 * 65535).astype(np.uint16)
RAMP = np.arange(4096)


def item(data, descriptor, vr="OW", little=True) -> Dataset:
    """Make a sequence item; an array of words is stored according to the VR."""
    table = Dataset()
    table.add_new("LUTDescriptor", "US" if min(descriptor) >= 0 else "SS", descriptor)
    if isinstance(data, np.ndarray):
        words = np.asarray(data, np.uint16)
        data = words.tolist() if vr == "US" else words.astype("<u2" if little else ">u2").tobytes()
    table.add_new("LUTData", vr, data)
    table.set_original_encoding(False, little, "iso8859")
    return table


def map_values(values, *args, **options):
    return read_table(item(*args, **options)).apply(np.asarray(values))


def test_values_outside_a_table_get_its_first_or_last_entry():
    table = np.array([10, 20, 30])
    levels = map_values(np.array([0, 5, 6, 7, 60000], np.uint16), table, [3, 5, 8], vr="US")
    assert_array_equal(levels, [10, 10, 20, 30, 30])


@pytest.mark.parametrize(("vr", "little"), [("OW", True), ("OW", False), ("US", True)])
@pytest.mark.parametrize("change", [-1, 0, 4])
def test_sixteen_bit_entries_with_one_missing_or_some_surplus(vr, little, change):
    stored = np.resize(CURVE, 4096 + change)
    levels = map_values(RAMP, stored, [4096, 0, 16], vr=vr, little=little)
    expected = CURVE.copy()
    if change < 0:
        expected[change:] = CURVE[change - 1]  # the last entry is repeated
    assert_array_equal(levels, expected)


@pytest.mark.parametrize("vr", ["OW", "US"])
def test_eight_bit_entries_padded_to_words(vr):
    assert_array_equal(
        map_values(np.arange(256), np.arange(256)[::-1], [256, 0, 8], vr=vr), np.arange(256)[::-1]
    )


@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("count", [256, 401])
def test_eight_bit_entries_packed_into_words(count, missing):
    entries = (np.arange(count) * 255 // (count - 1)).astype(np.uint8)
    data = entries[: count - missing].tobytes()
    data += bytes(len(data) % 2)
    packed = np.frombuffer(data, "<u2")
    expected = entries.astype(int)
    expected[count - missing :] = 0 if len(data) == count else expected[count - missing - 1]
    for vr, little in (("OW", True), ("OW", False), ("US", True)):
        assert_array_equal(
            map_values(np.arange(count), packed, [count, 0, 8], vr=vr, little=little), expected
        )


def test_entries_above_255_in_a_table_declared_as_eight_bits():
    assert_array_equal(map_values([0, 1], np.array([7, 600]), [2, 0, 8]), [7, 600])


@pytest.mark.parametrize("first", [65535, -1])
def test_signed_first_value(first):
    assert_array_equal(
        map_values(np.array([-1, 0, 1], np.int16), np.array([1, 2, 3]), [3, first, 16]), [1, 2, 3]
    )


def test_signed_first_value_where_no_pixel_is_negative():
    table = np.arange(300)
    assert_array_equal(map_values(np.array([0, 99], np.int16), table, [300, 65336, 16]), [200, 299])


def test_unsigned_first_value_read_as_signed():
    assert_array_equal(
        map_values(np.array([40000, 40001], np.uint16), np.array([1, 2]), [2, -25536, 16]), [1, 2]
    )


def test_zero_entries_mean_65536():
    table = np.arange(65536)
    assert_array_equal(map_values([0, 65535], table, [0, 0, 16]), [0, 65535])
    assert_array_equal(map_values([0, 65535], table[:-1], [0, 0, 16]), [0, 65534])


def test_unused_surplus_entries_are_ignored():
    assert_array_equal(map_values([0, 99], np.arange(4096), [100, 0, 16]), [0, 99])


@pytest.mark.parametrize(
    ("data", "descriptor"),
    [
        (
            np.arange(2048),
            [4096, 0, 16],
        ),  # half of the entries, or 8-bit entries with the wrong number of bits
        (np.arange(4000), [4096, 0, 16]),
        (np.arange(4096), [256, 0, 16]),
        (np.arange(20), [256, 0, 8]),
        (np.arange(190), [256, 0, 8]),
        (np.arange(2), [3, 0, 16]),
    ],
)
def test_table_that_contradicts_its_descriptor_is_rejected(data, descriptor):
    with pytest.raises(ImageReadError, match="lookup table of the DICOM file contradicts"):
        map_values(RAMP, data, descriptor)


@pytest.mark.parametrize("keyword", ["LUTDescriptor", "LUTData"])
def test_table_without_descriptor_or_data_is_none(keyword):
    table = item(CURVE, [4096, 0, 16])
    delattr(table, keyword)
    assert read_table(table) is None


def test_full_scale_follows_depth_and_entries():
    for bits, highest, white in [
        (16, 4095, 4095),
        (16, 40000, 65535),
        (12, 1000, 4095),
        (8, 200, 255),
        (8, 600, 1023),
    ]:
        assert read_table(item(np.array([0, highest]), [2, 0, bits])).full_scale == white
