"""Rakuten Ichiba (楽天市場). Light on purpose: the inventory reads only `card`."""
