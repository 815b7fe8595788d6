"""A reader's files: what is read, and a sentence for everything that is not."""

import pickle

import numpy as np
import pytest
import torch

from lib.data import read_data, read_network
from lib.networks import from_torch

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]])
Y = np.array([[0.5], [-1.0], [2.0]])
TABLE = "x1,y,x2\n1,0.5,2\n3,-1,4\n5,2,6.5\n"


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def as_csv(folder):
    return write(folder / "d.csv", TABLE)


def as_archive(folder):
    np.savez(folder / "d.npz", X=X, Y=Y)
    return folder / "d.npz"


def as_folder(folder):
    np.save(folder / "X.npy", X)
    np.save(folder / "Y.npy", Y)
    return folder


@pytest.mark.parametrize("form", [as_csv, as_archive, as_folder])
def test_every_form_gives_the_same_numbers(form, tmp_path):
    inputs, targets = read_data(str(form(tmp_path)))
    np.testing.assert_array_equal(inputs, X)
    np.testing.assert_array_equal(targets, Y)


def test_headers_may_have_spaces_capitals_and_a_byte_order_mark(tmp_path):
    path = write(tmp_path / "d.csv", "\ufeffX a, Y\n1,2\n\n3,4\n")
    inputs, targets = read_data(path)
    assert (inputs.ravel().tolist(), targets.ravel().tolist()) == ([1, 3], [2, 4])


WRONG_TABLES = {
    "a,b\n1,2\n": r"must name columns x\.\.\. and y\.\.\., .*; got a, b",
    "x1,x2\n1,2\n": r"must name columns x\.\.\. and y\.\.\.",
    "x,y,z\n1,2,3\n": r"must name columns .*; got x, y, z",
    "": r"must name columns .*; got nothing",
    "x,y\n": "must have rows below its header; got none",
    "x,y\n1,two\n": "must be a number; got 'two' in row 2, column y",
    "x,y\n1,2\n3,\n": "must be a number; got '' in row 3, column y",
    "x,y\n1,2,3\n": "must have 2 entries, as the header has; got 3 in row 2",
    "x,y\n1,nan\n": r"Y of d.csv must be finite; got nan at row 0, column 0",
    "x,y\ninf,1\n": r"X of d.csv must be finite; got inf at row 0",
}


@pytest.mark.parametrize("text", WRONG_TABLES)
def test_a_wrong_table_is_refused_with_the_place(text, tmp_path):
    with pytest.raises(ValueError, match=WRONG_TABLES[text]):
        read_data(write(tmp_path / "d.csv", text))


def test_missing_files_are_named(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"a folder with X.npy and Y.npy .*gone"
    ):
        read_data(tmp_path / "gone.csv")
    np.save(tmp_path / "X.npy", X)
    with pytest.raises(FileNotFoundError, match=r"array Y at the path; got .*Y.npy"):
        read_data(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"an .npz with weights"):
        read_network(tmp_path / "w.npz")


def test_other_forms_and_names_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Data must be a .csv, an .npz"):
        read_data(write(tmp_path / "d.txt", TABLE))
    np.savez(tmp_path / "d.npz", X=X, labels=Y)
    with pytest.raises(ValueError, match="must hold arrays X and Y; got X, labels"):
        read_data(tmp_path / "d.npz")
    np.savez(tmp_path / "w.npz", X=X)
    with pytest.raises(ValueError, match=r"must hold U and V, or two linear l.*got X"):
        read_network(tmp_path / "w.npz")


def test_rows_that_do_not_correspond_are_refused(tmp_path):
    np.savez(tmp_path / "d.npz", X=X, Y=Y[:2])
    with pytest.raises(ValueError, match=r"one row per sample each; got X \(3, 2\)"):
        read_data(tmp_path / "d.npz")


class Trap:
    """Would write a file if it were unpickled."""

    def __reduce__(self):
        return exec, ("raise AssertionError('unpickled')",)


def test_pickles_are_refused_and_never_run(tmp_path):
    trap = np.array([[Trap()]], dtype=object)
    np.savez(tmp_path / "d.npz", X=trap, Y=Y)
    np.savez(tmp_path / "w.npz", U=trap, V=Y)
    for read, name in ((read_data, "d.npz"), (read_network, "w.npz")):
        with pytest.raises(ValueError, match="Save float arrays with numpy, not obj"):
            read(tmp_path / name)
    (tmp_path / "w.pt").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"pickles, which can run code.*np.savez"):
        read_network(tmp_path / "w.pt")


def test_a_file_cut_short_is_refused(tmp_path):
    path = as_archive(tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"must be a whole .npz file of numbers"):
        read_data(path)


def test_weights_are_read_by_either_name(tmp_path):
    np.savez(tmp_path / "w.npz", U=X, V=Y)
    network = read_network(tmp_path / "w.npz")
    np.testing.assert_array_equal(network.U, X)
    np.testing.assert_array_equal(network.V, Y)


def model(bias=True, last_bias=False):
    """Return an untrained network of PyTorch."""
    torch.manual_seed(0)
    first = torch.nn.Linear(2, 4, bias=bias)
    last = torch.nn.Linear(4, 3, bias=last_bias)
    return torch.nn.Sequential(first, torch.nn.ReLU(), last).double()


def save_state(path, module):
    np.savez(path, **{k: w.numpy() for k, w in module.state_dict().items()})
    return path


@pytest.mark.parametrize("bias", [False, True])
def test_a_state_dict_is_the_network_of_its_model(bias, tmp_path):
    network = read_network(save_state(tmp_path / "w.npz", model(bias)))
    expected = from_torch(model(bias))
    np.testing.assert_array_equal(network.U, expected.U)
    np.testing.assert_array_equal(network.V, expected.V)


def test_a_bias_of_the_last_layer_is_refused(tmp_path):
    path = save_state(tmp_path / "w.npz", model(last_bias=True))
    with pytest.raises(ValueError, match=r"last layer of w.npz must have no bias or a"):
        read_network(path)


def test_weights_that_are_not_finite_are_refused(tmp_path):
    np.savez(tmp_path / "w.npz", U=X * np.nan, V=Y)
    with pytest.raises(ValueError, match="U must be finite"):
        read_network(tmp_path / "w.npz")
