/// @file launch_shape.hpp
/// From a grid to groups, and whether arguments fit a kernel: the checks of a launch that need no
/// device.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <zesvm/kernel.hpp>

#include "kernels/spirv/module.hpp"

namespace zesvm::levelzero {

/// A launch in groups: items are group size times group count, in every dimension.
struct LaunchShape {
  std::array<std::uint32_t, 3> group_size{1, 1, 1};
  std::array<std::uint32_t, 3> group_count{1, 1, 1};
};

/// Cuts a grid into groups: of the size it gives, else of the size the kernel requires, else of the
/// largest sizes that divide it and keep a group within `max_group_size` items.
/// @errors invalid_argument: no items, a size that does not divide the grid or is not the one the
///         kernel requires, too many items in a group or too many groups
LaunchShape shape_of(const Grid& grid, const spirv::Kernel& kernel, std::uint32_t max_group_size);

/// Checks number, kind and size of arguments.
/// @errors invalid_argument: the message says which argument and what the kernel wants
void check_arguments(const spirv::Kernel& kernel, const std::vector<Argument>& arguments);

}  // namespace zesvm::levelzero
