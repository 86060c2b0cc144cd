"""The cases, one file each. A case's file is light: its contenders are imported in the processes that run them."""

from benchmarks.cases import cold, convnet, dense100, first_import, lstm, mlp, on_torch, ops, predict, save, transformer

ALL = {
    case.name: case
    for case in (
        first_import.CASE,
        cold.CASE,
        cold.CACHED,
        mlp.CASE,
        predict.CASE,
        convnet.CASE,
        lstm.CASE,
        dense100.CASE,
        transformer.CASE,
        save.CASE,
        ops.JAX,
        ops.NUMPY,
        ops.TORCH,
        on_torch.MLP,
        on_torch.CONVNET,
        on_torch.LSTM,
        on_torch.TRANSFORMER,
        on_torch.CONVNET_BF16,
        on_torch.TRANSFORMER_BF16,
        on_torch.PREDICT,
    )
}
