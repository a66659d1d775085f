"""The malls zaiko can talk to, one folder each, all with the same files.

A connector shapes requests and reads replies; rates, kinds of write and error tables are data in
it. The HTTP client is handed in. A folder imports the engine and itself, never a neighbour.
"""
