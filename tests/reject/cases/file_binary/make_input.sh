printf 'workload: \000\001\002' > input.yaml
