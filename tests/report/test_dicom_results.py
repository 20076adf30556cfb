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
from patient_data import PERSON, change_elements
from pydicom import dcmread
from pydicom.pixels import pixel_array
from pydicom.sr.codedict import codes

from fracture_core.errors import DataError
from fracture_core.findings import Finding, FindingGrade
from fracture_core.report.dicom import opinion_to_dicom
from fracture_core.report.overlay import render_report_overlay, strong_contours
from fracture_core.vocabulary import Verdict

CAPTURE, REPORT = "secondary-capture.dcm", "structured-report.dcm"


@pytest.fixture(scope="module")
def result_contents(opinion, dicom_content):
    """The DICOM results of `opinion`, by file name."""
    return opinion_to_dicom(opinion, dicom_content, "leg")


@pytest.fixture(scope="module")
def result_datasets(result_contents):
    """The DICOM results of `opinion` as datasets."""
    return {name: dcmread(io.BytesIO(data)) for name, data in result_contents.items()}


def _text_of(report: bytes) -> str:
    """The text of a report, which is uncompressed UTF-8."""
    return report.decode("utf-8", errors="replace")


@pytest.fixture(scope="module")
def structured_report(result_datasets) -> sr.MeasurementReport:
    """The measurement report of `opinion`."""
    content = sr.ComprehensiveSR.from_dataset(result_datasets[REPORT]).content
    assert isinstance(content, sr.MeasurementReport)
    return content


def _regions_of(report: sr.MeasurementReport) -> list[sr.PlanarROIMeasurementsAndQualitativeEvaluations]:
    """The groups of a report that belong to an area of the image."""
    return list(report.get_planar_roi_measurement_groups())


def _is_finding(group: sr.PlanarROIMeasurementsAndQualitativeEvaluations) -> bool:
    return str(group.tracking_identifier).startswith("Finding ")


def test_same_study_new_series(result_datasets, dicom_content):
    original = dcmread(io.BytesIO(dicom_content))
    for result in result_datasets.values():
        assert result.StudyInstanceUID == original.StudyInstanceUID
        assert {keyword: str(result[keyword].value) for keyword in PERSON} == PERSON
    series = {file.SeriesInstanceUID for file in (original, *result_datasets.values())}
    assert len(series) == len({file.SOPInstanceUID for file in (original, *result_datasets.values())}) == 3


def test_saving_again_makes_new_instances(opinion, dicom_content, result_datasets):
    second_results = {
        name: dcmread(io.BytesIO(data))
        for name, data in opinion_to_dicom(opinion, dicom_content, "leg").items()
    }
    for name, result in result_datasets.items():
        assert second_results[name].SOPInstanceUID != result.SOPInstanceUID
        assert second_results[name].SeriesInstanceUID != result.SeriesInstanceUID


def test_the_capture_is_the_overlay(result_datasets, opinion, dicom_content):
    capture = result_datasets[CAPTURE]
    np.testing.assert_array_equal(pixel_array(capture), render_report_overlay(opinion))
    original = dcmread(io.BytesIO(dicom_content))
    assert capture.SourceImageSequence[0].ReferencedSOPInstanceUID == original.SOPInstanceUID
    assert list(capture.PixelSpacing) == list(original.PixelSpacing)
    assert opinion.card.id in capture.DerivationDescription


def test_the_structured_report_contains_the_opinion(structured_report, result_contents, opinion):
    (group,) = structured_report.get_image_measurement_groups()
    assert group.finding_type.value == "125605004"
    assert [site.value.meaning for site in group.finding_sites] == ["Lower limb"]
    (measured,) = group.get_measurements(name=codes.DCM.Probability)
    assert measured.value == pytest.approx(100 * opinion.probability, abs=0.006)
    assert measured.unit == codes.UCUM.Percent
    (verdict,) = group.get_qualitative_evaluations()
    assert (opinion.verdict, verdict.value.meaning) == (Verdict.SUSPECTED, "Suspected")
    text = _text_of(result_contents[REPORT])
    card = opinion.card
    for part in (
        card.id,
        card.weights.sha256,
        f"{card.thresholds.low:.6f} and {card.thresholds.high:.6f}",
        card.test_regions["leg"].sensitivity.text(),
        card.limits[0],
        "no diagnosis",
    ):
        assert part in text


def test_regions_of_interest_match_the_heatmap(structured_report, opinion, dicom_content):
    groups = [group for group in _regions_of(structured_report) if not _is_finding(group)]
    point, *lines = [group.roi for group in groups]
    assert point.value.tolist() == [[x + 0.5 for x in opinion.heat.peak()]]
    outlines = strong_contours(opinion.heat)
    assert len(lines) == len(outlines[:5]) > 0
    for line, outline in zip(lines, outlines, strict=False):
        np.testing.assert_allclose(line.value[:-1], outline, atol=0.01)
        np.testing.assert_array_equal(line.value[0], line.value[-1])
    original = dcmread(io.BytesIO(dicom_content)).SOPInstanceUID
    for group in groups:
        assert group.roi.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == original


def test_each_finding_is_a_measurement_group(opinion, dicom_content):
    box = Finding((0.25, 0.5, 0.5, 0.75), 0.8125, FindingGrade.POSSIBLE)
    found = replace(opinion, findings=(replace(box, confidence=0.9, grade=FindingGrade.DEFINITE), box))
    report = dcmread(io.BytesIO(opinion_to_dicom(found, dicom_content, "leg")[REPORT]))
    content = sr.ComprehensiveSR.from_dataset(report).content
    groups = [group for group in _regions_of(content) if _is_finding(group)]
    assert [str(group.tracking_identifier) for group in groups] == ["Finding 1", "Finding 2"]
    for group, confidence, grade in zip(groups, (90, 81.25), ("Definite", "Possible"), strict=True):
        assert group.finding_type.value == "125605004"
        (measured,) = group.get_measurements(name=codes.DCM.CertaintyOfFinding)
        assert (measured.value, measured.unit) == (confidence, codes.UCUM.Percent)
        (evaluation,) = group.get_qualitative_evaluations()
        assert evaluation.value.meaning == grade
        height, width = opinion.film.height, opinion.film.width
        outline = group.roi.value
        np.testing.assert_allclose(outline.min(axis=0), [round(width / 4), round(height / 2)])
        np.testing.assert_allclose(outline.max(axis=0), [round(width / 2), round(height * 3 / 4)])
        np.testing.assert_array_equal(outline[0], outline[-1])


@pytest.mark.parametrize(
    ("verdict", "meaning"), [(Verdict.UNCERTAIN, "Uncertain"), (Verdict.NOT_SEEN, "Not seen")]
)
def test_the_other_verdicts(opinion, opinion_without_evidence, dicom_content, verdict, meaning):
    data = opinion_to_dicom(
        replace(opinion_without_evidence, verdict=verdict, regions=()), dicom_content, ""
    )[REPORT]
    content = sr.ComprehensiveSR.from_dataset(dcmread(io.BytesIO(data))).content
    (group,) = content.get_image_measurement_groups()
    assert group.get_qualitative_evaluations()[0].value.meaning == meaning
    assert group.finding_sites == []
    assert [group for group in _regions_of(content) if not _is_finding(group)] == []


def test_the_finding_code_follows_the_model(opinion_with_card, opinion, dicom_content):
    abnormality_opinion = opinion_with_card(data=replace(opinion.card.data, finding="abnormality"))
    content = _text_of(opinion_to_dicom(abnormality_opinion, dicom_content, "")[REPORT])
    assert "49755003" in content
    assert "Fracture of bone" not in content


def test_the_structured_report_contains_warnings(opinion, dicom_content):
    gate = replace(opinion.gate, state="warn", reasons=("The image is very dark.",))
    assert "The image is very dark." in _text_of(
        opinion_to_dicom(replace(opinion, gate=gate), dicom_content, "")[REPORT]
    )


def test_rejected_images_have_no_results(rejected_opinion, dicom_content):
    with pytest.raises(DataError, match="This image was rejected"):
        opinion_to_dicom(rejected_opinion, dicom_content, "")


def test_capture_of_monochrome1_is_bright_on_dark(shipped_predictor, dicom_content):
    """The capture shows bright bone on dark background, as the screen does."""
    original = dcmread(io.BytesIO(dicom_content))
    inverted = 4095 - pixel_array(original)
    inverted_file = change_elements(
        dicom_content,
        PhotometricInterpretation="MONOCHROME1",
        PresentationLUTShape="INVERSE",
        PixelData=inverted.tobytes(),
    )
    opinion = shipped_predictor.predict(inverted_file)
    captured = pixel_array(dcmread(io.BytesIO(opinion_to_dicom(opinion, inverted_file, "leg")[CAPTURE])))
    np.testing.assert_array_equal(captured, render_report_overlay(opinion))
    assert np.abs(opinion.film.pixels - shipped_predictor.predict(dicom_content).film.pixels).max() < 0.01


# ---- independent validators ----


def _tool(name: str, package: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed: apt-get install {package}")
    return path


def _validate(results: dict[str, bytes], folder: Path) -> None:
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


def test_results_are_valid(opinion, dicom_content, tmp_path):
    _validate(opinion_to_dicom(opinion, dicom_content, "leg"), tmp_path)


def test_results_of_an_image_with_few_elements_are_valid(opinion_without_evidence, dicom_content, tmp_path):
    removed_keywords = [
        *PERSON,
        "PatientSex",
        "StudyDate",
        "StudyTime",
        "PixelSpacing",
        "PatientOrientation",
        "Laterality",
    ]
    minimal = change_elements(
        dicom_content,
        SpecificCharacterSet=["", "ISO 2022 IR 87"],
        ImageLaterality=None,
        **dict.fromkeys(removed_keywords),
    )
    _validate(
        opinion_to_dicom(
            opinion_without_evidence, change_elements(minimal, PatientName="Yamada^Tarou=山田^太郎"), ""
        ),
        tmp_path,
    )


@pytest.mark.real
@pytest.mark.parametrize("name", ["RG1_J2KI", "RG3_J2KI", "RG3_J2KR"])
def test_results_of_real_images_are_valid(shipped_predictor, real_data, tmp_path, name):
    path = real_data / "dicom" / name
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    opinion = shipped_predictor.predict(path, ignore_scope=True)  # one of them is a chest
    _validate(opinion_to_dicom(opinion, path.read_bytes(), "leg"), tmp_path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_positions_and_spacing_with_non_square_pixels(shipped_predictor, dicom_content):
    dataset = dcmread(io.BytesIO(dicom_content))
    height, width = dataset.Rows, dataset.Columns // 2
    dataset.PixelData = np.ascontiguousarray(dataset.pixel_array[:, : 2 * width : 2]).tobytes()
    dataset.Columns = width
    spacing = float(dataset.PixelSpacing[0])
    dataset.PixelSpacing = dataset.ImagerPixelSpacing = [f"{spacing:.6f}", f"{2 * spacing:.6f}"]
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    opinion = shipped_predictor.predict(buffer.getvalue())
    assert (opinion.film.height, opinion.film.width) == (height, 2 * width - 1)

    results = {
        name: dcmread(io.BytesIO(data))
        for name, data in opinion_to_dicom(opinion, buffer.getvalue(), "leg").items()
    }
    assert [float(value) for value in results[CAPTURE].PixelSpacing] == pytest.approx([spacing, spacing])
    x, y = opinion.heat.peak()
    assert opinion.to_json()["peak"] == (int(x / 2 + 0.5), y)
    content = sr.ComprehensiveSR.from_dataset(results[REPORT]).content
    point, *lines = [group.roi for group in _regions_of(content) if not _is_finding(group)]
    assert point.value.tolist() == [[x / 2 + 0.5, y + 0.5]]
    for line, outline in zip(lines, strong_contours(opinion.heat), strict=False):
        np.testing.assert_allclose(line.value[:-1], (outline - 0.5) / (2, 1) + 0.5, atol=0.01)
        assert line.value[:, 0].max() <= width
