"""scikit-learn's MLPClassifier and MLPRegressor: `fit` for a fixed number of epochs."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.cases import LEARNING_RATE, Case
from benchmarks.clock import Trainer

NEVER = 1_000_000


def make(case: Case) -> Trainer:
    """A whole fit a call, float32 throughout, without early stopping."""
    x, y = case.data()
    kind = MLPRegressor if case.loss == "mse" else MLPClassifier

    def run(epochs: int) -> None:
        model = kind(
            hidden_layer_sizes=case.widths[1:-1],
            activation=case.activation,
            solver="adam",
            alpha=0.0,
            batch_size=case.batch,
            learning_rate_init=LEARNING_RATE,
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=NEVER,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(x, y)

    return Trainer(run)
