"""Dates in every published form are read back exactly, and their order is decided by the column."""

import datetime

import numpy as np
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data.dates import DAY_FIRST, MONTH_FIRST, read_dates
from chainrule.errors import DataError

EPOCH = datetime.date(1970, 1, 1)
FORMS = {
    "%Y-%m-%d": "",
    "%Y/%m/%d": "",
    "%Y.%m.%d": "",
    "%d.%m.%Y": DAY_FIRST,
    "%d/%m/%Y": DAY_FIRST,
    "%d-%m-%Y": DAY_FIRST,
    "%m/%d/%Y": MONTH_FIRST,
    "%m-%d-%Y": MONTH_FIRST,
    "%d %B %Y": "",
    "%d-%b-%Y": "",
    "%B %d, %Y": "",
}
days = st.dates(datetime.date(1000, 1, 1), datetime.date(9999, 12, 31))
times = st.times().map(lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000))


def read(cells, order="", **settings):
    found, order, sure = read_dates(polars.Series(cells, dtype=polars.String), order, **settings)
    return found.tolist(), order, sure


@pytest.mark.parametrize("form", FORMS)
@settings(deadline=None, max_examples=25)
@given(st.lists(days, min_size=1, max_size=20))
def test_dates_in_every_form_are_read_back_exactly(form, dates):
    clear = datetime.date(2024, 12, 31)
    found, order, sure = read([date.strftime(form) for date in [*dates, clear]])
    assert found == [(date - EPOCH).days for date in [*dates, clear]]
    assert (order, sure) == (FORMS[form], True)


@settings(deadline=None, max_examples=25)
@given(days, times)
def test_a_time_of_day_is_its_share_of_the_day(date, time):
    found, _, _ = read([f"{date.isoformat()} {time.isoformat()}", f"{date.isoformat()}T{time}Z"])
    seconds = time.hour * 3600 + time.minute * 60 + time.second + time.microsecond / 1e6
    expected = (date - EPOCH).days + seconds / 86_400
    np.testing.assert_allclose(found, [expected] * 2, rtol=0, atol=1e-9)


def test_offsets_halves_of_the_day_and_words_are_read():
    assert read(["1970-01-02T01:30+02:00", "1970-01-01 12:00 PM", "1970-01-01 12:30 am"])[0] == [
        1 - 0.5 / 24,
        0.5,
        0.5 / 24,
    ]
    assert read(["Sept 1, 1970", "1 SEP 1970", "01-September-1970"])[0] == [243.0] * 3


def test_where_no_cell_tells_the_day_comes_first_and_that_is_said():
    assert read(["01/02/1970"]) == ([31.0], DAY_FIRST, False)
    assert read(["01/02/1970"], MONTH_FIRST) == ([1.0], MONTH_FIRST, True)
    assert read(["01/02/1970", "01/13/1970"]) == ([1.0, 12.0], MONTH_FIRST, True)
    assert read(["01.02.1970"]) == ([31.0], DAY_FIRST, True)


@pytest.mark.parametrize(
    "cell",
    [
        *("2024-02-30", "2023-02-29", "2024-13-01", "2024-00-10", "0000-00-00", "31.04.2024"),
        *("2024-01-01 24:00", "2024-01-01 10:60", "2024-01-01 13:00 PM", "2024-01/01", "12:30"),
        *("1/2/24", "2024", "20240331", "Smarch 1, 2024", "2024-01-01x", "", "tomorrow"),
    ],
)
def test_what_is_no_date_is_none(cell):
    assert np.isnan(read([cell])[0]).all()


def test_eight_digits_are_a_date_where_it_is_asked_for():
    assert read(["19700201", None], compact=True)[0][0] == 31
    with pytest.raises(DataError, match="no order of a date"):
        read(["1970-01-01"], "year first")
