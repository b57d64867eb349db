"""Series come out of their files as they went in, whatever their lengths."""

import numpy as np

from benchmarks.series_files import clips_in, read_ts, ts_in

FILE = """# A comment: with a colon
@problemName two
@classLabel true a b
@data
1,2,3:4,5,6:a

7.5:-8:b
"""


def test_a_ts_file_gives_time_by_features_with_lengths_and_labels(tmp_path):
    (tmp_path / "two.ts").write_text(FILE)
    values, lengths, labels = read_ts(tmp_path / "two.ts")
    assert values.dtype == np.float32
    assert values.tolist() == [[[1, 4], [2, 5], [3, 6]], [[7.5, -8], [0, 0], [0, 0]]]
    assert (lengths.tolist(), labels.tolist()) == ([3, 1], ["a", "b"])


def test_the_parts_of_training_and_test_are_kept_apart(tmp_path):
    folder = tmp_path / "data" / "Two"
    folder.mkdir(parents=True)
    (folder / "Two_TRAIN.ts").write_text(FILE)
    (folder / "Two_TEST.ts").write_text("9:10:b\n")
    ts_in("data", "Two")(tmp_path, tmp_path / "two.npz")
    with np.load(tmp_path / "two.npz") as found:
        shapes = {key: found[key].shape for key in found}
    assert shapes["train_x"] == (2, 3, 2)
    assert shapes["test_x"] == (1, 1, 2)
    assert shapes["train_lengths"] == shapes["train_y"] == (2,)


def test_clips_that_lie_in_a_row_are_cut_at_their_lengths(tmp_path):
    X = np.arange(10, dtype=np.float32).reshape(5, 2)
    np.savez(tmp_path / "row.npz", X=X, lengths=[2, 3], y=[4, 1])
    clips_in("row.npz")(tmp_path, tmp_path / "clips.npz")
    with np.load(tmp_path / "clips.npz") as found:
        assert found["x"].tolist() == [[[0, 1], [2, 3], [0, 0]], [[4, 5], [6, 7], [8, 9]]]
        assert found["lengths"].tolist() == [2, 3]
        assert found["y"].tolist() == [4, 1]
