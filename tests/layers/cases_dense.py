"""Cases of dense.py, einsum_dense.py and embedding.py."""

from tests.layers.cases import Case as C

CASES = [
    C("Dense", {"units": 5}),
    C("Dense", {"units": 5, "activation": "relu", "use_bias": False, "kernel_regularizer": "l2"}, (2, 4, 3)),
    C(
        "Dense",
        {"units": 2, "activity_regularizer": "l1", "bias_initializer": "normal", "kernel_constraint": "max_norm"},
    ),
    C("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 5, "bias_axes": "c", "activation": "relu"}),
    C("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (3, 2, 5), "bias_axes": "de"}, (2, 3, 4)),
    C("EinsumDense", {"equation": "abc,cde->abde", "output_shape": (3, 2, 5), "bias_axes": "d"}, (2, 3, 4)),
    C("EinsumDense", {"equation": "abcd,cde->abe", "output_shape": (3, 5), "bias_initializer": "normal"}, (2, 3, 4, 6)),
    C("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 5, "bias_axes": "y"}, (2, 3, 4)),
    C("EinsumDense", {"equation": "ab...,bc->ac...", "output_shape": 5, "bias_axes": "c"}, (2, 3, 4, 6)),
    C(
        "EinsumDense",
        {"equation": "abc,acd->abd", "output_shape": (3, 5), "kernel_initializer": "he_normal"},
        (2, 3, 4),
        skip=("check_rows",),
    ),
    C("EinsumDense", {"equation": "abc,cb->abc", "output_shape": (3, 4), "activity_regularizer": "l2"}, (2, 3, 4)),
    C("Embedding", {"input_dim": 7, "output_dim": 3}, (4, 5), "int32"),
    C("Embedding", {"input_dim": 7, "output_dim": 3, "mask_zero": True, "embeddings_regularizer": "l2"}, (4,), "int32"),
    C("Embedding", {"input_dim": 7, "output_dim": 3, "embeddings_initializer": "glorot_normal"}, (4, 2, 2), "uint8"),
]
