"""DICOM results, checked with independent validators."""

import hashlib
import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from highdicom import sr
from patient_data import PERSON, changed
from pydicom import dcmread
from pydicom.pixels import pixel_array
from pydicom.sr.codedict import codes

from fracture_core.errors import DataError
from fracture_core.report.dicom import opinion_to_dicom
from fracture_core.report.overlay import render_report_overlay, strong_contours
from fracture_core.vocabulary import Verdict

CAPTURE, REPORT = "secondary-capture.dcm", "structured-report.dcm"


@pytest.fixture(scope="module")
def files(opinion, film):
    return opinion_to_dicom(opinion, film, "leg")


@pytest.fixture(scope="module")
def results(files):
    return {name: dcmread(io.BytesIO(data)) for name, data in files.items()}


def _text_of(report: bytes) -> str:
    """The text of a report, which is uncompressed UTF-8."""
    return report.decode("utf-8", errors="replace")


@pytest.fixture(scope="module")
def report(results) -> sr.MeasurementReport:
    content = sr.ComprehensiveSR.from_dataset(results[REPORT]).content
    assert isinstance(content, sr.MeasurementReport)
    return content


def test_same_study_new_series(results, film):
    original = dcmread(io.BytesIO(film))
    for result in results.values():
        assert result.StudyInstanceUID == original.StudyInstanceUID
        assert {keyword: str(result[keyword].value) for keyword in PERSON} == PERSON
    series = {file.SeriesInstanceUID for file in (original, *results.values())}
    assert len(series) == len({file.SOPInstanceUID for file in (original, *results.values())}) == 3


def test_saving_again_makes_new_instances(opinion, film, results):
    again = {name: dcmread(io.BytesIO(data)) for name, data in opinion_to_dicom(opinion, film, "leg").items()}
    for name, result in results.items():
        assert again[name].SOPInstanceUID != result.SOPInstanceUID
        assert again[name].SeriesInstanceUID != result.SeriesInstanceUID


def test_the_capture_is_the_overlay(results, opinion, film):
    capture = results[CAPTURE]
    np.testing.assert_array_equal(pixel_array(capture), render_report_overlay(opinion))
    original = dcmread(io.BytesIO(film))
    assert capture.SourceImageSequence[0].ReferencedSOPInstanceUID == original.SOPInstanceUID
    assert list(capture.PixelSpacing) == list(original.PixelSpacing)
    assert opinion.card.id in capture.DerivationDescription


def test_the_structured_report_contains_the_opinion(report, files, opinion):
    (group,) = report.get_image_measurement_groups()
    assert group.finding_type.value == "125605004"
    assert [site.value.meaning for site in group.finding_sites] == ["Lower limb"]
    (measured,) = group.get_measurements(name=codes.DCM.Probability)
    assert measured.value == pytest.approx(100 * opinion.probability, abs=0.006)
    assert measured.unit == codes.UCUM.Percent
    (verdict,) = group.get_qualitative_evaluations()
    assert (opinion.verdict, verdict.value.meaning) == (Verdict.SUSPECTED, "Suspected")
    text = _text_of(files[REPORT])
    card = opinion.card
    for words in (
        card.id,
        card.weights.sha256,
        f"{card.thresholds.low:.6f} and {card.thresholds.high:.6f}",
        card.test_regions["leg"].sensitivity.text(),
        card.limits[0],
        "no diagnosis",
    ):
        assert words in text


def test_regions_of_interest_match_the_heatmap(report, opinion, film):
    groups = report.get_planar_roi_measurement_groups()
    point, *lines = [group.roi for group in groups]
    assert point.value.tolist() == [[x + 0.5 for x in opinion.heat.peak()]]
    outlines = strong_contours(opinion.heat)
    assert len(lines) == len(outlines[:5]) > 0
    for line, outline in zip(lines, outlines, strict=False):
        np.testing.assert_allclose(line.value[:-1], outline, atol=0.01)
        np.testing.assert_array_equal(line.value[0], line.value[-1])
    original = dcmread(io.BytesIO(film)).SOPInstanceUID
    for group in groups:
        assert group.roi.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == original


@pytest.mark.parametrize(
    ("verdict", "meaning"), [(Verdict.UNCERTAIN, "Uncertain"), (Verdict.NOT_SEEN, "Not seen")]
)
def test_the_other_verdicts(opinion, no_evidence, film, verdict, meaning):
    data = opinion_to_dicom(replace(no_evidence, verdict=verdict, regions=()), film, "")[REPORT]
    content = sr.ComprehensiveSR.from_dataset(dcmread(io.BytesIO(data))).content
    (group,) = content.get_image_measurement_groups()
    assert group.get_qualitative_evaluations()[0].value.meaning == meaning
    assert group.finding_sites == []
    assert content.get_planar_roi_measurement_groups() == []


def test_the_finding_code_follows_the_model(with_card, opinion, film):
    found = with_card(data=replace(opinion.card.data, finding="abnormality"))
    content = _text_of(opinion_to_dicom(found, film, "")[REPORT])
    assert "49755003" in content
    assert "Fracture of bone" not in content


def test_the_structured_report_contains_warnings(opinion, film):
    gate = replace(opinion.gate, state="warn", reasons=("The image is very dark.",))
    assert "The image is very dark." in _text_of(
        opinion_to_dicom(replace(opinion, gate=gate), film, "")[REPORT]
    )


def test_rejected_images_have_no_results(rejected, film):
    with pytest.raises(DataError, match="This image was rejected"):
        opinion_to_dicom(rejected, film, "")


def test_monochrome1(reader, film):
    """The capture shows bright bone on dark background, as the screen does."""
    original = dcmread(io.BytesIO(film))
    inverted = 4095 - pixel_array(original)
    turned = changed(
        film,
        PhotometricInterpretation="MONOCHROME1",
        PresentationLUTShape="INVERSE",
        PixelData=inverted.tobytes(),
    )
    opinion = reader.predict(turned)
    captured = pixel_array(dcmread(io.BytesIO(opinion_to_dicom(opinion, turned, "leg")[CAPTURE])))
    np.testing.assert_array_equal(captured, render_report_overlay(opinion))
    assert np.abs(opinion.film.pixels - reader.predict(film).film.pixels).max() < 0.01


# ---- independent validators ----


def _tool(name: str, package: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed: apt-get install {package}")
    return path


def _check(results: dict[str, bytes], folder: Path) -> None:
    """dciodvfy finds no error in either, and dsrdump reads the report."""
    for name, data in results.items():
        (folder / name).write_bytes(data)
        checked = subprocess.run(
            [_tool("dciodvfy", "dicom3tools"), folder / name], capture_output=True, text=True, check=False
        )
        output = checked.stdout + checked.stderr
        assert "Error" not in output, output
        assert checked.returncode == 0, output
        assert {CAPTURE: "SCImage", REPORT: "ComprehensiveSR"}[name] in output
    dumped = subprocess.run(
        [_tool("dsrdump", "dcmtk"), folder / REPORT], capture_output=True, text=True, check=False
    )
    assert dumped.returncode == 0, dumped.stderr
    assert "Imaging Measurement Report" in dumped.stdout
    assert "Suspected" in dumped.stdout or "Not seen" in dumped.stdout or "Uncertain" in dumped.stdout


def test_results_are_valid(opinion, film, tmp_path):
    _check(opinion_to_dicom(opinion, film, "leg"), tmp_path)


def test_results_of_an_image_with_few_elements_are_valid(no_evidence, film, tmp_path):
    bare = [
        *PERSON,
        "PatientSex",
        "StudyDate",
        "StudyTime",
        "PixelSpacing",
        "PatientOrientation",
        "Laterality",
    ]
    poor = changed(
        film, SpecificCharacterSet=["", "ISO 2022 IR 87"], ImageLaterality=None, **dict.fromkeys(bare)
    )
    _check(opinion_to_dicom(no_evidence, changed(poor, PatientName="Yamada^Tarou=山田^太郎"), ""), tmp_path)


@pytest.mark.real
@pytest.mark.parametrize("name", ["RG1_J2KI", "RG3_J2KI", "RG3_J2KR"])
def test_results_of_real_images_are_valid(reader, real_data, tmp_path, name):
    path = real_data / "dicom" / name
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    opinion = reader.predict(path, ignore_scope=True)  # one of them is a chest
    _check(opinion_to_dicom(opinion, path.read_bytes(), "leg"), tmp_path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_positions_and_spacing_with_non_square_pixels(reader, film):
    dataset = dcmread(io.BytesIO(film))
    height, width = dataset.Rows, dataset.Columns // 2
    dataset.PixelData = np.ascontiguousarray(dataset.pixel_array[:, : 2 * width : 2]).tobytes()
    dataset.Columns = width
    spacing = float(dataset.PixelSpacing[0])
    dataset.PixelSpacing = dataset.ImagerPixelSpacing = [f"{spacing:.6f}", f"{2 * spacing:.6f}"]
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    opinion = reader.predict(buffer.getvalue())
    assert (opinion.film.height, opinion.film.width) == (height, 2 * width - 1)

    results = {
        name: dcmread(io.BytesIO(data))
        for name, data in opinion_to_dicom(opinion, buffer.getvalue(), "leg").items()
    }
    assert [float(value) for value in results[CAPTURE].PixelSpacing] == pytest.approx([spacing, spacing])
    x, y = opinion.heat.peak()
    assert opinion.to_json()["peak"] == (int(x / 2 + 0.5), y)
    content = sr.ComprehensiveSR.from_dataset(results[REPORT]).content
    point, *lines = [group.roi for group in content.get_planar_roi_measurement_groups()]
    assert point.value.tolist() == [[x / 2 + 0.5, y + 0.5]]
    for line, outline in zip(lines, strong_contours(opinion.heat), strict=False):
        np.testing.assert_allclose(line.value[:-1], (outline - 0.5) / (2, 1) + 0.5, atol=0.01)
        assert line.value[:, 0].max() <= width
