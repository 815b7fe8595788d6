"""Networks from elsewhere: PyTorch's to ours and back, and the classes they answer."""

from lib.networks.classes import ClassMap, accuracy, map_classes
from lib.networks.torch_networks import as_network, from_torch, to_torch, with_ones

__all__ = [
    "ClassMap",
    "accuracy",
    "as_network",
    "from_torch",
    "map_classes",
    "to_torch",
    "with_ones",
]
