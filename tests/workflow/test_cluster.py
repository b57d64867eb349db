"""`cr.cluster`: segments that were planted, their words, the file, new rows, and bad input."""

import json

import numpy as np
import pytest

import chainrule as cr
from chainrule.clustering import is_segments_file, load_segments
from chainrule.errors import DataError, ModelFileError, SettingError

rng = np.random.default_rng(0)
ROWS = 240


def customers():
    """Three kinds of customers, with one row that spends far more than its kind."""
    kind = np.arange(ROWS) % 3
    spend = np.array([20, 200, 90])[kind] + rng.normal(0, 5, ROWS)
    visits = np.array([30, 3, 12])[kind] + rng.normal(0, 1, ROWS)
    region = np.where(kind == 0, "north", "south")
    spend[7] = 900
    return {
        "id": [f"customer{i}" for i in range(ROWS)],
        "spend": spend,
        "visits": visits,
        "region": region.tolist(),
        "same": [1] * ROWS,
    }


TABLE = customers()


@pytest.fixture(scope="module")
def segments():
    return cr.cluster(TABLE)


def test_planted_segments_are_found_counted_and_described(segments):
    assert segments.k == 3
    truth = np.arange(ROWS) % 3
    truth[7] = segments.labels[7]
    for kind in range(3):
        mine = np.delete(segments.labels[kind::3], 2) if kind == 1 else segments.labels[kind::3]
        assert len(set(mine)) == 1
    north = segments.card["segments"][segments.labels[0] - 1]
    assert "low spend" in north["words"]
    assert "high visits" in north["words"]
    assert "north" in north["words"]
    assert "median" in north["words"]
    assert all(s["stability"] > 0.9 for s in segments.card["segments"])
    assert sum(s["rows"] for s in segments.card["segments"]) == ROWS
    assert segments.card["columns"]["same"]
    assert segments.card["columns"]["id"]


def test_the_planted_anomaly_is_ranked_first_with_its_reason(segments):
    first = segments.anomalies[0]
    assert first["row"] == 8
    assert "spend is 900" in first["reason"]


def test_the_file_gives_the_same_answers_and_holds_no_row(segments, tmp_path):
    path = tmp_path / "customers.safetensors"
    segments.save(path)
    again = cr.load(path)
    np.testing.assert_array_equal(again.predict(TABLE), segments.labels)
    assert again.card == json.loads(json.dumps(segments.card))
    assert again.rows is None
    assert b"customer17" not in path.read_bytes()
    answers = cr.predict(path, TABLE, id="id")
    np.testing.assert_array_equal(answers["segment"], segments.labels)
    assert answers["id"][3] == "customer3"
    assert answers["oddness"].argmax() == 7


def test_reasons_with_cells_are_in_the_file_only_where_rows_are_kept(segments, tmp_path):
    assert "spend is 900" in segments.anomalies[0]["reason"]
    segments.save(tmp_path / "bare")
    assert cr.load(tmp_path / "bare").anomalies[0]["reason"] == "by spend"
    kept = cr.cluster(TABLE, k=3, keep_rows=True)
    kept.save(tmp_path / "kept")
    assert cr.load(tmp_path / "kept").anomalies == kept.anomalies
    assert "spend is 900" in kept.card["anomalies"][0]["reason"]


def test_one_seed_gives_the_same_file(tmp_path):
    for name in ("a", "b"):
        cr.cluster(TABLE, k=3, seed=4).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("method", ["ward", "single", "complete", "average"])
def test_a_tree_places_new_rows_where_its_rows_are_kept(method, tmp_path):
    kept = cr.cluster(TABLE, k=3, method=method, keep_rows=True)
    kept.save(tmp_path / "kept")
    np.testing.assert_array_equal(cr.load(tmp_path / "kept").predict(TABLE), kept.labels)
    bare = cr.cluster(TABLE, k=3, method=method)
    with pytest.raises(SettingError, match="--keep-rows"):
        bare.predict(TABLE)


def test_missing_cells_are_filled_in_and_said():
    table = {**TABLE, "spend": [None, *TABLE["spend"][1:]], "region": [None, *TABLE["region"][1:]]}
    found = cr.cluster(table, k=3)
    assert found.card["imputed"] == {"spend": 1, "region": 1}


def test_every_figure_is_drawn(segments):
    tree = cr.cluster(TABLE, k=3, method="ward")
    assert "in standard deviations" in cr.plot(segments, "profile").axes[0].get_title(loc="left")
    assert "merges (ward)" in cr.plot(tree, "dendrogram").axes[0].get_title(loc="left")
    for kind in ("scatter", "silhouette"):
        assert cr.plot(segments, kind, TABLE).axes
        assert cr.plot(tree, kind, TABLE).axes
    others = {name: cells[::-1][:-1] for name, cells in TABLE.items()}
    with pytest.raises(SettingError, match="--keep-rows"):
        cr.plot(tree, "scatter", others)
    with pytest.raises(SettingError, match="no tree"):
        cr.plot(segments, "dendrogram")
    with pytest.raises(SettingError, match="name a table"):
        cr.plot(segments, "scatter")
    with pytest.raises(SettingError, match="figure of segments"):
        cr.plot(segments, "curves")


def test_cosine_segments_are_directions():
    x = np.concatenate([rng.normal(5, 1, (60, 2)), rng.normal(-5, 1, (60, 2))])
    found = cr.cluster({"a": x[:, 0], "b": x[:, 1]}, k=2, metric="cosine")
    assert len(set(found.labels[:60])) == 1
    np.testing.assert_array_equal(found.predict({"a": x[:, 0], "b": x[:, 1]}), found.labels)


@pytest.mark.parametrize(
    ("table", "settings", "said"),
    [
        ({"a": [1.0] * 30}, {}, "no column to cluster by"),
        ({"name": [f"n{i}" for i in range(90)]}, {}, "no column to cluster by"),
        ({"a": [1.0]}, {}, "no column to cluster by"),
        ({"a": [1.0, np.inf] * 20}, {}, "infinit"),
        ({"a": [1.0, 2.0] * 20}, {"k": 3}, "2 different values"),
        ({"a": [1.0, 2.0] * 20}, {"k": 0}, "1 or more"),
        ({"a": [1.0, 2.0] * 20}, {"k": 50}, "ask for 40 or fewer"),
        (TABLE, {"method": "wards"}, "Did you mean 'ward'"),
        (TABLE, {"metric": "manhattan"}, "metric"),
        (TABLE, {"metric": "cosine", "method": "ward", "k": 2}, "k-means"),
        (TABLE, {"drop": ["spent"]}, "Did you mean 'spend'"),
    ],
)
def test_bad_input_is_named(table, settings, said):
    with pytest.raises((DataError, SettingError), match=said):
        cr.cluster(table, **settings)


def test_more_rows_than_memory_allows_are_said_beforehand():
    x = rng.random(2_000_000)
    with pytest.raises(DataError, match=r"Complete linkage of 2,000,000 rows .* are there"):
        cr.cluster({"a": x}, k=2, method="complete")


def test_damaged_files_are_refused(segments, tmp_path):
    path = tmp_path / "whole"
    segments.save(path)
    assert is_segments_file(path)
    whole = path.read_bytes()
    for place in np.linspace(0, len(whole) - 1, 40).astype(int):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(bytes(damaged))
        with pytest.raises(ModelFileError):
            load_segments(path)
        path.write_bytes(whole[:place])
        with pytest.raises(ModelFileError):
            load_segments(path)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("widths", np.array([0.0, 1.0, 1.0]), "above 0"),
        ("centers", np.zeros((3, 1)), "shapes"),
        ("centers", np.full((3, 4), np.nan), "not finite"),
        ("method", "median", "method"),
        ("cosine", 1, "distance"),
        ("card", {"segments": [], "anomalies": []}, "card"),
        ("row_labels", np.zeros(3, "int64"), "rows"),
    ],
)
def test_a_file_whose_parts_do_not_fit_is_refused(segments, tmp_path, field, value, said):
    from dataclasses import replace

    replace(segments, **{field: value}).save(tmp_path / "odd")
    with pytest.raises(ModelFileError, match=said):
        load_segments(tmp_path / "odd")


def entries(value, path=()):
    """The path of every entry of lists and dicts within one another."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in inner:
        yield (*path, name)
        if isinstance(one, dict | list):
            yield from entries(one, (*path, name))


def changed(card, path, change):
    """A copy of the card with one entry changed."""
    copy = json.loads(json.dumps(card))
    *above, last = path
    place = copy
    for name in above:
        place = place[name]
    change(place, last)
    return copy


def test_a_card_with_an_entry_of_another_kind_or_without_it_is_refused(segments, tmp_path):
    """Otherwise inspect, plot or predict would trip over it later."""
    from dataclasses import replace

    seen = set()
    for path in entries(segments.card):
        kind = tuple("#" if isinstance(name, int) else name for name in path)
        if kind in seen:
            continue
        seen.add(kind)
        damages = [lambda place, last: place.__setitem__(last, {"odd": [1]})]
        if isinstance(path[-1], str) and path[0] not in ("columns", "imputed"):
            damages.append(lambda place, last: place.pop(last))
        for damage in damages:
            hostile = replace(segments, card=changed(segments.card, path, damage))
            hostile.save(tmp_path / "hostile")
            with pytest.raises(ModelFileError, match="card"):
                load_segments(tmp_path / "hostile")
    assert len(seen) > 50


@pytest.mark.parametrize(
    ("place", "value"),
    [((0, 0), 70.0), ((0, 0), 0.5), ((5, 1), -1.0), ((0, 2), -1.0), ((-1, 0), 0.0), ((1, 0), None)],
)
def test_a_tree_that_is_none_is_refused(tmp_path, place, value):
    from dataclasses import replace

    made = cr.cluster(TABLE, k=3, method="ward")
    tree = made.tree.copy()
    tree[place] = tree[0, 0] if value is None else value
    replace(made, tree=tree).save(tmp_path / "odd")
    with pytest.raises(ModelFileError, match="tree"):
        load_segments(tmp_path / "odd")
