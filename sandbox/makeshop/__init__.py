"""MakeShop's shop admin API (GraphQL) as its contract describes it."""

from __future__ import annotations

from sandbox.makeshop.mall import open_mall

__all__ = ["open_mall"]
