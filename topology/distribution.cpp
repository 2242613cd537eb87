#include "topology/distribution.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

namespace zesvm::topology {
namespace {

void check(const char* what, std::size_t tiles, Bytes unit) {
  if (tiles == 0) throw std::invalid_argument(std::string(what) + ": name at least one tile");
  if (unit.count == 0) throw std::invalid_argument(std::string(what) + ": pieces of 0 bytes");
}

std::uint64_t units_in(Bytes size, Bytes unit) {
  return size.count / unit.count + (size.count % unit.count != 0);
}

void append(std::vector<DistributedPiece>& pieces, Bytes begin, Bytes end, std::size_t tile) {
  if (!pieces.empty() && pieces.back().tile == tile)
    pieces.back().end = end;
  else
    pieces.push_back({begin, end, tile});
}

}  // namespace

std::vector<DistributedPiece> distribute_block(Bytes size, std::size_t tiles, Bytes unit) {
  check("distributing in blocks", tiles, unit);
  const std::uint64_t units = units_in(size, unit);
  std::vector<DistributedPiece> pieces;
  std::uint64_t at = 0;
  for (std::size_t tile = 0; tile < tiles && at < units; ++tile) {
    const std::uint64_t share = units / tiles + (tile < units % tiles);
    const Bytes begin = unit * at;
    at += share;
    pieces.push_back({begin, at == units ? size : unit * at, tile});
  }
  return pieces;
}

std::vector<DistributedPiece> distribute_cyclic(Bytes size, std::size_t tiles, Bytes stride) {
  check("distributing in turn", tiles, stride);
  std::vector<DistributedPiece> pieces;
  const std::uint64_t units = units_in(size, stride);
  for (std::uint64_t i = 0; i < units; ++i)
    append(pieces, stride * i, i + 1 == units ? size : stride * (i + 1), i % tiles);
  return pieces;
}

std::vector<DistributedPiece> distribute_first_touch(Bytes size,
                                                     std::span<const FirstTouch> touches,
                                                     Bytes unit) {
  check("distributing by first touch", touches.size(), unit);
  for (const FirstTouch& touch : touches)
    if (touch.begin >= touch.end)
      throw std::invalid_argument("distributing by first touch: an empty part");
  std::vector<DistributedPiece> pieces;
  std::optional<std::size_t> tile;
  const std::uint64_t units = units_in(size, unit);
  for (std::uint64_t i = 0; i < units; ++i) {
    const Bytes begin = unit * i;
    const Bytes end = i + 1 == units ? size : unit * (i + 1);
    const auto first = std::find_if(touches.begin(), touches.end(), [&](const FirstTouch& touch) {
      return touch.begin < end && begin < touch.end;
    });
    if (first != touches.end()) {
      // What came before the first touched unit goes with it.
      if (!tile && i > 0) pieces.push_back({Bytes{}, begin, first->tile});
      tile = first->tile;
    }
    if (tile) append(pieces, begin, end, *tile);
  }
  if (!tile) return {{Bytes{}, size, touches.front().tile}};
  return pieces;
}

}  // namespace zesvm::topology
