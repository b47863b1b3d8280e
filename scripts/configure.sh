#!/usr/bin/env bash
# configure.sh PRESET: configures build/PRESET, through ccache where there is one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
cmake --preset "$1"
