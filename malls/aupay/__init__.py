"""au PAY Market (au PAY マーケット). Light on purpose: the inventory reads only `card`."""
