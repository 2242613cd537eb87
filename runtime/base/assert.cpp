#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace zesvm::detail {

void assertion_failed(const char* claim, const char* file, int line) noexcept {
  std::fprintf(stderr, "zesvm: %s:%d: broken invariant: %s\n", file, line, claim);
  std::abort();
}

}  // namespace zesvm::detail
