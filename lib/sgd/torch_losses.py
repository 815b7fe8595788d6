"""The losses as PyTorch has them, for its autograd."""

from collections.abc import Callable
from functools import partial

from torch import Tensor
from torch.nn import functional

from lib.losses import Huber, Logistic, Loss, Softmax

Entrywise = Callable[[Tensor, Tensor], Tensor]
"""Takes outputs and targets with the columns on axis 1; its terms add up to the loss:
one an entry, or one a sample for softmax."""


def torch_loss(loss: Loss) -> Entrywise:
    """Return the terms of a loss."""
    if isinstance(loss, Softmax):
        return partial(functional.cross_entropy, reduction="none")
    if isinstance(loss, Logistic):
        return partial(functional.binary_cross_entropy_with_logits, reduction="none")
    if isinstance(loss, Huber):
        return partial(functional.huber_loss, reduction="none", delta=loss.delta)
    return lambda F, Y: functional.mse_loss(F, Y, reduction="none") / 2
