"""Networks from elsewhere: PyTorch's to ours and back, and the classes they answer."""

from lib.networks.classes import accuracy
from lib.networks.torch_networks import as_network, from_torch, to_torch, with_ones

__all__ = [
    "accuracy",
    "as_network",
    "from_torch",
    "to_torch",
    "with_ones",
]
