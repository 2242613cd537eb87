#include "simulator/driver/device_links.hpp"

namespace zesvm::simulator::driver {

namespace {

topology::TileId place_of(const Device& device) {
  return {static_cast<std::uint32_t>(device.card()), device.index_in_card()};
}

int precision_of(const topology::LinkEnd& end) {
  return end.kind == topology::LinkEnd::Kind::tile ? 1 : 0;
}

}  // namespace

DeviceLink link_between(const Device& from, const Device& to) {
  const auto ours = place_of(from);
  const auto theirs = place_of(to);
  DeviceLink best;
  int best_precision = -1;
  if (from.card() == to.card()) {
    const auto& card = from.description();
    const topology::LinkFigures own{card.memory_bandwidth, card.memory_bandwidth,
                                    card.memory_latency};
    best = {topology::Protocol::same_device, own, true};
    if (ours == theirs) return best;
    best_precision = 0;
  }
  for (const auto& link : from.driver().description().links) {
    const int precision = precision_of(link.first) + precision_of(link.second);
    if (precision <= best_precision) continue;
    const bool forward = link.first.covers(ours) && link.second.covers(theirs);
    const bool backward = link.first.covers(theirs) && link.second.covers(ours);
    if (!forward && !backward) continue;
    best = {link.protocol, forward ? link.forward : link.backward, link.atomics};
    best_precision = precision;
  }
  return best;
}

}  // namespace zesvm::simulator::driver
