printf 'workload: {seqlen: 128, head_dim: 64}\ndescription: caf\351\n' > input.yaml
