/// @file object.hpp
/// What a Level Zero handle stands for: an object of ours, known by address to a registry.
///
/// A handle is the address of an `Object`. Every entry point looks it up before it touches it, so
/// that a null, foreign, destroyed or mistyped handle gives a result code instead of a crash.
///
/// O1  an object is in the registry from `add` to `remove`, under the kind of its class
/// O2  a call that found an object keeps it alive until the call returns
/// Not here: what the objects do.
#pragma once

#include <cstdint>
#include <memory>

#include <level_zero/ze_api.h>

namespace zesvm::simulator::driver {

/// The classes of handles.
enum class ObjectKind : std::uint8_t {
  driver,
  device,
  context,
  command_queue,
  command_list,
  fence,
  event_pool,
  event,
  module,
  module_build_log,
  kernel,
  physical_memory,
  external_semaphore,
  fabric_vertex,
  fabric_edge,
  sysman_memory,
  sysman_fabric_port,
  sysman_frequency,
};

/// The base of everything a handle stands for. A class derived from it has two members:
/// `using Handle = ze_..._handle_t;` and `static constexpr ObjectKind kind = ...;`.
class Object {
 public:
  Object() = default;
  virtual ~Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
};

namespace detail {
void add_object(std::shared_ptr<Object> object, ObjectKind kind);
std::shared_ptr<Object> find_object(const void* handle, ObjectKind kind);
std::shared_ptr<Object> remove_object(const void* handle, ObjectKind kind);
}  // namespace detail

/// Returns the handle of an object.
template <typename T>
typename T::Handle handle_of(const T* object) {
  // Object is the address the registry knows; T may have other bases before it.
  return reinterpret_cast<typename T::Handle>(
      const_cast<Object*>(static_cast<const Object*>(object)));
}

/// Makes a handle for `object` valid, and shares in its ownership until `remove`.
template <typename T>
typename T::Handle add(std::shared_ptr<T> object) {
  const auto handle = handle_of(object.get());
  detail::add_object(std::move(object), T::kind);
  return handle;
}

/// Returns the object behind a handle; null when there is none of this class.
template <typename T>
std::shared_ptr<T> find(typename T::Handle handle) {
  return std::static_pointer_cast<T>(detail::find_object(handle, T::kind));
}

/// Makes a handle invalid and returns what was behind it; null when it was not valid. Of threads
/// that remove the same handle, one gets the object.
template <typename T>
std::shared_ptr<T> remove(typename T::Handle handle) {
  return std::static_pointer_cast<T>(detail::remove_object(handle, T::kind));
}

/// Returns the result code for a handle that `find` did not know: INVALID_NULL_HANDLE for null,
/// INVALID_ARGUMENT for any other.
ze_result_t invalid_handle(const void* handle);

}  // namespace zesvm::simulator::driver

/// Declares `variable`, the object of class `Type` behind `handle`, or returns from the entry point.
#define ZESVM_FIND(variable, Type, handle)                              \
  const auto variable = ::zesvm::simulator::driver::find<Type>(handle); \
  if (!variable) return ::zesvm::simulator::driver::invalid_handle(handle)

/// Returns ZE_RESULT_ERROR_INVALID_NULL_POINTER from the entry point when `pointer` is null.
#define ZESVM_NOT_NULL(pointer) \
  if ((pointer) == nullptr) return ZE_RESULT_ERROR_INVALID_NULL_POINTER
