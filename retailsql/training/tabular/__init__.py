"""Classifiers and regressors on rows of features; ``fit`` is the way in."""
