"""Yahoo! JAPAN Shopping (ストアクリエイターPro API) as its contract describes it."""

from __future__ import annotations

from sandbox.yahoo.mall import open_mall

__all__ = ["open_mall"]
