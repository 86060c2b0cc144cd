"""Cases of merging.py."""

from tests.layers.cases import Case as C

SAME = [(4, 3), (4, 3), (4, 3)]
BROADCAST = [(4, 1, 3), (4, 5, 1)]

CASES = [
    *(C(name, {}, SAME) for name in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")),
    *(C(name, {}, BROADCAST) for name in ("Add", "Subtract", "Average")),
    C("Multiply", {}, [(4, 5, 3), (4, 3)]),
    C("Add", {}, SAME[:2], "int32"),
    C("Maximum", {}, SAME[:2], "int32"),
    C("Average", {}, SAME[:2], "int32"),
    C("Concatenate", {}, SAME[:2], "int32"),
    C("Add", {}, SAME[:1]),
    C("Concatenate", {"axis": 1}, [(4, 2, 3), (4, 5, 3)]),
    C("Concatenate", {"axis": 0}, [(4, 3), (2, 3)], skip=("check_shapes", "check_rows", "parity:check_shapes")),
    C("Dot", {"axes": 1}, SAME[:2]),
    C("Dot", {"axes": -1, "normalize": True}, SAME[:2]),
    C("Dot", {"axes": (2, 1)}, [(4, 2, 3), (4, 3, 5)]),
    C("Dot", {"axes": (3, 2), "normalize": True}, [(4, 2, 6, 3), (4, 5, 3)]),
    C("Dot", {"axes": 1}, [(4, 3, 2), (4, 3, 5)]),
]
