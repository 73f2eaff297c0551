"""Metrics, splits, baselines: what a model is worth, beside the trivial rule on the same rows."""
