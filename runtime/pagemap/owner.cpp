#include "pagemap/owner.hpp"

#include <algorithm>
#include <span>

#include "base/assert.hpp"
#include "pagemap/pagemap.hpp"
#include "topology/link_matrix.hpp"

namespace zesvm::pagemap {

Link link_of(const topology::LinkMatrix& matrix, std::size_t from, std::size_t to) {
  if (from == to) return {Protocol::local_vram, Speed::fast, LinkAtomics::present};
  const topology::Reach& reach = matrix.between(from, to);
  if (!reach.is_direct()) return {};
  const bool is_pcie = reach.protocol == topology::Protocol::pcie_root ||
                       reach.protocol == topology::Protocol::pcie_switch;
  return {is_pcie ? Protocol::peer_pcie : Protocol::peer_fabric,
          matrix.is_fast(from, to) ? Speed::fast : Speed::slow,
          reach.atomics ? LinkAtomics::present : LinkAtomics::absent};
}

bool has_fast_interconnect(const Interconnect& interconnect, const Pagemap& a, const Pagemap& b) {
  const auto is_fast = [&](const Pagemap& from, const Pagemap& to) {
    const Link link = interconnect.link(from, to);
    return link.protocol != Protocol::none && link.speed == Speed::fast;
  };
  return is_fast(a, b) && is_fast(b, a);
}

const OwnerList::Owner* OwnerList::owner_of(const Pagemap& pagemap) const {
  for (const Owner& owner : owners_)
    if (std::ranges::find(owner.members, &pagemap) != owner.members.end()) return &owner;
  return nullptr;
}

OwnerId OwnerList::join(Pagemap& pagemap) {
  Lock guard{lock_};
  if (const Owner* owner = owner_of(pagemap)) return owner->id;
  all_.push_back(&pagemap);
  group();
  return owner_of(pagemap)->id;
}

void OwnerList::leave(const Pagemap& pagemap) {
  Lock guard{lock_};
  if (std::erase(all_, &pagemap) > 0) group();
}

void OwnerList::group() {
  std::vector<Owner> before = std::move(owners_);
  owners_.clear();
  const std::span<const Pagemap* const> all{all_};
  const auto cliques = topology::owner_cliques(all.size(), [&](std::size_t a, std::size_t b) {
    return has_fast_interconnect(interconnect_, *all[a], *all[b]);
  });
  for (const auto& clique : cliques) {
    Owner owner{{}, {}};
    for (const std::size_t member : clique) owner.members.push_back(all_[member]);
    // An owner goes by the name that its first member had one by.
    const auto known = std::ranges::find_if(before, [&](const Owner& old) {
      return std::ranges::find(old.members, owner.members.front()) != old.members.end();
    });
    if (known != before.end()) {
      owner.id = known->id;
      before.erase(known);
    } else {
      owner.id = {next_id_++};
    }
    owners_.push_back(std::move(owner));
  }
}

std::vector<const Pagemap*> OwnerList::members(OwnerId id) const {
  Lock guard{lock_};
  for (const Owner& owner : owners_)
    if (owner.id == id) return owner.members;
  return {};
}

bool OwnerList::share_owner(const Pagemap& a, const Pagemap& b) const {
  Lock guard{lock_};
  const Owner* owner = owner_of(a);
  return owner && owner == owner_of(b);
}

void OwnerList::check_invariants() const {
  Lock guard{lock_};
  for (const Owner& owner : owners_) {
    for (const Pagemap* a : owner.members) {
      ZESVM_ASSERT(owner_of(*a) == &owner);  // OW2
      for (const Pagemap* b : owner.members)
        ZESVM_ASSERT(a == b || has_fast_interconnect(interconnect_, *a, *b));  // OW1
    }
  }
}

}  // namespace zesvm::pagemap
