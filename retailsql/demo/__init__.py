"""Data to try retailsql on: a made-up shop whose truth is known, and Online Retail."""
