"""What is made once: collected in order, given in order, and nothing of it is left behind."""

import pytest

from chainrule.engine import collected, given
from chainrule.engine.prepared import once


def doubled(x):
    return once(lambda x: 2 * x, x)


def test_without_either_it_is_made_at_every_call():
    assert doubled(3) == 6


def test_what_is_given_is_taken_instead_of_made():
    assert collected(lambda: (doubled(1), doubled(2))) == (2, 4)
    assert given((5, 7), lambda: (doubled(1), doubled(2))) == (5, 7)


def test_what_is_made_inside_another_is_a_part_of_it():
    def nested():
        return once(lambda x: doubled(x) + 1, 3)

    assert collected(nested) == (7,)
    assert given((8,), nested) == 8


def test_an_error_leaves_nothing_behind():
    def broken():
        doubled(1)
        raise KeyError

    for run in (collected, lambda body: given((5,), body)):
        with pytest.raises(KeyError):
            run(broken)
        assert doubled(3) == 6
