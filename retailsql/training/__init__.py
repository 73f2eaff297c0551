"""Fits estimators and exports ONNX; training libraries live here and in evaluation only."""
