"""Open ONNX bytes with ONNX Runtime, the same way everywhere, and say in words why not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from retailsql.errors import CorruptModelError, ImportModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MAX_BYTES = 512 * 1024 * 1024
"""Largest graph accepted. A model is a BLOB in the user's database and lives in memory when used;
what is larger than this belongs into a table (decision 4), and is refused in words."""

BLOCK = 16
"""Every run has a multiple of this many rows. ONNX Runtime computes tanh and its like 4 to 16
numbers at a time and the rest one by one, with other last bits; a whole number of blocks leaves no
rest, so that a score does not depend on the rows beside it (tests/test_scores_are_pure.py)."""


def sha256(data: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal.

    >>> sha256(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(data).hexdigest()


def open_graph(onnx: bytes) -> InferenceSession:
    """An inference session over ONNX bytes: one thread, deterministic, quiet.

    One thread because with two the sums of a tree ensemble change in the last bits, and because
    DuckDB already calls from every one of its own threads.

    Raises:
        ImportModelError: ONNX Runtime refuses the bytes; the message says why.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # what matters is raised; the rest would go to stderr
    try:
        return ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise _refusal(onnx, str(error)) from error


def verify(onnx: bytes, expected: str, name: str) -> None:
    """Check stored bytes against the SHA-256 written when they were registered.

    Raises:
        CorruptModelError: they differ; nothing of the bytes was read.
    """
    found = sha256(onnx)
    if found != expected:
        raise CorruptModelError(
            f"The stored bytes of model {name} are not those that were registered",
            seen=f"SHA-256 {found[:12]}…",
            wanted=f"{expected[:12]}…",
            todo="restore the database file from a copy, or train or import the model again",
        )


def run(session: InferenceSession, outputs: list[str], feed: dict[str, Any]) -> list[Any]:
    """Run a graph; ONNX Runtime's own errors become errors with words."""
    try:
        result: list[Any] = session.run(outputs, feed)
    except Exception as error:
        raise ImportModelError(
            "ONNX Runtime cannot run the graph on these inputs",
            seen=_first_line(str(error)),
            todo="check the input types and shapes the graph was exported with",
        ) from error
    return result


def _refusal(onnx: bytes, words: str) -> ImportModelError:
    """ONNX Runtime's refusal, reworded by what it is about."""
    lower = words.lower()
    if "external" in lower or "model_path must not be empty" in lower:
        return ImportModelError(
            "The ONNX model keeps its weights in other files (external data)",
            seen=_first_line(words),
            wanted="one self-contained file",
            todo="export it again with save_as_external_data=False",
        )
    if "opset" in lower and "domain" in lower and "till opset" in lower:
        return ImportModelError(
            "The ONNX model needs a newer opset than this ONNX Runtime has",
            seen=_first_line(words),
            todo="export it with a lower target_opset, or upgrade onnxruntime",
        )
    if "is not a registered function/op" in lower or "domain" in lower:
        return ImportModelError(
            "The ONNX model uses an operator that standard ONNX does not have",
            seen=_first_line(words),
            wanted="operators of the domains ai.onnx, ai.onnx.ml and com.microsoft",
            todo="export it without custom operators",
        )
    return ImportModelError(
        "The bytes are not an ONNX model that can be loaded",
        seen=f"{len(onnx)} bytes; {_first_line(words)}",
        wanted="an .onnx file exported by skl2onnx, tf2onnx, torch.onnx or the like",
        todo="check the file with: python -c \"import onnx; onnx.checker.check_model('FILE')\"",
    )


def _first_line(words: str) -> str:
    line = words.strip().splitlines()[0] if words.strip() else "(no message)"
    return line.removeprefix("[ONNXRuntimeError] : ")[:200]
