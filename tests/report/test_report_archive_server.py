"""The results in an Orthanc archive, started with free ports and a temporary folder."""

import io
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import numpy as np
import pytest
import requests
from patient_data import PERSON
from PIL import Image

from fracture_core.report.dicom import opinion_to_dicom
from fracture_core.report.overlay import render_report_overlay


@pytest.fixture(scope="module")
def archive_url(tmp_path_factory) -> Iterator[str]:
    """Address of an empty archive."""
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
    if program is None:
        pytest.skip("Orthanc is not installed: apt-get install orthanc")
    folder = tmp_path_factory.mktemp("orthanc")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "StorageDirectory": str(folder / "data"),
        "IndexDirectory": str(folder / "data"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "AuthenticationEnabled": False,
        "Plugins": [],
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, folder / "settings.json"], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_healthy(url: str, process: subprocess.Popen) -> None:
    for _ in range(150):
        assert process.poll() is None, "the archive did not start"
        try:
            requests.get(f"{url}/system", timeout=2).raise_for_status()
            return
        except requests.RequestException:
            time.sleep(0.2)
    raise AssertionError("the archive did not answer")


def test_image_and_results_form_one_study(archive_url, opinion, dicom_content):
    results = opinion_to_dicom(opinion, dicom_content, "leg")
    stored = {}
    for name, data in {"film": dicom_content, **results}.items():
        response = requests.post(f"{archive_url}/instances", data=data, timeout=30)
        response.raise_for_status()
        assert response.json()["Status"] == "Success"
        stored[name] = response.json()

    (study,) = requests.get(f"{archive_url}/studies?expand", timeout=30).json()
    assert study["PatientMainDicomTags"]["PatientName"] == PERSON["PatientName"]
    assert study["MainDicomTags"]["AccessionNumber"] == PERSON["AccessionNumber"]
    series = requests.get(f"{archive_url}/studies/{study['ID']}/series", timeout=30).json()
    assert sorted(one["MainDicomTags"]["Modality"] for one in series) == ["DX", "OT", "SR"]

    preview = requests.get(
        f"{archive_url}/instances/{stored['secondary-capture.dcm']['ID']}/preview", timeout=30
    )
    np.testing.assert_array_equal(
        np.asarray(Image.open(io.BytesIO(preview.content))), render_report_overlay(opinion)
    )
    for name, data in {"film": dicom_content, **results}.items():
        file = requests.get(f"{archive_url}/instances/{stored[name]['ID']}/file", timeout=30)
        assert file.content == data
