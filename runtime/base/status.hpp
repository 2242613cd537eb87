/// @file status.hpp
/// How the core says that something did not work: a `Status`, or a `Result<T>` that holds a value
/// or a `Status`. Neither allocates, so both are fit for the fault path.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace zesvm {

// clang-format takes the attribute for a declarator.
// clang-format off
/// The outcome of an operation.
enum class [[nodiscard]] Status : std::uint8_t {
  ok,
  /// The CPU has nothing mapped at the address.
  not_mapped,
  /// The mapping does not allow the access, or the memory may not move where the access needs it.
  permission_denied,
  /// The address lies outside the address space.
  invalid_address,
  /// An argument is malformed: unaligned, empty, overflowing, unknown.
  invalid_argument,
  /// The device has no memory left that could be freed.
  out_of_device_memory,
  /// The host has no memory left.
  out_of_host_memory,
  /// Somebody is using it now; the operation can be tried again.
  busy,
  /// The two places have no fast interconnect.
  no_interconnect,
  /// The device was removed, or never joined.
  no_device,
  /// The device stopped answering; its memory content is gone.
  device_lost,
  /// A copy between memories failed; the source still holds the bytes.
  copy_failed,
  /// A device refused a mapping.
  map_failed,
  /// The device or platform cannot do this.
  unsupported,
  /// Waiting ended before the condition came true.
  timed_out,
};
// clang-format on

/// Returns the name of a status, as spelled in the enumeration.
constexpr std::string_view name_of(Status status) {
  switch (status) {
    case Status::ok: return "ok";
    case Status::not_mapped: return "not_mapped";
    case Status::permission_denied: return "permission_denied";
    case Status::invalid_address: return "invalid_address";
    case Status::invalid_argument: return "invalid_argument";
    case Status::out_of_device_memory: return "out_of_device_memory";
    case Status::out_of_host_memory: return "out_of_host_memory";
    case Status::busy: return "busy";
    case Status::no_interconnect: return "no_interconnect";
    case Status::no_device: return "no_device";
    case Status::device_lost: return "device_lost";
    case Status::copy_failed: return "copy_failed";
    case Status::map_failed: return "map_failed";
    case Status::unsupported: return "unsupported";
    case Status::timed_out: return "timed_out";
  }
  return "unknown";
}

/// A value, or why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT: conversion is the point
  Result(Status status) : status_(status) {}     // NOLINT: conversion is the point

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return has_value(); }
  Status status() const { return status_; }

  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_ = Status::ok;
};

namespace detail {
inline Status status_of(Status status) { return status; }
template <typename T>
Status status_of(const Result<T>& result) {
  return result.status();
}
}  // namespace detail

}  // namespace zesvm

/// Returns from the enclosing function when `expression` did not succeed.
#define ZESVM_TRY(expression)                                                          \
  do {                                                                                 \
    if (const ::zesvm::Status zesvm_status = ::zesvm::detail::status_of((expression)); \
        zesvm_status != ::zesvm::Status::ok)                                           \
      return zesvm_status;                                                             \
  } while (false)

/// Declares `variable` with the value of `expression`, or returns its status.
#define ZESVM_TRY_ASSIGN(variable, expression)                           \
  auto variable##_result = (expression);                                 \
  if (!variable##_result.has_value()) return variable##_result.status(); \
  auto variable = *std::move(variable##_result)
