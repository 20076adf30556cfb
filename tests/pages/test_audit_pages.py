"""The page Data audit without a browser."""

import os
import shutil
from pathlib import Path

import pytest
from phantom_files import film, save
from streamlit.testing.v1 import AppTest

from fracture_core import paths
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import DataError
from pages.components.audit import jobs

APP = Path(__file__).resolve().parents[2] / "app.py"


@pytest.fixture(autouse=True)
def _runs(tmp_path, monkeypatch):
    monkeypatch.setenv("SECOND_LOOK_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("SECOND_LOOK_DATASET", raising=False)


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> Path:
    """24 images without splits and without duplicates."""
    root = tmp_path_factory.mktemp("my_films")
    for seed in range(24):
        save(root / ("normal", "fractured")[seed % 2] / f"film{seed:02d}.png", film(seed, seed % 2 == 1))
    return root


@pytest.fixture
def audited(films, tmp_path) -> Path:
    """A dataset with a finished audit."""
    root = shutil.copytree(films, tmp_path / "my_films")
    assert jobs.job_for(root).run(root) == 0
    return root


def _open(data: str = "") -> AppTest:
    test = AppTest.from_file(str(APP), default_timeout=60)
    test.run()
    test.switch_page("pages/audit.py")
    if data:
        test.query_params["data"] = data
    return test.run()


def test_the_copy_of_a_clean_split_outlives_its_audit(audited):
    job = jobs.job_for(audited)
    kept = jobs.keep_split(job, audited.name)
    assert kept == jobs.keep_split(job, audited.name)
    kept.unlink()
    assert jobs.keep_split(job, audited.name) == kept
    before = read_catalogue(job.clean_manifest_path).cases
    job.forget()
    assert not job.clean_manifest_path.exists()
    assert read_catalogue(kept).cases == before
    # Root and source are those of the dataset, not of the copy.
    assert (read_catalogue(kept).root, read_catalogue(kept).source) == (audited, "folders")
    assert kept.parent.parent == paths.runs_dir().resolve()
    with pytest.raises(DataError, match="Cannot copy the clean split"):
        jobs.keep_split(job, audited.name)


def test_deleted_results_give_a_sentence(audited):
    job = jobs.job_for(audited)
    assert jobs.load_report(job)["root"] == str(audited)
    job.forget()
    with pytest.raises(DataError, match="audit again"):
        jobs.load_report(job)


def test_earlier_audits_show_their_verdict_and_open(audited):
    verdict = jobs.load_report(jobs.job_for(audited))["verdict"]
    test = _open()
    assert any(verdict.rstrip(".") in caption.value.replace("\\", "") for caption in test.caption)
    test.button(key="audit_open_0").click().run()
    assert test.text_input(key=jobs.FOLDER).value == str(audited)
    assert any(verdict in piece.proto.body for piece in test.get("html"))
    assert not test.exception


def test_a_url_opens_its_audit(audited):
    test = _open(str(audited))
    assert test.text_input(key=jobs.FOLDER).value == str(audited)
    assert any(button.label == "Audit again" for button in test.button)


def test_deleted_audits_leave_the_list(audited):
    test = _open()
    test.button(key="audit_forget_0").click().run()
    assert not jobs.all_jobs()
    assert all(not (button.key or "").startswith("audit_open") for button in test.button)


def test_a_name_that_is_not_utf_8_is_shown_escaped(films, tmp_path):
    root = shutil.copytree(films, tmp_path / "named")
    copy = shutil.copy(root / "normal/film02.png", root / "normal" / os.fsdecode(b"R\xf6ntgen_1.png"))
    (root / "fractured" / os.fsdecode(b"cut\xf6.png")).write_bytes(b"no picture")
    assert Path(copy).is_file()
    assert jobs.job_for(root).run(root) == 0
    test = _open(str(root))
    assert not test.exception
    pages = " ".join(element.proto.body for element in test.get("html"))
    assert r"R\xf6ntgen_1.png" in pages
