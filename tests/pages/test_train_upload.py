"""A zip dropped on the Train page."""

from streamlit.testing.v1 import AppTest

from fracture_core import places
from fracture_core.data import upload


def _page() -> None:
    from pages.parts import train_upload

    train_upload.choose()


def test_a_refused_zip_is_not_unpacked_again_at_each_click(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "runs", lambda: tmp_path)
    taken = []
    take_in = upload.take_in
    monkeypatch.setattr(upload, "take_in", lambda *given: taken.append(given) or take_in(*given))
    page = AppTest.from_function(_page).run()
    for times in (1, 2):
        page.file_uploader[0].upload("films.zip", b"junk", "application/zip").run()
        for _ in range(2):
            assert len(page.error) == 1
            assert "films.zip is damaged" in page.error[0].value
            page.run()
        assert len(taken) == times
