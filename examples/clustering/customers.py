"""Segments of 23,570 customers of a record shop by recency, frequency and money (CDNOW).

python -m examples.clustering.customers
"""

from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.data import load

END = np.datetime64("1998-07-01")


def customers() -> dict[str, Any]:
    """One row a customer: days since the last purchase, purchases, dollars."""
    bought = load("cdnow")
    numbers, who = np.unique(bought["customer"], return_inverse=True)
    days = (END - bought["day"].astype("datetime64[D]")).astype(int)
    recency = np.full(len(numbers), np.iinfo(int).max)
    np.minimum.at(recency, who, days)
    return {
        "customer": numbers,
        "recency": recency.astype(float),
        "frequency": np.bincount(who).astype(float),
        "money": np.bincount(who, bought["dollars"].astype(float)),
    }


def main() -> Any:
    table = customers()
    found = cr.cluster(table, drop="customer")
    print(found.card["choice"]["reason"] if found.card["choice"] else "")
    four = cr.cluster(table, drop="customer", k=4)
    for segment in four.card["segments"]:
        mine = four.labels == segment["segment"]
        share = table["money"][mine].sum() / table["money"].sum()
        print(f"{segment['words']}; stability {segment['stability']:.2f}; {share:.0%} of the money")
    for odd in four.anomalies[:3]:
        print(f"odd: customer {table['customer'][odd['row'] - 1]}: {odd['reason']}")
    return found


if __name__ == "__main__":
    main()
