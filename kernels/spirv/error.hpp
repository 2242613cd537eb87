/// @file error.hpp
/// How reading a SPIR-V module fails: where, and why.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace zesvm::spirv {

/// Why a module cannot be used.
struct Error {
  /// Position of the offending word in the module, in bytes.
  std::size_t offset = 0;
  std::string message;
};

/// A value, or the error that kept it from being made.
template <typename T>
class [[nodiscard]] Checked {
 public:
  Checked(T value) : value_(std::move(value)) {}      // NOLINT: conversion is the point
  Checked(Error error) : error_(std::move(error)) {}  // NOLINT: conversion is the point

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return has_value(); }
  /// Returns the error. Only when there is no value.
  const Error& error() const { return error_; }

  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Error error_;
};

}  // namespace zesvm::spirv
