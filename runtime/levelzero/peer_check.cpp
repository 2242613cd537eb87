#include "levelzero/peer_check.hpp"

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/sizes.hpp"
#include "levelzero/call.hpp"
#include "levelzero/command_list.hpp"

namespace zesvm::levelzero {
namespace {

using topology::DataCheck;
using Words = std::vector<std::uint64_t>;

constexpr std::size_t word_count = 64 * 1024 / sizeof(std::uint64_t);
constexpr std::size_t byte_count = word_count * sizeof(std::uint64_t);

/// Memory of one tile, for as long as the check takes.
class TileMemory {
 public:
  TileMemory(Context& context, const Tile& tile) : context_(context) {
    ze_device_mem_alloc_desc_t description{};
    description.stype = ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC;
    ZESVM_ZE(
        zeMemAllocDevice(context.handle(), &description, byte_count, 4096, tile.handle, &pointer_),
        "allocating memory of " + tile.name + " to check peer access");
  }
  ~TileMemory() { zeMemFree(context_.handle(), pointer_); }
  TileMemory(const TileMemory&) = delete;
  TileMemory& operator=(const TileMemory&) = delete;

  void* get() const { return pointer_; }

 private:
  Context& context_;
  void* pointer_ = nullptr;
};

// No word repeats, and none is all zeros or all ones, which is what broken hosts deliver.
Words pattern(std::uint64_t seed) {
  Words words(word_count);
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i] = (seed + i) * 0x9e37'79b9'7f4a'7c15u | 0x0100'0000'0000'0001u;
  return words;
}

// Engines may use memory the driver knows and no other without a detour.
class HostMemory {
 public:
  explicit HostMemory(Context& context) : context_(context) {
    ze_host_mem_alloc_desc_t description{};
    description.stype = ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC;
    ZESVM_ZE(zeMemAllocHost(context.handle(), &description, byte_count, 4096, &pointer_),
             "allocating host memory to check peer access");
  }
  ~HostMemory() { zeMemFree(context_.handle(), pointer_); }
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;

  void* get() const { return pointer_; }
  std::uint64_t* words() const { return static_cast<std::uint64_t*>(pointer_); }

 private:
  Context& context_;
  void* pointer_ = nullptr;
};

void copy(Context& context, const Tile& by, void* to, const void* from) {
  context.run_on(by, [&](CommandList& list) { list.copy(to, from, byte_count); });
}

std::string difference(const HostMemory& found, const Words& expected, const char* what) {
  const auto [read, meant] =
      std::mismatch(found.words(), found.words() + word_count, expected.begin());
  if (meant == expected.end()) return "";
  char text[128];
  std::snprintf(text, sizeof text, "%s delivered 0x%016llx instead of 0x%016llx", what,
                static_cast<unsigned long long>(*read), static_cast<unsigned long long>(*meant));
  return text;
}

void put(HostMemory& host, const Words& words) { std::ranges::copy(words, host.words()); }

std::string exchange(Context& context, const Tile& from, const Tile& to) {
  const TileMemory own(context, from), theirs(context, to);
  HostMemory host(context);
  const std::uint64_t seed = 1 + from.index * context.tiles().size() + to.index;

  const Words written_there = pattern(seed << 32);
  put(host, written_there);
  copy(context, to, theirs.get(), host.get());
  copy(context, from, own.get(), theirs.get());
  std::fill_n(host.words(), word_count, 0);
  copy(context, from, host.get(), own.get());
  if (auto wrong = difference(host, written_there, "reading the peer's memory"); !wrong.empty())
    return wrong;

  const Words written_here = pattern((seed << 32) + word_count);
  put(host, written_here);
  copy(context, from, own.get(), host.get());
  copy(context, from, theirs.get(), own.get());
  std::fill_n(host.words(), word_count, 0);
  copy(context, to, host.get(), theirs.get());
  return difference(host, written_here, "writing the peer's memory");
}

PeerCheck run_check(Context& context, const Tile& from, const Tile& to) {
  ze_bool_t access = 0;
  if (zeDeviceCanAccessPeer(from.handle, to.handle, &access) != ZE_RESULT_SUCCESS || access == 0)
    return {};
  try {
    const std::string wrong = exchange(context, from, to);
    return {wrong.empty() ? DataCheck::verified : DataCheck::failed, wrong};
  } catch (const Error& error) {
    return {DataCheck::failed, error.what()};
  }
}

using Uuid = decltype(Tile::uuid);
// Not held during a check, which takes locks of its own: two threads may both check, once.
Mutex<LockOrder::driver> checks_lock;
std::map<std::pair<Uuid, Uuid>, PeerCheck> checks ZESVM_GUARDED_BY(checks_lock);

}  // namespace

PeerCheck check_peer(Context& context, const Tile& from, const Tile& to) {
  const std::pair key(from.uuid, to.uuid);
  {
    const Lock guard{checks_lock};
    if (const auto known = checks.find(key); known != checks.end()) return known->second;
  }
  const PeerCheck outcome = run_check(context, from, to);
  const Lock guard{checks_lock};
  return checks.emplace(key, outcome).first->second;
}

std::string broken_access_to(Context& context, const Tile& home) {
  for (const Tile& tile : context.tiles()) {
    if (tile.index == home.index) continue;
    const PeerCheck outcome = check_peer(context, tile, home);
    if (outcome.data == DataCheck::failed)
      return "the driver reports access of " + tile.name + " to " + home.name + ", but " +
             outcome.reason;
  }
  return "";
}

void forget_peer_checks() {
  const Lock guard{checks_lock};
  checks.clear();
}

}  // namespace zesvm::levelzero
