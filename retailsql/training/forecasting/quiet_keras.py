"""Keras and TensorFlow, imported without their noise. Import them from here only."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def quiet() -> Iterator[None]:
    """Hide what TensorFlow's C++ writes to stderr before any log level can reach it.

    absl prints "Could not find cuda drivers" on import whatever the environment says, so the file
    descriptor is turned away for as long as the import lasts.
    """
    keep, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with warnings.catch_warnings():
            # tf2onnx and TensorFlow import names that numpy and Python are about to drop.
            for category in (DeprecationWarning, FutureWarning, PendingDeprecationWarning):
                warnings.simplefilter("ignore", category)
            yield
    finally:
        os.dup2(keep, 2)
        os.close(keep)
        os.close(nowhere)


with quiet():
    import keras
    import tensorflow as tf
    from keras import ops

__all__ = ["keras", "ops", "quiet", "tf"]
