#!/usr/bin/env bash
# fuzz.sh SECONDS [SEED]: builds the fuzz targets (clang, address and undefined sanitizers) in
# build/fuzz and runs each for an equal part of the time, from the seeds in tests/fuzz/corpus. Finds
# are left in build/fuzz/finds. Fails at the first find. SEED (1) makes a run from an empty build/fuzz
# repeatable; 0 draws one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:?usage: fuzz.sh SECONDS [SEED]}
seed=${2:-1}
build=build/fuzz
# Coroutines and the function sanitizer of clang 14 do not go together. The macro makes readers pass
# over checksums, behind which a fuzzer would seldom get.
flags="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=function -fno-sanitize-recover=all"
flags+=" -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" -DCMAKE_CXX_FLAGS="$flags" \
  -DATTNSIM_TESTS=OFF -DATTNSIM_FUZZERS=ON "${launcher[@]}" >/dev/null
cmake --build "$build" --target fuzzers

targets=("$build"/*_fuzz)
each=$((seconds / ${#targets[@]}))
if ((each < 1)); then each=1; fi
mkdir -p "$build/finds"
for target in "${targets[@]}"; do
  name=$(basename "$target" _fuzz)
  mkdir -p "$build/corpus/$name"
  echo "== $name for $each s"
  "$target" -max_total_time="$each" -seed="$seed" -timeout=30 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$build/finds/$name-" "$build/corpus/$name" "tests/fuzz/corpus/$name" \
    >"$build/$name.log" 2>&1 || {
    tail -40 "$build/$name.log"
    echo "fuzz: $name found something: $build/finds" >&2
    exit 1
  }
  grep -E "number_of_executed_units|average_exec_per_sec" "$build/$name.log" || true
done
echo "fuzz: ${#targets[@]} targets, nothing found"
