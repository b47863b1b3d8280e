head -c 1000000 /dev/zero | tr '\000' '[' > input.yaml
