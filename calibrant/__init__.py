"""Calibrant, the application: command line, reports, settings, wiring."""

__all__ = ["__version__"]

__version__ = "0.1.0"
