"""tocsin: a detection content pipeline for Microsoft Sentinel."""

__version__ = "0.1.0"
