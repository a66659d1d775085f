"""Rakuten Ichiba (RMS WEB SERVICE) as its contract describes it."""

from __future__ import annotations

from sandbox.rakuten.mall import open_mall

__all__ = ["open_mall"]
