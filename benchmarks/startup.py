"""A fresh process that imports a library and fits iris, from start to end, with equal settings."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.peers import OURS, SCIKIT

CHAINRULE = """
import sys, numpy, chainrule as cr
data = numpy.load(sys.argv[1])
network = cr.Network([cr.nn.Dense(100), cr.nn.ReLU(), cr.nn.Dense(3)])
model = cr.fit(network, data["x"], data["y"], loss="cross_entropy",
               epochs=200, batch_size={batch})
assert (model.predict(data["x"]) == data["y"]).mean() > 0.9
"""

SKLEARN = """
import sys, warnings, numpy
from sklearn.neural_network import MLPClassifier
warnings.simplefilter("ignore")
data = numpy.load(sys.argv[1])
model = MLPClassifier((100,), batch_size={batch}, max_iter=200, tol=0.0, n_iter_no_change=1000)
model.fit(data["x"], data["y"])
assert (model.predict(data["x"]) == data["y"]).mean() > 0.9
"""

SCRIPTS = {OURS: CHAINRULE, SCIKIT: SKLEARN}
BATCHES = (150, 32)
"""All rows at once, which is scikit-learn's default for iris, and the usual 32."""


@dataclass(frozen=True)
class Start:
    """Seconds of whole processes, one per round, by library."""

    batch: int
    seconds: dict[str, list[float]]

    @property
    def ratio(self) -> float:
        """Ours in scikit-learn's; below 1 is faster."""
        return median(self.seconds[OURS]) / median(self.seconds[SCIKIT])


def write_iris(path: Path) -> None:
    """Iris, scaled, in a file, so that no library has to bring it."""
    code = (
        "import sys, numpy; from sklearn.datasets import load_iris;"
        "x, y = load_iris(return_X_y=True); x = (x - x.mean(0)) / x.std(0);"
        "numpy.savez(sys.argv[1], x=x.astype('float32'), y=y)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


def process_seconds(script: str, data: Path) -> float:
    """Wall time of one process."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", script, str(data)], check=True)
    return time.perf_counter() - began


def starts(repeats: int, batches: Sequence[int] = BATCHES) -> list[Start]:
    """Fresh processes in turns, after one of each that fills the file cache."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "iris.npz"
        write_iris(data)
        for batch in batches:
            scripts = {name: text.format(batch=batch) for name, text in SCRIPTS.items()}
            taken: dict[str, list[float]] = {name: [] for name in scripts}
            for turn in range(repeats + 1):
                for name, script in scripts.items():
                    spent = process_seconds(script, data)
                    if turn:
                        taken[name].append(spent)
            found.append(Start(batch, taken))
    return found
