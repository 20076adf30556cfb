"""The study of a session: uploads that no uploader shows are freed."""

from types import SimpleNamespace

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from pages.components.second_opinion import study_session


def test_uploads_that_no_uploader_shows_are_freed(monkeypatch):
    manager = MemoryUploadedFileManager("upload")
    for session in ("this", "other"):
        for file_id in ("one", "two"):
            manager.add_file(session, UploadedFileRec(file_id, f"{file_id}.png", "image/png", b"content"))
    context = SimpleNamespace(session_id="this", uploaded_file_mgr=manager)
    monkeypatch.setattr(study_session, "get_script_run_ctx", lambda: context)
    monkeypatch.setattr(study_session, "st", SimpleNamespace(session_state={}))
    study_session.release_uploads(["one", "two"])
    assert len(manager.get_files("this", ["one", "two"])) == 2
    study_session.release_uploads(["two"])
    assert [file.file_id for file in manager.get_files("this", ["one", "two"])] == ["two"]
    study_session.release_uploads([])
    assert manager.get_files("this", ["one", "two"]) == []
    assert len(manager.get_files("other", ["one", "two"])) == 2
