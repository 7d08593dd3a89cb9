#!/bin/sh
# Make the peers' own environment. A peer that does not install is named with pip's reason in not-installed.txt
# beside it, which RESULTS.md repeats; the others go on. Usage: benchmarks/peers.sh PYTHON FOLDER REQUIREMENTS, as run.py
# does with the extra "bench" of pyproject.toml.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
venv="${2:?FOLDER}"
wanted="${3:?REQUIREMENTS}"
[ -x "$venv/bin/python" ] || "$1" -m venv "$venv" || exit 1
install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --constraint "$here/constraints-peers.txt" "$@"
}
: > "$venv/not-installed.txt"
install --requirement "$wanted" && exit 0
echo "not all peers install together; one at a time" >&2
grep -v '^#' "$wanted" | while read -r peer; do
    if ! install "$peer" 2> "$venv/pip.log"; then
        reason=$(grep -i '^error' "$venv/pip.log" | tail -n 1 | cut -c 1-200)
        echo "$peer: ${reason:-pip gave no reason}" | tee -a "$venv/not-installed.txt" >&2
    fi
done
