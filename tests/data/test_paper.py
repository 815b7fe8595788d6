"""Synthetic data sets against their definitions, image packs against their hashes."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from lib.data import (
    ImagePack,
    gaussian_teacher,
    image_packs,
    load_images,
    one_hot,
    spiral,
)
from lib.data.paper import DATA

PACKS = {
    "cifar100_test_10000": ((10_000, 32, 32, 3), 100),
    "cifar100_train_3000": ((3_000, 32, 32, 3), 100),
    "cifar10_test_10000": ((10_000, 32, 32, 3), 10),
    "cifar10_train_3000": ((3_000, 32, 32, 3), 10),
    "mnist_train_100": ((100, 28, 28, 1), 10),
}


def rng(seed=0):
    """Return a generator."""
    return np.random.default_rng(seed)


# -- the random teacher


@pytest.mark.parametrize("init", ["torch", "normal"])
def test_teacher_gives_data_of_the_sizes_asked_for(init):
    X, Y = gaussian_teacher(25, 2, 5, 100, rng(), init=init)
    assert X.shape == (25, 2)
    assert Y.shape == (25, 5)


def test_teacher_draws_the_same_inputs_for_both_inits():
    by_init = [
        gaussian_teacher(25, 2, 5, 9, rng(), init=init)[0]
        for init in ("torch", "normal")
    ]
    np.testing.assert_array_equal(*by_init)
    np.testing.assert_array_equal(by_init[0], rng().standard_normal((25, 2)))


def test_normal_teacher_is_a_relu_network_with_normal_weights():
    X, Y = gaussian_teacher(6, 2, 3, 4, rng(5), init="normal")
    again = rng(5)
    again.standard_normal((6, 2))
    U, V = again.standard_normal((4, 2)), again.standard_normal((4, 3))
    by_hand = [
        sum(max(float(x @ u), 0.0) * v for u, v in zip(U, V, strict=True)) for x in X
    ]
    np.testing.assert_allclose(Y, by_hand, rtol=1e-13)


def test_torch_teacher_has_weights_within_one_over_root_fan_in():
    X, Y = gaussian_teacher(6, 2, 3, 4, rng(5), init="torch")
    again = rng(5)
    again.standard_normal((6, 2))
    U = again.uniform(-1, 1, (4, 2)) / np.sqrt(2)
    V = again.uniform(-1, 1, (4, 3)) / np.sqrt(4)
    np.testing.assert_allclose(Y, np.maximum(X @ U.T, 0) @ V, rtol=1e-13)


def test_teacher_labels_are_positively_homogeneous_in_the_inputs():
    # Without biases the teacher is homogeneous; a bias would show here.
    X, Y = gaussian_teacher(200, 2, 3, 50, rng(), init="torch")
    directions = X / np.linalg.norm(X, axis=1, keepdims=True)
    rates = Y / np.linalg.norm(X, axis=1, keepdims=True)
    order = np.argsort(np.arctan2(directions[:, 1], directions[:, 0]))
    steps = np.diff(rates[order], axis=0)
    turns = np.linalg.norm(np.diff(directions[order], axis=0), axis=1, keepdims=True)
    # |F(x) - F(y)| <= sum_j |u_j||v_j| |x - y| <= 50 * 1 * sqrt(3 / 50) |x - y|.
    assert (np.linalg.norm(steps, axis=1) <= 50 * np.sqrt(3 / 50) * turns[:, 0]).all()


def test_teacher_refuses_an_unknown_init():
    with pytest.raises(ValueError, match="init must be 'torch' or 'normal'; got 'he'"):
        gaussian_teacher(2, 2, 2, 2, rng(), init="he")


@pytest.mark.parametrize("name", ["n", "d", "c", "neurons"])
@pytest.mark.parametrize("count", [0, 2.5])
def test_teacher_refuses_a_size_that_is_no_count(name, count):
    sizes = {"n": 2, "d": 2, "c": 2, "neurons": 2, name: count}
    with pytest.raises(ValueError, match=f"{name} must be a whole number >= 1; got"):
        gaussian_teacher(**sizes, rng=rng(), init="torch")


# -- the spiral


def test_spiral_has_three_arms_of_one_class_each():
    X, Y = spiral(20, rng())
    assert X.shape == (60, 2)
    np.testing.assert_array_equal(Y, np.kron(np.eye(3), np.ones((20, 1))))


def test_spiral_radii_grow_evenly_from_the_origin():
    X, _ = spiral(20, rng())
    radii = np.linalg.norm(X, axis=1).reshape(3, 20)
    np.testing.assert_allclose(
        radii, np.tile(np.linspace(0, 1, 20), (3, 1)), atol=1e-15
    )
    assert not X[[0, 20, 40]].any()


def test_spiral_angles_turn_four_radians_an_arm_with_noise():
    X, _ = spiral(4000, rng())
    x = X.reshape(3, 4000, 2)[:, 1:]
    measured = np.arctan2(x[..., 0], x[..., 1])
    planned = 4 * np.arange(3)[:, None] + np.linspace(0, 4, 4000)[None, 1:]
    noise = (measured - planned + np.pi) % (2 * np.pi) - np.pi
    # Standard errors of mean and deviation of 4000 draws: 0.0032 and 0.0022.
    np.testing.assert_allclose(noise.mean(axis=1), 0.0, atol=0.016)
    np.testing.assert_allclose(noise.std(axis=1), 0.2, atol=0.011)


def test_spiral_depends_on_the_generator_only():
    np.testing.assert_array_equal(spiral(20, rng(1))[0], spiral(20, rng(1))[0])
    assert (spiral(20, rng(1))[0] != spiral(20, rng(2))[0]).any()


def test_spiral_refuses_a_size_that_is_no_count():
    with pytest.raises(ValueError, match="points must be a whole number >= 1; got 0"):
        spiral(0, rng())


# -- labels


def test_one_hot_marks_the_class():
    np.testing.assert_array_equal(one_hot([2, 0], 3), [[0, 0, 1], [1, 0, 0]])


def test_one_hot_of_no_labels_has_no_rows():
    assert one_hot([], 3).shape == (0, 3)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 2]])
def test_one_hot_refuses_labels_out_of_range(labels):
    message = rf"labels must lie in 0 \.\. 2; got {min(labels)} \.\. {max(labels)}"
    with pytest.raises(ValueError, match=message):
        one_hot(labels, 3)


@pytest.mark.parametrize("labels", [[0.0, 1.0], [[0, 1]], ["cat"]])
def test_one_hot_refuses_labels_that_are_no_whole_numbers(labels):
    with pytest.raises(ValueError, match="labels must be one whole number a sample"):
        one_hot(labels, 3)


# -- image packs


def test_the_packs_at_hand_are_those_the_book_uses():
    assert image_packs() == sorted(PACKS)


@pytest.mark.parametrize("name", sorted(PACKS))
def test_pack_loads_and_its_pixels_have_the_recorded_hash(name):
    shape, classes = PACKS[name]
    pack = load_images(name)
    assert pack.images.shape == shape
    assert pack.images.dtype == np.uint8
    assert len(pack.classes) == classes
    assert len(pack.labels) == len(pack.images)
    about = json.loads((DATA / f"{name}.json").read_text())
    pixels = hashlib.sha256(np.ascontiguousarray(pack.images).tobytes()).hexdigest()
    assert pixels == about["pixels_sha256"]


@pytest.mark.parametrize("name", sorted(PACKS))
def test_pack_is_class_balanced(name):
    about = json.loads((DATA / f"{name}.json").read_text())
    counts = np.bincount(about["labels"])
    assert (counts == about["count"] // len(about["classes"])).all()


def test_cifar10_test_pack_is_the_official_file_byte_for_byte():
    # The official record is the label and then the pixels, channel by channel.
    pack = load_images("cifar10_test_10000")
    planes = pack.images.transpose(0, 3, 1, 2).reshape(10_000, -1)
    records = np.hstack([pack.labels[:, None].astype(np.uint8), planes])
    members = json.loads((DATA / "official_members.json").read_text())
    official = members["cifar-10-batches-bin/test_batch.bin"]
    assert hashlib.sha256(records.tobytes()).hexdigest() == official


def test_pack_gives_its_labels_as_indicators():
    pack = load_images("mnist_train_100")
    np.testing.assert_array_equal(pack.one_hot, np.kron(np.eye(10), np.ones((10, 1))))


def test_indicators_have_a_column_for_each_class_even_an_absent_one():
    pack = ImagePack(
        np.zeros((1, 1, 1, 1), np.uint8), np.array([1]), ("a", "b", "c"), ""
    )
    np.testing.assert_array_equal(pack.one_hot, [[0.0, 1.0, 0.0]])


@pytest.fixture
def packs(tmp_path):
    """A folder with a copy of the smallest pack."""
    for suffix in ("png", "json"):
        shutil.copy(DATA / f"mnist_train_100.{suffix}", tmp_path)
    return tmp_path


def rewrite(folder, **changes):
    """Change entries in the description of the pack."""
    path = folder / "mnist_train_100.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_copied_pack_loads_from_its_folder(packs):
    assert len(load_images("mnist_train_100", packs).images) == 100


def test_truncated_sheet_is_refused(packs):
    sheet = packs / "mnist_train_100.png"
    sheet.write_bytes(sheet.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"file mnist_train_100\.png must have sha256"):
        load_images("mnist_train_100", packs)


def test_one_flipped_bit_is_refused(packs):
    sheet = packs / "mnist_train_100.png"
    content = bytearray(sheet.read_bytes())
    content[-20] ^= 1
    sheet.write_bytes(content)
    with pytest.raises(ValueError, match="truncated or changed: restore them with"):
        load_images("mnist_train_100", packs)


def test_wrong_pixels_are_refused_even_in_a_file_of_the_recorded_hash(packs):
    rewrite(packs, pixels_sha256="0" * 64)
    with pytest.raises(ValueError, match="The pixels of mnist_train_100 must have sha"):
        load_images("mnist_train_100", packs)


def test_missing_sheet_is_named_with_its_cure(packs):
    (packs / "mnist_train_100.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"is missing.*checkout -- data/m"):
        load_images("mnist_train_100", packs)


def test_sheet_that_pillow_cannot_read_is_named(packs):
    noise = b"this is no image"
    (packs / "mnist_train_100.png").write_bytes(noise)
    rewrite(packs, file_sha256=hashlib.sha256(noise).hexdigest())
    with pytest.raises(ValueError, match=r"Pillow cannot decode mnist_train_100\.png"):
        load_images("mnist_train_100", packs)


def test_unknown_pack_is_answered_with_the_known_ones(packs):
    with pytest.raises(ValueError, match=r"no image pack 'cifar'.*are mnist_train_100"):
        load_images("cifar", packs)


def test_empty_folder_has_no_packs(tmp_path):
    assert image_packs(tmp_path) == []
    with pytest.raises(ValueError, match="there are none"):
        load_images("mnist_train_100", tmp_path)


def test_tiles_are_read_row_by_row_and_the_unused_ones_left(tmp_path):
    # Three 2 x 2 tiles on a sheet of two columns; the fourth place is padding.
    tiles = np.arange(16, dtype=np.uint8).reshape(4, 2, 2)
    sheet = tiles.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)
    Image.fromarray(sheet).save(tmp_path / "toy.png")
    about = {
        "file": "toy.png",
        "count": 3,
        "columns": 2,
        "height": 2,
        "width": 2,
        "channels": 1,
        "classes": ["a", "b"],
        "labels": [0, 1, 0],
        "source": "a toy",
        "pixels_sha256": hashlib.sha256(tiles[:3].tobytes()).hexdigest(),
        "file_sha256": hashlib.sha256((tmp_path / "toy.png").read_bytes()).hexdigest(),
    }
    (tmp_path / "toy.json").write_text(json.dumps(about))
    pack = load_images("toy", tmp_path)
    np.testing.assert_array_equal(pack.images[..., 0], tiles[:3])
    assert (pack.classes, pack.source) == (("a", "b"), "a toy")
