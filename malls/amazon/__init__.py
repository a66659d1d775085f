"""Amazon.co.jp. Light on purpose: the inventory reads only `card`."""
