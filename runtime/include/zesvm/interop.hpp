/// @file interop.hpp
/// The Level Zero handles behind zesvm's objects, for programs that call Level Zero themselves. The
/// handles belong to the objects: use them, do not destroy them.
#pragma once

#include <level_zero/ze_api.h>

#include <zesvm/runtime.hpp>
#include <zesvm/stream.hpp>

namespace zesvm {

/// Returns the driver of a Runtime.
inline ze_driver_handle_t native_driver(const Runtime& runtime) {
  return static_cast<ze_driver_handle_t>(runtime.native_driver());
}
/// Returns the context all memory, streams and modules of a Runtime are made in.
inline ze_context_handle_t native_context(const Runtime& runtime) {
  return static_cast<ze_context_handle_t>(runtime.native_context());
}
/// Returns the device, or sub-device, that is a tile.
inline ze_device_handle_t native_device(const Device& device) {
  return static_cast<ze_device_handle_t>(device.native_handle());
}
/// Returns the immediate command list of a stream. Appending to it counts as using the stream.
inline ze_command_list_handle_t native_list(const Stream& stream) {
  return static_cast<ze_command_list_handle_t>(stream.native_handle());
}
/// Makes a Runtime around a driver and, unless null, a context of the program, which must outlive it.
inline Runtime make_runtime(ze_driver_handle_t driver, ze_context_handle_t context) {
  return Runtime::around(driver, context);
}

}  // namespace zesvm
