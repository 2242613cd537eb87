/// @file error_of.hpp
/// What a call of the library that must fail throws.
#pragma once

#include <gtest/gtest.h>

#include <zesvm/error.hpp>

namespace zesvm::tests {

/// Runs something that must fail, and returns the error.
template <typename Work>
Error error_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorCode::level_zero, "nothing was thrown");
}

}  // namespace zesvm::tests
