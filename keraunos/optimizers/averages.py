"""Running means of the weights (``use_ema``)."""


def update_averages(optimizer, variables):
    """mean ← momentum · mean + (1 − momentum) · weight; the first mean is the weight itself."""
    xp = variables[0].engine.xp
    first = optimizer._updates() == 0
    momentum = xp.where(first, 0.0, optimizer.ema_momentum)
    for v in variables:
        mean = _mean_of(optimizer, v)
        m = xp.astype(momentum, v._dtype)
        mean.assign(m * mean.value + (1 - m) * v.value)


def overwrite_when_due(optimizer, variables):
    """Put the means in place of the weights every ``ema_overwrite_frequency`` updates."""
    due = (optimizer._updates() + 1) % optimizer.ema_overwrite_frequency == 0
    for v in variables:
        v.assign(v.engine.xp.where(due, _mean_of(optimizer, v).value, v.value))


def overwrite(optimizer, variables):
    """Put the means in place of the weights."""
    for v in variables:
        mean = _mean_of(optimizer, v)
        if mean is not None:
            v.assign(mean.value * 1)  # a copy: one buffer in two variables can't be donated to a program


def _mean_of(optimizer, variable):
    return optimizer._model_variables_moving_average[optimizer._get_variable_index(variable)]
