#include "simulator/node/virtual_memory.hpp"

#include <algorithm>

#include "simulator/node/node_state.hpp"

namespace zesvm::simulator::node {

namespace {

/// Lends the VRAM of physical memory. Its blocks are pinned, so that none is ever to move.
class PinnedUser : public pagemap::BlockUser {
 public:
  Status evict(pagemap::Block&, pagemap::Cause) noexcept override { return Status::busy; }
};

PinnedUser pinned_user;

/// What an access needs.
bool allows(PageAccess granted, tile::Access access) {
  if (access == tile::Access::read) return granted != PageAccess::none;
  return granted == PageAccess::read_write;
}

tile::Rights rights_of(PageAccess access) {
  return access == PageAccess::read_write ? tile::Rights::atomic : tile::Rights::read;
}

}  // namespace

VirtualMemory::Physical::~Physical() {
  for (pagemap::Block& block : blocks) {
    if (!block.is_lent()) continue;
    block.pagemap()->unpin(block);
    block.pagemap()->release(block);
  }
  if (addresses.is_empty() || windows == nullptr) return;
  if (const Window* window = windows->window_at(addresses.begin)) {
    window->file.memory.punch(window->offset_of(addresses.begin), addresses.size());
  }
  windows->give_back(addresses);
}

VirtualMemory::~VirtualMemory() = default;

Result<Address> VirtualMemory::reserve(Bytes size, std::optional<Address> wanted) {
  const Bytes page = Node::virtual_page_size(size);
  if (size.count == 0 || !is_aligned(size, cpu_page)) return Status::invalid_argument;
  const Bytes whole = align_up(size, page);
  if (whole < size) return Status::invalid_argument;
  Interval taken{};
  if (wanted && is_aligned(*wanted, page)) {
    const auto there = Interval::checked(*wanted, whole);
    if (there && node_.windows->take_at(*there) == Status::ok) taken = *there;
  }
  if (taken.is_empty()) {
    ZESVM_TRY_ASSIGN(found, node_.windows->take(whole, page));
    taken = found;
  }
  node_.allocations.add({.allocation = {.kind = MemoryKind::virtual_reservation,
                                        .interval = {taken.begin, taken.begin + size}},
                         .footprint = taken});
  return taken.begin;
}

Status VirtualMemory::release(Interval interval) {
  {
    const Lock guard{lock_};
    const auto it = mapped_.lower_bound(interval.begin);
    if (it != mapped_.end() && it->first < interval.end) return Status::busy;
  }
  const auto record = node_.allocations.take_reservation(interval);
  if (!record) return Status::invalid_argument;
  node_.windows->give_back(record->footprint);
  return Status::ok;
}

Status VirtualMemory::lend(Physical& physical, Tile& tile) {
  const Bytes piece = Node::virtual_page_size(physical.size);
  physical.vram = std::make_shared<VramPieces>();
  physical.vram->piece_size = piece;
  for (Bytes done; done < physical.size; done += piece) {
    pagemap::Block& block = physical.blocks.emplace_back();
    Status status = tile.pagemap->reserve(block, piece, pinned_user, pagemap::Eviction::allowed);
    for (int attempt = 0; status == Status::busy && attempt < 100; ++attempt) {
      tile.pagemap->wait_for_room();
      status = tile.pagemap->reserve(block, piece, pinned_user, pagemap::Eviction::allowed);
    }
    ZESVM_TRY(status);
    tile.pagemap->pin(block);
    physical.vram->pieces.push_back(block.extent());
    ZESVM_TRY(node_.memory.clear(block.extent()));
  }
  return Status::ok;
}

Result<PhysicalId> VirtualMemory::create(std::optional<TileId> tile, Bytes size) {
  if (size.count == 0) return Status::invalid_argument;
  auto physical = std::make_unique<Physical>();
  physical->size = size;
  physical->tile = tile;
  if (tile) {
    ZESVM_TRY(node_.usable(*tile));
    if (!is_aligned(size, Node::virtual_page_size(size))) return Status::invalid_argument;
    Tile& owner = node_.tile(*tile);
    if (size > owner.pagemap->capacity()) return Status::out_of_device_memory;
    if (node_.failures.strikes(Failure::vram)) return Status::out_of_device_memory;
    ZESVM_TRY(lend(*physical, owner));
  } else {
    if (!is_aligned(size, cpu_page)) return Status::invalid_argument;
    ZESVM_TRY_ASSIGN(addresses, node_.windows->take(size, cpu_page));
    physical->windows = node_.windows.get();
    physical->addresses = addresses;
  }
  const Lock guard{lock_};
  const PhysicalId id{++last_id_};
  physicals_.emplace(id, std::move(physical));
  return id;
}

Status VirtualMemory::destroy(PhysicalId physical) {
  std::unique_ptr<Physical> gone;
  const Lock guard{lock_};
  const auto it = physicals_.find(physical);
  if (it == physicals_.end()) return Status::invalid_argument;
  if (it->second->mappings != 0) return Status::busy;
  gone = std::move(it->second);
  physicals_.erase(it);
  return Status::ok;
}

Status VirtualMemory::map(Interval interval, PhysicalId physical, Bytes offset, PageAccess access) {
  const auto record = node_.allocations.find(interval.begin);
  if (!record || record->allocation.kind != MemoryKind::virtual_reservation ||
      !record->footprint.contains(interval) || interval.is_empty()) {
    return Status::invalid_argument;
  }
  const Lock guard{lock_};
  const auto found = physicals_.find(physical);
  if (found == physicals_.end()) return Status::invalid_argument;
  Physical& memory = *found->second;
  const Bytes page = memory.tile ? memory.vram->piece_size : cpu_page;
  // Inside VRAM a mapping may begin in the middle of a piece, at any 64 KiB.
  const Bytes grain = memory.tile ? Bytes{64_KiB} : page;
  if (!is_aligned(interval.begin, grain) || !is_aligned(interval.size(), grain) ||
      !is_aligned(offset, grain) || offset > memory.size ||
      memory.size - offset < interval.size()) {
    return Status::invalid_argument;
  }
  auto next = mapped_.lower_bound(interval.begin);
  if (next != mapped_.end() && next->first < interval.end) return Status::busy;
  if (next != mapped_.begin() && std::prev(next)->second.interval.end > interval.begin) {
    return Status::busy;
  }
  NodeMapping mapping{.interval = interval,
                      .kind = MemoryKind::virtual_reservation,
                      .cpu = memory.tile ? PageAccess::none : access,
                      .tiles = access,
                      .tile = memory.tile};
  if (memory.tile) {
    mapping.vram = memory.vram;
    mapping.vram_offset = offset;
  } else {
    const Window* window = node_.windows->window_at(memory.addresses.begin);
    mapping.file = &window->file;
    mapping.file_offset = window->offset_of(memory.addresses.begin) + offset;
  }
  ZESVM_TRY(node_.memory.open(mapping));
  mapped_.emplace(interval.begin, Mapped{physical, interval});
  ++memory.mappings;
  // Devices that cannot fault need it before they run; the others ask when they touch it.
  for (const auto& tile : node_.tiles) {
    if (tile->description->page_faults || tile->is_lost.load()) continue;
    if (map_on(*tile, mapping) != Status::ok) continue;
  }
  return Status::ok;
}

void VirtualMemory::unmap_from_tiles(Interval interval) {
  for (const auto& tile : node_.tiles) {
    tile->port->unmap(interval, svm::Direction::bidirectional);
  }
}

Status VirtualMemory::unmap(Interval interval) {
  const Lock guard{lock_};
  auto it = mapped_.lower_bound(interval.begin);
  // A mapping that only sticks out is not unmapped in part.
  if (it == mapped_.end() || it->second.interval.end > interval.end) {
    return Status::invalid_argument;
  }
  while (it != mapped_.end() && it->second.interval.end <= interval.end) {
    node_.memory.shut(it->first);
    unmap_from_tiles(it->second.interval);
    --physicals_.at(it->second.physical)->mappings;
    it = mapped_.erase(it);
  }
  return Status::ok;
}

Status VirtualMemory::set_access(Interval interval, PageAccess access) {
  const Lock guard{lock_};
  auto it = mapped_.lower_bound(interval.begin);
  if (it == mapped_.end() || it->second.interval.end > interval.end) {
    return Status::invalid_argument;
  }
  for (; it != mapped_.end() && it->second.interval.end <= interval.end; ++it) {
    auto mapping = node_.memory.find(it->first);
    if (!mapping) continue;
    mapping->tiles = access;
    if (!mapping->vram) mapping->cpu = access;
    // Mapped without access is a mapping the program has no right to, not a hole.
    ZESVM_TRY(mapping->cpu == PageAccess::none && !mapping->vram ? node_.memory.change(*mapping)
                                                                 : node_.memory.open(*mapping));
    unmap_from_tiles(it->second.interval);
  }
  return Status::ok;
}

Result<std::pair<PageAccess, Interval>> VirtualMemory::access_at(Address where) const {
  const auto record = node_.allocations.find(where);
  if (!record || record->allocation.kind != MemoryKind::virtual_reservation) {
    return Status::invalid_argument;
  }
  if (const auto mapping = node_.memory.find(where)) {
    return std::pair{mapping->tiles, mapping->interval};
  }
  const Lock guard{lock_};
  Interval hole = record->footprint;
  const auto next = mapped_.upper_bound(where);
  if (next != mapped_.end()) hole.end = std::min(hole.end, next->first);
  if (next != mapped_.begin()) {
    hole.begin = std::max(hole.begin, std::prev(next)->second.interval.end);
  }
  return std::pair{PageAccess::none, hole};
}

Status VirtualMemory::map_on(Tile& tile, const NodeMapping& mapping) {
  if (mapping.tiles == PageAccess::none) return Status::permission_denied;
  const tile::Rights rights = rights_of(mapping.tiles);
  if (!mapping.vram) {
    return tile.port->map_file(mapping.interval, *mapping.file, mapping.file_offset, rights,
                               tile::Populate::lazily);
  }
  const std::size_t owner = index_of(*mapping.tile);
  const bool is_own = owner == index_of(tile.id);
  const pagemap::Link link = node_.links.link(index_of(tile.id), owner);
  if (!is_own && link.protocol == pagemap::Protocol::none) return Status::permission_denied;
  const VramPieces& vram = *mapping.vram;
  Bytes at = mapping.vram_offset;
  for (Address where = mapping.interval.begin; where < mapping.interval.end;) {
    const Bytes inside = at % vram.piece_size;
    const Bytes size = std::min(vram.piece_size - inside, mapping.interval.end - where);
    ZESVM_TRY(tile.port->map_file({where, where + size}, node_.memory.vram_file(owner),
                                  vram.pieces[at / vram.piece_size].offset + inside, rights,
                                  tile::Populate::now));
    at += size;
    where += size;
  }
  return Status::ok;
}

Status VirtualMemory::resolve(Tile& tile, Address where, tile::Access access) {
  // Held while the tile maps, so that no unmap() comes between (V3).
  const Lock guard{lock_};
  const auto mapping = node_.memory.find(where);
  if (!mapping) return Status::not_mapped;
  if (!allows(mapping->tiles, access)) return Status::permission_denied;
  return map_on(tile, *mapping);
}

}  // namespace zesvm::simulator::node
