"""Brings a workspace to what git says: environment, plan, apply, and a server to try it all against.

Importing this package is cheap: the Azure libraries are imported when a real or local endpoint is first talked to.
"""
