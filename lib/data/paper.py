"""The data of the paper's experiments: synthetic sets by seed, image packs by hash."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from lib.numerics import Array, require_count
from lib.store import sha256

DATA = Path(__file__).resolve().parents[2] / "data"
"""The folder of the image packs, beside ``lib``."""

SPIRAL_CLASSES = 3
SPIRAL_NOISE = 0.2
"""Standard deviation of the angle, radians, in the CS231n spiral."""


def gaussian_teacher(
    n: int, d: int, c: int, neurons: int, rng: np.random.Generator, *, init: str
) -> tuple[Array, Array]:
    """Draw Gaussian inputs and label them by a random ReLU network (section 5.1).

    Parameters
    ----------
    n, d, c : int
        Samples, inputs and outputs.
    neurons : int
        Width of the teacher.
    rng : numpy.random.Generator
        Draws X first, then the input and the output weights of the teacher.
    init : {"torch", "normal"}
        Law of the teacher's weights: ``"torch"`` is the default of a linear layer
        in PyTorch, uniform on ``+-1/sqrt(fan_in)``; ``"normal"`` is standard
        normal. The paper does not say which it used.

    Returns
    -------
    X : (n, d) array
        Independent standard normal entries.
    Y : (n, c) array
        Outputs of the teacher, without noise.

    Raises
    ------
    ValueError
        For an unknown ``init`` or a size below 1.

    Examples
    --------
    The data of section 5.1.

    >>> X, Y = gaussian_teacher(25, 2, 5, 100, np.random.default_rng(0), init="torch")
    >>> X.shape, Y.shape
    ((25, 2), (25, 5))
    """
    if init not in ("torch", "normal"):
        raise ValueError(f"init must be 'torch' or 'normal'; got {init!r}.")
    for name, count in {"n": n, "d": d, "c": c, "neurons": neurons}.items():
        require_count(name, count)
    X = rng.standard_normal((n, d))
    if init == "torch":
        U = rng.uniform(-1.0, 1.0, (neurons, d)) / np.sqrt(d)
        V = rng.uniform(-1.0, 1.0, (neurons, c)) / np.sqrt(neurons)
    else:
        U = rng.standard_normal((neurons, d))
        V = rng.standard_normal((neurons, c))
    return X, np.maximum(X @ U.T, 0.0) @ V


def spiral(points: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw the three-armed spiral of the CS231n notes, the data of Figure 3.

    Arm j has radii ``linspace(0, 1, points)`` and angles ``linspace(4 j, 4 j + 4,
    points)`` plus Gaussian noise. The first point of each arm is the origin, so
    three rows of X are zero and have no hyperplane.

    Parameters
    ----------
    points : int
        Points an arm; the paper's 60 samples are ``points = 20``.
    rng : numpy.random.Generator

    Returns
    -------
    X : (3 points, 2) array
    Y : (3 points, 3) array
        One-hot labels.

    Examples
    --------
    >>> X, Y = spiral(20, np.random.default_rng(0))
    >>> X.shape, Y.sum(axis=0).tolist()
    ((60, 2), [20.0, 20.0, 20.0])
    """
    require_count("points", points)
    radius = np.linspace(0.0, 1.0, points)
    arms = np.arange(SPIRAL_CLASSES)
    angles = np.linspace(4 * arms, 4 * arms + 4, points, axis=1)
    angles += SPIRAL_NOISE * rng.standard_normal(angles.shape)
    X = np.stack([radius * np.sin(angles), radius * np.cos(angles)], axis=2)
    return X.reshape(-1, 2), one_hot(np.repeat(arms, points), SPIRAL_CLASSES)


def one_hot(labels: np.ndarray, classes: int) -> Array:
    """Return the indicator matrix of integer labels 0 .. classes - 1, (n, classes)."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or (labels.size and labels.dtype.kind not in "iu"):
        raise ValueError(
            f"labels must be one whole number a sample; got dtype {labels.dtype} and "
            f"shape {labels.shape}. Convert them with astype(int)."
        )
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(
            f"labels must lie in 0 .. {classes - 1}; got {labels.min()} .. "
            f"{labels.max()}."
        )
    return np.eye(classes)[labels.astype(np.int64)]


@dataclass(frozen=True, eq=False)
class ImagePack:
    """Labelled images as they stand in the official data set.

    Parameters
    ----------
    images : (n, height, width, channels) uint8 array
    labels : (n,) int array
    classes : tuple of str
        The name of each label.
    source : str
        Which images of which data set, in words.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    source: str

    @property
    def one_hot(self) -> Array:
        """The labels as (n, classes) indicators."""
        return one_hot(self.labels, len(self.classes))


def image_packs(folder: Path = DATA) -> list[str]:
    """Return the names of the packs at hand, for :func:`load_images`."""
    files = folder.glob("*.json")
    return sorted(f.stem for f in files if "pixels_sha256" in f.read_text("utf-8"))


def load_images(name: str, folder: Path = DATA) -> ImagePack:
    """Load an image pack and check it twice: the file and the pixels, by sha256.

    A pack is a lossless sheet of tiles, ``NAME.webp`` or ``NAME.png``, with its
    labels and hashes in ``NAME.json``.

    Parameters
    ----------
    name : str
        One of :func:`image_packs`, such as ``"cifar10_train_3000"``.
    folder : Path
        Where the packs lie.

    Raises
    ------
    ValueError
        If the name is unknown or the file does not have the recorded hash.
    FileNotFoundError
        If the sheet is missing.

    Notes
    -----
    Sections 5.2, A.1.1 and A.1.2. About 1 s for 3000 CIFAR images.
    """
    if name not in image_packs(folder):
        raise ValueError(
            f"There is no image pack {name!r} in {folder}; there are "
            f"{', '.join(image_packs(folder)) or 'none'}."
        )
    about = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    images = _tiles(_checked_sheet(folder / about["file"], about), about)
    pixels = about["pixels_sha256"]
    _require_hash(f"The pixels of {name}", images.tobytes(), pixels)
    labels = np.array(about["labels"], dtype=np.int64)
    return ImagePack(images, labels, tuple(about["classes"]), about["source"])


def _checked_sheet(path: Path, about: dict) -> np.ndarray:
    """Decode the sheet of a pack once its file hash is right."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing. It is part of the repository: restore it with "
            f"`git checkout -- data/{path.name}`."
        )
    _require_hash(f"The file {path.name}", path.read_bytes(), about["file_sha256"])
    try:
        with Image.open(path) as sheet:
            return np.asarray(sheet.convert("RGB" if about["channels"] == 3 else "L"))
    except UnidentifiedImageError as error:
        raise ValueError(
            f"Pillow cannot decode {path.name} ({error}). Install the locked "
            "requirements, whose Pillow reads WebP."
        ) from error


def _require_hash(what: str, content: bytes, recorded: str) -> None:
    """Refuse data that differ from what was recorded."""
    found = sha256(content)
    if found != recorded:
        raise ValueError(
            f"{what} must have sha256 {recorded[:16]}...; got {found[:16]}.... The "
            "data are truncated or changed: restore them with `git checkout -- data`."
        )


def _tiles(sheet: np.ndarray, about: dict) -> np.ndarray:
    """Cut a sheet into its tiles, row by row, (n, height, width, channels)."""
    height, width, columns = about["height"], about["width"], about["columns"]
    rows = sheet.shape[0] // height
    grid = sheet.reshape(rows, height, columns, width, about["channels"])
    tiles = grid.transpose(0, 2, 1, 3, 4).reshape(-1, *grid.shape[1::2], grid.shape[4])
    return np.ascontiguousarray(tiles[: about["count"]])
