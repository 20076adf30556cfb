"""The page Data audit without a browser."""

import os
import shutil
from pathlib import Path

import pytest
from phantom_files import save_image, small_phantom
from streamlit.testing.v1 import AppTest

from fracture_core import paths
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import DataError
from pages.components.audit import jobs

APP = Path(__file__).resolve().parents[2] / "app.py"


pytestmark = pytest.mark.usefixtures("runs_folder")


@pytest.fixture(scope="module")
def dataset_folder(tmp_path_factory) -> Path:
    """24 images without splits and without duplicates."""
    folder = tmp_path_factory.mktemp("my_films")
    for seed in range(24):
        save_image(
            folder / ("normal", "fractured")[seed % 2] / f"film{seed:02d}.png",
            small_phantom(seed, seed % 2 == 1),
        )
    return folder


@pytest.fixture
def audited_dataset(dataset_folder, tmp_path) -> Path:
    """A dataset with a finished audit."""
    copy = shutil.copytree(dataset_folder, tmp_path / "my_films")
    assert jobs.job_for(copy).run(copy) == 0
    return copy


def _open(data: str = "") -> AppTest:
    page = AppTest.from_file(str(APP))
    page.run()
    page.switch_page("pages/audit.py")
    if data:
        page.query_params["data"] = data
    return page.run()


def test_copied_clean_split_remains_after_its_audit_is_deleted(audited_dataset):
    job = jobs.job_for(audited_dataset)
    copied_manifest = jobs.keep_split(job, audited_dataset.name)
    assert copied_manifest == jobs.keep_split(job, audited_dataset.name)
    copied_manifest.unlink()
    assert jobs.keep_split(job, audited_dataset.name) == copied_manifest
    before = read_catalogue(job.clean_manifest_path).cases
    job.forget()
    assert not job.clean_manifest_path.exists()
    assert read_catalogue(copied_manifest).cases == before
    # Root and source are those of the dataset, not of the copy.
    assert (read_catalogue(copied_manifest).root, read_catalogue(copied_manifest).source) == (
        audited_dataset,
        "folders",
    )
    assert copied_manifest.parent.parent == paths.runs_dir().resolve()
    with pytest.raises(DataError, match="Cannot copy the clean split"):
        jobs.keep_split(job, audited_dataset.name)


def test_deleted_results_give_an_error_message(audited_dataset):
    job = jobs.job_for(audited_dataset)
    assert jobs.load_report(job)["root"] == str(audited_dataset)
    job.forget()
    with pytest.raises(DataError, match="audit again"):
        jobs.load_report(job)


def test_earlier_audits_are_listed_with_their_verdict_and_can_be_opened(audited_dataset):
    verdict = jobs.load_report(jobs.job_for(audited_dataset))["verdict"]
    page = _open()
    assert any(verdict.rstrip(".") in caption.value.replace("\\", "") for caption in page.caption)
    page.button(key="audit_open_0").click().run()
    assert page.text_input(key=jobs.FOLDER).value == str(audited_dataset)
    assert any(verdict in piece.proto.body for piece in page.get("html"))
    assert not page.exception


def test_url_opens_its_audit(audited_dataset):
    page = _open(str(audited_dataset))
    assert page.text_input(key=jobs.FOLDER).value == str(audited_dataset)
    assert any(button.label == "Audit again" for button in page.button)


def test_deleted_audit_disappears_from_the_list(audited_dataset):
    page = _open()
    page.button(key="audit_forget_0").click().run()
    assert not jobs.all_jobs()
    assert all(not (button.key or "").startswith("audit_open") for button in page.button)


def test_name_that_is_not_utf_8_is_shown_escaped(dataset_folder, tmp_path):
    folder = shutil.copytree(dataset_folder, tmp_path / "named")
    copy = shutil.copy(folder / "normal/film02.png", folder / "normal" / os.fsdecode(b"R\xf6ntgen_1.png"))
    (folder / "fractured" / os.fsdecode(b"cut\xf6.png")).write_bytes(b"no picture")
    assert Path(copy).is_file()
    assert jobs.job_for(folder).run(folder) == 0
    page = _open(str(folder))
    assert not page.exception
    html = " ".join(element.proto.body for element in page.get("html"))
    assert r"R\xf6ntgen_1.png" in html
