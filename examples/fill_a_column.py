"""Filling columns by example: two finished cells, and a program that one can read does the rest.

python examples/fill_a_column.py
"""

import pandas as pd

from keraunos import programs


def people():
    """A table as it comes: names, dates and prices in text, cells missing."""
    return pd.DataFrame(
        {
            "name": ["Ada King Lovelace", "Alan Turing", "Grace Brewster Hopper", "Łukasz Nowak", None],
            "born": ["1815-12-10", "1912-06-23", "1906-12-09", "1990-02-01", "2001-07-30"],
            "fee": ["$1,250.00", "$980.50", "$12,000.00", "$75.25", "$300.00"],
            "score": [48, 91, 77, 50, 12],
        }
    )


# Column to fill -> the cells that somebody has filled by hand, the others None.
WANTED = {
    "e-mail": ["ada.lovelace@example.org", "alan.turing@example.org", None, None, None],
    "birthday": ["10 Dec 1815", "23 Jun 1912", "9 Dec 1906", None, None],
    "fee in cents": [125000, 98050, None, None, None],
    "result": ["fail", "pass", "pass", "pass", None],
}
SOURCES = {"e-mail": ["name"], "birthday": ["born"], "fee in cents": ["fee"], "result": ["score"]}


def main(argv=None):
    table, sources = people(), {}
    for column, cells in WANTED.items():
        table[column] = pd.Series(cells, dtype=object)
        model = programs.TableProgram(column, columns=SOURCES[column])
        model.fit(table, verbose=0)
        table = model.fill(table)
        sources[column] = model.source()
        print(f"# {column}\n{model.source()}")
        for question in model.ambiguities(limit=1):
            print(f"# open: {question.input!r} could give {list(question.outputs)[:3]}\n")
    print(table.to_string())
    return {"table": table, "sources": sources}


if __name__ == "__main__":
    main()
