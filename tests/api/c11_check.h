/* What tests in C11 check with: ends a function that has `int line` and a label `end`. */
#ifndef ZESVM_TESTS_C11_CHECK_H
#define ZESVM_TESTS_C11_CHECK_H

/* Leaves the line that failed in `line`. */
#define CHECK(condition) \
  do {                   \
    if (!(condition)) {  \
      line = __LINE__;   \
      goto end;          \
    }                    \
  } while (0)

#endif
