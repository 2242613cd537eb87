#include "simulator/node/memory_charges.hpp"

#include <algorithm>

#include "kernels/spirv/accesses.hpp"
#include "simulator/node/node_state.hpp"

namespace zesvm::simulator::node {

using topology::MemoryPlace;
using topology::Passage;

namespace {

/// What crosses a link, each way, for one atomic operation.
constexpr Bytes atomic_size{64};
/// Memory no device knows is looked at in steps of this size.
constexpr Bytes unknown_step = 2_MiB;

KernelUse use_per_item(const spirv::Kernel& kernel, const spirv::KernelAccesses& accesses) {
  KernelUse use(kernel.arguments.size());
  for (std::size_t i = 0; i < use.size() && i < accesses.arguments.size(); ++i) {
    const spirv::AccessSummary& access = accesses.arguments[i];
    const Bytes element =
        access.is_atomic ? atomic_size : std::max(kernel.arguments[i].pointee_size, Bytes{1});
    if (access.is_read || access.is_atomic) use[i].read = element;
    if (access.is_written || access.is_atomic) use[i].written = element;
  }
  return use;
}

/// Bytes that share their places.
struct Flow {
  MemoryPlace from;
  MemoryPlace to;
  Bytes size;
};

void add(std::vector<Flow>& flows, const Flow& more) {
  const auto same = std::find_if(flows.begin(), flows.end(), [&](const Flow& flow) {
    return flow.from == more.from && flow.to == more.to;
  });
  if (same != flows.end())
    same->size += more.size;
  else
    flows.push_back(more);
}

}  // namespace

void MemoryCharges::learn(TileId tile, ModuleId module, std::span<const std::byte> spirv) {
  const auto parsed = spirv::parse(spirv);
  if (!parsed) return;
  Kernels kernels;
  for (const spirv::KernelAccesses& accesses : spirv::infer_accesses(*parsed)) {
    for (const spirv::Kernel& kernel : parsed->kernels()) {
      if (kernel.name != accesses.kernel) continue;
      kernels[kernel.name] = std::make_shared<const KernelUse>(use_per_item(kernel, accesses));
    }
  }
  const Lock guard{lock_};
  modules_[{tile, module}] = std::move(kernels);
}

void MemoryCharges::forget(TileId tile, ModuleId module) {
  const Lock guard{lock_};
  modules_.erase({tile, module});
}

std::shared_ptr<const KernelUse> MemoryCharges::use_of(TileId tile, ModuleId module,
                                                       const std::string& kernel) const {
  const Lock guard{lock_};
  const auto found = modules_.find({tile, module});
  if (found == modules_.end()) return nullptr;
  const auto use = found->second.find(kernel);
  return use == found->second.end() ? nullptr : use->second;
}

std::pair<MemoryPlace, Address> MemoryCharges::place_at(Address where, Address end) const {
  if (const auto hint = node_.space->place_hint(where)) {
    const MemoryPlace place =
        hint->pagemap != nullptr ? MemoryPlace::on(hint->pagemap->index()) : MemoryPlace::system();
    return {place, std::min(end, hint->interval.end)};
  }
  if (const auto mapping = node_.memory.find(where); mapping && mapping->vram && mapping->tile) {
    return {MemoryPlace::on(index_of(*mapping->tile)), std::min(end, mapping->interval.end)};
  }
  return {MemoryPlace::system(), std::min(end, Interval::chunk_at(where, unknown_step).end)};
}

void MemoryCharges::charge_copy(TileId tile, Address to, Address from, Bytes size) {
  std::vector<Flow> flows;
  for (Bytes done; done < size;) {
    const auto [source, source_end] = place_at(from + done, from + size);
    const auto [target, target_end] = place_at(to + done, to + size);
    const Bytes part = std::min(source_end - (from + done), target_end - (to + done));
    add(flows, {source, target, part});
    done += part;
  }
  const VirtualClock::OnTile on_tile{index_of(tile)};
  node_.clock.charge(ChargeKind::fault, node_.clock.model().costs().copy_setup);
  for (const Flow& flow : flows) {
    const Passage in = node_.clock.model().reading(index_of(tile), flow.from);
    const Passage out = node_.clock.model().writing(index_of(tile), flow.to);
    node_.clock.charge(ChargeKind::copy,
                       in.time_for(flow.size) > out.time_for(flow.size) ? in : out, flow.size);
  }
}

void MemoryCharges::charge_fill(TileId tile, Address to, Bytes size) {
  std::vector<Flow> flows;
  for (Address at = to; at < to + size;) {
    const auto [place, end] = place_at(at, to + size);
    add(flows, {place, place, end - at});
    at = end;
  }
  const VirtualClock::OnTile on_tile{index_of(tile)};
  node_.clock.charge(ChargeKind::fault, node_.clock.model().costs().copy_setup);
  for (const Flow& flow : flows)
    node_.clock.charge(ChargeKind::copy, node_.clock.model().writing(index_of(tile), flow.to),
                       flow.size);
}

void MemoryCharges::charge_launch(TileId tile, const KernelUse& use,
                                  std::span<const Interval> extents, std::uint64_t items) {
  struct Total {
    MemoryPlace place;
    Bytes read;
    Bytes written;
  };
  std::vector<Total> totals;
  for (std::size_t i = 0; i < use.size() && i < extents.size(); ++i) {
    const Bytes each = std::max(use[i].read, use[i].written);
    if (each.count == 0 || extents[i].is_empty()) continue;
    const Bytes wanted{items * each.count};
    const Address end = extents[i].begin + std::min(wanted, extents[i].size());
    for (Address at = extents[i].begin; at < end;) {
      const auto [place, until] = place_at(at, end);
      auto total = std::find_if(totals.begin(), totals.end(),
                                [&, here = place](const Total& one) { return one.place == here; });
      if (total == totals.end()) total = totals.insert(total, {place, {}, {}});
      if (use[i].read.count > 0) total->read += until - at;
      if (use[i].written.count > 0) total->written += until - at;
      at = until;
    }
  }
  for (const Total& total : totals)
    node_.clock.charge_access(index_of(tile), total.place, total.read, total.written);
}

}  // namespace zesvm::simulator::node
