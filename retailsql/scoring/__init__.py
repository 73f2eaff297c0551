"""ONNX bytes and Arrow columns in, an Arrow column out. No DuckDB here.

``onnx_session`` opens the bytes; ``rows``, ``forecast`` and ``recommend`` hold one scorer per way
of asking, and ``encode`` turns the values of one column into the numbers of one graph input.
"""
