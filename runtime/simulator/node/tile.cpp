#include "simulator/node/tile.hpp"

#include <algorithm>

namespace zesvm::simulator::node {

namespace {

tile::Rights rights_of(const svm::Mapping& mapping) {
  if (mapping.writable == svm::Writable::no) return tile::Rights::read;
  return mapping.atomics == svm::Atomics::allowed ? tile::Rights::atomic : tile::Rights::write;
}

}  // namespace

Status TilePort::map_file(Interval interval, const SharedFile& file, Bytes offset,
                          tile::Rights rights, tile::Populate populate) noexcept {
  if (process_ == nullptr) return Status::device_lost;
  if (failures_.strikes(Failure::map)) return Status::map_failed;
  const tile::Binding binding{.interval = interval,
                              .file = file.on_tile[tile_],
                              .offset = offset,
                              .rights = rights,
                              .populate = populate};
  const Status status = process_->map(binding);
  // Memory of the program lies in no window: its surroundings become one when they are first used.
  if (status != Status::invalid_address) return status;
  if (process_->reserve(Interval::chunk_at(interval.begin, 1_GiB)) != Status::ok) {
    ZESVM_TRY(process_->reserve(Interval::chunk_at(interval.begin, 2_MiB)));
  }
  return process_->map(binding);
}

Status TilePort::map(Interval interval, const svm::Mapping& mapping) noexcept {
  if (mapping.protocol == pagemap::Protocol::peer_pcie && memory_.ones() != nullptr &&
      failures_.strikes(Failure::peer))
    return map_ones(interval, rights_of(mapping));
  if (mapping.protocol != pagemap::Protocol::system) {
    // The pages of VRAM exist once somebody used them, and are worth nothing until then.
    return map_file(interval, memory_.vram_file(mapping.extent.pagemap->index()),
                    mapping.extent.offset, rights_of(mapping), tile::Populate::now);
  }
  const auto behind = memory_.find(interval.begin);
  if (!behind || behind->file == nullptr || behind->interval.end < interval.end) {
    return Status::map_failed;
  }
  return map_file(interval, *behind->file, behind->offset_of(interval.begin), rights_of(mapping),
                  tile::Populate::lazily);
}

Status TilePort::map_ones(Interval interval, tile::Rights rights) noexcept {
  for (Address at = interval.begin; at < interval.end; at += NodeMemory::ones_size) {
    const Address end = std::min(interval.end, at + NodeMemory::ones_size);
    ZESVM_TRY(map_file({at, end}, *memory_.ones(), Bytes{}, rights, tile::Populate::lazily));
  }
  return Status::ok;
}

void TilePort::unmap(Interval interval, svm::Direction) noexcept {
  if (process_ == nullptr) return;
  // The only failure is the death of the process, and then nothing is mapped either.
  if (process_->unmap(interval) != Status::ok) return;
}

void TilePort::flush(Interval) noexcept {
  // unmap() returns when no access of the process reaches the old bytes.
}

}  // namespace zesvm::simulator::node
