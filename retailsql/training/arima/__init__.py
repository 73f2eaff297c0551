"""ARIMA_PLUS and ARIMA_PLUS_XREG: per series the best of several forecasters, from ``fit`` on."""
