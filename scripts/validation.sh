#!/usr/bin/env bash
# validation.sh [--check]: predicts every measurement in analysis/validation/measurements with
# build/release/attnsim. Writes analysis/validation/table.json, or with --check fails when a figure
# has moved since it was written.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
attnsim=${ATTNSIM:-build/release/attnsim}
table=analysis/validation/table.json

case ${1:-} in
  "") target=(--output "$table") ;;
  --check) target=(--expect "$table" --output /dev/null) ;;
  *)
    echo "usage: validation.sh [--check]" >&2
    exit 2
    ;;
esac
"$attnsim" validate analysis/validation/measurements/*.csv --format json "${target[@]}"
