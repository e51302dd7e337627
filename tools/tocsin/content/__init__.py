"""YAML content files as typed models, with the source position of every value."""
