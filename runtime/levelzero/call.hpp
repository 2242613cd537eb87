/// @file call.hpp
/// The one way Level Zero is called: through ZESVM_ZE, which turns a failure into a zesvm::Error
/// that names the call, its result, and what was being done.
#pragma once

#include <string>
#include <string_view>

#include <level_zero/ze_api.h>

#include <zesvm/error.hpp>

namespace zesvm::levelzero {

/// Returns the name of a result as the specification spells it, newer results included; the number
/// for one that is not known.
std::string name_of(ze_result_t result);

/// Returns the kind of error a result is.
ErrorCode code_for(ze_result_t result);

/// Returns what a reader can do about a result; empty when there is nothing general to say.
std::string_view advice_for(ze_result_t result);

/// Throws the Error for a call that failed. `what` says what was tried, on what.
/// @errors always
[[noreturn]] void throw_failed(std::string_view call, ze_result_t result, const std::string& what);

/// Returns the text before the first parenthesis: the function's name in a call.
constexpr std::string_view call_name(std::string_view call) {
  return call.substr(0, call.find('('));
}

}  // namespace zesvm::levelzero

/// Calls Level Zero and throws when it fails. `what` is only evaluated then.
#define ZESVM_ZE(call, what)                                                               \
  do {                                                                                     \
    if (const ze_result_t zesvm_result = (call); zesvm_result != ZE_RESULT_SUCCESS)        \
      ::zesvm::levelzero::throw_failed(::zesvm::levelzero::call_name(#call), zesvm_result, \
                                       (what));                                            \
  } while (false)
