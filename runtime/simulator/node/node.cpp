#include "simulator/node/node.hpp"

#include <algorithm>

#include "simulator/node/node_state.hpp"

namespace zesvm::simulator::node {

Node::Node(std::unique_ptr<NodeState> state) : state_(std::move(state)) {}

Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::create(const topology::NodeDescription& description) {
  auto state = std::make_unique<NodeState>(description);
  ZESVM_TRY(state->start());
  return std::unique_ptr<Node>(new Node(std::move(state)));
}

const topology::NodeDescription& Node::description() const { return state_->description; }

std::size_t Node::tile_count() const { return state_->tiles.size(); }

TileId Node::tile_of(std::size_t device, std::size_t tile) const {
  std::size_t index = tile;
  for (std::size_t i = 0; i < device; ++i) index += state_->description.devices[i].tiles;
  return TileId{static_cast<std::uint32_t>(index)};
}

std::size_t Node::device_of(TileId tile) const { return state_->tile(tile).device; }

pid_t Node::process_of(TileId tile) const {
  return is_lost(tile) ? 0 : state_->tile(tile).process->process_id();
}

bool Node::is_lost(TileId tile) const { return state_->tile(tile).is_lost.load(); }

bool Node::share_owner(TileId a, TileId b) const {
  return state_->owners.share_owner(*state_->tile(a).pagemap, *state_->tile(b).pagemap);
}

bool Node::can_access_peer(TileId from, TileId to) const {
  return state_->links.link(index_of(from), index_of(to)).protocol != pagemap::Protocol::none;
}

MemoryAmount Node::memory_of(TileId tile) const {
  const pagemap::PagemapUsage usage = state_->tile(tile).pagemap->usage();
  return {usage.capacity, usage.capacity - usage.used};
}

bool Node::is_usable() const { return !CpuFaults::is_forked_child(); }

VirtualClock& Node::virtual_clock() { return state_->clock; }

svm::AddressSpace& Node::address_space() { return *state_->space; }

Bytes Node::virtual_page_size(Bytes size) { return size >= 2_MiB ? Bytes{2_MiB} : 64_KiB; }

Result<Address> Node::reserve_virtual(Bytes size, std::optional<Address> wanted) {
  return state_->virtual_memory->reserve(size, wanted);
}

Status Node::release_virtual(Interval interval) {
  return state_->virtual_memory->release(interval);
}

Result<PhysicalId> Node::create_physical(std::optional<TileId> tile, Bytes size) {
  return state_->virtual_memory->create(tile, size);
}

Status Node::destroy_physical(PhysicalId physical) {
  return state_->virtual_memory->destroy(physical);
}

Status Node::map_virtual(Interval interval, PhysicalId physical, Bytes offset, PageAccess access) {
  return state_->virtual_memory->map(interval, physical, offset, access);
}

Status Node::unmap_virtual(Interval interval) { return state_->virtual_memory->unmap(interval); }

Status Node::set_access(Interval interval, PageAccess access) {
  return state_->virtual_memory->set_access(interval, access);
}

Result<std::pair<PageAccess, Interval>> Node::access_at(Address where) const {
  return state_->virtual_memory->access_at(where);
}

Status Node::plan_failures(std::string_view plan) {
  return state_->failures.add(plan).empty() ? Status::ok : Status::invalid_argument;
}

std::uint64_t Node::failures_struck() const { return state_->failures.struck(); }

TileStatistics Node::statistics(TileId tile) const {
  const Tile& of = state_->tile(tile);
  TileStatistics result;
  result.gpu_faults = of.counters.gpu_faults.load();
  result.failed_faults = of.counters.failed_faults.load();
  result.cpu_faults = of.counters.cpu_faults.load();
  result.launches = of.counters.launches.load();
  result.commanded = {of.counters.commanded_bytes.load()};
  if (const auto core = state_->space->statistics(of.device_id); core.has_value()) {
    const auto bytes_of = [&](svm::Transfer transfer) {
      return core->transfers[static_cast<std::size_t>(transfer)].bytes;
    };
    result.copied_in = bytes_of(svm::Transfer::host_to_device);
    result.copied_out = bytes_of(svm::Transfer::device_to_host);
    result.copied_peer = bytes_of(svm::Transfer::device_to_device);
    result.evictions = core->evictions;
  }
  return result;
}

Status Node::remove_tile(TileId tile) {
  ZESVM_TRY(state_->usable(tile));
  Tile& gone = state_->tile(tile);
  ZESVM_TRY(state_->take_out(gone));
  // The death that follows was asked for: nothing is left to rescue.
  gone.is_lost.store(true);
  gone.process->kill();
  return Status::ok;
}

void Node::kill_tile(TileId tile) { state_->tile(tile).process->kill(); }

}  // namespace zesvm::simulator::node
