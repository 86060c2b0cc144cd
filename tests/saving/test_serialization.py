"""Configurations: what is written is what Keras writes, and what is read runs nothing."""

import base64
import json
import marshal
import re
import subprocess
import sys

import numpy as np
import pytest

import keraunos as keras
from keraunos.core.dtype_policy import DTypePolicy
from keraunos.util import serialization, settings
from keraunos.util.serialization import deserialize_keras_object, serialize_keras_object


def label(value):
    """The name of a case: the same in every worker, so without addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


@keras.saving.register_keras_serializable("tests")
class Point:
    def __init__(self, x, y=0):
        self.x, self.y = x, y

    def get_config(self):
        return {"x": self.x, "y": self.y}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __eq__(self, other):
        return type(other) is Point and (self.x, self.y) == (other.x, other.y)

    __hash__ = None


@keras.saving.register_keras_serializable("tests", "twice")
def double(x):
    return 2 * x


class Unregistered(Point):
    pass


WRITTEN = [
    # value, its configuration
    (None, None),
    (1.5, 1.5),
    ([1, (2, "a")], [1, (2, "a")]),
    ({"a": np.float32(1.5), "b": np.int64(3), "c": np.bool_(True)}, {"a": 1.5, "b": 3, "c": True}),
    (np.array(3.0), 3.0),
    (np.dtype("float32"), "float32"),
    (b"abc", {"class_name": "__bytes__", "config": {"value": "abc"}}),
    (slice(1, None, 2), {"class_name": "__slice__", "config": {"start": 1, "stop": None, "step": 2}}),
    (..., {"class_name": "__ellipsis__", "config": {}}),
    (np.ones((1, 2), "int8"), {"class_name": "__numpy__", "config": {"value": [[1, 1]], "dtype": "int8"}}),
    (
        keras.KerasTensor((None, 3)),
        {"class_name": "__keras_tensor__", "config": {"shape": (None, 3), "dtype": "float32", "keras_history": None}},
    ),
    (
        DTypePolicy("mixed_float16"),
        {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_float16"}, "registered_name": None},
    ),
    (
        Point(1, 2),
        {"module": __name__, "class_name": "Point", "config": {"x": 1, "y": 2}, "registered_name": "tests>Point"},
    ),
    (
        double,
        {"module": "builtins", "class_name": "function", "config": "tests>twice", "registered_name": "function"},
    ),
    (Point, {"module": "builtins", "class_name": "type", "config": "tests>Point", "registered_name": "type"}),
]


@pytest.mark.parametrize(("value", "config"), WRITTEN, ids=lambda v: type(v).__name__)
def test_written(value, config):
    written = serialize_keras_object(value)
    assert written == config and repr(written) == repr(config)


@pytest.mark.parametrize(
    "value",
    [None, 1, "a", b"abc", slice(0, 2), ..., [1, [2.5, None]], Point(1), {"p": [Point(2)]}, double, Point],
    ids=label,
)
def test_there_and_back(value):
    assert deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(value)))) == value


@pytest.mark.parametrize(
    "array", [np.ones((2, 3), "int8"), np.zeros(2, "float64"), np.array(["ab", "c"]), np.array([True])]
)
def test_arrays_come_back(array):
    back = deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(array))))
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype


def test_a_keras_tensor_comes_back():
    back = deserialize_keras_object(
        json.loads(json.dumps(serialize_keras_object(keras.KerasTensor((None, 3), "int32"))))
    )
    assert back.shape == (None, 3) and back.dtype == "int32"


@pytest.mark.parametrize(
    "module", ["keras", "keras.src.dtype_policies.dtype_policy", "keras.dtype_policies", "tf_keras", None]
)
def test_internal_and_older_modules_mean_the_public_class(module):
    config = {"class_name": "DTypePolicy", "config": {"name": "float16"}, "registered_name": None}
    assert deserialize_keras_object(config | ({"module": module} if module else {})).name == "float16"


REFUSED = [
    # configuration, error, what the message says
    ({"class_name": "DTypePolicyy", "module": "keras", "config": {}}, ValueError, "Did you mean 'DTypePolicy'"),
    ({"class_name": "system", "module": "os", "config": {}}, ValueError, "Unknown class: 'system'"),
    ({"class_name": "function", "module": "os", "config": "system"}, ValueError, "Unknown function: 'system'"),
    ({"class_name": "type", "module": "builtins", "config": "int"}, ValueError, "Unknown class: 'int'"),
    ({"class_name": "Popen", "module": "subprocess", "config": {"args": "true"}}, ValueError, "Unknown class"),
    ({"class_name": 3, "config": {}}, ValueError, "class_name must be a string"),
    ({"class_name": "DTypePolicy", "module": ["keras"], "config": {}}, ValueError, "module must be a string"),
    ({"class_name": "DTypePolicy", "module": "keras", "config": 3}, ValueError, "config must be a dict"),
    (
        {"class_name": "DTypePolicy", "module": "keras", "config": {}, "shared_object_id": []},
        ValueError,
        "must be a number",
    ),
    ({"class_name": "DTypePolicy", "module": "keras", "config": {"nam": "a"}}, TypeError, "'DTypePolicy'.*unexpected"),
    ({"class_name": "__slice__", "config": {"start": 1}}, ValueError, "Malformed configuration of '__slice__'"),
    ({"class_name": "__slice__", "config": None}, ValueError, "Malformed"),
    ({"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}}, ValueError, "unknown dtype 'object'"),
    ({"class_name": "__numpy__", "config": {"value": [[1], [1, 2]], "dtype": "int8"}}, ValueError, "inhomogeneous"),
    ({"class_name": "__bytes__", "config": {"value": 3}}, ValueError, "Malformed"),
    ({"class_name": "__keras_tensor__", "config": {}}, ValueError, "Malformed"),
    ({"class_name": "Unregistered", "module": __name__, "config": {"x": 1}}, ValueError, "register_keras_serializable"),
]


@pytest.mark.parametrize(("config", "error", "says"), REFUSED, ids=lambda v: str(v)[:60])
def test_refused(config, error, says):
    with pytest.raises(error, match=says):
        deserialize_keras_object(config)


def test_custom_objects_are_found_by_argument_and_scope():
    config = {
        "class_name": "Unregistered",
        "module": "elsewhere",
        "config": {"x": 1},
        "registered_name": "Unregistered",
    }
    assert type(deserialize_keras_object(config, custom_objects={"Unregistered": Unregistered})) is Unregistered
    with keras.saving.custom_object_scope({"Unregistered": Unregistered}):
        assert type(deserialize_keras_object(config)) is Unregistered
    with pytest.raises(ValueError, match="Unknown class"):
        deserialize_keras_object(config)


@pytest.mark.parametrize("value", [{1, 2}, object(), 1j, Ellipsis.__class__()], ids=label)
def test_what_has_no_configuration(value):
    if value is ...:
        return
    with pytest.raises(TypeError, match="can't be written to a configuration"):
        serialize_keras_object(value)


def test_bytes_that_are_no_text():
    with pytest.raises(ValueError, match="UTF-8"):
        serialize_keras_object(b"\xff")


# -- code ------------------------------------------------------------------------------------------------------------


def test_a_lambda_is_refused_unless_the_user_trusts_the_file(monkeypatch):
    with pytest.warns(UserWarning, match="named function"):
        config = json.loads(json.dumps(serialize_keras_object(lambda x, n=2: x + n)))
    with pytest.raises(ValueError, match="safe_mode=False"):
        deserialize_keras_object(config)
    assert deserialize_keras_object(config, safe_mode=False)(1) == 3
    with serialization.SafeModeScope(True), pytest.raises(ValueError, match="safe_mode=False"):
        deserialize_keras_object({"inside": config})
    monkeypatch.setattr(settings._S, "unsafe_deserialization", True)
    assert deserialize_keras_object(config)(1, 4) == 5


@pytest.mark.parametrize("code", ["", "AAAA", base64.b64encode(marshal.dumps(3)).decode(), 5])
def test_broken_code_is_a_clear_error(code):
    config = {"class_name": "__lambda__", "config": {"value": [code, None, None]}}
    with pytest.raises((ValueError, TypeError)):
        deserialize_keras_object(config, safe_mode=False)


def test_reading_a_configuration_imports_no_module_that_it_names():
    code = (
        "import sys, keraunos as keras\n"
        "config = {'class_name': 'Anything', 'module': 'wave', 'config': {}, 'registered_name': 'wave>Anything'}\n"
        "try:\n    keras.saving.deserialize_keras_object(config)\n"
        "except ValueError as e:\n    assert 'Unknown class' in str(e), e\n"
        "else:\n    raise SystemExit('not refused')\n"
        "assert 'wave' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


# -- objects in several places ----------------------------------------------------------------------------------------


class Stateful(Point):
    variables = ()


@pytest.fixture
def stateful():
    with keras.saving.custom_object_scope({"Stateful": Stateful}):
        yield


def test_an_object_in_two_places_stays_one(stateful):
    shared = Stateful(1)
    config = json.loads(
        json.dumps(serialization.serialize_with_sharing({"a": shared, "b": [shared], "c": Stateful(1)}))
    )
    assert (
        config["a"]["shared_object_id"] == config["b"][0]["shared_object_id"] and "shared_object_id" not in config["c"]
    )
    with serialization.sharing("read"):
        back = deserialize_keras_object(config)
    assert back["a"] is back["b"][0] and back["a"] is not back["c"]
