"""Files written whole, keys of content, and records that fit their files."""

from dataclasses import dataclass

import numpy as np
import pytest

from lib import store


@dataclass(frozen=True)
class Note:
    """The least that a record holds."""

    key: str
    sha256: str


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_aside(tmp_path):
    path = tmp_path / "deep" / "a.bin"
    store.replace(path, b"old")

    def fail():
        with store.written_whole(path) as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_arrays_come_back_bit_for_bit(tmp_path):
    arrays = {"a": np.array([0.1, np.nan, -0.0]), "b": np.array("word")}
    store.write_arrays(tmp_path / "x.npz", arrays)
    again = store.read_arrays(tmp_path / "x.npz")
    assert {k: v.tobytes() for k, v in again.items()} == {
        k: v.tobytes() for k, v in arrays.items()
    }


def test_pickled_objects_are_refused_unread(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, odd=np.array([object()]))
    with pytest.raises(ValueError, match="Delete it to start afresh"):
        store.read_arrays(path)


def test_fingerprints_tell_shapes_types_and_words_apart():
    zeros = np.zeros(4)
    parts = (zeros,), (zeros.reshape(2, 2),), (zeros.astype("f4"),), (zeros, "word")
    assert len({store.fingerprint(part) for part in parts}) == len(parts)
    assert store.fingerprint([zeros]) == store.fingerprint([zeros.copy()])


def test_keys_follow_names_contents_and_what_is_told(tmp_path):
    one, other = tmp_path / "a.py", tmp_path / "b.py"
    one.write_text("x")
    other.write_text("x")
    both = store.content_keys([one], [{"seed": 0}, {"seed": 1}])
    assert both[:1] == store.content_keys([one], [{"seed": 0}])
    others = [store.content_keys(f, [{"seed": 0}])[0] for f in ([other], [one, other])]
    assert len({*both, *others}) == 4
    one.write_text("y")
    assert store.content_keys([one], [{"seed": 0}])[0] not in both


def test_a_record_is_found_while_it_fits_its_file(tmp_path):
    path = tmp_path / "a.npz"
    store.replace(path, b"content")
    note = Note("k", store.sha256(b"content"))
    store.write_record(path, note)
    assert store.read_record(Note, path) == note
    store.replace(path, b"edited")
    assert store.read_record(Note, path) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"key": "k"}', '{"other": 1}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path, text):
    path = tmp_path / "a.npz"
    store.replace(path, b"content")
    assert store.read_record(Note, path) is None
    path.with_suffix(".json").write_text(text)
    assert store.read_record(Note, path) is None


def test_the_machine_is_described_in_plain_words():
    described = store.machine()
    assert set(described) == {"processor", "cores", "GPU", "platform", "python"}
    assert described["cores"] >= 1
    assert described["processor"]
    assert store.versions(["numpy"]) == {"numpy": np.__version__}
