"""The benchmark's figures in README and docs: written between the marks, and found stale when they are others."""

import json

import pytest

from tools import bench_table


def entry(contender, median, to_keras, to_hand):
    summary = median and {"median": median, "low": 0.9 * median, "high": 1.1 * median}
    return {"contender": contender, "summary": summary, "to_keras": to_keras, "to_best_by_hand": to_hand}


def record(own=50.0):
    """A run of one case in which one contender failed."""
    rows = [
        entry("keraunos", own, own / 200, own / 40),
        entry("keras[jax]", 200.0, 1.0, 5.0),
        entry("jax step", 80.0, 0.4, 2.0),
        entry("jax scan", 40.0, 0.2, 1.0),
        entry("jax flat scan", None, None, None),
    ]
    metric = {"name": "step", "title": "fit, per step", "unit": "µs", "scale": 1e6, "clock": "cpu"}
    verdicts = [{"text": "≤ 0.25 × keras[jax]", "reached": own / 200, "met": own <= 50}]
    machine = {"command": "python benchmarks/run.py", "date": "2026-01-02T03:04:05+00:00", "cpu": "C", "cores": 4}
    return {
        "machine": machine | {"python": "3.11.7", "packages": {"keraunos": None, "jax": "0.10.2"}},
        "comparisons": [{"case": "mlp", "metric": metric, "rows": rows, "verdicts": verdicts}],
        "warnings": ["load 9 on 4 cores"],
    }


def test_the_short_table_has_a_line_for_each_figure():
    head, _, line, _, source, warning = bench_table.short(record()).split("\n", 5)
    assert head.startswith("|  | keraunos | Keras 3 on JAX | best by hand")
    assert line == "| MLP 64-128-10, batch 32: fit, per step, µs | 50 | 200 | 40 | **0.25** | 1.25 |"
    assert source == "`python benchmarks/run.py`, 2026-01-02: C, one of 4 cores, Python 3.11.7, jax 0.10.2."
    assert "load 9 on 4 cores" in warning


def test_the_long_table_shows_failures_and_missed_goals():
    text = bench_table.long(record(own=60.0))
    assert text.startswith("0 of 1 goals reached.")
    assert "| jax flat scan | failed | – | – | – |" in text
    assert "| **keraunos** | 60 | 54–66 | 0.3 | 1.5 |" in text
    assert "Goal: ≤ 0.25 × keras[jax] ✗ (0.3)." in text


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """A page with marks, and the results of a run."""
    page, results = tmp_path / "README.md", tmp_path / "latest.json"
    page.write_text(f"a\n{bench_table.BEGIN}\n{bench_table.END}\nb\n", encoding="utf-8")
    results.write_text(json.dumps(record()), encoding="utf-8")
    monkeypatch.setattr(bench_table, "REPO", tmp_path)
    monkeypatch.setattr(bench_table, "PAGES", {page: bench_table.short})
    return page, results


def test_check_finds_a_stale_page_and_writes_nothing(pages, capsys):
    page, results = pages
    before = page.read_text(encoding="utf-8")
    assert bench_table.main(["--check", "--results", str(results)]) == 1
    assert "README.md does not show" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8") == before
    assert bench_table.main(["--results", str(results)]) == 0
    assert bench_table.main(["--check", "--results", str(results)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("a\n<!-- benchmarks -->\n\n|  | keraunos") and text.endswith("<!-- /benchmarks -->\nb\n")


def test_no_results_is_said(pages, capsys):
    assert bench_table.main(["--results", "none.json"]) == 2
    assert "benchmarks/run.py" in capsys.readouterr().err


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="once each"):
        bench_table.filled("no marks", "table")
