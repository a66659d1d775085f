"""The pretend Amazon.co.jp, Selling Partner API: orders, listings, feeds, reports, sellers."""

from __future__ import annotations

from sandbox.amazon.mall import open_mall

__all__ = ["open_mall"]
