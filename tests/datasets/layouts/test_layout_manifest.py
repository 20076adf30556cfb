"""Manifests as datasets; writing them is tested in tests/datasets/test_manifest.py."""

import os

import pytest

from fracture_core.datasets import dataset
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import DataError


@pytest.fixture
def image_folder(create_files, tmp_path):
    """Four empty image files, some with special names."""
    return create_files(tmp_path / "set", "a/1.png", "a/2.png", "b, c/ü.png", "d.dcm")


def _write(root, text, name="manifest.csv"):
    (root / name).write_text(text, encoding="utf-8-sig")
    return root / name


def test_required_columns_are_sufficient(image_folder):
    _write(
        image_folder,
        'note,Label,PATH\nx,fractured,a/1.png\n,no_fracture,a/2.png\n,0,"b, c/ü.png"\n,1,d.dcm\n',
    )
    catalogue = read_catalogue(image_folder)
    assert (catalogue.layout, catalogue.finding, catalogue.root, catalogue.remarks) == (
        "csv",
        "fracture",
        image_folder,
        (),
    )
    assert {case.id: case.label for case in catalogue.cases} == {
        "a/1.png": 1,
        "a/2.png": 0,
        "b, c/ü.png": 0,
        "d.dcm": 1,
    }
    assert all(case.group == case.id for case in catalogue.cases)
    assert {
        (case.split, case.regions, case.boxes, case.views, case.hardware) for case in catalogue.cases
    } == {("", (), (), (), None)}


def test_all_columns_are_read(image_folder):
    path = _write(
        image_folder,
        "id,path,label,split,group,region,view,hardware,boxes\n"
        "one,a/1.png,Fractured,Train,p1,Hand wrist,frontal,yes,0.1 0.2 0.5 0.6;0 0 1 1\n"
        "two,a/2.png,normal,validation,p1,,,0,\n",
        "my films.csv",
    )
    one, two = read_catalogue(path).cases
    assert (one.id, one.path, one.label, one.split, one.group) == (
        "one",
        image_folder / "a/1.png",
        1,
        "train",
        "p1",
    )
    assert (one.regions, one.views, one.hardware) == (("hand", "wrist"), ("frontal",), True)
    assert one.boxes == ((0.1, 0.2, 0.5, 0.6), (0, 0, 1, 1))
    assert (two.split, two.hardware, two.boxes) == ("val", False, ())


def test_abnormal_is_not_a_fracture(image_folder):
    assert read_catalogue(_write(image_folder, "path,label\na/1.png,abnormal\na/2.png,normal\n")).finding == (
        "abnormality"
    )


def test_root_is_the_closest_common_folder(image_folder, create_files, tmp_path):
    other = create_files(tmp_path / "other", "x.png") / "x.png"
    _write(image_folder, f"path,label\na/1.png,0\n../other/../other/x.png,1\n{image_folder / 'a/2.png'},1\n")
    catalogue = read_catalogue(image_folder)
    assert catalogue.root == tmp_path
    assert {case.id: case.path for case in catalogue.cases} == {
        "set/a/1.png": image_folder / "a/1.png",
        "other/x.png": other,
        "set/a/2.png": image_folder / "a/2.png",
    }


def test_image_in_another_format_is_found(image_folder, dicom_header):
    (image_folder / "IM7").write_bytes(dicom_header)
    _write(image_folder, "path,label\nd.png,0\nIM7.jpg,1\n")
    assert [case.path.name for case in read_catalogue(image_folder).cases] == ["IM7", "d.dcm"]


def test_missing_images_become_a_remark(image_folder, remarks_by_kind):
    catalogue = read_catalogue(_write(image_folder, f"path,label\na/1.png,0\ngone.png,1\n{'x' * 400},1\n"))
    assert len(catalogue.cases) == 1
    assert remarks_by_kind(catalogue)["no_such_file"] == ("gone.png", "x" * 400)
    assert catalogue.remarks[0].sentence.startswith(
        "Of the 3 images that manifest.csv lists, 2 do not exist ("
    )


def test_manifest_without_existing_images_is_refused(image_folder):
    with pytest.raises(DataError, match=r"None of the 1 images in .* exists"):
        read_catalogue(_write(image_folder, "path,label\ngone.png,1\n"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "a/1.png,perhaps,,,",
            r"label 'perhaps' in line 3 of .* is invalid: enter fractured or no_fracture",
        ),
        ("a/1.png,,,,", "The label '' in line 3 of"),
        ("a/1.png,1,later,,", "split 'later' in line 3 of .* is invalid: enter train, val, test or nothing"),
        ("a/1.png,1,,some,", "hardware 'some' in line 3 of .* is invalid: enter 1, 0 or nothing"),
        ("a/1.png,1,,,,more", "Line 3 of .* has 6 fields, .*put quotation marks"),
        ("d.dcm,1,,,", "Line 3 of .* repeats 'd.dcm' of line 2"),
    ],
)
def test_invalid_line_is_refused(image_folder, line, message):
    _write(image_folder, f"path,label,split,hardware,boxes\nd.dcm,0\n{line}\n")
    with pytest.raises(DataError, match=message):
        read_catalogue(image_folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"file;label\nx;1\n",
            r"separator semicolon\) lacks the column path; .* name them in the first line",
        ),
        (b"", "lacks the columns"),
        (b"path,label\n\x00\x01\x02,1\n", "encoding of the table .* is not recognised"),
        (b'path,label\n"x,1\n', "cannot be read with the encoding UTF-8 and the separator comma"),
        (b"path;label\nC:\\films\\x.png;1\n", "with Windows backslashes"),
    ],
)
def test_invalid_table_is_refused(tmp_path, content, message):
    (tmp_path / "films.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_catalogue(tmp_path / "films.csv")


def test_csv_of_another_kind_is_ignored(create_files, tmp_path):
    create_files(tmp_path, "fractured/1.png", "normal/2.png")
    (tmp_path / "manifest.csv").write_text("file,sha256\n")
    assert read_catalogue(tmp_path).layout == "folders"


def test_a_complete_split_is_kept(create_files, tmp_path):
    rows = [f"{split}{label}.png,{label},{split}" for split in ("train", "val", "test") for label in (0, 1)]
    create_files(tmp_path, *(row.split(",")[0] for row in rows))
    data = dataset.load_dataset(_write(tmp_path, "path,label,split\n" + "\n".join(rows)))
    assert data.own_split
    assert data.root == tmp_path
    assert all(case.id.startswith(case.split) for case in data.cases)


_ROWS = [
    ("path", "label", "boxes"),
    ("a/1.png", "1", "0.1 0.2 0.5 0.6"),
    ("a/2.png", "0", ""),
    ("d.dcm", "0", ""),
]


def _table_text(separator=",", end="\n", rows=_ROWS):
    return end.join(separator.join(row) for row in rows) + end


@pytest.mark.parametrize(
    "content",
    [
        _table_text(";").encode(),
        _table_text("\t").encode(),
        _table_text("|").encode(),
        b"sep=;\r\n" + _table_text(";", "\r\n").encode(),
        _table_text(end="\r\n").encode(),
        _table_text(end="\r").encode(),
        _table_text().encode("utf-8-sig"),
        _table_text().encode("utf-16"),
        _table_text("\t").encode("utf-16-le"),
        _table_text(";").encode("utf-16-be"),
        _table_text().encode("utf-32"),
        _table_text().replace("a/", "a\\").encode(),
        _table_text().replace("a/", ".\\a\\").encode(),
        _table_text().replace(",1,", ",1.0,").replace(",0,", ",0.0,").encode(),
        _table_text(";").replace(";1;", ";1,0;").replace(";0;", ";0,0;").replace("0.", "0,").encode(),
        _table_text().replace(",1,", ",True,").replace(",0,", ",FALSE,").encode(),
        _table_text().replace("path,label,boxes", '"path","label","boxes"').encode(),
        _table_text().replace("path,label,boxes", '"Path" , "Label" , "Boxes"').encode(),
        _table_text().replace("path,label,boxes", " path , LABEL , boxes ").encode(),
        _table_text(", ").encode(),
    ],
)
def test_manifests_of_other_programs(image_folder, content):
    (image_folder / "manifest.csv").write_bytes(content)
    catalogue = read_catalogue(image_folder)
    assert (catalogue.layout, catalogue.remarks) == ("csv", ())
    assert [(case.id, case.label, case.boxes) for case in catalogue.cases] == [
        ("a/1.png", 1, ((0.1, 0.2, 0.5, 0.6),)),
        ("a/2.png", 0, ()),
        ("d.dcm", 0, ()),
    ]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-16"])
def test_names_with_accents_are_found_in_any_encoding(image_folder, encoding):
    (image_folder / "manifest.csv").write_bytes("path;label\nb, c/ü.png;1\nd.dcm;0\n".encode(encoding))
    assert [case.id for case in read_catalogue(image_folder).cases] == ["b, c/ü.png", "d.dcm"]


def test_name_in_the_encoding_of_the_table(image_folder):
    (image_folder / os.fsdecode(b"R\xf6ntgen_1.png")).touch()
    (image_folder / "manifest.csv").write_bytes("path,label\nRöntgen_1.png,1\nd.dcm,0\n".encode("cp1252"))
    assert [case.id for case in read_catalogue(image_folder).cases] == ["R\\xf6ntgen_1.png", "d.dcm"]


def test_bad_boxes_become_remarks(image_folder):
    boxes = "0.1 0.2 0.3;10 20 30 40;nan 0 1 1;0.5 0.5 1.2 1;0 0 1 1"
    catalogue = read_catalogue(_write(image_folder, f"path,label,boxes\na/1.png,1,{boxes}\nd.dcm,0,\n"))
    assert catalogue.cases[0].boxes == ((0.5, 0.5, 1, 1), (0, 0, 1, 1))
    skipped, clipped = catalogue.remarks
    assert [detail.split(":")[0] for detail in skipped.details] == [
        f"manifest.csv, line 2, box {number} (a/1.png)" for number in (1, 2, 3)
    ]
    assert clipped.details == ("manifest.csv, line 2, box 4 (a/1.png)",)
