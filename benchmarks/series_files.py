"""Series in the files that packages carry: `.ts` of the UCR archive, and clips one by one."""

from pathlib import Path
from typing import Any

import numpy as np


def read_ts(path: Path) -> tuple[Any, Any, Any]:
    """The series of a `.ts` file, (rows, time, features) float32 padded by 0, lengths, labels.

    Lines that begin with # or @ are the head. Each other line is one example: dimensions parted by
    colons, their numbers by commas, and the label behind the last colon.
    """
    lines = [line for line in path.read_text().splitlines() if line and line[0] not in "#@"]
    examples, labels = [], []
    for line in lines:
        *dimensions, label = line.split(":")
        examples.append(np.array([d.split(",") for d in dimensions], dtype=np.float32).T)
        labels.append(label)
    values, lengths = padded(examples)
    return values, lengths, np.array(labels)


def padded(examples: list[Any]) -> tuple[Any, Any]:
    """Examples (time, features) of different lengths in one array, padded by 0, and lengths."""
    lengths = np.array([len(example) for example in examples])
    values = np.zeros((len(examples), lengths.max(), examples[0].shape[1]), np.float32)
    for place, example in zip(values, examples, strict=True):
        place[: len(example)] = example
    return values, lengths


def ts_in(folder: str, name: str) -> Any:
    """A converter for the two files, of training and of test, of one data set in aeon."""

    def convert(work: Path, target: Path) -> None:
        arrays = {}
        for part in ("train", "test"):
            path = work / folder / name / f"{name}_{part.upper()}.ts"
            values, lengths, labels = read_ts(path)
            arrays |= {f"{part}_x": values, f"{part}_lengths": lengths, f"{part}_y": labels}
        with target.open("wb") as file:
            np.savez_compressed(file, **arrays)

    return convert


def clips_in(inside: str) -> Any:
    """A converter for clips that lie one behind the other in X, cut by their lengths."""

    def convert(work: Path, target: Path) -> None:
        with np.load(work / inside, allow_pickle=False) as found:
            lengths = found["lengths"]
            values, _ = padded(np.split(found["X"], np.cumsum(lengths)[:-1]))
            with target.open("wb") as file:
                np.savez_compressed(file, x=values, lengths=lengths, y=found["y"])

    return convert
