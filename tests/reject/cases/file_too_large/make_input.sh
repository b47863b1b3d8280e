head -c 1100000 /dev/zero | tr '\000' '#' > input.yaml
