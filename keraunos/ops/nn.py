# ruff: noqa: F401
"""The functions of ``keras.ops`` for networks, as ``keras.ops.nn``."""

from keraunos.ops.activation import (
    celu,
    elu,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    swish,
    tanh_shrink,
    threshold,
)
from keraunos.ops.attention import (
    dot_product_attention,
)
from keraunos.ops.conv import (
    conv,
    conv_transpose,
    depthwise_conv,
    separable_conv,
)
from keraunos.ops.cross_entropy import (
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from keraunos.ops.ctc import (
    ctc_decode,
    ctc_loss,
)
from keraunos.ops.norm import (
    batch_normalization,
    layer_normalization,
    moments,
    normalize,
    rms_normalization,
)
from keraunos.ops.onehot import (
    multi_hot,
    one_hot,
)
from keraunos.ops.patches import (
    depth_to_space,
    fold,
    psnr,
    space_to_depth,
    unfold,
)
from keraunos.ops.pooling import (
    adaptive_average_pool,
    adaptive_max_pool,
    average_pool,
    max_pool,
)
from keraunos.ops.special import (
    polar,
)
