// Node: copies and fills.

#include <algorithm>
#include <cstring>
#include <limits>

#include "simulator/node/memory_cursor.hpp"
#include "simulator/node/node.hpp"
#include "simulator/node/node_state.hpp"

namespace zesvm::simulator::node {

namespace {

/// No more is copied between two looks at where the bytes are.
constexpr Bytes copy_step = 2_MiB;

/// Returns whether `[base, base + size)` is one allocation's, or none of the node's.
Status check(NodeState& node, Address base, Bytes size) {
  const auto interval = Interval::checked(base, size);
  if (!interval) return Status::invalid_address;
  if (node.windows->window_at(base) == nullptr) return Status::ok;
  const auto record = node.allocations.find(base);
  if (!record || !record->footprint.contains(*interval)) return Status::invalid_address;
  return Status::ok;
}

/// The pair of cursors of one copy.
struct CursorPair {
  CursorPair(NodeState& state, TileId by)
      : node(state), reader(by), source(state), destination(state) {}

  Status forwards(Address to, Address from, Bytes size) {
    while (size.count > 0) {
      ZESVM_TRY_ASSIGN(in, source.at(from, size));
      ZESVM_TRY_ASSIGN(out, destination.at(to, Bytes{in.size()}));
      std::memmove(out.data(), in.data(), out.size());
      if (is_broken(in.data())) std::memset(out.data(), 0xff, out.size());
      const Bytes done{out.size()};
      from += done;
      to += done;
      size -= done;
    }
    return Status::ok;
  }

  /// For a destination that overlaps the end of the source.
  Status backwards(Address to, Address from, Bytes size) {
    buffer.resize(copy_step.count);
    while (size.count > 0) {
      // Steps end where a chunk begins, on either side, so that each lies in one chunk of both.
      const auto into_chunk = [&](Address end) {
        const Bytes inside = (end - Address{}) % copy_step;
        return inside.count == 0 ? copy_step : inside;
      };
      const Bytes part = std::min({size, into_chunk(from + size), into_chunk(to + size)});
      size -= part;
      ZESVM_TRY(forwards_buffered(to + size, from + size, part));
    }
    return Status::ok;
  }

  /// Copies through a buffer: in a chunk of small ranges even one step takes several.
  Status forwards_buffered(Address to, Address from, Bytes size) {
    ZESVM_TRY(forwards(address_of(buffer.data()), from, size));
    return forwards(to, address_of(buffer.data()), size);
  }

  /// Returns whether a peer's memory is read here and planned to deliver ones.
  bool is_broken(const std::byte* from) {
    if (!node.failures.plans(Failure::peer)) return false;
    const auto owner = node.memory.tile_of_alias(from);
    return owner &&
           node.links.link(index_of(reader), *owner).protocol == pagemap::Protocol::peer_pcie &&
           node.failures.strikes(Failure::peer);
  }

  NodeState& node;
  TileId reader;
  // Comes before the cursors and goes after them: memory is not freed while they keep theirs.
  std::vector<std::byte> buffer;
  MemoryCursor source;
  MemoryCursor destination;
};

bool overlaps_backwards(Address to, Address from, Bytes size) {
  return from < to && to - from < size;
}

void count(NodeState& node, TileId tile, Bytes size) {
  node.tile(tile).counters.commanded_bytes.fetch_add(size.count, std::memory_order_relaxed);
}

/// Returns the size of the buffer a region needs; nothing when it cannot be.
std::optional<Bytes> span_of(const Region& region, const std::array<std::uint64_t, 3>& extent) {
  // 128 bits: three factors of 64 would need 192, but no more than 2^64 is valid at any step.
  __extension__ using Wide = unsigned __int128;
  const Wide limit = std::numeric_limits<std::uint64_t>::max();
  Wide end = Wide{region.slice_pitch.count} * (Wide{region.origin[2]} + extent[2] - 1);
  if (end > limit) return std::nullopt;
  const Wide rows = Wide{region.row_pitch.count} * (Wide{region.origin[1]} + extent[1] - 1);
  if (rows > limit) return std::nullopt;
  end += rows + region.origin[0] + extent[0];
  if (end > limit) return std::nullopt;
  return Bytes{static_cast<std::uint64_t>(end)};
}

/// Returns the region with its default pitches filled in.
std::optional<Region> with_pitches(Region region, const std::array<std::uint64_t, 3>& extent) {
  if (region.row_pitch.count == 0) region.row_pitch = {extent[0]};
  if (region.slice_pitch.count == 0) {
    if (__builtin_mul_overflow(region.row_pitch.count, extent[1], &region.slice_pitch.count)) {
      return std::nullopt;
    }
  }
  return region;
}

Address row_of(const Region& region, std::uint64_t row, std::uint64_t slice) {
  return region.base + region.slice_pitch * (region.origin[2] + slice) +
         region.row_pitch * (region.origin[1] + row) + Bytes{region.origin[0]};
}

}  // namespace

Status Node::copy(TileId tile, Address destination, Address source, Bytes size) {
  ZESVM_TRY(state_->usable(tile));
  if (size.count == 0) return Status::ok;
  ZESVM_TRY(check(*state_, destination, size));
  ZESVM_TRY(check(*state_, source, size));
  {
    CursorPair cursors{*state_, tile};
    ZESVM_TRY(overlaps_backwards(destination, source, size)
                  ? cursors.backwards(destination, source, size)
                  : cursors.forwards(destination, source, size));
  }
  count(*state_, tile, size);
  state_->charges.charge_copy(tile, destination, source, size);
  return Status::ok;
}

Status Node::fill(TileId tile, Address destination, std::span<const std::byte> pattern,
                  Bytes size) {
  ZESVM_TRY(state_->usable(tile));
  if (pattern.empty()) return Status::invalid_argument;
  if (size.count == 0) return Status::ok;
  ZESVM_TRY(check(*state_, destination, size));
  {
    MemoryCursor cursor{*state_};
    for (Bytes done; done < size;) {
      ZESVM_TRY_ASSIGN(out, cursor.at(destination + done, size - done));
      if (pattern.size() == 1) {
        std::memset(out.data(), static_cast<int>(pattern[0]), out.size());
      } else {
        const std::size_t phase = done.count % pattern.size();
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = pattern[(phase + i) % pattern.size()];
      }
      done += Bytes{out.size()};
    }
  }
  count(*state_, tile, size);
  state_->charges.charge_fill(tile, destination, size);
  return Status::ok;
}

Status Node::copy_region(TileId tile, const Region& destination, const Region& source,
                         const std::array<std::uint64_t, 3>& extent) {
  ZESVM_TRY(state_->usable(tile));
  if (extent[0] == 0 || extent[1] == 0 || extent[2] == 0) return Status::ok;
  const auto to = with_pitches(destination, extent);
  const auto from = with_pitches(source, extent);
  if (!to || !from) return Status::invalid_address;
  const auto to_size = span_of(*to, extent);
  const auto from_size = span_of(*from, extent);
  if (!to_size || !from_size) return Status::invalid_address;
  ZESVM_TRY(check(*state_, to->base, *to_size));
  ZESVM_TRY(check(*state_, from->base, *from_size));
  {
    CursorPair cursors{*state_, tile};
    for (std::uint64_t slice = 0; slice < extent[2]; ++slice) {
      for (std::uint64_t row = 0; row < extent[1]; ++row) {
        ZESVM_TRY(
            cursors.forwards(row_of(*to, row, slice), row_of(*from, row, slice), Bytes{extent[0]}));
      }
    }
  }
  const Bytes copied = Bytes{extent[0]} * extent[1] * extent[2];
  count(*state_, tile, copied);
  // As if the rows lay one after the other: where they are is what matters.
  state_->charges.charge_copy(tile, row_of(*to, 0, 0), row_of(*from, 0, 0), copied);
  return Status::ok;
}

}  // namespace zesvm::simulator::node
