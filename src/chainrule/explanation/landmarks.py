"""Which records of a tape stand for something: the losses, the outputs, what leads to a number."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.autodiff import Record
from chainrule.explanation.recorded import Recorded
from chainrule.ops.counting import MOVES


def loss_record(recorded: Recorded) -> Record | None:
    """The record that computes the loss of every example, looked for behind mere moves."""
    records = recorded.recording.tape.records
    made = {record.outputs[0]: (i, record) for i, record in enumerate(records)}
    position, record = made[recorded.recording.loss.slot]
    slot = record.inputs[0]
    while slot in made:
        position, record = made[slot]
        if position < recorded.loss_start:
            break
        if record.primitive.name not in MOVES or len(record.inputs) != 1:
            return record
        slot = record.inputs[0]
    return None


def head_records(recorded: Recorded) -> dict[int, str]:
    """The names of the records that compute the losses of several heads, by their identity."""
    made = {record.outputs[0]: record for record in recorded.recording.tape.records}
    found = {}
    for head, slot in recorded.head_losses.items():
        record = made.get(slot)
        while record and record.primitive.name in MOVES and len(record.inputs) == 1:
            record = made.get(record.inputs[0])
        if record is not None:
            found[id(record)] = f"loss_{head}"
    return found


def last_denses(recorded: Recorded, is_dense: Callable[[Record], bool]) -> set[int]:
    """The positions of the dense records that make the outputs, of each head its own."""
    outputs = recorded.outputs
    records = recorded.recording.tape.records[: recorded.loss_start]
    slots = outputs.values() if isinstance(outputs, dict) else [outputs]
    found = set()
    for slot in slots:
        before = leading_to(records, slot) if len(slots) > 1 else range(len(records))
        dense = [i for i in before if is_dense(records[i])]
        found |= {max(dense)} if dense else set()
    return found


def leading_to(records: list[Record], slot: int) -> set[int]:
    """The positions of the records that a slot was computed from."""
    needed, found = {slot}, set()
    for i in range(len(records) - 1, -1, -1):
        if not needed.isdisjoint(records[i].outputs):
            found.add(i)
            needed.update(records[i].inputs)
    return found
