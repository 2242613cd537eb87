#include "simulator/node/node_state.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "topology/link_matrix.hpp"
namespace zesvm::simulator::node {

namespace {

/// Large enough that most programs need one; address space only, until memory is used.
constexpr Bytes window_size = 64_GiB;

/// How often bringing a block back to the CPU is tried.
constexpr int copy_attempts = 3;

svm::Access access_of(tile::Access access) {
  switch (access) {
    case tile::Access::read: return svm::Access::read;
    case tile::Access::write: return svm::Access::write;
    case tile::Access::atomic: return svm::Access::atomic;
  }
  return svm::Access::read;
}

svm::DeviceTraits traits_of(const topology::DeviceDescription& device) {
  return {.is_discrete = !device.integrated,
          .has_system_atomics = device.system_atomics,
          .needs_prepare = !device.page_faults,
          .smallest_migratable = device.smallest_migratable};
}

std::string name_of_tile(std::size_t device, std::size_t tile) {
  return "device " + std::to_string(device) + " tile " + std::to_string(tile);
}

}  // namespace

NodeState::NodeState(const topology::NodeDescription& node_description)
    : description(with_what_can_be_heard(node_description)),
      links(description),
      clock(description) {}

NodeState::~NodeState() {
  fork_copies.reset();
  {
    const Lock guard{ending_lock_};
    is_ending_ = true;
  }
  if (CpuFaults::is_forked_child()) {
    abandon();
    return;
  }
  if (program_memory) program_memory->release_all();
  for (const auto& tile : tiles) {
    if (tile->process) tile->process->kill();
  }
  {
    const Lock guard{ending_lock_};
    while (faults_under_way_ != 0) ending_.wait(ending_lock_);
  }
  for (const auto& tile : tiles) {
    if (tile->rescue.joinable()) tile->rescue.join();
  }
  // Nothing is served from here on. Launches end with their process and let go of their memory in
  // the address space; that gives up its mappings after them, with nothing to unmap from.
  cpu_faults.reset();
  for (const auto& tile : tiles) {
    tile->port->detach();
    tile->process.reset();
  }
  virtual_memory.reset();
  space.reset();
}

void NodeState::abandon() {
  // The threads, the processes and the other end of every socket are the parent's.
  for (const auto& tile : tiles) {
    static_cast<void>(tile->process.release());
    if (tile->rescue.joinable()) tile->rescue.detach();
  }
  static_cast<void>(virtual_memory.release());
  static_cast<void>(space.release());
}

bool NodeState::enter_fault() {
  const Lock guard{ending_lock_};
  if (is_ending_) return false;
  ++faults_under_way_;
  return true;
}

void NodeState::leave_fault() {
  const Lock guard{ending_lock_};
  if (--faults_under_way_ == 0) ending_.notify_all();
}

Status NodeState::start_tile(std::size_t device) {
  auto made = std::make_unique<Tile>();
  Tile& tile = *made;
  tile.id = TileId{static_cast<std::uint32_t>(tiles.size())};
  tile.device = device;
  tile.description = &description.devices[device];
  tile.port = std::make_unique<TilePort>(tiles.size(), memory, failures);
  tile.charged_port = std::make_unique<ChargedPort>(*tile.port, clock);
  tile::TileOptions options;
  options.atomic_probe_offset = atomic_probe_offset;
  if (tile.description->shared_system) options.keep_apart = tile::KeepApart::required;
  options.on_death = [this, &tile] { lose(tile); };
  tiles.push_back(std::move(made));
  ZESVM_TRY_ASSIGN(
      process, tile::TileProcess::spawn(options, [this, &tile](Address where, tile::Access access) {
        return resolve_gpu(tile, where, access);
      }));
  tile.process = std::move(process);
  tile.port->attach(*tile.process);
  return Status::ok;
}

Status NodeState::give_vram(Tile& tile) {
  const auto own = tiles.begin() + index_of(tile.id);
  const auto on_device = static_cast<std::size_t>(std::count_if(
      tiles.begin(), own, [&](const auto& other) { return other->device == tile.device; }));
  ZESVM_TRY_ASSIGN(vram, MemoryFile::create("zesvm-vram", tile.description->vram));
  tile.vram.memory = std::move(vram);
  // VRAM has no pages below 64 KiB on devices that migrate no less.
  tile.pagemap = std::make_unique<pagemap::Pagemap>(
      index_of(tile.id), name_of_tile(tile.device, on_device), tile.description->vram,
      tile.description->smallest_migratable);
  memory.add_vram(tile.vram, tile.counters);
  return share(tile.vram);
}

Status NodeState::start() {
  if (const std::string complaint = FailurePlan::from_environment(failures); !complaint.empty()) {
    std::fprintf(stderr, "zesvm: %s\n", complaint.c_str());
  }
  for (std::size_t device = 0; device < description.devices.size(); ++device) {
    for (std::size_t i = 0; i < description.devices[device].tiles; ++i) {
      ZESVM_TRY(start_tile(device));
    }
  }
  // Behind the processes: where nothing is laid out by chance, as under a debugger, VRAM would be
  // mapped where they have their stacks.
  for (const auto& tile : tiles) ZESVM_TRY(give_vram(*tile));
  if (failures.plans(Failure::peer)) ZESVM_TRY(prepare_ones());
  svm::AddressSpaceOptions options;
  options.interconnect = &links;
  ZESVM_TRY_ASSIGN(made, svm::AddressSpace::create(options, memory, mover));
  space = std::move(made);
  trace = NodeTrace::from_environment(description);
  if (trace) space->trace(trace->hook());
  for (const auto& tile : tiles) {
    ZESVM_TRY_ASSIGN(
        id, space->join(*tile->charged_port, tile->pagemap.get(), traits_of(*tile->description)));
    tile->device_id = id;
    owners.join(*tile->pagemap);
  }
  windows = std::make_unique<AddressWindows>(window_size,
                                             [this](Window& window) { return announce(window); });
  virtual_memory = std::make_unique<VirtualMemory>(*this);
  program_memory = std::make_unique<ProgramMemory>(*this);
  cpu_faults = std::make_unique<CpuFaults>(*this);
  ZESVM_TRY(windows->grow(window_size));
  fork_copies = std::make_unique<ForkCopies>(*this);
  return Status::ok;
}

Status NodeState::prepare_ones() {
  ZESVM_TRY_ASSIGN(made, MemoryFile::create("zesvm-ones", NodeMemory::ones_size));
  ones_.memory = std::move(made);
  std::memset(ones_.memory.at(Bytes{}), 0xff, NodeMemory::ones_size.count);
  memory.use_ones(ones_);
  return share(ones_);
}

Status NodeState::announce(Window& window) {
  if (failures.strikes(Failure::host)) return Status::out_of_host_memory;
  for (const auto& tile : tiles) {
    if (tile->is_lost.load()) continue;
    const Status status = tile->process->reserve(window.interval);
    if (status == Status::ok || status == Status::device_lost) continue;
    for (const auto& before : tiles) {
      if (before == tile) break;
      // A tile that does not know the window any more has released it already.
      if (before->process->release(window.interval) != Status::ok) continue;
    }
    return status;
  }
  ZESVM_TRY(share(window.file));
  cpu_faults->watch(window.interval);
  return Status::ok;
}

Status NodeState::share(SharedFile& file) {
  file.on_tile.assign(tiles.size(), {});
  for (const auto& tile : tiles) {
    if (tile->is_lost.load()) continue;
    const auto id = tile->process->add_file(file.memory.descriptor(), file.memory.end());
    if (id.status() == Status::device_lost) continue;
    ZESVM_TRY(id);
    file.on_tile[index_of(tile->id)] = *id;
  }
  return Status::ok;
}

void NodeState::unshare(SharedFile& file) {
  for (const auto& tile : tiles) {
    // A tile that died has forgotten it already.
    if (tile->process->remove_file(file.on_tile[index_of(tile->id)]) != Status::ok) continue;
  }
}

Status NodeState::usable(TileId id) {
  if (!has(id)) return Status::invalid_argument;
  if (CpuFaults::is_forked_child()) return Status::no_device;
  return tile(id).is_lost.load() ? Status::device_lost : Status::ok;
}

Status NodeState::resolve_for(const CpuFault& fault) {
  if (!trace) return resolve(fault.where, fault.access);
  const auto begin = TraceFile::now();
  const Status status = resolve(fault.where, fault.access);
  trace->cpu_faulted(static_cast<std::uint32_t>(fault.thread), fault.where,
                     fault.access == CpuAccess::write ? "write" : "read", status, begin);
  return status;
}

Status NodeState::resolve(Address where, CpuAccess access) {
  const auto when_accessible = [&] {
    return program_memory->wait_until_accessible(where) ? Status::ok : Status::not_mapped;
  };
  auto mapping = memory.find(where);
  if (!mapping) {
    const Status accessible = when_accessible();
    // Adopted meanwhile, it may already be in VRAM and trapped, which is no refusal.
    mapping = memory.find(where);
    if (!mapping) return accessible;
  }
  if (mapping->is_programs && !mapping->is_migratable) return when_accessible();
  if (!mapping->is_migratable || mapping->cpu == PageAccess::none) {
    return Status::permission_denied;
  }
  if (access == CpuAccess::write && mapping->cpu == PageAccess::read_only) {
    return Status::permission_denied;
  }
  const NodeMemory::ServingCpuFault serving;
  clock.charge(ChargeKind::fault, description.simulated.cpu_fault);
  const auto wanted = access == CpuAccess::write ? svm::Access::write : svm::Access::read;
  Status status = space->cpu_fault(where, wanted);
  // The block is still whole in VRAM; to give up ends the program.
  for (int attempt = 1; status == Status::copy_failed && attempt < copy_attempts; ++attempt) {
    status = space->cpu_fault(where, wanted);
  }
  if (status == Status::ok && memory.owes_access()) let_in(where);
  // Given back to the program meanwhile, it is the program's own again.
  if (status == Status::not_mapped && mapping->is_programs) return when_accessible();
  return status;
}

void NodeState::let_in(Address where) {
  const Interval page = Interval::chunk_at(where, cpu_page);
  // Held, so that it does not leave for VRAM while the program is let in. What cannot be held or let
  // in now faults, and is tried, again.
  if (space->hold_on_host(page) != Status::ok) return;
  memory.untrap(page);
  space->release_on_host(page);
}

Status NodeState::resolve_gpu(Tile& tile, Address where, tile::Access access) {
  if (!enter_fault()) return Status::no_device;
  tile.counters.gpu_faults.fetch_add(1, std::memory_order_relaxed);
  const VirtualClock::OnTile on_tile{index_of(tile.id)};
  clock.charge(ChargeKind::fault, description.simulated.gpu_fault);
  const auto resolve = [&]() -> Status {
    if (windows->window_at(where) == nullptr) {
      return tile.description->shared_system
                 ? program_memory->fault(tile, where, access_of(access))
                 : program_memory->fault_on_import(tile, where, access_of(access));
    }
    const auto mapping = memory.find(where);
    if (!mapping) return Status::not_mapped;
    if (!tile.description->page_faults) {
      // The device cannot fault: what launches did not name is out of its reach.
      const Lock guard{tile.lock};
      const auto covers = [&](const Interval& interval) { return interval.contains(where); };
      if (mapping->kind != MemoryKind::virtual_reservation &&
          std::none_of(tile.reachable.begin(), tile.reachable.end(), covers)) {
        return Status::not_mapped;
      }
    }
    if (mapping->kind == MemoryKind::virtual_reservation) {
      return virtual_memory->resolve(tile, where, access);
    }
    return space->fault(tile.device_id, where, access_of(access));
  };
  const Status status = resolve();
  if (status != Status::ok) tile.counters.failed_faults.fetch_add(1, std::memory_order_relaxed);
  leave_fault();
  return status;
}

Status NodeState::take_out(Tile& tile) {
  owners.leave(*tile.pagemap);
  std::vector<Interval> resident;
  {
    const Lock guard{tile.lock};
    resident.swap(tile.resident);
  }
  for (const Interval interval : resident) space->unpin(interval);
  Status status = space->leave(tile.device_id);
  // Launches that end now let go of what they pinned; more than a minute is nobody's launch.
  for (int attempt = 0; status == Status::busy && attempt < 1000; ++attempt) {
    tile.pagemap->wait_for_room();
    status = space->leave(tile.device_id);
  }
  return status;
}

void NodeState::lose(Tile& tile) {
  const Lock guard{ending_lock_};
  if (tile.is_lost.exchange(true) || is_ending_) return;
  // The file behind its VRAM is ours, so that what was there can still be saved. Not on this
  // thread, which completes the launches that hold memory in place.
  tile.rescue = std::thread([this, &tile] {
    // What cannot be saved reads as its last content in system memory; there is nobody to tell.
    if (take_out(tile) != Status::ok) tile.counters.failed_faults.fetch_add(1);
  });
}

NodeLinks::NodeLinks(const topology::NodeDescription& description) {
  const topology::LinkMatrix matrix{description};
  tile_count_ = matrix.size();
  for (std::size_t from = 0; from < tile_count_; ++from) {
    for (std::size_t to = 0; to < tile_count_; ++to) {
      links_.push_back(pagemap::link_of(matrix, from, to));
    }
  }
}

pagemap::Link NodeLinks::link(const pagemap::Pagemap& from,
                              const pagemap::Pagemap& to) const noexcept {
  return link(from.index(), to.index());
}

}  // namespace zesvm::simulator::node
