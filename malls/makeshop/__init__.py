"""MakeShop by GMO. Light on purpose: the inventory reads only `card`."""
