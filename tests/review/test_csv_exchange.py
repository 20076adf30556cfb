"""Reviews leave as CSV and come back equal; what is no such file is refused in a sentence."""

import csv
import io

import pytest

from fracture_core.errors import DataError
from fracture_core.review import ANNOTATIONS, Review, ReviewStore
from fracture_core.review.csv_exchange import REVIEW_COLUMNS, reviews_from_csv, reviews_to_csv

TIME = "2026-01-01T00:00:00.000001+00:00"
HARD = [
    "",
    "=cmd|' /C calc'!A0",
    "'=1",
    "''@x",
    "+49",
    "-",
    'a "b", c;\nd\r\ne\rf',
    "\tx",
    "\nz",
    "Ü ☂ 骨",
    "'",
    "\ufeff",
]


def _reviews() -> list[Review]:
    found = [
        Review(f"{note}{number}", ANNOTATIONS[number % 7], note, f"={number} Ö", TIME)
        for number, note in enumerate(HARD)
    ]
    return sorted(found, key=lambda review: (review.case, review.reviewer))


def test_round_trip_through_file_and_database(tmp_path):
    reviews = _reviews()
    content = reviews_to_csv(reviews)
    assert reviews_from_csv(content, "x.csv") == reviews
    kept = ReviewStore(tmp_path / "new" / "reviews.db")
    assert kept.merge(reviews_from_csv(content, "x.csv")).added == len(reviews)
    assert sorted(reviews_to_csv(kept.all()).splitlines()) == sorted(content.splitlines())


def test_no_cell_is_a_formula():
    text = reviews_to_csv(_reviews()).decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)


def test_columns_in_any_order_and_among_others():
    text = f"Reviewer,more,TIME,mark,id,note\nA,x,{TIME},subtle,1,n\n\n"
    assert reviews_from_csv(text.encode(), "x.csv") == [Review("1", "subtle", "n", "A", TIME)]


def test_an_empty_export_reads_back():
    assert reviews_to_csv([]).decode("utf-8-sig") == ",".join(REVIEW_COLUMNS) + "\n"
    assert reviews_from_csv(reviews_to_csv([]), "x.csv") == []


_HEAD = ",".join(REVIEW_COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the columns id, mark, note, reviewer, time in x.csv"),
        (b"id;mark;note;reviewer;time\n", "are missing"),
        (b"id,mark\n1,subtle\n", "note, reviewer, time are missing"),
        ((_HEAD + f"1,subtle,n,A,{TIME}\n").encode("utf-16"), "CSV in UTF-8"),
        ((_HEAD + f"1,subtle,ü,A,{TIME}\n").encode("latin-1"), "CSV in UTF-8"),
        (b"\x89PNG\r\n\x1a\n", "CSV in UTF-8"),
        (f"{_HEAD}1,subtle,n,A,{TIME},more\n".encode(), "5 fields a line in x.csv, but line 2 has 6"),
        (f"{_HEAD}1,wrong,n,A,{TIME}\n".encode(), "line 2 of x.csv: Expected one of the marks"),
        (f"{_HEAD}1,subtle,n,A,yesterday\n".encode(), "line 2 of x.csv: Expected a time"),
        (f"{_HEAD}1,subtle,n,A,2026-01-01T00:00:00\n".encode(), "Expected a time in UTC"),
        (f"{_HEAD}1,subtle,n,A,2026-01-01T00:00:00+02:00\n".encode(), "Expected a time in UTC"),
        (f"{_HEAD},subtle,n,A,{TIME}\n".encode(), "Expected the id of a film"),
        (f"{_HEAD}1,subtle,n,,{TIME}\n".encode(), "name of a reviewer"),
        (f"{_HEAD}1,subtle,n,A\nB,{TIME}\n".encode(), "line 2"),
        (f"{_HEAD}1,subtle,{'n' * 1001},A,{TIME}\n".encode(), "at most 1,000"),
        (f"{_HEAD}1,subtle,{'n' * 200_000},A,{TIME}\n".encode(), "field larger than field limit"),
        (f"{_HEAD}1,subtle,a\0b,A,{TIME}\n".encode(), "x.csv"),
        (f'{_HEAD}1,subtle,"n,A,{TIME}\n'.encode(), "unexpected end of data"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_sentence(content, words):
    with pytest.raises(DataError, match=f"(?i){words}") as refused:
        reviews_from_csv(content, "x.csv")
    assert "\n" not in str(refused.value)
