"""Callbacks: what happens at the events of training."""

from keraunos.callbacks.callback import Callback
from keraunos.callbacks.callback_list import CallbackList
from keraunos.callbacks.history import History

__all__ = ["Callback", "CallbackList", "History"]
