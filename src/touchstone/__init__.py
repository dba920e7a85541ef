"""Touchstone turns what customers say and do into numbers a CFO will accept, and follows what you did about them."""

__version__ = "0.1.0"
