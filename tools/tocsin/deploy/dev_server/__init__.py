"""A workspace on this machine: a server of the management API that keeps state and checks every request.

It is made to develop and try deployments without Azure. It refuses what the definitions and the known limits refuse,
and answers as the service does; it runs no query and raises no alert.
"""

from tocsin.deploy.dev_server.http import DevServer, Fault, serve

__all__ = ["DevServer", "Fault", "serve"]
