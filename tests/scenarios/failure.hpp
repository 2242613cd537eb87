/// @file failure.hpp
/// How a scenario says that something is not as it must be.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

#include <level_zero/ze_api.h>

namespace zesvm::scenarios {

/// What a scenario found wrong; ends it.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Ends the scenario with a message made of `parts` unless `claim` holds.
template <typename... Parts>
void must(bool claim, const Parts&... parts) {
  if (claim) return;
  std::ostringstream text;
  (text << ... << parts);
  throw Failure(text.str());
}

/// Ends the scenario unless a call of Level Zero succeeded.
inline void must_succeed(ze_result_t result, const char* call) {
  must(result == ZE_RESULT_SUCCESS, call, " returned 0x", std::hex, static_cast<unsigned>(result));
}

}  // namespace zesvm::scenarios

/// Ends the scenario unless the call succeeds.
#define ZESVM_MUST(call) ::zesvm::scenarios::must_succeed((call), #call)
