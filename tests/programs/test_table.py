"""TableProgram: columns of pandas tables, missing cells, files, errors; and `keraunos transform` on CSV files."""

import datetime

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import keraunos as keras
from keraunos import programs
from keraunos.cli.main import app


def people():
    return pd.DataFrame(
        {
            "First name": ["Ada", "Alan", "Grace", None, "Édith"],
            "Last name": ["Lovelace", "Turing", "Hopper", "Liskov", "Clarke"],
            "age": [36, 41, np.nan, 80, 79],
            "joined": pd.to_datetime(["2024-03-01", "2023-11-25", "2020-01-02", None, "1999-12-31"]),
        },
        index=list("abcde"),
    )


FILLED = [
    ("mail", ["ada.lovelace@x.org", "alan.turing@x.org", None, None, None], {2: "grace.hopper@x.org", 3: None}),
    ("since", ["1 Mar 2024", "25 Nov 2023", None, None, None], {2: "2 Jan 2020", 3: None, 4: "31 Dec 1999"}),
    ("next", [37, 42, None, None, None], {2: None, 3: 81, 4: 80}),
    ("half", [18.0, 20.5, None, None, None], {2: None, 3: 40.0, 4: 39.5}),
    ("old", [False, False, None, True, None], {4: True}),
    ("year", ["in 2024", "in 2023", None, None, None], {4: "in 1999"}),
]


@pytest.mark.parametrize("name, cells, answers", FILLED, ids=lambda v: v if isinstance(v, str) else "")
def test_columns_are_filled(name, cells, answers):
    table = people().assign(**{name: pd.Series(cells, index=list("abcde"), dtype=object)})
    before = table.copy()
    model = programs.TableProgram(name)
    history = model.fit(table)
    assert len(history.history["nodes"]) > 2
    filled = model.fill(table)
    for row, cell in enumerate(cells):
        if cell is not None:
            assert filled[name].iloc[row] == cell
    for row, answer in answers.items():
        got = filled[name].iloc[row]
        assert pd.isna(got) if answer is None else got == answer
    pd.testing.assert_frame_equal(table, before)  # the user's table is left as it was
    assert model.evaluate(table) == 1.0
    assert list(filled.index) == list("abcde")


def test_model_file(tmp_path, capsys):
    table = people().assign(short=["A. Lovelace", "A. Turing", None, None, None])
    model = programs.TableProgram("short", columns=["First name", "Last name"])
    model.fit(table)
    model.save(tmp_path / "short.keras")
    loaded = keras.saving.load_model(tmp_path / "short.keras")
    assert loaded.predict(table).tolist() == model.predict(table).tolist()
    assert [str(p) for p in loaded.programs] == [str(p) for p in model.programs]
    loaded.summary()
    assert "def transform(first_name, last_name):" in capsys.readouterr().out
    # A new table with other columns beside, in another order, is enough.
    new = pd.DataFrame({"Last name": ["Curie"], "x": [0], "First name": ["Marie"]})
    assert loaded.fill(new)["short"].tolist() == ["M. Curie"]


def test_missing_cells_that_the_examples_use_are_empty_texts():
    table = pd.DataFrame(
        {
            "first": ["Ada", "Alan", "Grace", "Emmy"],
            "middle": ["King", None, "Brewster", None],
            "full": ["Ada King", "Alan", None, None],
        }
    )
    model = programs.TableProgram("full")
    model.fit(table)
    assert model.fill(table)["full"].tolist()[2:] == ["Grace Brewster", "Emmy"]


def test_fill_overwrites_only_when_asked():
    table = pd.DataFrame({"a": ["x-1", "y-2", "z-3"], "b": ["1", "2", None]})
    model = programs.TableProgram("b")
    model.fit(table)
    edited = table.assign(b=["by hand", None, None])
    assert model.fill(edited)["b"].tolist() == ["by hand", "2", "3"]
    assert model.fill(edited, overwrite=True)["b"].tolist() == ["1", "2", "3"]


def test_dates_of_python():
    table = pd.DataFrame({"d": [datetime.date(2024, 3, 1), datetime.date(2023, 11, 25)], "y": [2024, None]})
    model = programs.TableProgram("y")
    model.fit(table)
    assert model.fill(table)["y"].tolist() == [2024, 2023]


def test_callback_stops_the_search():
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    table = pd.DataFrame({"a": ["x", "y"], "b": ["q1", "r2"]})
    with pytest.raises(programs.NoProgramFound, match="found for the 2 examples"):
        programs.TableProgram("b").fit(table, callbacks=[Stop()])


def contradicting():
    return pd.DataFrame({"a": ["x", "y", "x"], "b": ["1", "2", "3"]}, index=[10, 11, 12])


ERRORS = [
    (lambda: programs.TableProgram("b").fit([1]), TypeError, "expected a pandas DataFrame"),
    (lambda: programs.TableProgram("nmae").fit(pd.DataFrame({"name": ["x"]})), ValueError, "Did you mean 'name'"),
    (lambda: programs.TableProgram("b").fit(pd.DataFrame({"a": ["x"], "b": [None]})), ValueError, "fill two or three"),
    (lambda: programs.TableProgram("b").fit(pd.DataFrame({"b": ["x"]})), ValueError, "no other column"),
    (lambda: programs.TableProgram("b", columns=["z"]).fit(contradicting()), ValueError, "no column 'z'"),
    (lambda: programs.TableProgram("b").fit(contradicting()), ValueError, "rows 10 and 12 contradict each other"),
    (lambda: programs.TableProgram("b").predict(contradicting()), RuntimeError, r"call fit\(table\) first"),
    (
        lambda: programs.TableProgram("b").fit(pd.DataFrame([["x", "y", "z"]], columns=["a", "a", "b"])),
        ValueError,
        r"several called \['a'\]",
    ),
]


@pytest.mark.parametrize("do, error, message", ERRORS, ids=[m for *_, m in ERRORS])
def test_errors(do, error, message):
    with pytest.raises(error, match=message):
        do()


# -- the command line --------------------------------------------------------------------------------------------------

CSV = "Name,Phone,Score,Short,Grade\nAda Lovelace,2125550123,45,A. Lovelace,fail\nAlan Turing,0155559999,80,A. Turing,pass\n"
REST = "Grace Hopper,1112223333,50,,pass\nŁukasz Nowak,9998887777,20,,\n,1234567890,99,,\n"


def transform(*arguments):
    return CliRunner().invoke(app, ["transform", *map(str, arguments)])


def test_transform(tmp_path):
    table = tmp_path / "people.csv"
    table.write_text(CSV + REST, encoding="utf-8")
    done = transform(table, "--column", "Name", "--to", "Short", "--save", tmp_path / "short.keras")
    assert done.exit_code == 0, done.output
    lines = (tmp_path / "people.filled.csv").read_text(encoding="utf-8").splitlines()
    assert lines[2] == "Alan Turing,0155559999,80,A. Turing,pass"  # cells are kept as they were written
    assert lines[3:5] == ["Grace Hopper,1112223333,50,G. Hopper,pass", "Łukasz Nowak,9998887777,20,Ł. Nowak,"]
    assert lines[5] == ",1234567890,99,,"
    assert "def transform(name):" in (tmp_path / "people.program.py").read_text(encoding="utf-8")
    assert "2 cells filled, 1 still empty" in done.output
    assert isinstance(keras.saving.load_model(tmp_path / "short.keras"), programs.TableProgram)
    assert table.read_text(encoding="utf-8") == CSV + REST

    again = transform(table, "--to", "Grade", "--column", "Score")
    assert again.exit_code == 2 and "exists already: say --overwrite" in again.output
    done = transform(table, "--to", "Grade", "--column", "Score", "--overwrite")
    assert done.exit_code == 0 and "'fail' if float(score) < 50 else 'pass'" in done.output


BAD_TABLES = [
    (None, [], "there is no file"),
    (b"", [], "must have a line of column names"),
    (b"a,b\n", [], "at least one row"),
    (b"a,a\nx,y\n", [], "several columns called ['a']"),
    (b"a,b\nx,y\nz\n", [], "row 3, has 1 cells where the header has 2"),
    ("a,b\né,e\nü,\n".encode("latin-1"), [], "say --encoding"),
    (b'a,b\n"x,y\n', [], "is not a table separated by"),
    (b"a,b\nx,\n", [], "fill two or three by hand"),
    (b"a,c\nx,y\n", [], "has no column 'b'"),
    (b"a,b\nx,1\nx,2\n", [], "contradict each other"),
    (b"a,b\nx,x1\ny,\n", ["--save", "model.h5"], "must name a file that ends in .keras"),
]


@pytest.mark.parametrize("content, options, message", BAD_TABLES, ids=[m for *_, m in BAD_TABLES])
def test_bad_tables(tmp_path, content, options, message):
    table = tmp_path / "table.csv"
    if content is not None:
        table.write_bytes(content)
    done = transform(table, "--to", "b", *options)
    assert done.exit_code == 2 and message in done.output
    assert not list(tmp_path.glob("*.filled.csv"))
