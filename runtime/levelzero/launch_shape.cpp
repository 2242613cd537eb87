#include "levelzero/launch_shape.hpp"

#include <algorithm>
#include <limits>

#include <zesvm/error.hpp>

namespace zesvm::levelzero {
namespace {

[[noreturn]] void refuse(const spirv::Kernel& kernel, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "launching " + kernel.name + ": " + why);
}

std::string text(const std::array<std::uint32_t, 3>& size) {
  return std::to_string(size[0]) + "x" + std::to_string(size[1]) + "x" + std::to_string(size[2]);
}

std::uint32_t largest_divisor(std::uint64_t items, std::uint64_t limit) {
  for (std::uint64_t size = std::min(items, limit); size > 1; --size)
    if (items % size == 0) return static_cast<std::uint32_t>(size);
  return 1;
}

std::array<std::uint32_t, 3> chosen_size(const Grid& grid, std::uint32_t max_group_size) {
  std::array<std::uint32_t, 3> size{1, 1, 1};
  // More than this many items in a group only costs: groups then wait for few slots that fit them.
  std::uint64_t room = std::min<std::uint64_t>(max_group_size, 256);
  for (std::size_t i = 0; i < 3; ++i) {
    size[i] = largest_divisor(grid.items[i], room);
    room /= size[i];
  }
  return size;
}

void check_group(const spirv::Kernel& kernel, const std::array<std::uint32_t, 3>& size,
                 std::uint32_t max_group_size) {
  const std::uint64_t items = std::uint64_t{size[0]} * size[1] * size[2];
  if (items > max_group_size)
    refuse(kernel, "a group of " + text(size) + " has " + std::to_string(items) +
                       " items; the device takes " + std::to_string(max_group_size));
  if (kernel.required_group_size && *kernel.required_group_size != size)
    refuse(kernel, "it was compiled for groups of " + text(*kernel.required_group_size) + ", not " +
                       text(size));
}

std::string kind_of(const spirv::Argument& argument) {
  switch (argument.kind) {
    case spirv::ArgumentKind::global_pointer:
    case spirv::ArgumentKind::constant_pointer: return "a pointer";
    case spirv::ArgumentKind::local_pointer: return "local memory (zesvm::LocalMemory)";
    case spirv::ArgumentKind::value: return "a value";
    case spirv::ArgumentKind::image:
    case spirv::ArgumentKind::sampler:
    case spirv::ArgumentKind::unsupported: return "an object zesvm does not pass";
  }
  return "an argument";
}

bool fits(const spirv::Argument& wanted, const Argument& given) {
  switch (wanted.kind) {
    case spirv::ArgumentKind::global_pointer:
    case spirv::ArgumentKind::constant_pointer: return given.is_pointer();
    case spirv::ArgumentKind::local_pointer: return given.is_local() && given.bytes() > 0;
    case spirv::ArgumentKind::value:
      return !given.is_pointer() && !given.is_local() && given.bytes() == wanted.size.count;
    case spirv::ArgumentKind::image:
    case spirv::ArgumentKind::sampler:
    case spirv::ArgumentKind::unsupported: return false;
  }
  return false;
}

}  // namespace

LaunchShape shape_of(const Grid& grid, const spirv::Kernel& kernel, std::uint32_t max_group_size) {
  LaunchShape shape;
  const bool is_given = grid.group != std::array<std::uint32_t, 3>{0, 0, 0};
  for (std::uint64_t items : grid.items)
    if (items == 0) refuse(kernel, "the grid has no work-items");
  if (is_given) {
    shape.group_size = grid.group;
  } else if (kernel.required_group_size) {
    shape.group_size = *kernel.required_group_size;
  } else {
    shape.group_size = chosen_size(grid, max_group_size);
  }
  check_group(kernel, shape.group_size, max_group_size);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::uint32_t size = shape.group_size[i];
    if (size == 0 || grid.items[i] % size != 0)
      refuse(kernel, "groups of " + text(shape.group_size) + " do not divide the grid's " +
                         std::to_string(grid.items[i]) + " items in dimension " +
                         std::to_string(i));
    const std::uint64_t count = grid.items[i] / size;
    if (count > std::numeric_limits<std::uint32_t>::max())
      refuse(kernel, "too many groups in dimension " + std::to_string(i));
    shape.group_count[i] = static_cast<std::uint32_t>(count);
  }
  return shape;
}

void check_arguments(const spirv::Kernel& kernel, const std::vector<Argument>& arguments) {
  if (arguments.size() != kernel.arguments.size())
    refuse(kernel, "it takes " + std::to_string(kernel.arguments.size()) + " arguments, not " +
                       std::to_string(arguments.size()));
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const spirv::Argument& wanted = kernel.arguments[i];
    if (fits(wanted, arguments[i])) continue;
    std::string which = "argument " + std::to_string(i);
    if (!wanted.name.empty()) which += " ('" + wanted.name + "')";
    if (!wanted.type_name.empty()) which += ", " + wanted.type_name + ",";
    refuse(kernel, which + " is " + kind_of(wanted) + " of " + std::to_string(wanted.size.count) +
                       " bytes; it was given " +
                       (arguments[i].is_pointer() ? "a pointer"
                        : arguments[i].is_local()
                            ? "local memory"
                            : "a value of " + std::to_string(arguments[i].bytes()) + " bytes"));
  }
}

}  // namespace zesvm::levelzero
