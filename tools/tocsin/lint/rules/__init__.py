"""The checks, one class a module. A new module here is a new check: see CONTRIBUTING.md."""
