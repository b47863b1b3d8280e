#!/usr/bin/env bash
# Installs what is missing to build and check attnsim on Debian 12. Does nothing, and needs no
# network, when everything is there.
set -euo pipefail

packages=(
  # Build.
  g++ cmake ninja-build ccache
  # Second compiler with its sanitizer runtime, formatter, linter.
  clang libclang-rt-14-dev clang-format clang-tidy
  # Libraries of the simulator.
  libyaml-cpp-dev nlohmann-json3-dev libboost-program-options-dev libfmt-dev libeigen3-dev
  libxxhash-dev libzstd-dev libsqlite3-dev
  # Libraries of the tests and benchmarks.
  libgtest-dev librapidcheck-dev libbenchmark-dev
)

if ! command -v dpkg-query >/dev/null; then
  echo "setup: not a Debian system; attnsim needs the equivalents of: ${packages[*]}" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done

if ((${#missing[@]} == 0)); then
  echo "setup: all ${#packages[@]} packages are installed"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "setup: missing: ${missing[*]}" >&2
    echo "setup: run this as root, or install sudo" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update --quiet </dev/null
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install --yes --quiet --no-install-recommends "${missing[@]}" </dev/null
echo "setup: done"
