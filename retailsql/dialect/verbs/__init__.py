"""The table-valued functions ``ML.NAME(...)``: one file per group, wired in ``table``.

``verb`` says what a function is; ``call`` what a statement asks of it; ``reports`` reads what was
stored with a model.
"""
