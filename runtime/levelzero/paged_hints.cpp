// Advice, prefetch, holds and queries of paged memory: the core's, after the work that uses it (PB2).
#include <algorithm>

#include <zesvm/error.hpp>

#include "levelzero/context.hpp"
#include "levelzero/paged_memory.hpp"

namespace zesvm::levelzero {
namespace {

svm::DeviceId device_of(const Tile& tile) { return {static_cast<std::uint16_t>(tile.index)}; }

svm::AtomicAccess atomic_access(AtomicAccess access) {
  switch (access) {
    case AtomicAccess::undefined: return svm::AtomicAccess::undefined;
    case AtomicAccess::device: return svm::AtomicAccess::device;
    case AtomicAccess::global: return svm::AtomicAccess::global;
    case AtomicAccess::cpu: return svm::AtomicAccess::cpu;
  }
  return svm::AtomicAccess::undefined;
}

svm::Advice for_core(const Advice& advice) {
  using svm::Place;
  switch (advice.kind()) {
    case Advice::Kind::location_default: return svm::Advice::preferred_location(Place::faulting());
    case Advice::Kind::location_system: return svm::Advice::preferred_location(Place::system());
    case Advice::Kind::location_device: {
      const auto policy = advice.migrate() == Migrate::all_pages
                              ? svm::MigrationPolicy::all_pages
                              : svm::MigrationPolicy::system_pages_only;
      const svm::DeviceId device{static_cast<std::uint16_t>(advice.device()->index())};
      return svm::Advice::preferred_location(Place::on(device), policy);
    }
    case Advice::Kind::atomic:
      return svm::Advice::atomic_access(atomic_access(advice.atomic_access()));
    case Advice::Kind::read_mostly: break;
  }
  return {};
}

std::string reason_text(const svm::HintResult& result) {
  if (result.reason == svm::Reason::none) return "";
  return "the runtime could not move all of it: " + std::string(svm::name_of(result.reason));
}

HintResult from_core(const Result<svm::HintResult>& result, const char* doing) {
  if (!result)
    throw Error(ErrorCode::level_zero, std::string(doing) + " paged memory: " +
                                           std::string(zesvm::name_of(result.status())));
  switch (result->outcome) {
    case svm::Outcome::applied: return {HintOutcome::applied, reason_text(*result)};
    case svm::Outcome::already: return {HintOutcome::already_so, ""};
    case svm::Outcome::ignored:
    case svm::Outcome::fallback: break;
  }
  return {HintOutcome::ignored, reason_text(*result)};
}

}  // namespace

void PagedMemory::stop_sharing(Interval interval) {
  for (const Interval& chunk : devices_.shared_in(interval)) {
    wait_for_uses(chunk, Whose::anybody);
    const svm::Invalidation moving{*core_, chunk, svm::Event::migrate};
    if (host_.trap(chunk) == Status::ok) host_.untrap(chunk);
  }
}

HintResult PagedMemory::advise(Interval interval, const Advice& advice) {
  if (advice.kind() == Advice::Kind::read_mostly)
    return {HintOutcome::ignored, "paged memory is in one place at a time, also when only read"};
  const Lock guard{work_lock_};
  const Interval pages = whole_pages(interval);
  wait_for_uses(pages, Whose::anybody);
  if (advice.device())
    for (const Tile& tile : context_.tiles()) links_.look_at(tile.index, advice.device()->index());
  // Advice may cut ranges, but not the host memory that devices share.
  stop_sharing(pages);
  const HintResult advised = from_core(core_->advise(pages, for_core(advice)), "advising");
  if (advice.kind() != Advice::Kind::location_system || devices_.can_share_host()) return advised;
  return {HintOutcome::ignored,
          "this driver cannot let devices use it in place in system memory: their work moves it"};
}

HintResult PagedMemory::prefetch(const Tile& tile, Interval interval) {
  const Lock guard{work_lock_};
  const Interval pages = whole_pages(interval);
  retire_done();
  wait_for_uses(pages, Whose::other_tiles, tile.index);
  if (!devices_.shared_in(pages).empty()) wait_for_uses(pages, Whose::anybody);
  look_at_links(tile, pages);
  const auto result =
      core_->prefetch({&pages, 1}, svm::Place::on(device_of(tile)), device_of(tile));
  return from_core(result, "prefetching");
}

HintResult PagedMemory::prefetch_to_system(Interval interval) {
  const Lock guard{work_lock_};
  const Interval pages = whole_pages(interval);
  wait_for_uses(pages, Whose::anybody);
  return from_core(core_->prefetch({&pages, 1}, svm::Place::system()),
                   "prefetching to system memory");
}

HintResult PagedMemory::hold_on_host(Interval interval) {
  const Lock guard{work_lock_};
  const Interval pages = whole_pages(interval);
  wait_for_uses(pages, Whose::anybody);
  const Status held = core_->hold_on_host(pages);
  if (held != Status::ok)
    throw Error(ErrorCode::level_zero,
                "holding paged memory in system memory: " + std::string(zesvm::name_of(held)));
  if (devices_.can_share_host()) return {};
  return {HintOutcome::applied,
          "this driver cannot let devices use it in place: work that needs it fails meanwhile"};
}

void PagedMemory::release_on_host(Interval interval) {
  const Lock guard{work_lock_};
  core_->release_on_host(whole_pages(interval));
}

HintResult PagedMemory::discard(Interval interval) {
  const Lock guard{work_lock_};
  const Interval pages = whole_pages(interval);
  wait_for_uses(pages, Whose::anybody);
  stop_sharing(pages);
  return from_core(core_->discard(interval), "discarding");
}

HintResult PagedMemory::prepare(const Tile& tile, Interval interval, AccessMode mode) {
  const Lock guard{work_lock_};
  const Access access{pointer_to<void>(interval.begin), interval.size().count, mode};
  retire_done();
  for (const svm::AccessedInterval& one : paged_part({&access, 1})) {
    const Status ready = make_ready(tile, one);
    if (ready != Status::ok) throw_not_ready(tile, ready);
  }
  return {};
}

std::vector<ResidentPiece> PagedMemory::residency(Interval interval) {
  const svm::Residency found = core_->residency(whole_pages(interval));
  std::vector<ResidentPiece> pieces;
  const auto untouched_until = [&](Address end) {
    const Address begin = pieces.empty() ? interval.begin : Address{pieces.back().end};
    if (begin < end) pieces.push_back({begin.value, end.value, Place::untouched, {}, {}});
  };
  for (const svm::ChunkResidency& chunk : found.chunks) {
    const Interval part = chunk.interval.intersection(interval);
    if (part.is_empty() || !chunk.has_range) continue;
    untouched_until(part.begin);
    ResidentPiece piece{part.begin.value, part.end.value, Place::system, {}, {}};
    if (chunk.pagemap != nullptr) {
      piece.place = Place::device;
      piece.device = chunk.pagemap->index();
    }
    for (const auto& mapped : chunk.mapped_on) piece.mapped_on.push_back(mapped.device.index);
    pieces.push_back(std::move(piece));
  }
  untouched_until(interval.end);
  return pieces;
}

void PagedMemory::add_statistics(TileStatistics& tile) const {
  const auto found = core_->statistics(svm::DeviceId{static_cast<std::uint16_t>(tile.device)});
  if (!found) return;
  const auto add = [](Transfer& to, const svm::MigrationTotals& from) {
    if (from.count == 0) return;
    to.smallest = to.count == 0 ? from.smallest.count : std::min(to.smallest, from.smallest.count);
    to.largest = std::max(to.largest, from.largest.count);
    to.count += from.count;
    to.bytes += from.bytes.count;
    to.nanoseconds += static_cast<std::uint64_t>(from.time.count());
  };
  add(tile.to_device, found->transfers[static_cast<std::size_t>(svm::Transfer::host_to_device)]);
  add(tile.to_system, found->transfers[static_cast<std::size_t>(svm::Transfer::device_to_host)]);
  add(tile.from_peer, found->transfers[static_cast<std::size_t>(svm::Transfer::device_to_device)]);
  tile.gpu_faults += found->faults.total;
  tile.gpu_faults_valid += found->valid_faults.total;
  tile.gpu_faults_atomic += found->atomic_faults;
  tile.gpu_fault_nanoseconds += static_cast<std::uint64_t>(found->fault_time.count());
  tile.evictions += found->evictions;
  tile.invalidations += found->invalidations;
  tile.retries += found->retries;
  tile.failures += found->failures;
  static_assert(cause_count == pagemap::cause_count, "causes have the same order");
  for (std::size_t i = 0; i < cause_count; ++i) tile.causes[i] += found->causes[i];
  // The core counts CPU faults of the whole space; each brought one chunk back from one tile.
  tile.cpu_faults += found->causes[static_cast<std::size_t>(pagemap::Cause::cpu_fault)];
}

}  // namespace zesvm::levelzero
