#include "tools/doctor/gpu_family.hpp"

#include <array>
#include <charconv>

namespace zesvm::tools {
namespace {

/// Device numbers [first, last] of a family.
struct Numbers {
  std::uint32_t first;
  std::uint32_t last;
  GpuFamily family;
};

constexpr GpuFamily arc_a{
    "Arc A, Data Center GPU Flex (Alchemist, DG2)", false, true, "i915", {6, 2}};
constexpr GpuFamily max_1000{"Data Center GPU Max (Ponte Vecchio)", true, true, "", {}};
constexpr GpuFamily arc_b{"Arc B, Arc Pro B (Battlemage)", true, true, "xe", {6, 12}};
constexpr GpuFamily lunar_lake{"Lunar Lake", true, false, "xe", {6, 12}};
constexpr GpuFamily panther_lake{"Panther Lake", true, false, "xe", {6, 17}};
constexpr GpuFamily meteor_lake{"Meteor Lake, Arrow Lake", false, false, "i915", {}};

constexpr std::array known{
    Numbers{0x0b60, 0x0bff, max_1000},    Numbers{0x4f80, 0x4f8f, arc_a},
    Numbers{0x5690, 0x56cf, arc_a},       Numbers{0x6420, 0x64bf, lunar_lake},
    Numbers{0x7d40, 0x7ddf, meteor_lake}, Numbers{0xb080, 0xb0bf, panther_lake},
    Numbers{0xe200, 0xe22f, arc_b},
};

}  // namespace

std::optional<KernelVersion> kernel_version_in(std::string_view release) {
  KernelVersion version;
  const char* const end = release.data() + release.size();
  const auto first = std::from_chars(release.data(), end, version.major);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return {};
  const auto second = std::from_chars(first.ptr + 1, end, version.minor);
  if (second.ec != std::errc{}) return {};
  return version;
}

const GpuFamily* family_of(std::uint32_t device_id) {
  for (const Numbers& numbers : known)
    if (device_id >= numbers.first && device_id <= numbers.last) return &numbers.family;
  return nullptr;
}

}  // namespace zesvm::tools
