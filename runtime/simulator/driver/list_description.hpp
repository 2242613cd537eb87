/// @file list_description.hpp
/// Reading what programs pass to make lists and queues, and to execute lists.
#pragma once

#include <memory>
#include <vector>

#include "simulator/driver/command_list.hpp"
#include "simulator/driver/tables.hpp"

namespace zesvm::simulator::driver {

/// Reads the description of a queue or an immediate list.
/// Returns INVALID_ENUMERATION, or INVALID_ARGUMENT for a group, index or device that is not there.
ze_result_t read_queue_desc(const Context& context, const Device& device,
                            const ze_command_queue_desc_t& desc, ListTraits& traits);
/// Reads the description of a regular list. Result codes as read_queue_desc().
ze_result_t read_list_desc(const Context& context, const Device& device,
                           const ze_command_list_desc_t& desc, ListTraits& traits);
/// Collects the commands of closed lists of the group `ordinal`.
/// Returns INVALID_COMMAND_LIST_TYPE for immediate lists and other groups, INVALID_ARGUMENT for
/// open ones.
ze_result_t read_lists(std::uint32_t count, ze_command_list_handle_t* lists, std::uint32_t ordinal,
                       std::vector<std::shared_ptr<const CommandSequence>>& sequences);

// Parts of what tables.hpp declares, by file.
void add_event_functions(FunctionNames& names);
void add_event_pool_functions(FunctionNames& names);
void add_counter_based_functions(FunctionNames& names);
void add_queue_functions(FunctionNames& names);
void add_list_functions(FunctionNames& names);
void add_list_queries(FunctionNames& names);
void add_launch_functions(FunctionNames& names);
void add_mutable_list_functions(FunctionNames& names);
/// Sets the entries of the table that move memory.
void fill_copies(ze_command_list_dditable_t& table);
/// Sets the entries of the table that launch kernels.
void fill_launches(ze_command_list_dditable_t& table);

}  // namespace zesvm::simulator::driver
