"""au PAY Market (Wow! manager API) as its contract describes it."""

from __future__ import annotations

from sandbox.aupay.mall import open_mall

__all__ = ["open_mall"]
