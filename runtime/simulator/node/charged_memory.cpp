#include "simulator/node/charged_memory.hpp"

#include "pagemap/pagemap.hpp"

namespace zesvm::simulator::node {

using topology::MemoryPlace;

namespace {

MemoryPlace place_of(const pagemap::Extent& extent) {
  return MemoryPlace::on(extent.pagemap->index());
}

}  // namespace

Status ChargedMover::copy_to_vram(Interval from, pagemap::Extent to) noexcept {
  ZESVM_TRY(mover_.copy_to_vram(from, to));
  clock_.charge_move(MemoryPlace::system(), place_of(to), to.size);
  return Status::ok;
}

Status ChargedMover::copy_to_system(pagemap::Extent from, Interval to) noexcept {
  ZESVM_TRY(mover_.copy_to_system(from, to));
  clock_.charge_move(place_of(from), MemoryPlace::system(), to.size());
  return Status::ok;
}

Status ChargedMover::copy_between(Interval interval, pagemap::Extent from,
                                  pagemap::Extent to) noexcept {
  ZESVM_TRY(mover_.copy_between(interval, from, to));
  clock_.charge_move(place_of(from), place_of(to), to.size);
  return Status::ok;
}

Status ChargedMover::clear(pagemap::Extent extent) noexcept {
  ZESVM_TRY(mover_.clear(extent));
  clock_.charge_move(place_of(extent), place_of(extent), extent.size);
  return Status::ok;
}

Status ChargedPort::map(Interval interval, const svm::Mapping& mapping) noexcept {
  ZESVM_TRY(port_.map(interval, mapping));
  clock_.charge(ChargeKind::fault, clock_.model().costs().map);
  return Status::ok;
}

void ChargedPort::unmap(Interval interval, svm::Direction mapped_as) noexcept {
  port_.unmap(interval, mapped_as);
  clock_.charge(ChargeKind::fault, clock_.model().costs().map);
}

void ChargedPort::flush(Interval interval) noexcept {
  port_.flush(interval);
  clock_.charge(ChargeKind::fault, clock_.model().costs().flush);
}

}  // namespace zesvm::simulator::node
