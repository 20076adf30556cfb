"""A zip uploaded on the Train page."""

from streamlit.testing.v1 import AppTest

from fracture_core import paths
from fracture_core.datasets import uploaded_datasets


def _page() -> None:
    from pages.components.train import upload

    upload.choose_upload()


def test_refused_zip_is_unpacked_once(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "runs_dir", lambda: tmp_path)
    calls = []
    add_uploaded = uploaded_datasets.add_uploaded
    monkeypatch.setattr(
        uploaded_datasets,
        "add_uploaded",
        lambda *arguments: calls.append(arguments) or add_uploaded(*arguments),
    )
    page = AppTest.from_function(_page).run()
    for count in (1, 2):
        page.file_uploader[0].upload("films.zip", b"junk", "application/zip").run()
        for _ in range(2):
            assert len(page.error) == 1
            assert "films.zip is damaged" in page.error[0].value.replace("\\", "")
            page.run()
        assert len(calls) == count
