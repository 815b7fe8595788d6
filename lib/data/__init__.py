"""Samples and targets: the paper's, by seed and by hash, and a reader's own files."""

from lib.data.own import read_data, read_network
from lib.data.paper import (
    ImagePack,
    gaussian_teacher,
    image_packs,
    load_images,
    one_hot,
    spiral,
)

__all__ = [
    "ImagePack",
    "gaussian_teacher",
    "image_packs",
    "load_images",
    "one_hot",
    "read_data",
    "read_network",
    "spiral",
]
