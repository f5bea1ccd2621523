"""What is measured, against Odoo's own way of doing the same; see README.md."""

from benchmarks.api import Bench, figure

__all__ = ["Bench", "figure"]
