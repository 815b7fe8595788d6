"""Networks of PyTorch to ours and back, so that weights trained anywhere can be judged.

Reading needs no import of torch: layers are recognised by their weights.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lib.numerics import Array
from lib.problem import Network, as_matrix

SHAPE = "Sequential(Linear, ReLU, Linear)"

SAVE_WEIGHTS = (
    "Save weights with np.savez(path, **{k: w.numpy() for k, w in "
    "model.state_dict().items()})."
)


def with_ones(X: Array) -> Array:
    """Return X with a last column of ones, which turns a bias into a weight."""
    return np.column_stack([X, np.ones(len(X))])


def as_network(network: Any) -> Network:
    """Return the network itself, or the one in a ``Sequential`` of PyTorch."""
    return network if isinstance(network, Network) else from_torch(network)


def from_torch(module: Any) -> Network:
    """Read a two-layer ReLU network from a ``torch.nn.Sequential``.

    Parameters
    ----------
    module : torch.nn.Sequential
        ``Linear, ReLU, Linear``. A bias of the first layer becomes its weight on a
        last input that is 1, so the data need a column of ones
        (:func:`with_ones`), and weight decay counts it.

    Returns
    -------
    Network
        With ``m = hidden units`` and ``d = inputs``, plus one with a bias.

    Raises
    ------
    ValueError
        If the layers are others, or if the last layer has a bias that is not zero:
        the network (1) has none, so nothing here could be said of its optimality.

    Examples
    --------
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(3, 5, bias=False), nn.ReLU(), nn.Linear(5, 2))
    >>> _ = nn.init.zeros_(model[2].bias)
    >>> network = from_torch(model)
    >>> network.U.shape, network.V.shape
    ((5, 3), (5, 2))
    """
    _require_two_layers(module)
    state = module.state_dict().items()
    return from_state({name: w.cpu().double().numpy() for name, w in state})


def from_state(state: Mapping[str, Array], of: str = "") -> Network:
    """Make a network of the state dict of ``Sequential(Linear, ReLU, Linear)``.

    Parameters
    ----------
    state : mapping
        Two names that end in ``weight``, first that of the first layer, and biases
        beside them, if there are any. That of the first layer becomes the weight of a
        last input that is one.
    of : str
        What the state is of, for the messages.

    Raises
    ------
    ValueError
        If there are not two weights, or the last bias is not zero.
    """
    names = [name for name in state if name.endswith("weight")]
    if len(names) != 2:
        raise ValueError(
            f"{of} must hold U and V, or two linear layers; got "
            f"{', '.join(sorted(state)) or 'nothing'}. {SAVE_WEIGHTS}"
        )
    first, last = (as_matrix(name, state[name]) for name in names)
    biases = [state.get(name.removesuffix("weight") + "bias") for name in names]
    if biases[1] is not None and np.any(biases[1]):
        raise ValueError(
            f"The last layer{of and f' of {of}'} must have no bias or a zero one, as "
            "network (1) has; got a bias with largest entry "
            f"{np.abs(biases[1]).max():.3g}. Train with Linear(..., bias=False), or "
            "centre Y."
        )
    U = first if biases[0] is None else np.column_stack([first, biases[0]])
    return Network(U, last.T)


def to_torch(network: Network, *, bias: bool = False) -> Any:
    """Return the network as ``torch.nn.Sequential(Linear, ReLU, Linear)``.

    Parameters
    ----------
    network : Network
    bias : bool
        Whether the last input is a column of ones, to become the first layer's
        bias. The last layer never has one.

    Returns
    -------
    torch.nn.Sequential
        In double precision, with the same outputs up to rounding.

    Raises
    ------
    ValueError
        If ``bias`` is asked of a network with one input only.

    Examples
    --------
    >>> network = Network([[1.0, 0.0]], [[2.0]])
    >>> np.array_equal(from_torch(to_torch(network)).U, network.U)
    True
    """
    import torch  # only this function needs it

    d = network.U.shape[1] - bias
    if d < 1:
        raise ValueError(
            f"A bias needs at least 2 inputs, the last being ones; got U "
            f"{network.U.shape}."
        )
    first = torch.nn.Linear(d, network.width, bias=bias, dtype=torch.float64)
    last = torch.nn.Linear(
        network.width, network.V.shape[1], bias=False, dtype=torch.float64
    )
    with torch.no_grad():
        first.weight.copy_(torch.tensor(network.U[:, :d]))
        if bias:
            first.bias.copy_(torch.tensor(network.U[:, d]))
        last.weight.copy_(torch.tensor(network.V.T))
    return torch.nn.Sequential(first, torch.nn.ReLU(), last)


def _require_two_layers(module: Any) -> None:
    """Refuse what is not a two-layer network."""
    try:
        layers = list(module)
    except TypeError:
        layers = []
    weights = [getattr(layer, "weight", None) for layer in layers]
    linear = [getattr(weight, "ndim", 0) == 2 for weight in weights]
    names = [type(layer).__name__ for layer in layers]
    if linear != [True, False, True] or names[1] != "ReLU":
        raise ValueError(
            f"The network must be a lib Network or a torch {SHAPE}; got "
            f"{type(module).__name__}({', '.join(names)}). Copy its weights into "
            "Network(U, V)."
        )
