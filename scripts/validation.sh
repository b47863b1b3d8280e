#!/usr/bin/env bash
# validation.sh [--check | --all FILE.json]: predicts the measurements in
# analysis/validation/measurements with build/release/attnsim. Writes analysis/validation/table.json, or
# with --check fails when a figure has moved since it was written. Both leave out rows with more than
# 1024 queries, which take the most time; --all leaves out none and writes to FILE.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
attnsim=${ATTNSIM:-build/release/attnsim}
table=analysis/validation/table.json

quick=(--longest 1024)
case ${1:-} in
  "") target=("${quick[@]}" --output "$table") ;;
  --check) target=("${quick[@]}" --expect "$table" --output /dev/null) ;;
  --all) target=(--output "${2:?a file to write to}") ;;
  *)
    echo "usage: validation.sh [--check | --all FILE.json]" >&2
    exit 2
    ;;
esac
"$attnsim" validate analysis/validation/measurements/*.csv --format json "${target[@]}"
