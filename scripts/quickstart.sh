#!/usr/bin/env bash
# Installs what is missing, builds attnsim and runs the main job: FlashAttention-2 on GPT-2 medium.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo "== [1/4] packages"
scripts/setup.sh
echo "== [2/4] configure"
scripts/configure.sh release
echo "== [3/4] build"
cmake --build --preset release --target attnsim
job=(build/release/attnsim run configs/runs/flash_attention_2_gpt2.yaml)
echo "== [4/4] ${job[*]}"
"${job[@]}"
