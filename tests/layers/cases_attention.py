"""Cases of attention.py; those of several heads, whose inputs are arguments of their own, stand in test_attention.py."""

from tests.layers.cases import Case as C

QV = [(4, 3, 5), (4, 6, 5)]
QVK = [(4, 3, 5), (4, 6, 2), (4, 6, 5)]

CASES = [
    C("Attention", {}, QV),
    C("Attention", {"use_scale": True}, QVK),
    C("Attention", {"score_mode": "concat", "use_scale": True}, QVK),
    C("Attention", {"score_mode": "concat"}, QV),
    C("Attention", {"dropout": 0.5, "seed": 1}, QV, training=(False, True)),
    C("AdditiveAttention", {}, QVK),
    C("AdditiveAttention", {"use_scale": False, "dropout": 0.3}, QV, training=(False, True)),
]
