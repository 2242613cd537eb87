/// @file memory_export.hpp
/// Memory that leaves the process: descriptors of files behind allocations, and handles that carry
/// them to other processes.
///
/// E1  a descriptor that an IPC handle names stays open from zeMemGetIpcHandle to the matching
///     zeMemPutIpcHandle, or to the end of the allocation
#pragma once

#include <level_zero/ze_ddi.h>

#include "base/interval.hpp"
#include "simulator/driver/tables.hpp"
#include "simulator/node/types.hpp"

namespace zesvm::simulator::driver {

class Context;
class Device;

/// Maps memory behind a descriptor that another API or process gave.
/// @errors invalid_argument: no descriptor of a file of memory; unsupported: its kind
Result<Address> import_descriptor(Context& context, const Device* device,
                                  const ze_external_memory_import_fd_t& import);

/// Sets `exported.fd` to a descriptor of the file behind an allocation; it is the caller's to close.
ze_result_t export_descriptor(Context& context, const node::Allocation& memory,
                              ze_external_memory_export_fd_t& exported);

/// Closes the descriptors that IPC handles of the allocation at `base` name.
void forget_exports(Address base);

/// Fills the entries for IPC handles.
void fill_ipc(ze_mem_dditable_t& table);
/// Adds the functions on IPC handles that came after the headers.
void add_ipc_functions(FunctionNames& names);

}  // namespace zesvm::simulator::driver
