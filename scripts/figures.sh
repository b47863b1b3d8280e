#!/usr/bin/env bash
# Draws the figures of README.md and docs from runs of build/release/attnsim: scripts/figures.sh [OUTPUT_DIR]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-docs/figures}
attnsim=${ATTNSIM:-build/release/attnsim}
mkdir -p "$out"

# algorithm,tensor,GB at the hbm boundary, for the three forward algorithms on GPT-2 medium.
rows() {
  for algorithm in standard flash_attention_1 flash_attention_2; do
    "$attnsim" run "configs/runs/${algorithm}_gpt2.yaml" --format csv --no-time --quiet |
      awk -F, 'NR == 1 { for (i = 1; i <= NF; ++i) at[$i] = i; next }
               $at["memory"] == "hbm" && $at["tensor"] != "total" {
                 print $at["algorithm"] "," $at["tensor"] "," $at["bytes"] / 1e9 }'
  done
}

rows | awk -F, '
  BEGIN {
    colour["Q"] = "#4e79a7"; colour["K"] = "#f28e2b"; colour["V"] = "#edc948"; colour["O"] = "#59a14f"
    colour["S"] = "#e15759"; colour["P"] = "#b07aa1"
    colour["L"] = colour["l"] = colour["m"] = colour["statistics"] = "#9c9c9c"
  }
  { if (!($1 in total)) order[++n] = $1
    total[$1] += $3; part[$1, ++parts[$1]] = $2; value[$1, parts[$1]] = $3
    if (total[$1] > most) most = total[$1] }
  END {
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 250\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\" aria-label=\"HBM traffic of three attention algorithms on GPT-2 medium\">"
    print "<rect width=\"760\" height=\"250\" fill=\"#ffffff\"/>"
    print "<text x=\"16\" y=\"26\" font-size=\"15\" font-weight=\"bold\" fill=\"#222\">Bytes leaving the cores: GPT-2 medium, batch 64, forward, A100</text>"
    scale = 480 / most
    for (i = 1; i <= n; ++i) {
      y = 16 + 48 * i; x = 160; a = order[i]
      printf "<text x=\"150\" y=\"%d\" text-anchor=\"end\" fill=\"#222\">%s</text>\n", y + 20, a
      for (j = 1; j <= parts[a]; ++j) {
        width = value[a, j] * scale
        printf "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"30\" fill=\"%s\"><title>%s %.3f GB</title></rect>\n", x, y, width, colour[part[a, j]], part[a, j], value[a, j]
        x += width
      }
      printf "<text x=\"%.1f\" y=\"%d\" fill=\"#222\">%.2f GB</text>\n", x + 8, y + 20, total[a]
    }
    split("Q K V O S P statistics", names, " ")
    for (i = 1; i <= 7; ++i) {
      x = 40 + 84 * i
      printf "<rect x=\"%d\" y=\"222\" width=\"14\" height=\"14\" fill=\"%s\"/><text x=\"%d\" y=\"234\" fill=\"#222\">%s</text>\n", x, colour[names[i]], x + 20, names[i]
    }
    print "</svg>"
  }' > "$out/gpt2_io.svg"

# A cache against scratchpads of equal size.
"$attnsim" curve --algorithm flash_attention_2 --hardware abstract_two_level \
  --workload seqlen=1024,head_dim=64 --set algorithm.tiles='{Br: 1, Bc: 1}' \
  --opt "1024 words,4096 words,16384 words,65536 words" \
  --algorithms flash_attention_1,flash_attention_2,standard \
  --plot "$out/capacity_curve.svg" --output /dev/null --quiet

# Algorithms, the best nest and the bounds against the size of a scratchpad.
"$attnsim" curve configs/runs/theory/4096_128_25600.yaml --scratchpad --best \
  --algorithms flash_attention_1,flash_attention_2,flat,outer_product_tiling,square_tiling,standard \
  --plot "$out/regimes.svg" --output /dev/null --quiet
