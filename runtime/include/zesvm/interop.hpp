/// @file interop.hpp
/// The Level Zero handles behind zesvm's objects, for programs that call Level Zero themselves. The
/// handles belong to the objects: use them, do not destroy them.
///
/// The functions are as safe to use from several threads as the objects they take.
///
/// Kernels that the program launches itself use memory of an AddressSpace by its plain pointers; call
/// AddressSpace::prepare() for the device first.
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
/// Returns the event of a point in a stream. Wait for it, as long as `event` lives; do not reset it.
inline ze_event_handle_t native_event(const Event& event) {
  return static_cast<ze_event_handle_t>(event.native_handle());
}
/// Returns a module as built for a device, to make kernels of for command lists of the program.
/// @errors module_rejected, with the build log
inline ze_module_handle_t native_module(const Module& module, const Device& device) {
  return static_cast<ze_module_handle_t>(module.native_handle(device));
}
/// Makes later work of a stream wait for an event of the program, which must live until then.
/// @errors as Stream::wait_for_native()
inline void wait_for(Stream& stream, ze_event_handle_t event) { stream.wait_for_native(event); }
/// Signals an event of the program when the work given to a stream so far is done.
/// @errors as Stream::signal_native()
inline void signal(Stream& stream, ze_event_handle_t event) { stream.signal_native(event); }
/// Makes a stream that works through an immediate command list of the program.
/// @errors as Stream::around()
inline Stream make_stream(const Device& device, ze_command_list_handle_t list) {
  return Stream::around(device, list);
}
/// Makes a Runtime around a driver and, unless null, a context of the program, which must outlive it.
/// @errors as Runtime::around()
inline Runtime make_runtime(ze_driver_handle_t driver, ze_context_handle_t context) {
  return Runtime::around(driver, context);
}

}  // namespace zesvm
