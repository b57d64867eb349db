"""The printed page of the 2-2-1 network, as a student sees it, word for word."""

from pathlib import Path

from chainrule.explanation import Explanation
from chainrule.explanation.writing import WIDTH, factor, number
from tests.explanation.networks import explained

PAGE = Path(__file__).with_name("two_two_one.txt").read_text(encoding="utf-8")


def test_the_page_of_the_two_two_one_network_is_the_one_that_was_read():
    assert str(explained()) == PAGE


def test_no_line_of_the_page_is_too_wide_or_ends_in_blanks():
    assert all(len(line) <= WIDTH and line == line.rstrip() for line in PAGE.splitlines())


def test_numbers_have_six_digits_and_no_more_zeros_than_they_need():
    shown = [number(x) for x in (0.1 + 0.2, 1 / 3, 2 / 3e6, 123456789.0, 1e-10, -0.0, 100.0)]
    assert shown == ["0.3", "0.333333", "6.66667e-07", "1.23457e+08", "1e-10", "0", "100"]
    assert factor(-2) == "(-2)"


def test_an_explanation_shows_itself_in_one_line():
    page = explained()
    assert isinstance(page, Explanation)
    assert repr(page) == "<Explanation of a step: E = 0.549622, 9 weights and biases>"
