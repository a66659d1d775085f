"""Pretend malls over real HTTP, each speaking its mall's wire format.

Written from the malls' contracts alone: nothing here imports the engine or a connector, because a
simulator that shares the connector's code would agree with its mistakes. README.md explains how a
mall plugs in.
"""
