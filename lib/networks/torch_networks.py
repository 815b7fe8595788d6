"""Networks of PyTorch to ours and back, so that weights trained anywhere can be judged.

Reading needs no import of torch: layers are recognised by their weights.
"""

from typing import Any

import numpy as np

from lib.numerics import Array
from lib.problem import Network

SHAPE = "Sequential(Linear, ReLU, Linear)"


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
    first, last = _layers(module)
    parts = [_weights(layer, k) for layer in (first, last) for k in ("weight", "bias")]
    return from_layers(*parts)


def from_layers(
    first: Array,
    first_bias: Array | None,
    last: Array,
    last_bias: Array | None,
    *,
    of: str = "",
) -> Network:
    """Make a network of the weights and biases of its two layers as PyTorch has them.

    Parameters
    ----------
    first, last : (m, d), (c, m) arrays
    first_bias : (m,) array or None
        Becomes the weight of a last input that is one.
    last_bias : (c,) array or None
    of : str
        What the layers are of, for the message.

    Raises
    ------
    ValueError
        If the last bias is not zero.
    """
    if last_bias is not None and np.any(last_bias):
        raise ValueError(
            f"The last layer{of} must have no bias or a zero one, as network (1) has; "
            f"got a bias with largest entry {np.abs(last_bias).max():.3g}. Train with "
            "Linear(..., bias=False), or centre Y."
        )
    U = first if first_bias is None else np.column_stack([first, first_bias])
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


def _layers(module: Any) -> tuple[Any, Any]:
    """Return the two linear layers, or refuse what is not a two-layer network."""
    try:
        layers = list(module)
    except TypeError:
        layers = []
    linear = [hasattr(layer, "weight") for layer in layers]
    names = [type(layer).__name__ for layer in layers]
    if linear != [True, False, True] or names[1] != "ReLU":
        raise ValueError(
            f"The network must be a lib Network or a torch {SHAPE}; got "
            f"{type(module).__name__}({', '.join(names)}). Copy its weights into "
            "Network(U, V)."
        )
    return layers[0], layers[2]


def _weights(layer: Any, name: str) -> Array | None:
    """Return a weight of a layer as a numpy array, None if it has none."""
    weight = getattr(layer, name)
    return None if weight is None else weight.detach().cpu().double().numpy()
