"""MATRIX_FACTORIZATION, explicit and implicit; ``fit`` is the way in."""
