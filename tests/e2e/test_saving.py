"""All downloads of the page Second opinion, in a browser."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from browser_steps import wait_for_rerun
from patient_data import IDENTIFYING_TEXTS, add_patient, change_elements
from PIL import Image
from playwright.sync_api import expect
from pydicom import dcmread
from pypdf import PdfReader

from fracture_core.registry.store import SHIPPED_MODEL
from fracture_core.review.verdict_opinions import VerdictOpinions

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"

pytestmark = pytest.mark.browser


@pytest.fixture
def dicom_file(tmp_path) -> Path:
    """A synthetic DICOM image with the name of an invented person, also in its file name."""
    path = tmp_path / "Doe_Jane.dcm"
    path.write_bytes(add_patient((SAMPLES / "synthetic_leg_fracture.dcm").read_bytes()))
    return path


@pytest.fixture
def upload(page, app):
    """Function that uploads files and waits for the verdict."""

    def upload(*files: Path) -> None:
        page.goto(app.url)
        page.locator("input[type=file]:not([webkitdirectory])").first.set_input_files(
            [str(file) for file in files]
        )
        page.get_by_test_id("verdict").wait_for()

    return upload


def _download(page, label: str, key: str = "") -> tuple[str, bytes]:
    """Name and content of a download, started by a click or by a key on the focused button."""
    # A download that starts while the page is drawn belongs to the earlier page.
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    button = page.get_by_role("button", name=label, exact=True)
    with page.expect_download() as saved:
        button.press(key) if key else button.click()
    return saved.value.suggested_filename, Path(saved.value.path()).read_bytes()


def _rerun(page, switch) -> None:
    """Click a widget and wait until the page is drawn with its new value, however busy the machine is."""
    wait_for_rerun(page)
    page.evaluate(
        """() => {
            const app = document.querySelector('[data-testid=stApp]');
            window.reruns = 0;
            new MutationObserver(() => { window.reruns += app.dataset.testScriptState === 'running'; })
                .observe(app, {attributeFilter: ['data-test-script-state']});
        }"""
    )
    switch.click()
    page.wait_for_function("() => window.reruns > 0")
    wait_for_rerun(page)


def _zip(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_downloads_of_a_dicom_image(page, upload, dicom_file):
    before = dicom_file.read_bytes()
    upload(dicom_file)
    texts = {}

    name, data = _download(page, "Image report (PDF)")
    (pdf_page,) = PdfReader(io.BytesIO(data)).pages
    texts["pdf"] = pdf_page.extract_text()
    assert name == "film-1.second-look.pdf"
    assert page.get_by_test_id("verdict").inner_text().lower() in texts["pdf"].lower()

    name, data = _download(page, "Overlay (PNG)")
    original = dcmread(dicom_file)
    width, height = Image.open(io.BytesIO(data)).size
    assert (name, width) == ("film-1.second-look.png", original.Columns)
    assert height > original.Rows

    name, data = _download(page, "Results (JSON)")
    texts["json"] = data.decode()
    (row,) = json.loads(data)
    assert (name, row["name"]) == ("second-look.json", "Film 1")

    name, data = _download(page, "Results (CSV)")
    texts["csv"] = data.decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(texts["csv"]))
    assert float(line["probability"]) == row["probability"]

    for kind, text in texts.items():
        assert not [word for word in IDENTIFYING_TEXTS if word in text], kind

    name, data = _download(page, "DICOM results (zip)")
    results = [dcmread(io.BytesIO(file)) for file in _zip(data).values()]
    assert name == "film-1.second-look-dicom.zip"
    assert sorted(result.Modality for result in results) == ["OT", "SR"]
    assert {result.StudyInstanceUID for result in results} == {original.StudyInstanceUID}
    assert {str(result.PatientName) for result in results} == {"Doe^Jane"}
    assert dicom_file.read_bytes() == before


def test_download_of_a_study(page, upload, dicom_file):
    upload(dicom_file, SAMPLES / "synthetic_hand_normal.png")
    expect(page.locator(".rail button")).to_have_count(2)
    expect(
        page.get_by_text("“All images” includes DICOM results, which contain patient names.")
    ).to_be_visible()
    # The page is drawn again until every image is analysed, which would cancel a download.
    expect(page.get_by_test_id("study-verdict")).to_contain_text("Study of 2 images:", timeout=60_000)
    wait_for_rerun(page)
    files = _zip(_download(page, "All images (zip)")[1])
    assert [row["name"] for row in json.loads(files["results.json"])] == ["Film 1", "Film 2", "Study"]
    assert {name for name in files if name.endswith(".pdf")} == {
        "001-film-1/report.pdf",
        "002-film-2/report.pdf",
    }
    assert len([name for name in files if name.endswith(".dcm")]) == 2


def test_file_names_are_included_on_request(page, upload, dicom_file):
    upload(dicom_file)
    _rerun(page, page.get_by_text("Include file names"))
    name, data = _download(page, "Image report (PDF)")
    assert name == "doe_jane.second-look.pdf"
    assert "Doe_Jane.dcm" in PdfReader(io.BytesIO(data)).pages[0].extract_text()


def test_report_contains_the_region_chosen_by_the_user(page, upload):
    upload(SAMPLES / "synthetic_hand_fracture.png")
    page.locator("summary", has_text="Details").click()
    page.get_by_role("combobox", name="Body region").select_option("leg")
    expect(page.get_by_test_id("trust")).to_have_text(re.compile("^Leg, "))
    text = PdfReader(io.BytesIO(_download(page, "Image report (PDF)")[1])).pages[0].extract_text()
    assert "Leg, chosen by the reader" in text
    assert page.get_by_test_id("trust").inner_text() in " ".join(text.split())


def test_opinions_are_kept_on_request(page, app, upload):
    opinions = VerdictOpinions.for_model(app.runs, SHIPPED_MODEL)
    upload(SAMPLES / "synthetic_hand_fracture.png")
    page.get_by_role("button", name="Disagree", exact=True).click()
    expect(page.get_by_role("button", name="Disagree", exact=True)).to_have_attribute("aria-pressed", "true")
    wait_for_rerun(page)
    assert opinions.all() == []
    _rerun(page, page.get_by_text("Keep my opinions on this computer"))
    assert [opinion.mark for opinion in opinions.all()] == ["disagree"]
    page.get_by_role("button", name="Agree", exact=True).click()
    wait_for_rerun(page)
    (opinion,) = opinions.all()
    assert (opinion.mark, opinion.verdict, opinion.region) == ("agree", "fracture suspected", "hand")
    page.goto(f"{app.url}/failures?tab=Reviews&model={SHIPPED_MODEL}")
    expect(page.get_by_role("heading", name="Opinions on Second opinion")).to_be_visible()
    expect(page.get_by_role("row", name="fracture suspected 1 0 0")).to_be_visible()


def test_downloads_work_by_keyboard_on_a_phone(page, upload, dicom_file):
    page.set_viewport_size({"width": 390, "height": 844})
    upload(dicom_file)
    for label in (
        "Image report (PDF)",
        "Overlay (PNG)",
        "Results (CSV)",
        "Results (JSON)",
        "DICOM results (zip)",
    ):
        box = page.get_by_role("button", name=label).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert _download(page, "Image report (PDF)", "Enter")[1].startswith(b"%PDF")
    assert _zip(_download(page, "DICOM results (zip)", "Enter")[1])


def test_image_without_a_study_has_no_dicom_results(page, upload, dicom_file):
    dicom_file.write_bytes(change_elements(dicom_file.read_bytes(), StudyInstanceUID=None))
    upload(dicom_file)
    expect(page.get_by_text("No DICOM results: The DICOM file does not identify its study")).to_be_visible()
    expect(page.get_by_role("button", name="DICOM results")).to_have_count(0)
    assert _download(page, "Image report (PDF)")[1].startswith(b"%PDF")


def test_rejected_image_has_a_report_and_no_overlay(page, upload, photo):
    upload(photo)
    expect(page.get_by_test_id("verdict")).to_have_text("Not a radiograph, no verdict")
    text = PdfReader(io.BytesIO(_download(page, "Image report (PDF)")[1])).pages[0].extract_text()
    assert "Not a radiograph, no verdict" in text
    expect(page.get_by_role("button", name="Overlay (PNG)")).to_have_count(0)
