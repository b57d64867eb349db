"""Share prices of tomorrow: the picture looks perfect, the numbers say nothing was learnt."""

import sys
from typing import Any

import numpy as np
from _data import load
from _figure import BLUE, GRAY, ORANGE, panels, save
from scipy import stats

import chainrule as cr

SEEN, LEARNT = 20, 1250
"""Days that the network sees before it answers, and days (five years) that it learns from."""


def prices() -> tuple[Any, Any, list[str]]:
    """Days, prices (days, shares) in dollars, and the names of 20 shares of the S&P 500."""
    table = load("share_prices")
    names = [name for name in table if name != "Date"]
    days = table["Date"].astype("datetime64[D]")
    return days, np.stack([table[name].astype("float64") for name in names], axis=1), names


def examples(returns: Any, days: Any) -> tuple[Any, Any]:
    """For each day and share the returns of the days before, and its own: (rows, SEEN, 1), (rows,).

    A day's return is the logarithm of its price over the one of the day before.
    """
    before = np.stack([returns[days - back] for back in range(SEEN, 0, -1)], axis=1)
    return np.float32(before.swapaxes(1, 2).reshape(-1, SEEN, 1)), returns[days].ravel()


def told(days: Any, cost: Any, year: int, seed: int, epochs: int) -> dict[str, Any]:
    """What the network says for each day of a year, learnt from the years before it alone."""
    returns = np.concatenate([np.zeros((1, cost.shape[1])), np.diff(np.log(cost), axis=0)])
    low, high = (int(np.searchsorted(days, np.datetime64(f"{y}-01-01"))) for y in (year, year + 1))
    scale = returns[low - LEARNT : low].std()
    X, y = examples(returns / scale, np.arange(low - LEARNT, low))
    network = cr.Network([cr.nn.LSTM(16), cr.nn.Dense(1)])
    model = cr.fit(
        network, X, y, loss="mse", seed=seed, epochs=epochs, batch_size=128, engine="xla",
        optimizer=cr.optim.AdamW(cr.optim.Cosine(1e-3), weight_decay=0.01),
    )  # fmt: skip
    new, truth = examples(returns / scale, np.arange(low, high))
    said = model.predict(new).ravel()
    size = (high - low, cost.shape[1])
    return {
        "year": year,
        "days": days[low:high],
        "price": cost[low:high],
        "told": cost[low - 1 : high - 1] * np.exp(said * scale).reshape(size),
        "ratio": float(np.sqrt(np.mean((said - truth) ** 2) / np.mean(truth**2))),
        "rose": float(np.mean(truth > 0)),
        "direction": float(np.mean((said > 0) == (truth > 0))),
    }


def interval(ratios: Any) -> tuple[float, float, float]:
    """The geometric mean of the years' ratios, and its 95 % interval (Student's t)."""
    logs = np.log(ratios)
    reach = stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    middle = logs.mean()
    return tuple(float(np.exp(x)) for x in (middle, middle - reach, middle + reach))


def draw(folder: str, years: list[dict[str, Any]], name: str) -> None:
    figure, (left, right) = panels(2, width=4.8)
    last = years[-1]
    left.plot(last["days"][-60:], last["price"][-60:, 0], color="black", lw=1.2, label="price")
    left.plot(last["days"][-60:], last["told"][-60:, 0], color=BLUE, lw=1.2, label="told for it")
    left.set(title="It looks perfect, a day late", ylabel=f"{name}, dollars")
    left.set_xticks(last["days"][-60::20], last["days"][-60::20])
    left.legend()
    middle, low, high = interval([year["ratio"] for year in years])
    right.axhspan(low, high, color=BLUE, alpha=0.15, label="95 % interval of the mean")
    right.axhline(1, color=ORANGE, label="tomorrow as today")
    names = [year["year"] for year in years]
    right.plot(names, [year["ratio"] for year in years], "o", color=BLUE, label="LSTM, each year")
    right.set(title="Error beside “as today”", xlabel="year", ylabel="ratio of errors")
    right.set_xticks(names[::4])
    right.axhline(middle, color=GRAY, lw=0.8)
    low, high = right.get_ylim()
    right.set_ylim(low, high + 0.3 * (high - low))
    right.legend(loc="upper left")
    save(figure, folder, "share_prices")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    days, cost, names = prices()
    chosen, epochs = (range(2020, 2023), 1) if quick else (range(2003, 2023), 4)
    years = [told(days, cost, year, 0, epochs) for year in chosen]
    ratios = np.array([year["ratio"] for year in years])
    middle, low, high = interval(ratios)
    right, rose = (np.mean([year[name] for year in years]) for name in ("direction", "rose"))
    print(
        f"{len(names)} shares, the next day's price, {len(years)} years each told from those before"
    )
    print(f"    error over that of “tomorrow as today”   {middle:.4f}  ({low:.4f} to {high:.4f})")
    print(f"    years with a smaller error               {np.sum(ratios < 1)} of {len(years)}")
    print(f"    rise or fall told rightly                {right:.3f}  (always “rise”: {rose:.3f})")
    draw(folder, years, names[0])
    return {
        "ratios": ratios,
        "mean": middle,
        "low": low,
        "high": high,
        "right": right,
        "rose": rose,
    }


if __name__ == "__main__":
    main(*sys.argv[1:2])
