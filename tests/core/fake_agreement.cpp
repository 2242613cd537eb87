// What the core, the page tables and the memory must agree about.
#include <map>
#include <sstream>

#include "core/fake_device.hpp"

namespace zesvm::svm::fake {
namespace {

std::string text_of(Interval interval) {
  std::ostringstream text;
  text << std::hex << "[" << interval.begin.value << ", " << interval.end.value << ")";
  return text.str();
}

}  // namespace

void Machine::compare(const Tile& tile, std::vector<std::string>& found) {
  for (const Interval mapped : tile.mapped())
    if (!space_->has_mapping(mapped)) found.push_back("mapped without range: " + text_of(mapped));
  for (const Interval range : space_->ranges(memory())) {
    const ChunkResidency chunk = space_->residency(range).chunks.at(0);
    const std::optional<Mapping> told = tile.mapping_at(range.begin);
    for (const auto& on : chunk.mapped_on) {
      if (on.device != tile.id) continue;
      if (!told || told->protocol != on.protocol)
        found.push_back("the core believes in another mapping: " + text_of(range));
      else if (chunk.pagemap && told->extent != chunk.extent)
        found.push_back("mapped elsewhere in VRAM: " + text_of(range));
      else if ((chunk.pagemap == nullptr) != (told->protocol == pagemap::Protocol::system))
        found.push_back("mapped to another memory: " + text_of(range));
    }
  }
  if (!tile.stale().empty()) found.push_back("never flushed: " + text_of(tile.stale().front()));
  for (const std::string& complaint : tile.complaints()) found.push_back(complaint);
}

std::vector<std::string> Machine::disagreements(Pending pending) {
  std::vector<std::string> found;
  space_->check_invariants();
  Bytes trapped;
  std::map<const pagemap::Pagemap*, Bytes> used;
  Address end_before{};
  for (const Interval range : space_->ranges(memory())) {
    if (range.begin < end_before) found.push_back("ranges overlap: " + text_of(range));
    end_before = range.end;
    const ChunkResidency chunk = space_->residency(range).chunks.at(0);
    if (!chunk.pagemap) continue;
    used[chunk.pagemap] += range.size();
    if (!chunk.is_device_memory) trapped += range.size();
    if (pending != Pending::pins_and_ranges && !chunk.is_device_memory && !is_trapped(range.begin))
      found.push_back("in VRAM, and the CPU is not trapped: " + text_of(range));
  }
  if (pending != Pending::pins_and_ranges && trapped != cpu_page * trapped_pages())
    found.push_back("the CPU is trapped where nothing is in VRAM");
  for (const auto& tile : tiles) {
    tile->pagemap.check_invariants();
    compare(*tile, found);
    if (tile->pagemap.usage().used != used[&tile->pagemap]) found.push_back("VRAM leaked");
    if (pending == Pending::nothing && tile->pagemap.usage().pinned_blocks != 0)
      found.push_back("a block stayed pinned");
  }
  return found;
}

Result<std::uint64_t> Machine::peek(Address where) {
  const Interval page = Interval::chunk_at(where, cpu_page);
  const ChunkResidency chunk = space_->residency(page).chunks.at(0);
  const std::lock_guard guard{lock_};
  std::uint64_t word = 0;
  const std::byte* bytes = chunk.pagemap
                               ? vram_bytes(chunk.extent) + (where - chunk.interval.begin).count
                               : system_bytes(where);
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

}  // namespace zesvm::svm::fake
