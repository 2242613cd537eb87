/// @file assert.hpp
/// Checks of our own invariants. Never for input: bad input gets a Status or an error.
#pragma once

namespace zesvm::detail {
[[noreturn]] void assertion_failed(const char* claim, const char* file, int line) noexcept;
}

#if defined(ZESVM_CHECKS)
#define ZESVM_ASSERT(claim) \
  ((claim) ? void(0) : ::zesvm::detail::assertion_failed(#claim, __FILE__, __LINE__))
#else
#define ZESVM_ASSERT(claim) ((void)sizeof(!(claim)))
#endif
