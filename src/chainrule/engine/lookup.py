"""Which facade an array belongs to. There is no global switch: the array's own type says it."""

from __future__ import annotations

import numpy as np

from chainrule.engine.namespace import Array, Namespace
from chainrule.engine.numpy_namespace import NUMPY

_NUMPY_TYPES = (np.ndarray, np.generic, bool, int, float)


def namespace_of(*arrays: Array) -> Namespace:
    """The facade of the engine that the arrays belong to.

    >>> namespace_of(np.zeros(3)).name
    'numpy'
    """
    for array in arrays:
        if not isinstance(array, _NUMPY_TYPES):
            from chainrule.engine.jax_namespace import JAX

            return JAX
    return NUMPY
