/// @file owner.hpp
/// Who reaches whose VRAM: protocols, links, and the cliques of pagemaps that form an owner.
///
/// OW1  any two pagemaps of one owner have a fast interconnect, in both directions (F2)
/// OW2  a pagemap belongs to at most one owner
/// Not here: whether a device may use memory in place. That is asked for each pair (fault_policy.hpp):
/// within an owner it is the same by OW1, and a fast link to a member of another owner counts too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "base/status.hpp"

namespace zesvm::topology {
class LinkMatrix;
}

namespace zesvm::pagemap {

class Pagemap;

/// How a device reaches a mapped page (F4).
enum class Protocol : std::uint8_t { none, system, local_vram, peer_fabric, peer_pcie };

/// Returns the name of a protocol, as spelled in the enumeration.
constexpr std::string_view name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::none: return "none";
    case Protocol::system: return "system";
    case Protocol::local_vram: return "local_vram";
    case Protocol::peer_fabric: return "peer_fabric";
    case Protocol::peer_pcie: return "peer_pcie";
  }
  return "unknown";
}

/// Whether a link is fast compared with going through the host (F6).
enum class Speed : std::uint8_t { slow, fast };
/// Whether atomic operations work across a link.
enum class LinkAtomics : std::uint8_t { absent, present };
/// What a link serves: use of the memory where it is, or copies alone, where no device can map it.
enum class LinkUse : std::uint8_t { in_place, copies };

/// How one tile reaches the VRAM of another.
struct Link {
  Protocol protocol = Protocol::none;
  Speed speed = Speed::slow;
  LinkAtomics atomics = LinkAtomics::absent;
  LinkUse use = LinkUse::in_place;
};

/// Returns how a tile reaches the VRAM of another, from what is known of the machine's links.
Link link_of(const topology::LinkMatrix& matrix, std::size_t from, std::size_t to);

/// Answers how tiles reach each other. Immutable and safe from any thread.
class Interconnect {
 public:
  virtual ~Interconnect() = default;

  /// Returns how the tile of `from` reaches the VRAM of `to`; `Protocol::none` when it cannot.
  /// @context  any, fault; under any lock
  virtual Link link(const Pagemap& from, const Pagemap& to) const noexcept = 0;
};

/// Returns whether each of the two reaches the other fast.
bool has_fast_interconnect(const Interconnect& interconnect, const Pagemap& a, const Pagemap& b);

/// Names a clique.
struct OwnerId {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(OwnerId, OwnerId) = default;
};

/// The owners of a node: each pagemap joins the first owner whose members it all reaches fast. When
/// one leaves, those that remain are grouped anew, as topology groups tiles.
class OwnerList {
 public:
  explicit OwnerList(const Interconnect& interconnect) : interconnect_(interconnect) {}

  /// Puts a pagemap into the first owner all of whose members it has a fast interconnect with, or
  /// into a new one; returns its owner. A member stays where it is.
  /// @locks    takes leaf
  OwnerId join(Pagemap& pagemap);
  /// Takes a pagemap out of its owner, which may bring others together; nothing when it has none.
  void leave(const Pagemap& pagemap);
  /// Returns the members of an owner; none when there is no such owner.
  std::vector<const Pagemap*> members(OwnerId owner) const;
  /// Returns whether both are in the same owner.
  bool share_owner(const Pagemap& a, const Pagemap& b) const;
  /// Aborts when OW1 or OW2 does not hold.
  void check_invariants() const;

 private:
  struct Owner {
    OwnerId id;
    std::vector<const Pagemap*> members;
  };
  const Owner* owner_of(const Pagemap& pagemap) const ZESVM_REQUIRES(lock_);
  void group() ZESVM_REQUIRES(lock_);

  const Interconnect& interconnect_;
  mutable Mutex<LockOrder::leaf> lock_;
  // In the order they joined, which decides who is grouped with whom.
  std::vector<const Pagemap*> all_ ZESVM_GUARDED_BY(lock_);
  std::vector<Owner> owners_ ZESVM_GUARDED_BY(lock_);
  std::uint32_t next_id_ ZESVM_GUARDED_BY(lock_) = 1;
};

}  // namespace zesvm::pagemap
