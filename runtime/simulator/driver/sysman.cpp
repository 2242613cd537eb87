#include "simulator/driver/sysman.hpp"

#include <map>

namespace zesvm::simulator::driver {

namespace {

std::uint8_t next_number(const std::vector<std::shared_ptr<SysmanPort>>& ports) {
  return static_cast<std::uint8_t>(ports.size() + 1);
}

SysmanParts make_parts(Device& device) {
  SysmanParts made;
  for (const auto tile : device.tiles()) {
    made.memories.push_back(std::make_shared<SysmanMemory>(device, tile));
    made.frequencies.push_back(std::make_shared<SysmanFrequency>(device, tile));
  }
  for (const auto& edge : Fabric::of(device.driver()).edges()) {
    if (edge->link().protocol != topology::Protocol::xe_link) continue;
    // A card with sub-devices has its ports on them, one for each tile at the other side.
    const auto is_ours = [&](const FabricVertex& vertex) {
      const auto& end = vertex.device();
      return device.sub_devices().empty() ? &end == &device : end.root() == &device;
    };
    if (is_ours(edge->first()))
      made.ports.push_back(std::make_shared<SysmanPort>(edge->first(), edge->second(), edge->link(),
                                                        next_number(made.ports)));
    else if (is_ours(edge->second()))
      made.ports.push_back(std::make_shared<SysmanPort>(edge->second(), edge->first(), edge->link(),
                                                        next_number(made.ports)));
  }
  for (const auto& part : made.memories) add(part);
  for (const auto& part : made.frequencies) add(part);
  for (const auto& part : made.ports) add(part);
  return made;
}

struct PartsOfDevices {
  Mutex<LockOrder::driver> lock;
  std::map<const Device*, SysmanParts> by_device ZESVM_GUARDED_BY(lock);
};

}  // namespace

const SysmanParts& SysmanParts::of(Device& device) {
  static auto& all = *new PartsOfDevices;  // never destroyed, as the devices
  Lock guard{all.lock};
  auto found = all.by_device.find(&device);
  if (found == all.by_device.end())
    found = all.by_device.emplace(&device, make_parts(device)).first;
  return found->second;
}

}  // namespace zesvm::simulator::driver
