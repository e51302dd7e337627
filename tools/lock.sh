#!/bin/sh
# Rewrites tools/constraints.txt: every package of a development set-up, for all platforms, with hashes.
# Needs uv. Run it after changing the dependencies in pyproject.toml; `sh tools/lock.sh --upgrade` takes newer versions.
set -eu
cd "$(dirname "$0")/.."
echo "hatchling" | uv pip compile --universal --generate-hashes --no-header --annotation-style=line \
  --python-version 3.11 --group dev --all-extras --output-file tools/constraints.txt "$@" pyproject.toml -
