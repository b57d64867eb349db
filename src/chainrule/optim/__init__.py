"""Optimizers and learning-rate schedules."""

from chainrule.optim.algorithms import (
    OPTIMIZERS,
    AdaGrad,
    Adam,
    AdamW,
    GradientDescent,
    RMSProp,
    as_optimizer,
)
from chainrule.optim.optimizer import (
    Optimizer,
    clip_scale,
    decays,
    init_slots,
    schedule_of,
    update_rule,
)
from chainrule.optim.schedules import (
    Constant,
    Cosine,
    Exponential,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
    WarmUp,
)

__all__ = [
    "OPTIMIZERS",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Exponential",
    "GradientDescent",
    "OneCycle",
    "Optimizer",
    "RMSProp",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
    "WarmUp",
    "as_optimizer",
    "clip_scale",
    "decays",
    "init_slots",
    "schedule_of",
    "update_rule",
]
