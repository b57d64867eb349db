"""The page of the clustering benchmark: bars met and short, times, versions, who else was busy."""

import importlib.metadata

import pytest

from benchmarks import cluster


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setattr(cluster, "LINES", [])
    monkeypatch.setattr(cluster, "VERDICTS", [])


def test_the_fastest_peer_is_the_measure_by_the_clock_and_by_the_processor():
    found = {
        "chainrule": ([1.0, 2.0, 2.0], [4.0, 4.0, 4.0], None),
        "slow": ([9.0, 9.0, 9.0], [3.0, 3.0, 3.0], None),
        "quick": ([4.0, 5.0, 3.0], [8.0, 8.0, 8.0], None),
    }
    cluster.compare("planted", found, 1.5, 3.0)
    clock, processor = cluster.VERDICTS
    assert clock.what == "times the speed of quick by the clock"
    assert (clock.value, clock.low, clock.high, clock.word) == (2.0, 1.5, 4.0, "passed")
    assert processor.what == "times the speed of slow by the processor"
    assert (processor.value, processor.word) == (0.75, "short")


def test_the_page_has_verdicts_times_and_versions(tmp_path):
    cluster.say("ward", "chainrule 170 s")
    cluster.judge("ward", "seconds by the clock", [170.0], 180, at_most=True)
    cluster.write(tmp_path / "page.md", 0.5)
    page = (tmp_path / "page.md").read_text()
    (row,) = [line for line in page.splitlines() if "seconds by the clock" in line]
    assert "at most 180" in row
    assert row.rstrip(" |").endswith("passed")
    assert "chainrule 170 s" in page
    assert importlib.metadata.version("scipy") in page
    assert importlib.metadata.version("scikit-learn") in page
    assert "do not count" in page


def test_contenders_take_turns():
    order = []
    found = cluster.race({n: lambda n=n: order.append(n) or n for n in ("a", "b")}, rounds=2)
    assert order == ["a", "b", "a", "b"]
    assert len(found["a"][0]) == len(found["a"][1]) == 2
    assert found["b"][2] == "b"
