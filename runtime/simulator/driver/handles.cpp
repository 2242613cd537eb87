#include "simulator/driver/handles.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>

#include "base/environment.hpp"
#include "simulator/node/node.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

namespace {

/// The node of a process that named none: two cards of the kind most people have.
constexpr const char* default_node = "bmg-2";

std::atomic<Driver*> the_driver{nullptr};

/// Starts the node and the driver on it. Errors are told here, as nobody else can.
ze_result_t start_driver() {
  std::string name = environment("ZESVM_NODE");
  if (name.empty()) name = default_node;
  try {
    const auto description = topology::load_node(name);
    auto node = node::Node::create(description);
    if (!node) {
      const bool no_program = node.status() == Status::unsupported;
      std::fprintf(stderr, "zesvm simulator: node '%s' could not be started: %s\n", name.c_str(),
                   no_program ? "zesvm-sim-device, the program that is a tile, was not found or "
                                "cannot run; ZESVM_SIM_DEVICE may say where it is"
                              : std::string(name_of(node.status())).c_str());
      return no_program ? ZE_RESULT_ERROR_DEPENDENCY_UNAVAILABLE : ZE_RESULT_ERROR_UNINITIALIZED;
    }
    auto driver = std::make_shared<Driver>(*std::move(node));
    // H2: the registry keeps it for ever.
    the_driver.store(driver.get(), std::memory_order_release);
    add(std::move(driver));
    return ZE_RESULT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "zesvm simulator: %s\n", error.what());
    return ZE_RESULT_ERROR_UNINITIALIZED;
  }
}

}  // namespace

Device::Device(Driver& driver, std::size_t card, std::vector<node::TileId> tiles,
               const Device* root)
    : driver_(driver), card_(card), tiles_(std::move(tiles)), root_(root) {}

node::Node& Device::node() const { return driver_.node(); }

const topology::DeviceDescription& Device::description() const {
  return driver_.description().devices[card_];
}

std::uint32_t Device::index_in_card() const {
  return static_cast<std::uint32_t>(node::index_of(tile()) -
                                    node::index_of(node().tile_of(card_, 0)));
}

bool Device::is_lost() const {
  // In a child made by fork nothing answers.
  if (!node().is_usable()) return true;
  return std::any_of(tiles_.begin(), tiles_.end(),
                     [this](node::TileId tile) { return node().is_lost(tile); });
}

bool Device::can_access(const Device& other) const {
  return std::all_of(other.tiles_.begin(), other.tiles_.end(), [this](node::TileId theirs) {
    return std::all_of(tiles_.begin(), tiles_.end(), [this, theirs](node::TileId ours) {
      return ours == theirs || node().can_access_peer(ours, theirs);
    });
  });
}

Driver::Driver(std::unique_ptr<node::Node> node)
    : node_(std::move(node)), hierarchy_(parse_hierarchy(environment("ZE_FLAT_DEVICE_HIERARCHY"))) {
  add_devices();
}

Driver::~Driver() = default;

ze_result_t Driver::initialise() {
  static const ze_result_t outcome = start_driver();
  return outcome;
}

Driver* Driver::instance() { return the_driver.load(std::memory_order_acquire); }

const topology::NodeDescription& Driver::description() const { return node_->description(); }

void Driver::add_devices() {
  std::vector<std::uint32_t> tiles_of_card;
  for (const auto& device : description().devices) tiles_of_card.push_back(device.tiles);
  for (const auto& visible :
       select_devices(tiles_of_card, hierarchy_, environment("ZE_AFFINITY_MASK"))) {
    std::vector<node::TileId> tiles;
    for (const auto tile : visible.tiles) tiles.push_back(node_->tile_of(visible.card, tile));
    if (hierarchy_ == Hierarchy::flat) {
      for (const auto tile : tiles)
        roots_.push_back(std::make_shared<Device>(*this, visible.card, std::vector{tile}, nullptr));
      continue;
    }
    auto card = std::make_shared<Device>(*this, visible.card, tiles, nullptr);
    // A card of which one tile is left is that tile; among tiles that know their card it still is a part of one.
    const bool has_parts =
        hierarchy_ == Hierarchy::combined ? tiles_of_card[visible.card] > 1 : tiles.size() > 1;
    for (std::size_t i = 0; has_parts && i < tiles.size(); ++i)
      card->sub_devices_.push_back(
          std::make_shared<Device>(*this, visible.card, std::vector{tiles[i]}, card.get()));
    roots_.push_back(std::move(card));
  }
  for (const auto& root : roots_) {
    add(root);
    for (const auto& tile : root->sub_devices_) add(tile);
    if (hierarchy_ == Hierarchy::combined && !root->sub_devices_.empty())
      devices_.insert(devices_.end(), root->sub_devices_.begin(), root->sub_devices_.end());
    else
      devices_.push_back(root);
  }
}

Device* Driver::device_of(node::TileId tile) const {
  for (const auto& root : roots_) {
    for (const auto& part : root->sub_devices())
      if (part->tile() == tile) return part.get();
    if (root->tiles().size() == 1 && root->tile() == tile) return root.get();
  }
  return nullptr;
}

Context::Context(Driver& driver, std::vector<Device*> devices)
    : driver_(driver), devices_([&] {
        if (devices.empty())
          for (const auto& root : driver.roots()) devices.push_back(root.get());
        return std::move(devices);
      }()) {}

node::Node& Context::node() const { return driver_.node(); }

bool Context::has(const Device& device) const {
  return std::any_of(devices_.begin(), devices_.end(), [&](const Device* own) {
    return own == &device || own == device.root() || own->root() == &device;
  });
}

ze_result_t Context::status() const {
  const bool lost = std::any_of(devices_.begin(), devices_.end(),
                                [](const Device* device) { return device->is_lost(); });
  return lost ? ZE_RESULT_ERROR_DEVICE_LOST : ZE_RESULT_SUCCESS;
}

void Context::adopt(Address base, const Device* device) {
  Lock guard{lock_};
  allocations_.insert_or_assign(base, device);
}

const Device* Context::device_named_for(Address base) const {
  Lock guard{lock_};
  const auto found = allocations_.find(base);
  return found != allocations_.end() ? found->second : nullptr;
}

bool Context::disown(Address base) {
  Lock guard{lock_};
  return allocations_.erase(base) != 0;
}

bool Context::owns(Address base) const {
  Lock guard{lock_};
  return allocations_.contains(base);
}

}  // namespace zesvm::simulator::driver
