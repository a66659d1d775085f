"""The desk: the inventory's decisions on rows, one transaction a turn. No socket, no clock."""
