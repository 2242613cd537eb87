/// @file tables.hpp
/// How functions get into the tables the loader reads, and under which names they are found.
///
/// The loader asks for each table through an exported getter (tables.cpp). A getter first points
/// every entry at a function that returns UNSUPPORTED_FEATURE, then calls `fill` for the table,
/// which overwrites what the driver has. To add functions, set them in that table's `fill`; to
/// fill another table, declare a `fill` for it here and define it beside the functions.
///
/// Functions newer than the headers this is built with are added by name to a `FunctionNames`;
/// zeDriverGetExtensionFunctionAddress finds them there, and so do tables of newer loaders.
#pragma once

#include <level_zero/ze_ddi.h>
#include <level_zero/zes_ddi.h>
#include <level_zero/zet_ddi.h>

#include "simulator/driver/function_names.hpp"

namespace zesvm::simulator::driver {

// Driver, devices, memory.
void fill(ze_global_dditable_t& table);
void fill(ze_driver_dditable_t& table);
void fill(ze_device_dditable_t& table);
void fill(ze_device_exp_dditable_t& table);
void fill(ze_context_dditable_t& table);
void fill(ze_mem_dditable_t& table);
void fill(ze_virtual_mem_dditable_t& table);
void fill(ze_physical_mem_dditable_t& table);
void fill(ze_fabric_vertex_exp_dditable_t& table);
void fill(ze_fabric_edge_exp_dditable_t& table);
void add_driver_functions(FunctionNames& names);
void add_device_functions(FunctionNames& names);
void add_context_functions(FunctionNames& names);
void add_memory_functions(FunctionNames& names);
void add_atomic_access_functions(FunctionNames& names);
void add_virtual_memory_functions(FunctionNames& names);
void add_semaphore_functions(FunctionNames& names);
void add_imported_pointer_functions(FunctionNames& names);

// Commands, synchronisation, modules.
void fill(ze_command_queue_dditable_t& table);
void fill(ze_command_list_dditable_t& table);
void fill(ze_fence_dditable_t& table);
void fill(ze_event_pool_dditable_t& table);
void fill(ze_event_dditable_t& table);
void fill(ze_event_exp_dditable_t& table);
void fill(ze_module_dditable_t& table);
void fill(ze_module_build_log_dditable_t& table);
void fill(ze_kernel_dditable_t& table);
void fill(ze_kernel_exp_dditable_t& table);
void add_command_functions(FunctionNames& names);
void add_module_functions(FunctionNames& names);

// Sysman.
void fill(zes_device_dditable_t& table);
void fill(zes_memory_dditable_t& table);
void fill(zes_fabric_port_dditable_t& table);
void fill(zes_frequency_dditable_t& table);
void add_sysman_functions(FunctionNames& names);

// What the simulated node adds to Level Zero.
void add_simulator_functions(FunctionNames& names);

}  // namespace zesvm::simulator::driver
