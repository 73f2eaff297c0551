"""TRANSFORM: SQL over raw columns with its statistics frozen; ``apply`` is the way in."""
