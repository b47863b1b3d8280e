#!/usr/bin/env bash
# Builds attnsim and all its tests (release) and runs them. Fails if a test fails or is skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo "== [1/4] packages"
scripts/setup.sh
echo "== [2/4] configure"
scripts/configure.sh release
echo "== [3/4] build"
cmake --build --preset release
echo "== [4/4] tests"
scripts/ctest.sh release "$@"
