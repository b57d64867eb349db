"""What the networks for sequences of all contenders have in common."""

BLOCKS, HEADS, KERNEL = 4, 4, 5
