"""A novel continued character by character: an LSTM learns Moby-Dick, and bits say how well."""

import sys
from typing import Any

import numpy as np
from _data import load
from _figure import BLUE, GRAY, ORANGE, panels, save
from scipy.special import log_softmax, softmax

import chainrule as cr

STEPS = 64
"""Characters that the network reads before each answer; it knows nothing from further back."""
RARE = "¤"
"""Stands for each character that the novel's first part has fewer than twenty times."""


def letters(text: str) -> str:
    """Every character that is met often enough, and the sign for the others."""
    found, counts = np.unique(list(text), return_counts=True)
    return RARE + "".join(found[counts >= 20])


def numbered(text: str, known: str) -> Any:
    """The place of each character among the known ones; 0 for a rare one."""
    places = {letter: place for place, letter in enumerate(known)}
    return np.array([places.get(letter, 0) for letter in text])


def cut(numbers: Any) -> tuple[Any, Any]:
    """Pieces (rows, STEPS) one behind the other, and the character that follows each one in it."""
    rows = (len(numbers) - 1) // STEPS
    return tuple(numbers[a : a + rows * STEPS].reshape(rows, STEPS) for a in (0, 1))


def network(known: int, units: int) -> cr.Network:
    return cr.Network(
        [cr.nn.Embedding(known, 32), cr.nn.LSTM(units, sequences=True), cr.nn.Dense(known)]
    )


def bits(logits: Any, following: Any) -> Any:
    """Bits that each character costs under the probabilities given to it, (rows, STEPS)."""
    told = np.take_along_axis(log_softmax(logits, -1), following[..., None], -1)
    return -told[..., 0] / np.log(2)


def counted(numbers: Any, known: int) -> tuple[Any, Any]:
    """Logits from counts, one added to each: of characters, and of those behind each character."""
    pairs = np.ones((known, known))
    np.add.at(pairs, (numbers[:-1], numbers[1:]), 1)
    return np.log(1 + np.bincount(numbers, minlength=known)), np.log(pairs)


def continued(model: cr.Model, start: str, known: str, temperature: float, count: int) -> str:
    """The text with characters drawn one by one; a low temperature takes the likeliest."""
    rng = np.random.default_rng(0)
    text = start
    for _ in range(count):
        logits = model.outputs(numbered(text[-STEPS:], known)[None])[0, -1]
        chances = softmax(np.float64(logits) / temperature)
        text += known[rng.choice(len(known), p=chances)]
    return text[len(start) :]


def draw(folder: str, each: Any, table: dict[str, float], sample: str) -> None:
    figure, (left, right) = panels(2, width=4.8)
    left.plot(np.arange(1, STEPS + 1), each, color=BLUE, label="LSTM")
    for name, color in (("two letters", ORANGE), ("one letter", GRAY)):
        left.axhline(table[name], color=color, label=f"counts of {name}")
    left.set(title="New text grows easier as it is read", ylim=(0, None))
    left.set(xlabel="characters read", ylabel="bits of the next character")
    left.legend(loc="lower right")
    words = sample.replace("\n", " ").replace("$", r"\$")
    lines = [words[i : i + 46] for i in range(0, min(len(words), 460), 46)]
    right.text(0, 0.98, "\n".join(lines), family="monospace", size=8.5, va="top", linespacing=1.7)
    right.set_title("What it writes at temperature 0.5")
    right.axis("off")
    save(figure, folder, "novel")


def main(folder: str = "figures", quick: bool = False) -> dict[str, Any]:
    text = str(load("moby_dick")["text"])
    length, units, epochs = (120_000, 48, 4) if quick else (len(text), 128, 10)
    first, last = text[: int(0.9 * length)], text[int(0.9 * length) : length]
    known = letters(first)
    X, y = cut(numbered(first, known))
    model = cr.fit(
        network(len(known), units), X, y, loss="cross_entropy", epochs=epochs, batch_size=32,
        optimizer=cr.optim.Adam(cr.optim.Cosine(5e-3)), engine="xla",
    )  # fmt: skip
    new, following = cut(numbered(last, known))
    one, two = counted(numbered(first, known), len(known))
    found = bits(model.outputs(new), following)
    table = {
        "one letter": bits(np.broadcast_to(one, (*new.shape, len(known))), following).mean(),
        "two letters": bits(two[new], following).mean(),
        "LSTM": found.mean(),
    }
    print(f"Bits for each of {new.size:,} characters of the novel's last tenth")
    for name, value in table.items():
        print(f"    {name:12}{value:6.2f}")
    samples = {}
    for temperature in (0.5, 1.0):
        sample = continued(model, last[:STEPS], known, temperature, 60 if quick else 460)
        samples[temperature] = sample
        print(f"\nTemperature {temperature}:\n{sample}")
    draw(folder, found.mean(0), table, samples[0.5])
    return {**table, "each": found.mean(0), "samples": samples}


if __name__ == "__main__":
    main(*sys.argv[1:2])
