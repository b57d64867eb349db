"""Temperature seven days ahead, learnt from the past alone and judged five times in time."""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from _data import load
from _figure import BLUE, GRAY, GREEN, ORANGE, panels, save

import chainrule as cr

AHEAD, SEEN = 7, 28
"""Days ahead, and days that the network sees before it answers."""
ORIGINS = ["2013-07-01", "2014-01-01", "2014-07-01", "2015-01-01", "2015-07-01"]
"""All before an origin is there to learn from; the half year from there on is to be told."""
HALF_YEAR = 183


@dataclass(frozen=True)
class City:
    """Days without a gap, and the weather of each."""

    days: Any
    highest: Any
    measured: Any


def city(name: str) -> City:
    """Highest temperature of each day in °C from 2012 to 2015; lowest, rain and wind beside it."""
    table = load("weather")
    rows = table["location"] == name
    days = table["date"][rows].astype("datetime64[D]")
    assert (np.diff(days).astype(int) == 1).all(), f"{name} has gaps"
    highest, lowest, rain, wind = (
        table[column][rows].astype("float64")
        for column in ("temp_max", "temp_min", "precipitation", "wind")
    )
    return City(days, highest, np.stack([highest, lowest, np.sqrt(rain), wind], axis=1))


def season(days: Any) -> Any:
    """Where in the year a day lies: two points on a circle, (days, 2)."""
    angle = 2 * np.pi * (days - days.astype("datetime64[Y]")).astype(int) / 365.25
    return np.stack([np.sin(angle), np.cos(angle)], axis=1)


def network() -> cr.Network:
    """A small GRU reads four weeks; the season of the day that is asked for stands beside it."""
    both = {"weeks": cr.Network([cr.nn.GRU(8)]), "season": cr.nn.Linear()}
    return cr.Network([cr.nn.Branches(both), cr.nn.Dense(16), cr.nn.Tanh(), cr.nn.Dense(1)])


def told(place: City, origin: str, seed: int, epochs: int) -> dict[str, Any]:
    """What each way says for the half year from an origin, with the truth, and the days told.

    A day t is an example of the past only if the day t + 7 is before the origin too; numbers are
    scaled by the days before it.
    """
    known = int((np.datetime64(origin) - place.days[0]).astype(int))
    mean, scale = place.measured[:known].mean(0), place.measured[:known].std(0)
    scaled = np.float32((place.measured - mean) / scale)
    t = np.arange(SEEN - 1, len(place.days) - AHEAD)
    past = t[t + AHEAD < known]
    new = t[(t >= known) & (t < known + HALF_YEAR)]

    def inputs(days: Any) -> dict[str, Any]:
        weeks = np.stack([scaled[day - SEEN + 1 : day + 1] for day in days])
        return {"weeks": weeks, "season": np.float32(season(place.days[days + AHEAD]))}

    model = cr.fit(
        network(), inputs(past), scaled[past + AHEAD, 0], loss="mse", seed=seed, epochs=epochs,
        optimizer=cr.optim.AdamW(cr.optim.Cosine(3e-3), weight_decay=0.01),
    )  # fmt: skip
    curve = np.linalg.lstsq(with_one(place.days[:known]), place.highest[:known], rcond=None)[0]
    return {
        "days": place.days[new + AHEAD],
        "truth": place.highest[new + AHEAD],
        "network": model.predict(inputs(new)).ravel() * scale[0] + mean[0],
        "as today": place.highest[new],
        "as last year": place.highest[new + AHEAD - 365],
        "season alone": with_one(place.days[new + AHEAD]) @ curve,
    }


def with_one(days: Any) -> Any:
    """The season and a 1, for a curve fitted by least squares."""
    return np.column_stack([np.ones(len(days)), season(days)])


WAYS = {"network": BLUE, "as today": ORANGE, "as last year": GREEN, "season alone": GRAY}


def errors(half_years: list[dict[str, Any]]) -> dict[str, Any]:
    """Root mean squared error in °C of each way in each half year, (origins,)."""
    return {
        way: np.array([np.sqrt(np.mean((half[way] - half["truth"]) ** 2)) for half in half_years])
        for way in WAYS
    }


def together(found: Any) -> float:
    """The root mean squared error of several half years as one."""
    return float(np.sqrt(np.mean(np.square(found))))


def draw(folder: str, half_years: list[dict[str, Any]], found: dict[str, Any], name: str) -> None:
    figure, (left, right) = panels(2, width=5.4)
    last = half_years[-1]
    left.plot(last["days"], last["truth"], color="black", lw=0.8, label="measured")
    for way in ("network", "as today"):
        left.plot(last["days"], last[way], color=WAYS[way], lw=1.4, label=f"told: {way}")
    left.set(title=f"{name}, told seven days before", ylabel="highest temperature, °C")
    left.set_xticks(last["days"][::61], last["days"][::61])
    left.legend()
    places = np.arange(len(half_years))
    for shift, (way, color) in enumerate(WAYS.items()):
        right.bar(places + 0.2 * (shift - 1.5), found[way], 0.18, color=color, label=way)
    right.set_xticks(places, [origin[:7] for origin in ORIGINS[-len(half_years) :]])
    right.set(title="Error in each half year", xlabel="half year from", ylabel="RMSE, °C")
    right.set_ylim(0, 1.45 * max(map(max, found.values())))
    right.legend(ncols=2)
    save(figure, folder, "temperature")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    names, origins, epochs = (["Seattle"], ORIGINS[-2:], 8) if quick else (
        ["Seattle", "New York"], ORIGINS, 20
    )  # fmt: skip
    results = {}
    for name in names:
        half_years = [told(city(name), origin, 0, epochs) for origin in origins]
        results[name] = found = errors(half_years)
        print(
            f"{name}: error of the highest temperature seven days ahead, °C, {len(origins)} halves"
        )
        for way, each in found.items():
            spread = f"{each.min():.2f} to {each.max():.2f}"
            print(f"    {way:14}{together(each):6.2f}   ({spread})")
        if name == names[0]:
            draw(folder, half_years, found, name)
        gain = 1 - together(found["network"]) / together(found["season alone"])
        print(f"    what the last weeks add to the season: {100 * gain:.0f} % of its error")
    return results


if __name__ == "__main__":
    main(*sys.argv[1:2])
