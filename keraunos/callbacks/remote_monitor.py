"""Logs sent to a server."""

import json
import warnings

import numpy as np

from keraunos.callbacks.callback import Callback
from keraunos.util import registry
from keraunos.util.optional import require


@registry.builtin("keras.callbacks")
class RemoteMonitor(Callback):
    """Send the logs of each epoch to a server, by HTTP POST. Needs the package ``requests``.

    A server that does not answer is a warning; training goes on.

    Args:
        root: address of the server.
        path: path on it.
        field: name of the form field that holds the logs as JSON, unless ``send_as_json``.
        headers: dict of HTTP headers.
        send_as_json: whether the body is JSON ("application/json").

    >>> import keraunos as keras
    >>> remote = keras.callbacks.RemoteMonitor(root="http://localhost:9000")
    """

    def __init__(
        self,
        root="http://localhost:9000",
        path="/publish/epoch/end/",
        field="data",
        headers=None,
        send_as_json=False,
    ):
        super().__init__()
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch, logs=None):
        requests = require("requests", who="RemoteMonitor")
        send = {"epoch": epoch, **{name: _plain(value) for name, value in (logs or {}).items()}}
        body = {"json": send} if self.send_as_json else {"data": {self.field: json.dumps(send)}}
        try:
            requests.post(self.root + self.path, headers=self.headers, **body)
        except requests.exceptions.RequestException as e:
            warnings.warn(f"RemoteMonitor: the server at {self.root} could not be reached: {e}", stacklevel=2)


def _plain(value):
    """A number of the logs as JSON knows it."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
