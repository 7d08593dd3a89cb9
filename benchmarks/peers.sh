#!/bin/sh
# Make the peers' own environment. A peer that does not install is named and the others go on;
# its rows then say so. Usage: benchmarks/peers.sh [PYTHON]
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
venv="$here/.venv-peers"
[ -x "$venv/bin/python" ] || "${1:-python3}" -m venv "$venv" || exit 1
if "$venv/bin/python" -m pip install --quiet --requirement "$here/requirements-peers.txt"; then
    exit 0
fi
echo "not all peers install together; one at a time" >&2
grep -v '^#' "$here/requirements-peers.txt" | while read -r peer; do
    "$venv/bin/python" -m pip install --quiet "$peer" || echo "does not install: $peer" >&2
done
