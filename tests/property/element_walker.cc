// The element walker, compiled into this folder's executable: it is a source of tests/analytic.
#include "tests/analytic/element_walker.cc"  // NOLINT(bugprone-suspicious-include)
