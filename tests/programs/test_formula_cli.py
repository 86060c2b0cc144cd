"""``keraunos formula``: what it prints, what it leaves, and what it says about tables that won't do."""

import numpy as np
import pytest
from typer.testing import CliRunner

from keraunos import saving
from keraunos.cli.main import app


@pytest.fixture
def table(tmp_path):
    """A table of which one cell is empty."""
    pytest.importorskip("pandas")
    x = np.random.default_rng(0).uniform(1, 5, (150, 2))
    y = x[:, 0] ** 2 / (1 + x[:, 1])
    rows = [f"{a},{b},{c}" for (a, b), c in zip(x, y)]
    rows[3] = rows[3].rsplit(",", 1)[0] + ","
    path = tmp_path / "cars.csv"
    path.write_text("speed,drag area,force\n" + "\n".join(rows) + "\n")
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["formula", *map(str, arguments)])


def test_it_finds_writes_and_keeps(table):
    saved, state = table.with_name("cars.keras"), table.with_name("search.json")
    done = run(
        table, "--target", "force", "--time", 20, "--operators", "+,-,*,/,square", "--save", saved, "--state", state
    )
    assert done.exit_code == 0, done.output
    assert "1 of 150 rows lack a finite value and were dropped (y: 1)" in done.output
    namespace = {}
    exec(table.with_name("cars.formula.py").read_text(), namespace)
    assert namespace["force"](speed=6.0, drag_area=2.0) == pytest.approx(12.0, rel=1e-6)
    assert table.with_name("cars.formula.png").stat().st_size > 10_000
    assert saving.load_model(saved).predict([[6.0, 2.0]])[0] == pytest.approx(12.0, rel=1e-6)
    assert state.is_file()
    again = run(table, "--target", "force")
    assert again.exit_code == 2 and "cars.formula.png exists already: say --overwrite" in again.output


BAD = [
    (["--target", "power"], "has no column 'power'"),
    (["--target", "force", "--column", "mass"], "has no column 'mass'"),
    (["--target", "force", "--column", "force"], "can't be a column to compute it from"),
    (["--target", "force", "--operators", "+,sinus"], "sinus"),
    (["--target", "force", "--unit", "speed"], "COLUMN=UNIT"),
    (["--target", "force", "--time", "0"], "time_limit must be greater than 0"),
    (["--target", "force", "--save", "model.h5"], "must name a file that ends in .keras"),
]


@pytest.mark.parametrize("options, message", BAD, ids=[" ".join(o) for o, _ in BAD])
def test_bad_options_are_named(table, options, message):
    done = run(table, *options)
    assert done.exit_code == 2 and message in done.output
    assert not table.with_name("cars.formula.py").exists()


def test_texts_are_named(tmp_path):
    pytest.importorskip("pandas")
    path = tmp_path / "cars.csv"
    path.write_text("colour,a,y\nred,1,2\nblue,2,3\n")
    done = run(path, "--target", "y")
    assert done.exit_code == 2 and "'colour' is categorical (2 values: 'blue', 'red')" in done.output
