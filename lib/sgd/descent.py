"""Runs of gradient descent: trials in chunks that fit, curves, checkpoints."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from lib.losses import Squared
from lib.numerics import Array, require_count
from lib.problem import Network, Problem
from lib.sgd.coordinates import (
    Coordinates,
    in_row_space,
    reduce_inputs,
    with_starts,
)
from lib.sgd.epochs import Epochs, Start, Task
from lib.sgd.settings import Grid, Settings, StartOf, by_name, kaiming_uniform
from lib.store import fingerprint, read_arrays, write_arrays

CACHE_BYTES = 1 << 23
"""Bytes of a batch of trials on a CPU. Beyond its cache a batch gains nothing, and
trials one by one stop when they have converged."""


@dataclass(frozen=True, eq=False)
class Descent:
    """The outcome of several independent trials of gradient descent.

    Parameters
    ----------
    networks : tuple of Network
        The last iterate of each trial; zero weights where it diverged.
    epochs : (k,) int array
        The epochs at which the objective was recorded, 0 first and the last last.
    objectives : (k, trials) array
        Objective (5) at those epochs; ``inf`` from where a trial diverged.
    rates : (trials,) array
        Learning rates at the end, after the halvings at plateaus.
    stops : (trials,) int array
        Epochs that each trial made; fewer than asked for if it settled or diverged.
    converged : (trials,) bool array
        Whether it had settled within the tolerance.
    """

    networks: tuple[Network, ...]
    epochs: np.ndarray
    objectives: Array
    rates: Array
    stops: np.ndarray
    converged: np.ndarray

    @property
    def final(self) -> Array:
        """The objective of the last iterate of each trial, (trials,)."""
        return self.objectives[-1]

    @property
    def diverged(self) -> np.ndarray:
        """Which trials overflowed, (trials,) bool."""
        return ~np.isfinite(self.final)


@dataclass(frozen=True, eq=False)
class Moment:
    """What a watcher sees at a recorded epoch.

    Parameters
    ----------
    trials : range
        The trials that are running.
    epoch : int
    objectives : (t,) array
    weights : callable
        Returns a copy of U, (t, m, r), and V, (t, m, q), in the coordinates of
        :mod:`lib.sgd.coordinates`: for whitened data, U holds the preactivations.
        Narrower trials end with zero neurons.
    networks : callable
        Returns their networks, on all inputs and outputs; costs a product with X.
    """

    trials: range
    epoch: int
    objectives: Array
    weights: Callable[[], tuple[Array, Array]]
    networks: Callable[[], tuple[Network, ...]]


Watch = Callable[[Moment], None]


def train(
    problem: Problem,
    neurons: int,
    *,
    trials: int,
    epochs: int,
    rate: float,
    rng: np.random.Generator,
    patience: int = 1000,
    points: int = 400,
    device: str = "auto",
) -> Descent:
    """Run full-batch gradient descent with momentum from random starts.

    The trials differ by their start only; see :func:`descend` for grids.

    Parameters
    ----------
    problem : Problem
        Of any loss and pooling.
    neurons : int
        Width m of each network.
    trials : int
        Independent starts.
    epochs : int
        Gradient steps.
    rate : float
        First learning rate.
    rng : numpy.random.Generator
        Draws the starts, one after the other.
    patience : int
        Epochs without progress before a halving; ``epochs`` for a fixed rate.
    points : int
        About how many objectives to record; evenly spaced epochs.
    device : {"auto", "cpu", "cuda"}
        ``"auto"`` takes CUDA where present.

    Returns
    -------
    Descent
        A diverged trial is reported in it, not raised.

    Raises
    ------
    ValueError
        If a count is below 1 or the rate is not positive.

    Notes
    -----
    Section A.1, on (5) or (6). O(trials n pooling neurons (d + c)) an epoch, double
    precision.

    Examples
    --------
    >>> from lib.problem import Problem
    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> rng = np.random.default_rng(0)
    >>> run = train(problem, 8, rng=rng, trials=3, epochs=400, rate=0.05)
    >>> run.final.shape
    (3,)
    >>> bool((run.final >= 0.75 * (1 - 1e-9)).all())  # none is below the optimum
    True
    """
    for name, count in {"neurons": neurons, "trials": trials}.items():
        require_count(name, count)
    if not (np.isfinite(rate) and rate > 0):
        raise ValueError(f"rate must be positive and finite; got {rate!r}.")
    settings = Settings(epochs, patience, points=points, device=device)
    grid, sizes = Grid(neurons, problem.beta, rate, np.arange(trials)), problem.shape
    return _descend(
        problem, grid, settings, lambda _: kaiming_uniform(neurons, *sizes[1:], rng)
    )


def descend(
    problem: Problem,
    grid: Grid,
    settings: Settings,
    *,
    rng: np.random.Generator,
    watch: Watch | None = None,
) -> Descent:
    """Run gradient descent on a grid of widths, weight decays, rates and starts.

    Trials are one batched tensor as far as they fit. X is first replaced by
    coordinates in which every iterate is the same (:func:`reduce_inputs`): for
    whitened data an epoch then needs no product with X. So is Y, for the squared loss,
    if there are more outputs than neurons and samples. A trial halves its rate when
    its best objective has not fallen by a relative ``PLATEAU`` for ``patience``
    epochs, and stops when it has settled within the tolerance.

    Parameters
    ----------
    problem : Problem
        Of any loss and pooling. Its beta is not used, the grid's are.
    grid : Grid
    settings : Settings
        With ``outputs="row_space"``, for the squared loss, the start is projected; the
        descent from there is again the same as in all outputs. With a checkpoint folder
        an interrupted run continues, with the same bits on the same machine.
    rng : numpy.random.Generator
        Draws the starts.
    watch : callable, optional
        Called with a :class:`Moment` at each recorded epoch.

    Returns
    -------
    Descent
        A diverged trial is reported in it, not raised.

    Raises
    ------
    ValueError
        If another loss than the squared one is to stay in the row space, one trial
        does not fit into the memory allowed, or a checkpoint is damaged or of another
        run.

    Notes
    -----
    Sections A.1 and A.2. O(N m (r + c)) a trial and epoch with r = rank X and N rows
    of X, O(N m c) for whitened X. Memory: :func:`trial_bytes` a trial, and the networks
    returned.
    """
    draw = by_name(grid, *problem.shape[1:], rng, law=settings.start)
    return _descend(problem, grid, settings, draw, watch)


def _descend(
    problem: Problem,
    grid: Grid,
    settings: Settings,
    draw: StartOf,
    watch: Watch | None = None,
) -> Descent:
    """Run the trials of a grid from the starts that ``draw`` gives."""
    outputs = _output_coordinates(problem, settings)
    task = Task(problem, settings, reduce_inputs(problem.X), outputs)
    parts = [_Course(task, grid, part, draw) for part in _chunks(task, grid)]
    return _side_by_side([part.finish(watch) for part in parts])


def _output_coordinates(problem: Problem, settings: Settings) -> Coordinates:
    """Choose the coordinates of the output weights."""
    if settings.outputs == "all":
        return Coordinates(problem.Y)
    if type(problem.loss) is not Squared:
        raise ValueError(
            "outputs='row_space' needs the squared loss, whose slopes stay in the row "
            f"space of Y; got {problem.loss.name!r}. Use outputs='all'."
        )
    return in_row_space(problem.Y)


def trial_bytes(shape: tuple[int, int, int], neurons: int, size: int) -> int:
    """Return the bytes that a trial takes, from its ``(N, r, q)`` and its width.

    Weights, momentum and a copy of both for a checkpoint, activations of all
    neurons, and outputs.
    """
    n, r, q = shape
    return size * (4 * neurons * (r + q) + 2 * neurons * n + 3 * n * q)


def _chunks(task: Task, grid: Grid) -> Iterator[range]:
    """Split the trials so that each part fits."""
    memory, place = task.settings.memory, task.settings.place
    shape = len(task.problem.X), task.inputs.rank, task.outputs.rank
    size = trial_bytes(shape, int(grid.widths.max()), place["dtype"].itemsize)
    if size > memory:
        raise ValueError(
            f"A trial of {grid.widths.max()} neurons must fit into memory = "
            f"{memory} bytes; it takes {size}. Allow more, or use "
            "precision='float32' or outputs='row_space'."
        )
    room = memory if place["device"].type == "cuda" else min(memory, CACHE_BYTES)
    most = max(room // size, 1)
    for first in range(0, len(grid), most):
        yield range(first, min(first + most, len(grid)))


def _padded(weights: list[Array]) -> Array:
    """Put weights side by side, filled up with zero rows to one width, (t, m, k)."""
    return pad_sequence(list(map(torch.from_numpy, weights)), batch_first=True).numpy()


class _Course:
    """The epochs of some trials: records, convergence, checkpoints."""

    def __init__(self, task: Task, grid: Grid, trials: range, draw: StartOf) -> None:
        self.task, self.settings, self.trials = task, task.settings, trials
        self.drawn = [draw(trial) for trial in trials]
        if type(task.problem.loss) is Squared:
            starts = [V for _, V in self.drawn]
            fewer = with_starts(task.outputs, task.problem.Y, starts)
            self.task = replace(task, outputs=fewer)
        start = self._start(grid)
        self.epochs = Epochs(self.task, start)
        self.marks: list[int] = self.settings.marks.tolist()
        self.curve: list[Array] = []
        self.stops = np.full(len(trials), self.settings.epochs)
        self.path = None
        if self.settings.checkpoint is not None:
            name = f"trials_{trials.start}_{trials.stop}.npz"
            self.path, self.key = self.settings.checkpoint / name, self._key(start)
            self._resume()

    def _start(self, grid: Grid) -> Start:
        """Return the starts, padded to one width, in reduced coordinates."""
        U, rest = zip(*(self.task.inputs.encode(U) for U, _ in self.drawn), strict=True)
        V = [self.task.outputs.encode(V)[0] for _, V in self.drawn]
        which = slice(self.trials.start, self.trials.stop)
        terms = np.array(rest), grid.betas[which], grid.rates[which]
        return Start(_padded(U), _padded(V), *terms)

    def _key(self, start: Start) -> str:
        """Hash all that the bits of the state depend on."""
        problem = self.task.problem
        told = replace(self.settings, checkpoint=None, checkpoint_every=1)
        words = f"{told} {problem.loss} {problem.pooling}"
        return fingerprint([problem.X, problem.Y, *start, words])

    def _resume(self) -> None:
        """Continue from the checkpoint, if there is one.

        Raises
        ------
        ValueError
            If it is of another run, or damaged.
        """
        if not self.path.exists():
            return
        state = read_arrays(self.path)
        found = str(state.pop("key", ""))
        if found != self.key:
            raise ValueError(
                f"{self.path} must be a checkpoint of this run, {self.key[:12]}...; "
                f"got {found[:12] or 'none'}.... Data, grid, starts and settings must "
                "be the same, but for the number of epochs between checkpoints. "
                "Delete it or choose another folder."
            )
        self.epochs.load(state)
        self.curve, self.stops = list(state["curve"]), state["stops"]

    def _keep(self) -> None:
        """Write the checkpoint, if one is to be kept."""
        if self.path is None:
            return
        curve = np.reshape(self.curve, (len(self.curve), len(self.stops)))
        course = {"key": np.array(self.key), "curve": curve, "stops": self.stops}
        write_arrays(self.path, self.epochs.save() | course)

    def finish(self, watch: Watch | None) -> Descent:
        """Make epochs until the last one, or until no trial moves."""
        epochs, settings = self.epochs, self.settings
        step = epochs.stepper()
        with torch.no_grad():
            while epochs.epoch < settings.epochs:
                due = epochs.epoch == self.marks[len(self.curve)]
                if self._is_over(due):
                    break
                if due:
                    self.curve.append(epochs.values.cpu().numpy())
                    self._show(watch)
                step()
                epochs.epoch += 1
                if epochs.epoch % settings.checkpoint_every == 0:
                    self._keep()
        self._keep()
        self._show(watch)
        return Descent(
            self.networks(),
            np.array(self.marks),
            self._table(),
            epochs.rates.cpu().numpy(),
            self.stops,
            (epochs.moving == 0).cpu().numpy() & self._is_finite(),
        )

    def _show(self, watch: Watch | None) -> None:
        """Show the present epoch to who watches."""
        if watch is not None:
            epochs, values = self.epochs, self.epochs.values.cpu().numpy()
            seen = Moment(
                self.trials, epochs.epoch, values, epochs.weights, self.networks
            )
            watch(seen)

    def _is_over(self, due: bool) -> bool:
        """Look for settled and overflown trials now and then; tell if none is left."""
        epochs, settings = self.epochs, self.settings
        checked = epochs.epoch % settings.patience == 0 and epochs.epoch > 0
        if settings.tolerance > 0 and checked:
            epochs.settle(settings.tolerance)
        if not (checked or due):
            return False
        running = (epochs.moving > 0).cpu().numpy() & self._is_finite()
        done = ~running & (self.stops == settings.epochs)
        self.stops[done] = epochs.epoch
        return not running.any()

    def _is_finite(self) -> np.ndarray:
        """Tell which trials have not overflowed, (t,)."""
        return torch.isfinite(self.epochs.values).cpu().numpy()

    def _table(self) -> Array:
        """Return the objectives at all marks; trials that stopped stay as they are."""
        last = self.epochs.values.cpu().numpy()
        left = len(self.marks) - len(self.curve)
        table = np.array([*self.curve, *[last] * left])
        table[~np.isfinite(table)] = np.inf
        return table

    def networks(self) -> tuple[Network, ...]:
        """Return the present network of each trial; zero weights if it diverged."""
        U, V = self.epochs.weights()
        shares, alive = self.epochs.rest.cpu().numpy(), self._is_finite()
        found = []
        for k, (first, last) in enumerate(self.drawn):
            m = len(first)
            weights = (
                self.task.inputs.decode(U[k, :m], shares[k], first),
                self.task.outputs.decode(V[k, :m], 0.0, last),
            )
            if not (alive[k] and all(np.isfinite(w).all() for w in weights)):
                weights = tuple(np.zeros_like(w) for w in weights)
            found.append(Network(*weights))
        return tuple(found)


def _side_by_side(parts: list[Descent]) -> Descent:
    """Put the trials side by side; drop records after all had stopped."""
    stops = np.concatenate([part.stops for part in parts])
    used = int(np.searchsorted(parts[0].epochs, stops.max())) + 1
    return Descent(
        tuple(network for part in parts for network in part.networks),
        parts[0].epochs[:used],
        np.hstack([part.objectives for part in parts])[:used],
        np.concatenate([part.rates for part in parts]),
        stops,
        np.concatenate([part.converged for part in parts]),
    )
