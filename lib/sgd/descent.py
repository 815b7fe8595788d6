"""Runs of gradient descent: trials in chunks that fit, curves, checkpoints."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from lib.losses import Squared
from lib.numerics import Array, require_count
from lib.problem import Network, Problem
from lib.sgd.checkpoint import Checkpoint
from lib.sgd.coordinates import Inputs, Outputs, reduce_inputs, reduce_outputs
from lib.sgd.epochs import Epochs, Shared, Start
from lib.sgd.graphs import stepper
from lib.sgd.settings import Grid, Settings, find_device
from lib.sgd.starts import StartOf, by_name, in_sequence
from lib.store import fingerprint

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
        :func:`reduce_inputs` and :func:`reduce_outputs`: for whitened data, U holds
        the preactivations. Narrower trials end with zero neurons.
    networks : callable
        Returns their networks, on all inputs and outputs; costs what
        :meth:`Inputs.decode` does.
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
    grid = Grid(neurons, problem.beta, rate, np.arange(trials))
    draw = in_sequence(neurons, *problem.shape[1:], rng)
    return _descend(problem, grid, settings, draw, None)


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
    whitened data an epoch then needs no product with X. A trial halves its rate when
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
    problem: Problem, grid: Grid, settings: Settings, draw: StartOf, watch: Watch | None
) -> Descent:
    """Run the trials of a grid from the starts that ``draw`` gives."""
    device = find_device(settings.device)
    inputs, outputs = reduce_inputs(problem.X), _reduced_outputs(problem, settings)
    place = {"device": device, "dtype": settings.dtype}
    kind = {"linear": settings.activation == "linear", "pooling": problem.pooling}
    data = Shared.on(place, inputs, outputs, problem.loss, **kind)
    runner = _Runner(problem, inputs, outputs, data, settings)
    chunks = [
        runner.run(grid, trials, draw, watch)
        for trials in _chunks(grid, runner.bytes_per_trial(grid), device, settings)
    ]
    return _side_by_side(chunks, _marks(settings))


def _reduced_outputs(problem: Problem, settings: Settings) -> Outputs:
    """Choose the coordinates of the output weights."""
    if settings.outputs == "all":
        return Outputs(problem.Y, None)
    if type(problem.loss) is not Squared:
        raise ValueError(
            "outputs='row_space' needs the squared loss, whose slopes stay in the row "
            f"space of Y; got {problem.loss.name!r}. Use outputs='all'."
        )
    return reduce_outputs(problem.Y)


def trial_bytes(shape: tuple[int, int, int], neurons: int, size: int) -> int:
    """Return the bytes that a trial takes, from its ``(N, r, q)`` and its width.

    Weights, momentum and a copy of both for a checkpoint, activations of all
    neurons, and outputs.
    """
    n, r, q = shape
    return size * (4 * neurons * (r + q) + 2 * neurons * n + 3 * n * q)


def _chunks(
    grid: Grid, size: int, device: torch.device, settings: Settings
) -> Iterator[range]:
    """Split the trials so that each part fits."""
    if size > settings.memory:
        raise ValueError(
            f"A trial of {grid.widths.max()} neurons must fit into memory = "
            f"{settings.memory} bytes; it takes {size}. Allow more, or use "
            "precision='float32' or outputs='row_space'."
        )
    room = (
        settings.memory if device.type == "cuda" else min(settings.memory, CACHE_BYTES)
    )
    most = max(room // size, 1)
    for first in range(0, len(grid), most):
        yield range(first, min(first + most, len(grid)))


def _marks(settings: Settings) -> np.ndarray:
    """Return the epochs to record."""
    stride = max(1, settings.epochs // settings.points)
    return np.append(np.arange(0, settings.epochs, stride), settings.epochs)


@dataclass(frozen=True, eq=False)
class _Chunk:
    """Curves and last iterates of some trials."""

    curve: Array
    networks: tuple[Network, ...]
    rates: Array
    stops: np.ndarray
    converged: np.ndarray


@dataclass(frozen=True, eq=False)
class _Runner:
    """What all chunks of a run share."""

    problem: Problem
    inputs: Inputs
    outputs: Outputs
    data: Shared
    settings: Settings

    def bytes_per_trial(self, grid: Grid) -> int:
        """Return the bytes of the widest trial."""
        n, d = self.problem.X.shape
        rank = d if self.inputs.basis is None else self.inputs.basis.shape[1]
        shape = n, rank, self.outputs.targets.shape[1]
        size = torch.finfo(self.settings.dtype).bits // 8
        return trial_bytes(shape, int(grid.widths.max()), size)

    def run(
        self, grid: Grid, trials: range, draw: StartOf, watch: Watch | None
    ) -> _Chunk:
        """Run some trials to the end, from a checkpoint if there is one."""
        drawn = [draw(trial) for trial in trials]
        start = self._start(grid, trials, drawn)
        epochs = Epochs(self.data, start, self.settings.patience)
        course = _Course(epochs, self.settings, self._checkpoint(trials, start))

        def show() -> None:
            if watch is not None:
                values = epochs.values.cpu().numpy()
                whole = partial(self._networks, epochs, grid, trials, drawn)
                watch(Moment(trials, epochs.epoch, values, epochs.weights, whole))

        course.finish(show)
        return _Chunk(
            course.table(),
            self._networks(epochs, grid, trials, drawn),
            epochs.rates.cpu().numpy(),
            course.stops,
            (epochs.moving == 0).cpu().numpy() & course.is_finite(),
        )

    def _start(self, grid: Grid, trials: range, drawn: list) -> Start:
        """Pad the starts of some trials to one width, in reduced coordinates."""
        widest = max(len(U) for U, _ in drawn)
        U, V, rest = [], [], []
        for start_U, start_V in drawn:
            coordinates, off = self.inputs.encode(start_U)
            U.append(_padded(coordinates, widest))
            V.append(_padded(self.outputs.encode(start_V), widest))
            rest.append(off)
        which = slice(trials.start, trials.stop)
        betas, rates = grid.betas[which], grid.rates[which]
        return Start(np.array(U), np.array(V), np.array(rest), betas, rates)

    def _checkpoint(self, trials: range, start: Start) -> Checkpoint | None:
        """Return where these trials are kept, if they are."""
        settings = self.settings
        if settings.checkpoint is None:
            return None
        words = (
            f"{settings.epochs} {settings.patience} {settings.tolerance!r} "
            f"{settings.points} {settings.precision} {settings.activation} "
            f"{self.problem.loss} {self.problem.pooling}"
        )
        data = [self.problem.X, self.problem.Y, start.U, start.V]
        terms = [start.rest, start.betas, start.rates]
        name = f"trials_{trials.start}_{trials.stop}.npz"
        key = fingerprint([*data, *terms, words])
        return Checkpoint(settings.checkpoint / name, key)

    def _networks(
        self, epochs: Epochs, grid: Grid, trials: range, drawn: list
    ) -> tuple[Network, ...]:
        """Return the present network of each trial; zero weights if it diverged."""
        U, V = epochs.weights()
        shares, alive = epochs.rest.cpu().numpy(), _is_finite(epochs)
        found = []
        for k, trial in enumerate(trials):
            m = int(grid.widths[trial])
            whole_U = self.inputs.decode(U[k, :m], shares[k], drawn[k][0])
            whole_V = self.outputs.decode(V[k, :m])
            finite = np.isfinite(whole_U).all() and np.isfinite(whole_V).all()
            weights = (whole_U, whole_V)
            if not (alive[k] and finite):
                weights = np.zeros_like(whole_U), np.zeros_like(whole_V)
            found.append(Network(*weights))
        return tuple(found)


def _padded(weights: Array, rows: int) -> Array:
    """Append zero rows."""
    return np.vstack([weights, np.zeros((rows - len(weights), weights.shape[1]))])


def _is_finite(epochs: Epochs) -> np.ndarray:
    """Tell which trials have not overflowed, (t,)."""
    return torch.isfinite(epochs.values).cpu().numpy()


class _Course:
    """The epochs of some trials: records, convergence, checkpoints."""

    def __init__(
        self, epochs: Epochs, settings: Settings, checkpoint: Checkpoint | None
    ) -> None:
        self.epochs, self.settings, self.checkpoint = epochs, settings, checkpoint
        self.marks = _marks(settings)
        self.looks = set(self.marks.tolist())
        trials = len(epochs.rates)
        self.curve: list[Array] = []
        self.stops = np.full(trials, settings.epochs)
        self.before = torch.full_like(epochs.rates, torch.inf)
        self._resume()

    def _resume(self) -> None:
        """Continue from the checkpoint, if there is one."""
        state = self.checkpoint.load() if self.checkpoint else None
        if state is None:
            return
        self.epochs.load(state)
        self.curve = list(state["curve"])
        self.stops = state["stops"]
        self.before.copy_(torch.from_numpy(state["before"]))

    def _keep(self) -> None:
        """Write the checkpoint."""
        if self.checkpoint is None:
            return
        course = {
            "curve": np.array(self.curve).reshape(len(self.curve), len(self.stops)),
            "stops": self.stops,
            "before": self.before.cpu().numpy(),
        }
        self.checkpoint.save(self.epochs.save() | course)

    def finish(self, show: Callable[[], None]) -> None:
        """Make epochs until the last one, or until no trial moves."""
        epochs, settings = self.epochs, self.settings
        recorded = set(self.marks[len(self.curve) : -1].tolist())
        step = stepper(epochs)
        with torch.no_grad():
            while epochs.epoch < settings.epochs and not self._is_over():
                if epochs.epoch in recorded:
                    self.curve.append(epochs.values.cpu().numpy())
                    show()
                step()
                epochs.epoch += 1
                if epochs.epoch % settings.checkpoint_every == 0:
                    self._keep()
        self._keep()
        show()

    def _is_over(self) -> bool:
        """Look for settled and overflown trials now and then; tell if none is left."""
        epochs, settings = self.epochs, self.settings
        checked = epochs.epoch % settings.patience == 0 and epochs.epoch > 0
        if settings.tolerance > 0 and checked:
            epochs.settle(self.before, settings.tolerance)
            self.before.copy_(epochs.least)
        if not checked and epochs.epoch not in self.looks:
            return False
        running = (epochs.moving > 0).cpu().numpy() & self.is_finite()
        done = ~running & (self.stops == settings.epochs)
        self.stops[done] = epochs.epoch
        return not running.any()

    def is_finite(self) -> np.ndarray:
        """Tell which trials have not overflowed, (t,)."""
        return _is_finite(self.epochs)

    def table(self) -> Array:
        """Return the objectives at all marks; trials that stopped stay as they are."""
        last = self.epochs.values.cpu().numpy()
        rows = [*self.curve, *[last] * (len(self.marks) - len(self.curve))]
        table = np.array(rows)
        table[~np.isfinite(table)] = np.inf
        return table


def _side_by_side(chunks: list[_Chunk], marks: np.ndarray) -> Descent:
    """Put the trials side by side; drop records after all had stopped."""
    stops = np.concatenate([chunk.stops for chunk in chunks])
    used = int(np.searchsorted(marks, stops.max())) + 1
    return Descent(
        tuple(network for chunk in chunks for network in chunk.networks),
        marks[:used],
        np.hstack([chunk.curve for chunk in chunks])[:used],
        np.concatenate([chunk.rates for chunk in chunks]),
        stops,
        np.concatenate([chunk.converged for chunk in chunks]),
    )
