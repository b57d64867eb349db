"""Makes the kept example of the version of the model file that is being written now.

    python -m tests.model.keep_version

Run once for a version, before its first release; afterwards the file is never touched again. Beside
the file lie the inputs and what the model answered when it was saved.
"""

import json
from pathlib import Path

import numpy as np

from chainrule import losses, nn
from chainrule.data import Targets
from chainrule.model.file import VERSION
from tests.model.fuzz import from_table
from tests.model.samples import LAYERS, RESIDUAL, model_with, rows_for

FOLDER = Path(__file__).with_name("versions")
ROWS = {
    "size": [1.5, None, 1e6],
    "town": ["Rome", "", "Lima"],
    "day": ["2024-03-11", "", "1999-12-31"],
}


def main() -> None:
    branches, in_shape = LAYERS["Branches"]
    layers = [
        *(nn.Dense(4), nn.BatchNorm(0.7), nn.LeakyReLU(0.2), nn.Dropout(0.25), nn.LayerNorm()),
        *(RESIDUAL.layer, nn.Dense(4), nn.Residual(nn.Dense(4)), nn.Dense(3), nn.Softmax()),
    ]
    labels = Targets("classes", 3, np.array(["no", "yes", "naïve"]))
    everything = nn.Network([branches, *layers])
    model = model_with(everything, in_shape, targets=labels, loss=losses.CrossEntropy(0.1))
    model.save(FOLDER / f"{VERSION}-layers.safetensors")
    answers = {"layers": model.outputs(rows_for(in_shape)).tolist()}
    model = from_table()
    model.save(FOLDER / f"{VERSION}-table.safetensors")
    answers["table"] = model.predict(ROWS).tolist()
    (FOLDER / f"{VERSION}.json").write_text(json.dumps(answers) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
