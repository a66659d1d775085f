"""Yahoo! Shopping (Yahoo!ショッピング). Light on purpose: the inventory reads only `card`."""
