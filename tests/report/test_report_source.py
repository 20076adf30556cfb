"""Attributes that results take from a DICOM image."""

import io
import logging
import threading
import time
import warnings

import pytest
from patient_data import PERSON, change_elements
from pydicom import dcmread
from pydicom.config import IGNORE, disable_value_validation, settings
from pydicom.uid import SecondaryCaptureImageStorage

from fracture_core.errors import DataError
from fracture_core.imaging.formats import may_be_dicom
from fracture_core.report.dicom import opinion_to_dicom
from fracture_core.report.dicom_source import read_dicom_source, without_value_checks


def test_patient_and_study_are_copied(dicom_content):
    source = read_dicom_source(dicom_content)
    assert {keyword: str(source.identity[keyword].value) for keyword in PERSON} == PERSON
    assert source.spacing is not None
    assert "Jane" not in repr(source)


def test_the_reference_identifies_nobody(dicom_content):
    reference = read_dicom_source(dicom_content).reference
    assert not [part for part in ("Doe", "4711", "1951") if part in str(reference)]
    assert reference.StudyInstanceUID == dcmread(io.BytesIO(dicom_content)).StudyInstanceUID


@pytest.mark.parametrize(
    "keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"]
)
@pytest.mark.parametrize("value", [None, ""], ids=["absent", "empty"])
def test_missing_identifiers_are_errors(dicom_content, keyword, value):
    incomplete = change_elements(dicom_content, **{keyword: value})
    with pytest.raises(DataError, match=f"{keyword} is missing or invalid"):
        read_dicom_source(incomplete)


def test_unknown_sop_classes_are_errors(dicom_content):
    with pytest.raises(DataError, match="is not that of an image"):
        read_dicom_source(change_elements(dicom_content, SOPClassUID="1.2.3.4"))
    assert read_dicom_source(change_elements(dicom_content, SOPClassUID=SecondaryCaptureImageStorage))


def test_files_other_than_dicom_are_errors(photo):
    assert not may_be_dicom(photo.read_bytes())
    with pytest.raises(DataError, match="this file is not DICOM"):
        read_dicom_source(photo.read_bytes())


def test_dicom_without_preamble(dicom_content):
    assert may_be_dicom(dicom_content[132:])
    assert read_dicom_source(dicom_content[132:]).reference == read_dicom_source(dicom_content).reference


def test_an_image_without_optional_elements(opinion, dicom_content):
    minimal = change_elements(
        dicom_content, **dict.fromkeys([*PERSON, "PatientSex", "StudyDate", "StudyTime", "PixelSpacing"])
    )
    for name, data in opinion_to_dicom(opinion, minimal, "leg").items():
        result = dcmread(io.BytesIO(data))
        assert [str(result[keyword].value or "") for keyword in PERSON if keyword != "StudyDescription"] == [
            ""
        ] * 6, name
        assert "StudyDescription" not in result
        assert "PixelSpacing" not in result


def _replace_bytes(content: bytes, old: bytes, new: bytes) -> bytes:
    assert content.count(old) == 1
    assert len(old) == len(new)
    return content.replace(old, new)


def test_invalid_values_are_left_out_and_not_logged(opinion, dicom_content, caplog, capfd):
    invalid = _replace_bytes(
        _replace_bytes(dicom_content, b"19510203", b"3rd Feb "), b"20260102", b"20269999"
    )
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as caught_warnings:
        warnings.simplefilter("always")
        results = opinion_to_dicom(opinion, invalid, "leg")
    output = (
        "".join(str(warning.message) for warning in caught_warnings)
        + caplog.text
        + "".join(capfd.readouterr())
    )
    assert not [part for part in ("Jane", "4711", "Feb", "9999", "Holmes") if part in output]
    for data in results.values():
        result = dcmread(io.BytesIO(data))
        assert (result.PatientBirthDate, result.StudyDate) == ("", "")
        assert (result.PatientID, str(result.PatientName)) == ("ID-4711", "Doe^Jane")


@pytest.mark.parametrize(
    ("characters", "name"),
    [
        ("ISO_IR 100", "Müller^Jürgen"),
        ("ISO_IR 144", "Люкceмбypг"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小東"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    ],
)
def test_names_in_other_scripts(opinion, dicom_content, characters, name):
    for data in opinion_to_dicom(
        opinion, change_elements(dicom_content, SpecificCharacterSet=characters, PatientName=name), "leg"
    ).values():
        result = dcmread(io.BytesIO(data))
        assert result.SpecificCharacterSet == "ISO_IR 192"
        assert str(result.PatientName) == name


def test_anonymised_images_stay_anonymised(dicom_content):
    attributes = {"PatientIdentityRemoved": "YES", "DeidentificationMethod": "by hand"}
    assert (
        read_dicom_source(change_elements(dicom_content, **attributes)).identity.DeidentificationMethod
        == "by hand"
    )
    assert (
        "PatientIdentityRemoved"
        not in read_dicom_source(change_elements(dicom_content, PatientIdentityRemoved="YES")).identity
    )


def test_laterality_and_orientation(dicom_content):
    assert (
        read_dicom_source(
            change_elements(dicom_content, ImageLaterality="R", PatientOrientation=["L", "F"])
        ).laterality
        == "R"
    )
    assert (
        read_dicom_source(change_elements(dicom_content, ImageLaterality="U", Laterality=None)).laterality
        == ""
    )
    assert read_dicom_source(change_elements(dicom_content, PatientOrientation=["L", "F"])).orientation == [
        "L",
        "F",
    ]
    assert read_dicom_source(change_elements(dicom_content, PatientOrientation=None)).orientation == []


def test_lossy_images_give_lossy_results(dicom_content):
    lossy = read_dicom_source(
        change_elements(
            dicom_content,
            LossyImageCompression="01",
            LossyImageCompressionRatio="12.5",
            LossyImageCompressionMethod="ISO_15444_1",
        )
    ).lossy
    assert (lossy.LossyImageCompression, lossy.LossyImageCompressionRatio) == ("01", 12.5)
    assert not read_dicom_source(dicom_content).lossy


@pytest.mark.parametrize("uid", ["abc", ["1.2", "3.4"]])
def test_invalid_identifiers_are_errors(dicom_content, uid):
    with disable_value_validation():
        invalid = change_elements(dicom_content, StudyInstanceUID=uid)
    with pytest.raises(DataError, match="StudyInstanceUID is missing or invalid"):
        read_dicom_source(invalid)


def test_value_checks_are_off_inside_and_on_outside():
    """pydicom has one switch for the whole process, and several threads write results."""
    inside, outside = [], settings.reading_validation_mode

    def write() -> None:
        for _ in range(30):
            with without_value_checks():
                inside.append(settings.reading_validation_mode)
                time.sleep(0.001)
                inside.append(settings.reading_validation_mode)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(inside) == {IGNORE}
    assert settings.reading_validation_mode == outside
