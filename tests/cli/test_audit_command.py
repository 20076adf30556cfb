"""The command `audit`."""

import csv
import json

import numpy as np
import pytest

from fracture_core.phantom import draw_phantom, encode_png


@pytest.fixture(scope="module")
def leaky_dataset(tmp_path_factory):
    """A small dataset with a mirrored copy of a training image in its test split."""
    root = tmp_path_factory.mktemp("leaky")
    for seed in range(16):
        part, kind = ("train", "test")[seed // 12], ("normal", "fractured")[seed % 2]
        (root / part / kind).mkdir(parents=True, exist_ok=True)
        pixels = draw_phantom(seed, ("hand", "leg")[seed % 2], kind == "fractured", (200, 160)).pixels
        (root / part / kind / f"{seed}.png").write_bytes(encode_png(pixels))
    copy = np.ascontiguousarray(draw_phantom(3, "leg", True, (200, 160)).pixels[:, ::-1])
    (root / "test" / "fractured" / "copy.png").write_bytes(encode_png(copy))
    return root


def test_report_in_text_form(run_command, leaky_dataset):
    result = run_command("audit", leaky_dataset)
    assert result.status == 0
    assert "1 of 5 test files is a near-duplicate of a training file" in " ".join(result.out.split())
    assert "Clean split" in result.out


def test_report_in_json_form(run_command, leaky_dataset):
    report = json.loads(run_command("audit", leaky_dataset, "--format", "json").out)
    assert report["layout"] == "folders"
    assert report["mended"]["leaks_before"] == 1
    assert report["mended"]["leaks_after"] == 0


def test_html_report_and_manifest(run_command, leaky_dataset, tmp_path):
    page, manifest = tmp_path / "audit.html", tmp_path / "mended.csv"
    result = run_command("audit", leaky_dataset, "--html", page, "--write-manifest", manifest, "--seed", 3)
    assert result.status == 0
    assert "train on it with --data" in result.err
    assert "<h1>Dataset audit</h1>" in page.read_text("utf-8")
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16
    assert {(row["set_root"], row["set_layout"]) for row in rows} == {(str(leaky_dataset), "folders")}
    assert {row["split"] for row in rows} == {"train", "val", "test"}
    assert "1 of 5" not in run_command("audit", manifest).out


def test_errors_are_one_sentence(run_command, leaky_dataset, tmp_path):
    result = run_command("audit", tmp_path / "gone")
    assert (result.status, result.out) == (1, "")
    assert result.err.count("\n") == 1
    result = run_command("audit", leaky_dataset, "--html", tmp_path / "no" / "folder.html")
    assert result.status == 1
    assert result.err.splitlines()[-1].startswith("Cannot write the report to")
    result = run_command("audit", leaky_dataset, "--write-manifest", tmp_path / "no" / "folder.csv")
    assert result.status == 1
    assert result.err.splitlines()[-1].startswith(
        f"The manifest {tmp_path / 'no' / 'folder.csv'} could not be written"
    )
