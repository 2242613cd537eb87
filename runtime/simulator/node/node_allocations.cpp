// Node: allocations, and sharing them with other processes.

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

#include "base/assert.hpp"
#include "simulator/node/memory_cursor.hpp"
#include "simulator/node/node.hpp"
#include "simulator/node/node_state.hpp"

namespace zesvm::simulator::node {

namespace {

/// 64 KiB: the smallest page some devices take in VRAM; memory that moves is handed out in no less,
/// so that one allocation's neighbour never keeps it from moving.
constexpr Bytes movable_grain = 64_KiB;

/// Gives pages to what of a new allocation is not in chunks of 2 MiB, where some device moves no
/// single pages: smaller chunks are chosen only where all their pages exist, and without one an
/// atomic on memory that the CPU never touched would have nothing it could move.
void populate_small_chunks(NodeState& state, Interval footprint) {
  const auto& devices = state.description.devices;
  const bool is_needed = std::any_of(devices.begin(), devices.end(), [](const auto& device) {
    return device.smallest_migratable > cpu_page;
  });
  const auto mapping = state.memory.find(footprint.begin);
  if (!is_needed || !mapping) return;
  Address page = footprint.begin;
  if (footprint.size() >= 2_MiB) page = align_down(footprint.end, 2_MiB);
  for (; page < footprint.end; page += cpu_page) {
    *const_cast<volatile std::byte*>(mapping->alias_of(page)) = std::byte{0};
  }
}

/// What an allocation takes of the address space, and how it is aligned.
struct Shape {
  Bytes size;
  Bytes alignment;
};

Result<Shape> shape_of(Bytes size, Bytes alignment, Bytes grain) {
  if (size.count == 0) return Status::invalid_argument;
  if (alignment.count == 0) alignment = grain;
  if (!is_power_of_two(alignment) || alignment > 1_GiB) return Status::invalid_argument;
  const Bytes rounded = align_up(size, grain);
  // Nobody has 2^60 bytes; refused here so that sums further down cannot wrap.
  if (rounded < size || rounded > 1_GiB * 1024 * 1024) return Status::out_of_host_memory;
  // From the largest chunk on, memory begins with a chunk of its own.
  const Bytes natural = rounded >= 2_MiB && grain == movable_grain ? Bytes{2_MiB} : grain;
  return Shape{rounded, std::max(alignment, natural)};
}

/// Gives addresses back unless they were kept.
class TakenAddresses {
 public:
  TakenAddresses(NodeState& node, Interval interval) : node_(node), interval_(interval) {}
  ~TakenAddresses() {
    if (!is_kept_) node_.windows->give_back(interval_);
  }
  TakenAddresses(const TakenAddresses&) = delete;
  TakenAddresses& operator=(const TakenAddresses&) = delete;
  void keep() { is_kept_ = true; }

 private:
  NodeState& node_;
  const Interval interval_;
  bool is_kept_ = false;
};

/// Opens memory of a window and notes the allocation.
Result<Address> open_allocation(NodeState& node, Shape shape, Bytes size, NodeMapping mapping) {
  if (CpuFaults::is_forked_child()) return Status::no_device;
  CpuFaults::notice_displacement();
  ZESVM_TRY_ASSIGN(footprint, node.windows->take(shape.size, shape.alignment));
  TakenAddresses taken{node, footprint};
  const Window* window = node.windows->window_at(footprint.begin);
  mapping.interval = footprint;
  mapping.file = &window->file;
  mapping.file_offset = window->offset_of(footprint.begin);
  ZESVM_TRY(node.memory.open(mapping));
  if (mapping.kind == MemoryKind::device) {
    const svm::DeviceId device = node.tile(*mapping.tile).device_id;
    const Status reserved = node.space->reserve_device_memory(device, footprint);
    if (reserved != Status::ok) {
      node.memory.shut(footprint.begin);
      return reserved;
    }
  }
  taken.keep();
  node.allocations.add({.allocation = {.kind = mapping.kind,
                                       .interval = {footprint.begin, footprint.begin + size},
                                       .tile = mapping.tile},
                        .footprint = footprint});
  if (node.trace) node.trace->allocated(footprint, mapping.kind);
  return footprint.begin;
}

}  // namespace

Result<Address> Node::allocate_shared(Bytes size, Bytes alignment, std::optional<TileId> preferred,
                                      SizeLimit limit) {
  ZESVM_TRY_ASSIGN(shape, shape_of(size, alignment, movable_grain));
  if (preferred) {
    if (!state_->has(*preferred)) return Status::invalid_argument;
    if (limit == SizeLimit::tile_memory && size > memory_of(*preferred).total) {
      return Status::out_of_device_memory;
    }
  }
  ZESVM_TRY_ASSIGN(
      base,
      open_allocation(*state_, shape, size,
                      {.kind = MemoryKind::shared, .is_migratable = true, .tile = preferred}));
  populate_small_chunks(*state_, {base, base + shape.size});
  return base;
}

Result<Address> Node::allocate_host(Bytes size, Bytes alignment) {
  ZESVM_TRY_ASSIGN(shape, shape_of(size, alignment, cpu_page));
  return open_allocation(*state_, shape, size, {.kind = MemoryKind::host});
}

Result<Address> Node::allocate_device(TileId tile, Bytes size, Bytes alignment, SizeLimit limit) {
  ZESVM_TRY(state_->usable(tile));
  ZESVM_TRY_ASSIGN(shape, shape_of(size, alignment, movable_grain));
  if (limit == SizeLimit::tile_memory && size > memory_of(tile).total) {
    return Status::out_of_device_memory;
  }
  if (state_->failures.strikes(Failure::vram)) return Status::out_of_device_memory;
  return open_allocation(
      *state_, shape, size,
      {.kind = MemoryKind::device, .cpu = PageAccess::none, .is_migratable = true, .tile = tile});
}

Status Node::free(Address base) {
  if (CpuFaults::is_forked_child()) return Status::no_device;
  auto record = state_->allocations.take(base);
  if (!record) return Status::invalid_argument;
  const Interval footprint = record->footprint;
  if (state_->trace) state_->trace->freed(footprint.begin);
  const auto mapping = state_->memory.find(base);
  // First what faults look at, then what they left: nothing comes back in between.
  state_->memory.shut(base);
  if (record->allocation.kind == MemoryKind::device && !record->is_exported && !record->imported) {
    const Status released = state_->space->release_device_memory(footprint);
    ZESVM_ASSERT(released == Status::ok || released == Status::no_device);
    static_cast<void>(released);
  }
  { const svm::Invalidation gone{*state_->space, footprint, svm::Event::unmap}; }
  state_->space->collect_unmapped();
  if (record->imported) {
    state_->unshare(*record->imported);
  } else if (mapping) {
    mapping->file->memory.punch(mapping->file_offset, footprint.size());
  }
  state_->windows->give_back(footprint);
  return Status::ok;
}

std::optional<Allocation> Node::allocation_at(Address where) const {
  const auto record = state_->allocations.find(where);
  return record ? std::optional{record->allocation} : std::nullopt;
}

std::optional<Allocation> Node::allocation_with(std::uint64_t id) const {
  const auto record = state_->allocations.find_id(id);
  return record ? std::optional{record->allocation} : std::nullopt;
}

namespace {

/// Moves a device allocation to system memory for good, so that another process sees its bytes.
Status settle_in_system_memory(NodeState& node, const AllocationRecord& record) {
  auto mapping = node.memory.find(record.footprint.begin);
  if (!mapping) return Status::invalid_argument;
  {
    MemoryCursor cursor{node};
    for (Address where = record.footprint.begin; where < record.footprint.end;) {
      ZESVM_TRY_ASSIGN(bytes, cursor.at(where, record.footprint.end - where));
      std::copy(bytes.begin(), bytes.end(), mapping->alias_of(where));
      where += Bytes{bytes.size()};
    }
  }
  ZESVM_TRY(node.space->release_device_memory(record.footprint));
  mapping->is_migratable = false;
  return node.memory.change(*mapping);
}

}  // namespace

Result<ExportedMemory> Node::export_memory(Address where) {
  const auto record = state_->allocations.find(where);
  if (!record) return Status::invalid_argument;
  const MemoryKind kind = record->allocation.kind;
  if (kind == MemoryKind::shared || kind == MemoryKind::virtual_reservation) {
    return Status::unsupported;
  }
  if (kind == MemoryKind::device && !record->imported &&
      state_->allocations.mark_exported(record->footprint.begin)) {
    ZESVM_TRY(settle_in_system_memory(*state_, *record));
  }
  const auto mapping = state_->memory.find(record->footprint.begin);
  if (!mapping) return Status::invalid_argument;
  const int fd = ::fcntl(mapping->file->memory.descriptor(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return Status::out_of_host_memory;
  return ExportedMemory{fd, mapping->file_offset, record->allocation.interval.size(), kind};
}

Result<Address> Node::import_memory(const ExportedMemory& exported, std::optional<TileId> tile) {
  if (tile && !state_->has(*tile)) return Status::invalid_argument;
  if (CpuFaults::is_forked_child()) return Status::no_device;
  struct stat file {};
  ZESVM_TRY_ASSIGN(shape, shape_of(exported.size, {}, movable_grain));
  const bool is_file = ::fstat(exported.fd, &file) == 0 && S_ISREG(file.st_mode);
  const std::uint64_t length = is_file ? static_cast<std::uint64_t>(file.st_size) : 0;
  const Bytes size = align_up(exported.size, cpu_page);
  if (!is_aligned(exported.offset, cpu_page) || exported.offset.count > length ||
      length - exported.offset.count < size.count) {
    return Status::invalid_argument;
  }
  UniqueFd fd{::fcntl(exported.fd, F_DUPFD_CLOEXEC, 0)};
  if (!fd.is_open()) return Status::out_of_host_memory;
  ZESVM_TRY_ASSIGN(memory, MemoryFile::adopt(std::move(fd), exported.offset, size));
  auto imported = std::make_shared<SharedFile>();
  imported->memory = std::move(memory);
  ZESVM_TRY(state_->share(*imported));
  ZESVM_TRY_ASSIGN(footprint, state_->windows->take(shape.size, shape.alignment));
  TakenAddresses taken{*state_, footprint};
  const bool is_host = exported.kind == MemoryKind::host;
  ZESVM_TRY(state_->memory.open({.interval = {footprint.begin, footprint.begin + size},
                                 .kind = exported.kind,
                                 .cpu = is_host ? PageAccess::read_write : PageAccess::none,
                                 .file = imported.get(),
                                 .file_offset = exported.offset,
                                 .tile = tile}));
  taken.keep();
  state_->allocations.add(
      {.allocation = {.kind = exported.kind,
                      .interval = {footprint.begin, footprint.begin + exported.size},
                      .tile = tile,
                      .is_imported = true},
       .footprint = footprint,
       .imported = std::move(imported)});
  return footprint.begin;
}

}  // namespace zesvm::simulator::node
