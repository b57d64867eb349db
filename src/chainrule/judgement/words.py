"""Numbers as a reader wants them: four digits, no exponent where it can be helped."""

from __future__ import annotations

LARGEST, SMALLEST = 1e12, 1e-4


def in_digits(value: float) -> str:
    """A number in four digits that count.

    >>> in_digits(82216.4), in_digits(0.98837), in_digits(-645.93), in_digits(3.1e-7)
    ('82,220', '0.9884', '-645.9', '3.1e-07')
    """
    short = float(f"{value:.4g}")
    if abs(short) >= LARGEST or 0 < abs(short) < SMALLEST:
        return f"{short:.4g}"
    return f"{short:,.0f}" if abs(short) >= 1000 else f"{short:.4g}"
