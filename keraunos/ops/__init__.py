# ruff: noqa: F401, F403, I001
"""Functions of arrays, each written once."""

from keraunos.ops.nn import *
from keraunos.ops.numpy import *
from keraunos.ops import image
from keraunos.ops import operators as _operators  # symbolic tensors get Python's operators
from keraunos.ops.conv import biased_conv
from keraunos.ops.control import (
    associative_scan,
    cond,
    fori_loop,
    map,
    scan,
    switch,
    vectorized_map,
    while_loop,
)
from keraunos.ops.core import (
    cast,
    convert_to_numpy,
    convert_to_tensor,
    custom_gradient,
    device_scope,
    dtype,
    is_tensor,
    saturate_cast,
    shape,
    stop_gradient,
)
from keraunos.ops.dense import dense
from keraunos.ops.norm import batch_normalization_training, group_normalization
from keraunos.ops.scatter import (
    scatter,
    scatter_update,
    segment_max,
    segment_min,
    segment_prod,
    segment_sum,
    slice,
    slice_update,
    unstack,
)
from keraunos.ops.special import (
    erf,
    erfc,
    erfinv,
    view_as_complex,
    view_as_real,
)
from keraunos.ops.arithmetic import rsqrt
from keraunos.ops.reductions import logsumexp
from keraunos.ops.statistics import cdist
from keraunos.ops.indexing import in_top_k, top_k
from keraunos.ops.linalg import (
    cholesky,
    cholesky_inverse,
    det,
    eig,
    eigh,
    inv,
    jvp,
    logdet,
    lstsq,
    lu_factor,
    matrix_rank,
    norm,
    pinv,
    qr,
    solve,
    solve_triangular,
    svd,
)
from keraunos.ops.fourier import (
    extract_sequences,
    fft,
    fft2,
    ifft2,
    irfft,
    istft,
    rfft,
    stft,
)
from keraunos.ops.rearrangement import rearrange
from keraunos.ops import linalg, nn, numpy
from keraunos.ops.array_api import (
    __array_api_version__,
    acos,
    acosh,
    asarray,
    asin,
    asinh,
    astype,
    atan,
    atan2,
    atanh,
    broadcast_arrays,
    concat,
    copysign,
    cumulative_prod,
    cumulative_sum,
    e,
    from_dlpack,
    inf,
    matrix_transpose,
    nan,
    newaxis,
    permute_dims,
    pi,
    positive,
    pow,
    remainder,
    unique_all,
    unique_counts,
    unique_inverse,
    unique_values,
    vecdot,
)
from keraunos.ops.array_api_dtypes import (
    __array_namespace_info__,
    __getattr__,
    can_cast,
    finfo,
    iinfo,
    isdtype,
    result_type,
)
