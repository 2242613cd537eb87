#include <algorithm>
#include <ostream>

#include <zesvm/address_space.hpp>

#include "api/allocations.hpp"
#include "api/text.hpp"
#include "base/sizes.hpp"
#include "levelzero/backing.hpp"
#include "levelzero/call.hpp"
#include "levelzero/context.hpp"

namespace zesvm {
namespace {

std::vector<zesvm_sim_residency_t> query(const levelzero::Context& context, const void* pointer,
                                         std::size_t bytes) {
  const auto ask = context.simulator().query_residency;
  std::vector<zesvm_sim_residency_t> pieces;
  std::uint32_t count = 0;
  const std::string doing = "asking where " + address_text(pointer) + " is";
  do {
    ZESVM_ZE(ask(pointer, bytes, &count, nullptr), doing);
    // Pieces may split before the second call; one more than needed shows that none was left out.
    count += 1;
    pieces.assign(count, {});
    for (auto& piece : pieces) piece.size = sizeof piece;
    ZESVM_ZE(ask(pointer, bytes, &count, pieces.data()), doing);
  } while (count == pieces.size());
  pieces.resize(count);
  return pieces;
}

Place place_of(std::uint32_t place) {
  switch (place) {
    case ZESVM_SIM_PLACE_SYSTEM: return Place::system;
    case ZESVM_SIM_PLACE_VRAM: return Place::device;
    case ZESVM_SIM_PLACE_UNTOUCHED: return Place::untouched;
  }
  return Place::unknown;
}

std::optional<std::size_t> tile_index(const levelzero::Context& context,
                                      const zesvm_sim_residency_t& piece) {
  for (const levelzero::NodeTile& tile : context.node_tiles())
    if (tile.device == piece.device_index && tile.tile == piece.tile_index) return tile.index;
  return std::nullopt;
}

ResidentPiece piece_of(const levelzero::Context& context, const zesvm_sim_residency_t& from) {
  ResidentPiece piece;
  piece.begin = static_cast<std::uintptr_t>(from.begin);
  piece.end = static_cast<std::uintptr_t>(from.end);
  piece.place = place_of(from.place);
  if (piece.place == Place::device) piece.device = tile_index(context, from);
  const auto& tiles = context.node_tiles();
  for (std::size_t i = 0; i < std::min<std::size_t>(tiles.size(), 64); ++i)
    if ((from.mapped_tiles >> i & 1) != 0 && tiles[i].index)
      piece.mapped_on.push_back(*tiles[i].index);
  return piece;
}

// Neighbours that differ in their addresses only are one line.
std::vector<ResidentPiece> merged(const std::vector<ResidentPiece>& pieces) {
  std::vector<ResidentPiece> lines;
  for (const ResidentPiece& piece : pieces) {
    if (!lines.empty() && lines.back().end == piece.begin && lines.back().place == piece.place &&
        lines.back().device == piece.device && lines.back().mapped_on == piece.mapped_on) {
      lines.back().end = piece.end;
    } else {
      lines.push_back(piece);
    }
  }
  return lines;
}

std::string place_text(const Residency& residency, const ResidentPiece& piece) {
  switch (piece.place) {
    case Place::system: return "system memory";
    case Place::untouched: return "system memory, known to no device";
    case Place::unknown: return "not known: the driver does not tell";
    case Place::device: break;
  }
  if (!piece.device || *piece.device >= residency.device_names.size()) return "a device";
  return "device " + std::to_string(*piece.device) + " (" + residency.device_names[*piece.device] +
         ")";
}

}  // namespace

Residency AddressSpace::residency(const void* pointer, std::size_t bytes) const {
  check(pointer, bytes, "asking for");
  Residency answer;
  for (const levelzero::Tile& tile : context_.tiles()) answer.device_names.push_back(tile.name);
  if (levelzero::MemoryBacking* const backing = context_.backing_at(pointer)) {
    answer.pieces = backing->residency({address_of(pointer), address_of(pointer) + Bytes{bytes}});
    return answer;
  }
  if (context_.simulator().query_residency == nullptr) {
    ResidentPiece all;
    all.begin = reinterpret_cast<std::uintptr_t>(pointer);
    all.end = all.begin + bytes;
    answer.pieces.push_back(all);
    return answer;
  }
  for (const zesvm_sim_residency_t& piece : query(context_, pointer, bytes))
    answer.pieces.push_back(piece_of(context_, piece));
  return answer;
}

std::uint64_t Residency::bytes_in(Place place) const noexcept {
  std::uint64_t bytes = 0;
  for (const ResidentPiece& piece : pieces)
    if (piece.place == place) bytes += piece.end - piece.begin;
  return bytes;
}

std::uint64_t Residency::bytes_on(const Device& device) const noexcept {
  std::uint64_t bytes = 0;
  for (const ResidentPiece& piece : pieces)
    if (piece.device == device.index()) bytes += piece.end - piece.begin;
  return bytes;
}

std::ostream& operator<<(std::ostream& out, const Residency& residency) {
  for (const ResidentPiece& piece : merged(residency.pieces)) {
    out << address_text(reinterpret_cast<const void*>(piece.begin)) << "  "
        << size_text(piece.end - piece.begin) << "  " << place_text(residency, piece);
    if (!piece.mapped_on.empty()) {
      out << "; mapped on";
      for (std::size_t device : piece.mapped_on) out << ' ' << device;
    }
    out << '\n';
  }
  return out;
}

}  // namespace zesvm
