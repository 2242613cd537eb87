// Node: modules, launches, and where memory should be for them.

#include <algorithm>

#include "base/arena.hpp"
#include "kernels/spirv/module.hpp"
#include "kernels/spirv/transform.hpp"
#include "simulator/node/bulk_moves.hpp"
#include "simulator/node/node.hpp"
#include "simulator/node/node_state.hpp"

namespace zesvm::simulator::node {

namespace {

/// A launch on its way: what it holds in place, and whom to tell.
class LaunchInFlight {
 public:
  LaunchInFlight(NodeState& node, Tile& tile, std::string kernel)
      : node_(node), tile_(tile), kernel_(std::move(kernel)) {}

  std::future<Outcome> future() { return promise_.get_future(); }
  const std::string& kernel() const { return kernel_; }

  /// Makes what the launch may touch reachable, as far as it has to be before.
  Status prepare(const Launch& request) {
    const VirtualClock::OnTile on_tile{index_of(tile_.id)};
    node_.clock.charge(ChargeKind::launch, node_.description.simulated.kernel_launch);
    reach(request);
    note_use(request);
    for (const AllocationRecord& record : reached_) {
      if (record.allocation.kind != MemoryKind::device || record.is_exported || record.imported ||
          record.allocation.tile != tile_.id) {
        continue;
      }
      const Status status = node_.space->pin(record.footprint);
      if (status == Status::ok) pinned_.push_back(record.footprint);
      // A device that faults gets it piece by piece while it runs.
      if (status != Status::ok && !tile_.description->page_faults) return status;
    }
    for (const Interval import : imports_) ready(import);
    if (tile_.description->page_faults) return Status::ok;
    std::vector<svm::AccessedInterval> accesses;
    for (const AllocationRecord& record : reached_) {
      if (record.allocation.kind == MemoryKind::virtual_reservation) continue;
      const auto mapping = node_.memory.find(record.footprint.begin);
      if (mapping) accesses.push_back({mapping->interval, svm::Access::write});
    }
    return node_.space->prepare(tile_.device_id, accesses);
  }

  void finish(Outcome outcome) {
    if (node_.trace) {
      node_.trace->launched(tile_.id, kernel_, outcome.status, outcome.begin.time_since_epoch(),
                            outcome.end.time_since_epoch());
    }
    if (use_) node_.charges.charge_launch(tile_.id, *use_, extents_, items_);
    for (const Interval interval : pinned_) node_.space->unpin(interval);
    {
      const Lock guard{tile_.lock};
      for (const AllocationRecord& record : reached_) {
        const auto it = std::find(tile_.reachable.begin(), tile_.reachable.end(), record.footprint);
        if (it != tile_.reachable.end()) tile_.reachable.erase(it);
      }
    }
    promise_.set_value(std::move(outcome));
  }

 private:
  /// Maps imported memory of the program; what changes there meanwhile is mapped by faults, as a real
  /// driver binds it anew.
  void ready(Interval import) {
    const auto prepare = [&]() -> Status {
      // Nothing is taken from the program's heap here.
      for (Address at = import.begin; at < import.end;) {
        const auto mapping = node_.memory.find(at);
        if (!mapping) return Status::not_mapped;
        const bool is_written = mapping->tiles == PageAccess::read_write;
        const svm::AccessedInterval access{{at, std::min(mapping->interval.end, import.end)},
                                           is_written ? svm::Access::write : svm::Access::read};
        ZESVM_TRY(node_.space->prepare(tile_.device_id, {&access, 1}));
        at = access.interval.end;
      }
      return Status::ok;
    };
    static_cast<void>(node_.program_memory->with_adopted(import, prepare));
  }

  /// Notes what the virtual clock is to be charged for when the launch has ended.
  void note_use(const Launch& request) {
    use_ = node_.charges.use_of(tile_.id, request.module, request.kernel);
    if (!use_) return;
    for (std::size_t i = 0; i < 3; ++i)
      items_ *= std::uint64_t{request.group_size[i]} * request.group_count[i];
    for (const KernelArgument& argument : request.arguments) {
      Interval extent{};
      if (const auto* pointer = std::get_if<PointerArgument>(&argument)) {
        const auto record = std::find_if(reached_.begin(), reached_.end(), [&](const auto& one) {
          return one.footprint.contains(pointer->address);
        });
        if (record != reached_.end()) extent = {pointer->address, record->footprint.end};
        for (const Interval import : imports_)
          if (import.contains(pointer->address)) extent = {pointer->address, import.end};
      }
      extents_.push_back(extent);
    }
  }

  void reach(const Launch& request) {
    for (const KernelArgument& argument : request.arguments) {
      const auto* pointer = std::get_if<PointerArgument>(&argument);
      if (pointer == nullptr) continue;
      if (auto record = node_.allocations.find(pointer->address)) {
        reached_.push_back(*std::move(record));
      } else if (const auto imported = node_.program_memory->import_at(pointer->address)) {
        imports_.push_back(*imported);
      }
    }
    if (!tile_.description->page_faults) {
      for (AllocationRecord& record : node_.allocations.all_of(request.indirect)) {
        reached_.push_back(std::move(record));
      }
      const Lock guard{tile_.lock};
      for (const AllocationRecord& record : reached_) tile_.reachable.push_back(record.footprint);
    }
  }

  NodeState& node_;
  Tile& tile_;
  const std::string kernel_;
  // In memory of our own: it is waited for by address, and a wait in the program's memory is
  // interrupted when that is adopted for the tiles.
  std::promise<Outcome> promise_{std::allocator_arg, ArenaAllocator<Outcome>{}};
  std::vector<AllocationRecord> reached_;
  std::vector<Interval> imports_;
  std::vector<Interval> pinned_;
  // For the virtual clock: what each item uses, through each argument, and how many items there are.
  std::shared_ptr<const KernelUse> use_;
  std::vector<Interval> extents_;
  std::uint64_t items_ = 1;
};

tile::Extent extent_of(const std::array<std::uint32_t, 3>& values) {
  return {values[0], values[1], values[2]};
}

Result<tile::LaunchRequest> request_of(Launch launch) {
  tile::LaunchRequest request;
  request.module = {static_cast<std::uint32_t>(launch.module)};
  request.kernel = std::move(launch.kernel);
  request.group_size = extent_of(launch.group_size);
  request.group_count = extent_of(launch.group_count);
  request.global_offset = extent_of(launch.global_offset);
  for (KernelArgument& argument : launch.arguments) {
    if (auto* pointer = std::get_if<PointerArgument>(&argument)) {
      request.arguments.push_back(tile::PointerArgument{pointer->address});
    } else if (auto* value = std::get_if<ValueArgument>(&argument)) {
      request.arguments.push_back(tile::ValueArgument{std::move(value->bytes)});
    } else if (auto* local = std::get_if<LocalArgument>(&argument)) {
      request.arguments.push_back(tile::LocalArgument{local->size});
    } else {
      return Status::invalid_argument;
    }
  }
  return request;
}

std::chrono::steady_clock::time_point time_of(std::uint64_t monotonic_ns) {
  // The steady clock is CLOCK_MONOTONIC on Linux.
  return std::chrono::steady_clock::time_point{std::chrono::nanoseconds{monotonic_ns}};
}

std::string hex(Address where) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(where.value));
  return text;
}

constexpr std::string_view atomics_need =
    ": this device's atomics work in VRAM only, and the memory stays where it is (a variable with "
    "an "
    "initial value, a file, a shared mapping, a host allocation) or is advised for atomics of the "
    "CPU; "
    "use memory of malloc or new, or a shared or device allocation";

Outcome outcome_of(const tile::Outcome& ended) {
  Outcome outcome;
  outcome.status = ended.status;
  outcome.message = ended.message;
  outcome.begin = time_of(ended.begin_ns);
  outcome.end = time_of(ended.end_ns);
  if (ended.status != Status::ok && ended.fault_address.value != 0) {
    outcome.message += "page fault at " + hex(ended.fault_address) +
                       " refused: " + std::string(name_of(ended.status));
    if (ended.status == Status::permission_denied && ended.fault_access == tile::Access::atomic)
      outcome.message += atomics_need;
  }
  return outcome;
}

Outcome failed(Status status, std::string message) {
  const auto now = std::chrono::steady_clock::now();
  return {status, std::move(message), now, now};
}

/// Applies the constants, and lets atomics be told from plain accesses.
spirv::Checked<spirv::Module> adapted(std::span<const std::byte> binary,
                                      std::span<const SpecConstant> constants) {
  auto module = spirv::parse(binary);
  if (!module) return module;
  std::vector<spirv::SpecializationValue> values;
  for (const SpecConstant& constant : constants) values.push_back({constant.id, constant.value});
  if (!values.empty()) {
    module = spirv::specialize(*module, values);
    if (!module) return module;
  }
  auto probed = spirv::with_atomic_probes(*module, atomic_probe_offset.count);
  if (!probed) return probed.error();
  return std::move(probed->module);
}

}  // namespace

BuildOutcome Node::build_module(TileId tile, std::span<const std::byte> spirv,
                                std::span<const SpecConstant> constants,
                                const std::string& options) {
  BuildOutcome outcome;
  outcome.status = state_->usable(tile);
  if (outcome.status != Status::ok) return outcome;
  const auto module = adapted(spirv, constants);
  if (!module) {
    outcome.status = Status::invalid_argument;
    outcome.log =
        "SPIR-V, byte " + std::to_string(module.error().offset) + ": " + module.error().message;
    return outcome;
  }
  tile::BuildOutcome built = state_->tile(tile).process->build_module(module->bytes(), options);
  outcome.status = built.status;
  outcome.module = ModuleId{built.module.value};
  if (built.status == Status::ok) state_->charges.learn(tile, outcome.module, spirv);
  outcome.log = std::move(built.log);
  return outcome;
}

void Node::release_module(TileId tile, ModuleId module) {
  if (state_->usable(tile) != Status::ok) return;
  state_->charges.forget(tile, module);
  const tile::ModuleId id{static_cast<std::uint32_t>(module)};
  // A tile that died has forgotten it already.
  if (state_->tile(tile).process->release_module(id) != Status::ok) return;
}

std::future<Outcome> Node::launch(TileId tile, Launch request) {
  if (const Status status = state_->usable(tile); status != Status::ok) {
    std::promise<Outcome> refused;
    refused.set_value(failed(status, "the tile is " + std::string(name_of(status))));
    return refused.get_future();
  }
  CpuFaults::notice_displacement();
  state_->program_memory->notice_unmapped();
  Tile& on = state_->tile(tile);
  if (state_->failures.strikes(Failure::lost)) on.process->kill();
  const auto flight = std::make_shared<LaunchInFlight>(*state_, on, request.kernel);
  std::future<Outcome> future = flight->future();
  if (const Status status = flight->prepare(request); status != Status::ok) {
    flight->finish(failed(status, "preparing memory for " + request.kernel));
    return future;
  }
  on.counters.launches.fetch_add(1, std::memory_order_relaxed);
  const auto converted = request_of(std::move(request));
  Status status = converted.status();
  if (converted.has_value()) {
    status = on.process->launch(
        *converted, [flight](const tile::Outcome& ended) { flight->finish(outcome_of(ended)); });
  }
  if (status != Status::ok) flight->finish(failed(status, "launching " + flight->kernel()));
  return future;
}

Status Node::import_program_memory(Interval interval) {
  if (CpuFaults::is_forked_child()) return Status::no_device;
  return state_->program_memory->import(interval.rounded_out(cpu_page));
}

void Node::release_program_memory(Interval interval) {
  if (!CpuFaults::is_forked_child())
    state_->program_memory->end_import(interval.rounded_out(cpu_page));
}

Status Node::prefetch(TileId tile, Interval interval) {
  ZESVM_TRY(state_->usable(tile));
  const VirtualClock::OnTile on_tile{index_of(tile)};
  const Interval pages = interval.rounded_out(cpu_page);
  const svm::DeviceId device = state_->tile(tile).device_id;
  const auto begin = TraceFile::now();
  Status status = Status::ok;
  if (state_->tile(tile).description->shared_system &&
      state_->windows->window_at(pages.begin) == nullptr) {
    state_->program_memory->notice_unmapped();
    status = state_->program_memory->with_adopted(pages, [&] {
      return state_->space->prefetch({&pages, 1}, svm::Place::on(device), device).status();
    });
  } else {
    status = move_in_pieces(pages, [&](Interval piece) -> Result<Bytes> {
      const VirtualClock::OnTile piece_on_tile{index_of(tile)};
      ZESVM_TRY_ASSIGN(hint, state_->space->prefetch({&piece, 1}, svm::Place::on(device), device));
      return hint.moved;
    });
  }
  if (state_->trace) state_->trace->prefetched(pages, tile, status, begin);
  return status;
}

Status Node::prefetch_to_host(Interval interval) {
  if (CpuFaults::is_forked_child()) return Status::no_device;
  const auto begin = TraceFile::now();
  const Interval pages = interval.rounded_out(cpu_page);
  const Status status = move_in_pieces(pages, [&](Interval piece) -> Result<Bytes> {
    ZESVM_TRY_ASSIGN(hint, state_->space->migrate_to_system(piece, pagemap::Cause::prefetch));
    return hint.moved;
  });
  if (state_->trace) state_->trace->prefetched(pages, {}, status, begin);
  return status;
}

bool Node::append_trace(std::string_view lines) {
  if (!state_->trace) return false;
  state_->trace->append(lines);
  return true;
}

Status Node::make_resident(TileId tile, Interval interval) {
  ZESVM_TRY(state_->usable(tile));
  const VirtualClock::OnTile on_tile{index_of(tile)};
  Tile& on = state_->tile(tile);
  const auto record = state_->allocations.find(interval.begin);
  if (!record) return Status::invalid_argument;
  const Interval pages = interval.rounded_out(cpu_page).intersection(record->footprint);
  if (record->allocation.kind == MemoryKind::virtual_reservation) return Status::ok;
  const bool is_own = record->allocation.kind == MemoryKind::device && !record->is_exported &&
                      !record->imported && record->allocation.tile == tile;
  if (!is_own) {
    const svm::AccessedInterval access{pages, svm::Access::write};
    return state_->space->prepare(on.device_id, {&access, 1});
  }
  ZESVM_TRY(state_->space->pin(pages));
  const Lock guard{on.lock};
  on.resident.push_back(pages);
  return Status::ok;
}

Status Node::evict(TileId tile, Interval interval) {
  ZESVM_TRY(state_->usable(tile));
  Tile& on = state_->tile(tile);
  const auto record = state_->allocations.find(interval.begin);
  if (!record) return Status::invalid_argument;
  const Interval pages = interval.rounded_out(cpu_page).intersection(record->footprint);
  {
    const Lock guard{on.lock};
    const auto it = std::find(on.resident.begin(), on.resident.end(), pages);
    // Memory that was only prepared was not kept in place.
    if (it == on.resident.end()) return Status::ok;
    on.resident.erase(it);
  }
  state_->space->unpin(pages);
  return Status::ok;
}

std::vector<Residence> Node::residence(Interval interval) const {
  std::vector<Residence> result;
  for (const svm::ChunkResidency& chunk :
       state_->space->residency(interval.rounded_out(cpu_page)).chunks) {
    const Interval part = chunk.interval.intersection(interval);
    if (part.is_empty()) continue;
    std::optional<TileId> tile;
    if (chunk.pagemap != nullptr) tile = TileId{chunk.pagemap->index()};
    if (!result.empty() && result.back().tile == tile && result.back().interval.end == part.begin) {
      result.back().interval.end = part.end;
    } else {
      result.push_back({part, tile});
    }
  }
  return result;
}

}  // namespace zesvm::simulator::node
