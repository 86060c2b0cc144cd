"""Engines: what they are (``protocol``), which one computes (``dispatch``), shapes and dtypes (``spec``, ``dtypes``)."""

from keraunos.backend.dispatch import current, engine_names, engine_of, get_engine, use
from keraunos.backend.dtypes import float_result, is_float_dtype, is_int_dtype, result_type, standardize_dtype
from keraunos.backend.protocol import Engine
from keraunos.backend.spec import Spec
from keraunos.util.naming import get_uid
from keraunos.util.settings import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)

__all__ = [
    "Engine",
    "Spec",
    "backend",
    "current",
    "engine_names",
    "engine_of",
    "epsilon",
    "float_result",
    "floatx",
    "get_engine",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
    "use",
]
