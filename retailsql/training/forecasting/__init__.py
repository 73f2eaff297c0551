"""LSTM: one network over many series."""
