# Each line doubles the one before, in 10 MB.
awk 'BEGIN {
  print "a0: &a0 [x, x]"
  for (i = 1; length_so_far < 10000000; ++i) {
    line = sprintf("a%d: &a%d [*a%d, *a%d]", i, i, i - 1, i - 1)
    length_so_far += length(line) + 1
    print line
  }
}' > input.yaml
