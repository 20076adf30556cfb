"""CSV exchange of reviews: round trip, formula escaping, and one-line errors for bad files."""

import csv
import io

import pytest

from fracture_core.errors import DataError
from fracture_core.review import ANNOTATIONS, Review, ReviewStore
from fracture_core.review.csv_exchange import REVIEW_COLUMNS, reviews_from_csv, reviews_to_csv

TIME = "2026-01-01T00:00:00.000001+00:00"
DIFFICULT_TEXTS = [
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


_TAGS = ((), ("growth plate",), ("growth plate", "poor film"))


def _reviews() -> list[Review]:
    reviews = [
        Review(f"{note}{number}", ANNOTATIONS[number % 4], note, f"={number} Ö", TIME, _TAGS[number % 3])
        for number, note in enumerate(DIFFICULT_TEXTS)
    ]
    return sorted(reviews, key=lambda review: (review.case, review.reviewer))


def test_round_trip_through_file_and_database(tmp_path):
    reviews = _reviews()
    content = reviews_to_csv(reviews)
    assert reviews_from_csv(content, "x.csv") == reviews
    store = ReviewStore(tmp_path / "new" / "reviews.db")
    assert store.merge(reviews_from_csv(content, "x.csv")).added == len(reviews)
    assert sorted(reviews_to_csv(store.all()).splitlines()) == sorted(content.splitlines())


def test_cells_are_never_formulas():
    text = reviews_to_csv(_reviews()).decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)


def test_column_order_and_extra_columns_do_not_matter():
    text = f"Reviewer,more,TIME,mark,id,note\nA,x,{TIME},subtle,1,n\n\n"
    assert reviews_from_csv(text.encode(), "x.csv") == [Review("1", "subtle", "n", "A", TIME)]


def test_empty_export_round_trip():
    assert reviews_to_csv([]).decode("utf-8-sig") == ",".join(REVIEW_COLUMNS) + "\n"
    assert reviews_from_csv(reviews_to_csv([]), "x.csv") == []


# Files of earlier versions have no tags.
_HEAD = ",".join(REVIEW_COLUMNS[:-1]) + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_encodings_and_separators_of_spreadsheets(encoding, separator):
    text = (_HEAD + f"1,subtle,ü,A,{TIME}\n").replace(",", separator)
    assert reviews_from_csv(text.encode(encoding), "x.csv") == [Review("1", "subtle", "ü", "A", TIME)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the columns id, mark, note, reviewer, time are required"),
        (b"id,mark\n1,subtle\n", "lacks the columns note, reviewer, time"),
        (b"\x89PNG\r\n\x1a\n", "the columns id, mark"),
        (f"{_HEAD}1,subtle,n,A,{TIME},more\n".encode(), "line 2 of x.csv has 6 fields, but the header has 5"),
        (f"{_HEAD}1,wrong,n,A,{TIME}\n".encode(), "line 2 of x.csv: There is no mark 'wrong'"),
        (f"{_HEAD}1,subtle,n,A,yesterday\n".encode(), "line 2 of x.csv: 'yesterday' is not a time"),
        (f"{_HEAD}1,subtle,n,A,2026-01-01T00:00:00\n".encode(), "is not a time in UTC"),
        (f"{_HEAD}1,subtle,n,A,2026-01-01T00:00:00+02:00\n".encode(), "is not a time in UTC"),
        (f"{_HEAD},subtle,n,A,{TIME}\n".encode(), "id of the image is missing"),
        (f"{_HEAD}1,subtle,n,,{TIME}\n".encode(), "the reviewer name ''"),
        (f"{_HEAD}1,subtle,n,A\nB,{TIME}\n".encode(), "line 2"),
        (f"{_HEAD}1,subtle,{'n' * 1001},A,{TIME}\n".encode(), "at most 1,000"),
        (f"{_HEAD}1,subtle,{'n' * 200_000},A,{TIME}\n".encode(), "field larger than field limit"),
        (f"{_HEAD}1,subtle,a\0b,A,{TIME}\n".encode(), "x.csv"),
        (f'{_HEAD}1,subtle,"n,A,{TIME}\n'.encode(), "unexpected end of data"),
    ],
)
def test_bad_file_is_refused_in_one_line(content, message):
    with pytest.raises(DataError, match=f"(?i){message}") as refused:
        reviews_from_csv(content, "x.csv")
    assert "\n" not in str(refused.value)
