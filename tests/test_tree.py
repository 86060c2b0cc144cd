"""keras.tree: walking nested structures."""

from collections import OrderedDict, namedtuple

import pytest

from keraunos import tree
from keraunos.core.tracked import track

Pair = namedtuple("Pair", "a b")
NESTED = {"b": [1, None], "a": (2, Pair(3, 4))}


def test_flatten_and_pack():
    assert tree.flatten(NESTED) == [2, 3, 4, 1, None]
    assert tree.pack_sequence_as(NESTED, [9, 8, 7, 6, 5]) == {"b": [6, 5], "a": (9, Pair(8, 7))}
    assert tree.flatten(7) == [7] and tree.pack_sequence_as(7, [8]) == 8 and tree.flatten(None) == [None]
    paths = dict(tree.flatten_with_path(NESTED))
    assert paths[("a", 0)] == 2 and paths[("b", 1)] is None and len(paths) == 5
    assert tree.flatten_with_path(5) == [((), 5)]
    for sequence, error in (([1], ValueError), ([1] * 6, ValueError), (3, TypeError)):
        with pytest.raises(error, match="pack_sequence_as"):
            tree.pack_sequence_as(NESTED, sequence)


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ((1,), True),
        ([], True),
        ({}, True),
        (Pair(1, 2), True),
        (OrderedDict(a=1), True),
        ({1}, False),
        ("a", False),
        (None, False),
    ],
)
def test_is_nested(value, want):
    assert tree.is_nested(value) is want


def test_map_structure():
    assert tree.map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)]) == [11, (22,)]
    assert tree.map_structure(lambda a: 0, [1, None]) == [0, 0]
    assert tree.map_structure(lambda a: 0, [1, None], none_is_leaf=False) == [0, None]
    assert tree.map_structure(lambda a: -a, track([1, {"x": 2}])) == [-1, {"x": -2}]
    for arguments, error in (((5, [1]), TypeError), ((abs,), ValueError), ((max, [1], (2,)), ValueError)):
        with pytest.raises(error):
            tree.map_structure(*arguments)


def test_map_structure_up_to():
    assert tree.map_structure_up_to([1, 2], lambda a, b: (a, b), [1, [2]], [3, (4,)]) == [(1, 3), ([2], (4,))]
    assert tree.map_structure_up_to(0, len, [1, 2]) == 2
    for arguments in (([1, 2], abs, [1]), ((1, 2), abs, [1, 2]), ({"a": 1}, abs, {"b": 1}), ([1], abs)):
        with pytest.raises(ValueError):
            tree.map_structure_up_to(*arguments)


def test_map_shape_structure():
    assert tree.map_shape_structure(len, {"a": (2, 3), "b": [(None, 3, 1), ()]}) == {"a": 2, "b": [3, 0]}
    assert tree.map_shape_structure(list, (2, None)) == [2, None]


def test_traverse():
    nested = [1, (2, [3])]
    assert tree.traverse(lambda x: x * 10 if isinstance(x, int) else None, nested) == [10, (20, [30])]
    assert tree.traverse(lambda x: "T" if isinstance(x, tuple) else None, nested) == [1, "T"]
    assert tree.traverse(lambda x: tree.MAP_TO_NONE if x == 2 else None, nested) == [1, (None, [3])]
    seen = []
    tree.traverse(seen.append, nested, top_down=False)
    assert seen == [1, 2, 3, [3], (2, [3]), nested]
    seen.clear()
    tree.traverse(seen.append, nested)
    assert seen == [nested, 1, (2, [3]), 2, [3], 3]
    assert tree.traverse(lambda x: None, NESTED) == NESTED
    with pytest.raises(TypeError, match="callable"):
        tree.traverse(3, nested)


def test_lists_to_tuples():
    assert tree.lists_to_tuples([1, [2, (3,)], {"a": [4]}]) == (1, (2, (3,)), {"a": (4,)})


@pytest.mark.parametrize(
    ("a", "b", "same", "paths"),
    [
        (NESTED, NESTED, True, True),
        ([1], [None], True, True),
        (1, "x", True, True),
        ([1], (1,), False, True),
        ([1], [[1]], False, False),
        ([1], [1, 2], False, False),
        ({"a": 1}, {"b": 1}, False, False),
        (1, [1], False, False),
    ],
)
def test_assertions(a, b, same, paths):
    for check, holds in ((tree.assert_same_structure, same), (tree.assert_same_paths, paths)):
        if holds:
            check(a, b)
        else:
            with pytest.raises(ValueError, match=check.__name__):
                check(a, b)
