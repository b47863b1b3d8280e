awk 'BEGIN { for (i = 0; i < 200; ++i) { printf "%*sa:\n", i, "" } }' > input.yaml
