#include "simulator/driver/node_target.hpp"

#include <level_zero/ze_api.h>

#include "simulator/node/virtual_clock.hpp"
#include "svm/address_space.hpp"

namespace zesvm::simulator::driver {

namespace {

// Since Level Zero 1.10; not in the headers this may be built with.
constexpr std::uint32_t set_system_memory_preferred_location = 8;
constexpr std::uint32_t clear_system_memory_preferred_location = 9;

std::optional<svm::Advice> advice_of(TileAdvice advice) {
  const svm::DeviceId device{static_cast<std::uint16_t>(node::index_of(advice.tile))};
  switch (advice.value) {
    case ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION:
      return svm::Advice::preferred_location(svm::Place::on(device));
    case set_system_memory_preferred_location:
      return svm::Advice::preferred_location(svm::Place::system());
    case ZE_MEMORY_ADVICE_CLEAR_PREFERRED_LOCATION:
    case clear_system_memory_preferred_location:
      return svm::Advice::preferred_location(svm::Place::faulting());
    case ZE_MEMORY_ADVICE_BIAS_CACHED: return svm::Advice::caching_class(svm::Caching::automatic);
    case ZE_MEMORY_ADVICE_BIAS_UNCACHED: return svm::Advice::caching_class(svm::Caching::uncached);
    default: return std::nullopt;
  }
}

std::uint64_t count_of(node::VirtualTime when) { return static_cast<std::uint64_t>(when.count()); }

node::VirtualTime instant_of(std::uint64_t when) {
  return node::VirtualTime{static_cast<node::VirtualTime::rep>(when)};
}

}  // namespace

node::Outcome NodeTarget::launch(const node::Launch& launch) {
  return node_.launch(tile_, launch).get();
}

Status NodeTarget::copy(Address destination, Address source, Bytes size) {
  return node_.copy(tile_, destination, source, size);
}

Status NodeTarget::fill(Address destination, std::span<const std::byte> pattern, Bytes size) {
  return node_.fill(tile_, destination, pattern, size);
}

Status NodeTarget::copy_region(const node::Region& destination, const node::Region& source,
                               const std::array<std::uint64_t, 3>& extent) {
  return node_.copy_region(tile_, destination, source, extent);
}

Status NodeTarget::prefetch(Interval interval) { return node_.prefetch(tile_, interval); }

Status NodeTarget::advise(Interval interval, TileAdvice advice) {
  const auto wanted = advice_of(advice);
  if (!wanted) return Status::ok;
  // Advice is by page: rounded outwards, as the kernel interface does with unaligned intervals.
  const Interval pages = interval.rounded_out(cpu_page);
  return node_.address_space().advise(pages, *wanted).status();
}

// In a child made by fork there are no threads to run anything: as good as lost.
bool NodeTarget::is_lost() const { return !node_.is_usable() || node_.is_lost(tile_); }

std::uint64_t NodeTarget::virtual_now() const {
  return count_of(node_.virtual_clock().tile_now(node::index_of(tile_)));
}

std::uint64_t NodeTarget::virtual_host_now() const {
  return count_of(node_.virtual_clock().host_now());
}

void NodeTarget::virtual_reaches(std::uint64_t when) {
  node_.virtual_clock().tile_reaches(node::index_of(tile_), instant_of(when));
}

void NodeTarget::virtual_host_reaches(std::uint64_t when) {
  node_.virtual_clock().host_reaches(instant_of(when));
}

}  // namespace zesvm::simulator::driver
