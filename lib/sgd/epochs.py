"""Epochs of gradient descent with momentum on tensors that never move.

Weights lie with the trials on the first axis. A narrower trial is filled up with zero
neurons, which gradients leave at zero. All tensors are changed in place, so an epoch
can be captured in a CUDA graph, saved, and put back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lib.losses import Huber, Logistic, Loss, Softmax, Squared
from lib.numerics import Array
from lib.problem import Problem
from lib.sgd.coordinates import Coordinates
from lib.sgd.settings import Settings

Entrywise = Callable[[Tensor, Tensor], Tensor]
"""Takes outputs and targets with the columns on axis 1; its terms add up to the loss:
one an entry, or one a sample for softmax."""

MOMENTUM = 0.95
"""Momentum of every experiment of the paper (A.1)."""

PLATEAU = 1e-4
"""Relative decrease of the best objective that counts as progress."""

WARM_UP = 3
"""Epochs before a CUDA graph is captured, in which libraries make their workspaces."""

BLOCK_BYTES = 1 << 20
"""Bytes of activations handled at once on a CPU, so that they stay in its cache."""


def torch_loss(loss: Loss) -> Entrywise:
    """Return the terms of a loss."""
    if isinstance(loss, Softmax):
        return partial(functional.cross_entropy, reduction="none")
    if isinstance(loss, Logistic):
        return partial(functional.binary_cross_entropy_with_logits, reduction="none")
    if isinstance(loss, Huber):
        return partial(functional.huber_loss, reduction="none", delta=loss.delta)
    return lambda F, Y: functional.mse_loss(F, Y, reduction="none") / 2


@dataclass(frozen=True, eq=False)
class Task:
    """What is trained on and how, with the coordinates of both layers."""

    problem: Problem
    settings: Settings
    inputs: Coordinates
    outputs: Coordinates


class Start(NamedTuple):
    """Starting weights of some trials in reduced coordinates, and their terms.

    ``U`` (t, m, r), ``V`` (t, m, q), ``rest`` (t,) the squared norm of what decays
    off the row space, ``betas`` and ``rates`` (t,).
    """

    U: Array
    V: Array
    rest: Array
    betas: Array
    rates: Array


class Block:
    """Neurons whose activations are handled at once: views of the weights, and room.

    ``U``, ``speed_U`` (t, b, r), ``V``, ``speed_V`` (t, b, q), ``hidden``, ``back``
    (t, b, N) for the N rows of X. ``Block`` moves them in place and keeps nothing else.
    """

    def __init__(self, epochs: Epochs, *tensors: Tensor) -> None:
        self.U, self.V, self.speed_U, self.speed_V, self.hidden, self.back = tensors
        self.linear, self.pooling = epochs.linear, epochs.pooling
        self.null, self.rows, self.columns = epochs.null, epochs.rows, None
        if self.rows is not None:
            self.rows = self.rows.expand(len(self.U), -1, -1)
            self.columns = self.rows.mT

    def move(self, error: Tensor, rates: Tensor, betas: Tensor) -> None:
        """Step along the momentum; ``error`` is (t, q, n), ``rates`` are negative."""
        hidden = self.activate()
        self._pull_activations(error)
        if not self.linear:
            self.back.mul_(hidden > 0)
        self.speed_V.baddbmm_(self._pooled(hidden), error.mT, beta=MOMENTUM)
        self._pull_inputs()
        for weight, speed in ((self.U, self.speed_U), (self.V, self.speed_V)):
            speed.addcmul_(weight, betas)
            weight.addcmul_(speed, rates)

    def _pull_activations(self, error: Tensor) -> None:
        """Set ``back`` to the slope of the loss by each activation."""
        if self.pooling == 1:
            torch.bmm(self.V, error, out=self.back)
        else:
            pull = torch.bmm(self.V, error)
            self.back.copy_(pull.repeat_interleave(self.pooling, dim=2))

    def _pooled(self, hidden: Tensor) -> Tensor:
        """Return the sum over the patches of each sample, (t, b, n)."""
        if self.pooling == 1:
            return hidden
        return hidden.unflatten(2, (-1, self.pooling)).sum(dim=3)

    def _pull_inputs(self) -> None:
        """Set the momentum of U to MOMENTUM times itself plus the loss's gradient."""
        back = self.back
        if self.rows is not None:
            self.speed_U.baddbmm_(back, self.rows, beta=MOMENTUM)
            return
        if self.null is not None:
            back.sub_((back @ self.null) @ self.null.mT)
        torch.add(back, self.speed_U, alpha=MOMENTUM, out=self.speed_U)

    def activate(self) -> Tensor:
        """Return the activations, (t, b, N)."""
        before = self.U
        if self.rows is not None:
            before = torch.bmm(self.U, self.columns, out=self.hidden)
        if self.linear:
            return before
        return torch.clamp_min(before, 0.0, out=self.hidden)

    def look(self, outputs: Tensor, decay: Tensor) -> None:
        """Add the outputs, (t, q, n), and squared weights, (t,), to the sums."""
        outputs.baddbmm_(self.V.mT, self._pooled(self.activate()))
        decay.add_(_squares(self.U)).add_(_squares(self.V))


class Epochs:
    """Weights, momentum, rates and objectives of some trials."""

    NAMES = (
        *("U", "V", "speed_U", "speed_V", "error", "loss", "decay", "rest"),
        *("rest_speed", "rates", "best", "least", "before", "waited", "moving"),
    )
    """The tensors that make up the state."""

    def __init__(self, task: Task, start: Start) -> None:
        problem, settings, place = task.problem, task.settings, task.settings.place
        self.patience, self.epoch = settings.patience, 0
        self.linear, self.pooling = settings.activation == "linear", problem.pooling
        # The squared loss needs no autograd.
        squared = type(problem.loss) is Squared
        self.terms = None if squared else torch_loss(problem.loss)
        self.rows, self.null = (
            None if part is None else torch.tensor(part, **place)
            for part in (task.inputs.rows, task.inputs.null)
        )
        targets = np.ascontiguousarray(task.outputs.rows.T)
        self.targets = torch.tensor(targets, **place)
        self.U, self.V = (torch.tensor(w, **place) for w in (start.U, start.V))
        self.speed_U, self.speed_V = torch.zeros_like(self.U), torch.zeros_like(self.V)
        wide = place | {"dtype": torch.float64}
        self.off, self.betas, self.rates = (
            torch.tensor(w, **wide) for w in (start.rest, start.betas, start.rates)
        )
        self.has_rest = bool(start.rest.any())
        self.rest, self.moving = (torch.ones_like(self.rates) for _ in range(2))
        self.rest_speed, self.waited, self.loss, self.decay = (
            torch.zeros_like(self.rates) for _ in range(4)
        )
        self.best, self.least, self.before = (
            torch.full_like(self.rates, torch.inf) for _ in range(3)
        )
        self.error = torch.empty((len(self.rates), *targets.shape), **place)
        self.outputs = torch.empty_like(self.error)
        self.blocks = self._make_blocks(len(problem.X), place)
        self._sweep()

    def _make_blocks(self, rows: int, place: dict) -> list[Block]:
        """Split the neurons into blocks, which share the room for activations."""
        trials, neurons, _ = self.U.shape
        size, most = torch.finfo(place["dtype"]).bits // 8, neurons
        if place["device"].type == "cpu" and trials == 1:
            most = min(max(BLOCK_BYTES // (rows * size), 8), neurons)
        room = [torch.empty((trials, most, rows), **place) for _ in range(2)]
        layers = self.U, self.V, self.speed_U, self.speed_V
        blocks = []
        for first in range(0, neurons, most):
            views = [w[:, first : first + most] for w in layers]
            buffers = [w[:, : views[0].shape[1]] for w in room]
            blocks.append(Block(self, *views, *buffers))
        return blocks

    @property
    def values(self) -> Tensor:
        """The objective of each trial, (t,), at the present weights."""
        decay = self.decay
        if self.has_rest:
            decay = decay + self.off * self.rest.square()
        return 0.5 * (self.loss + self.betas * decay)

    def advance(self) -> None:
        """Make one epoch: a step for all neurons, then the plateau rule."""
        values = self.values
        rates, betas = self.rates * self.moving, self.betas
        if self.has_rest:
            self.rest_speed.mul_(MOMENTUM).add_(betas * self.rest)
            self.rest.sub_(rates * self.rest_speed)
        rates, betas = (w[:, None, None].to(self.U.dtype) for w in (-rates, betas))
        self._sweep(rates, betas)
        self._plateau(values)

    def _sweep(self, *step: Tensor) -> None:
        """Make a step, if one is given, and sum up outputs and squared weights."""
        self.outputs.zero_()
        self.decay.zero_()
        for block in self.blocks:
            if step:
                block.move(self.error, *step)
            block.look(self.outputs, self.decay)
        self._compare()

    def _compare(self) -> None:
        """Set twice the loss of each trial, and its slope by the outputs."""
        if self.terms is None:
            torch.sub(self.outputs, self.targets, out=self.error)
            self.loss.copy_(_squares(self.error))
            return
        with torch.enable_grad():
            outputs = self.outputs.detach().requires_grad_()
            terms = self.terms(outputs, self.targets.expand_as(outputs))
            (slope,) = torch.autograd.grad(terms.sum(), outputs)
        self.error.copy_(slope)
        self.loss.copy_(2 * terms.detach().flatten(1).sum(dim=1, dtype=torch.float64))

    def _plateau(self, values: Tensor) -> None:
        """Halve the rate of each trial that has waited too long for progress."""
        torch.fmin(self.least, values, out=self.least)
        progress = values < (1 - PLATEAU) * self.best
        torch.where(progress, values, self.best, out=self.best)
        self.waited.add_(1.0).mul_(~progress)
        tired = (self.waited > self.patience) & (self.moving > 0)
        self.rates.div_(1.0 + tired)
        self.waited.mul_(~tired)

    def stepper(self) -> Callable[[], None]:
        """Return what makes an epoch: the method itself, or its CUDA graph.

        An epoch changes tensors in place and asks the host for nothing, so it can be
        captured once and replayed: hundreds of small kernels started at once. Capturing
        needs epochs to warm up; the state from before is put back into the same tensors
        afterwards. Autograd, which losses other than the squared one need, is not
        captured.
        """
        if self.U.device.type != "cuda" or self.terms is not None:
            return self.advance
        state = self.save()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.no_grad(), torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self.advance()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.no_grad(), torch.cuda.graph(graph):
            self.advance()
        self.load(state)
        return graph.replay

    def settle(self, tolerance: float) -> None:
        """Hold the trials whose least objective hardly fell since the last call."""
        settled = self.before - self.least <= tolerance * self.least
        self.moving.masked_fill_(settled, 0.0)
        self.before.copy_(self.least)

    def weights(self) -> tuple[Array, Array]:
        """Copy U, (t, m, r), and V, (t, m, q), to the host, in double precision."""
        return tuple(w.cpu().numpy().astype(np.float64) for w in (self.U, self.V))

    def save(self) -> dict[str, Array]:
        """Copy the state to the host."""
        state = {name: getattr(self, name).cpu().numpy().copy() for name in self.NAMES}
        return state | {"epoch": np.array(self.epoch)}

    def load(self, state: dict[str, Array]) -> None:
        """Put a saved state back, into the same tensors."""
        for name in self.NAMES:
            getattr(self, name).copy_(torch.from_numpy(state[name]))
        self.epoch = int(state["epoch"])


def _squares(tensor: Tensor) -> Tensor:
    """Return the sum of squares of each trial, (t,), in double precision."""
    flat = tensor.reshape(len(tensor), 1, -1)
    return torch.bmm(flat, flat.mT).reshape(-1).to(torch.float64)
