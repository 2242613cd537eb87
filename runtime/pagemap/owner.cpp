#include "pagemap/owner.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "pagemap/pagemap.hpp"

namespace zesvm::pagemap {

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
  for (Owner& owner : owners_) {
    const bool reaches_all = std::ranges::all_of(owner.members, [&](const Pagemap* member) {
      return has_fast_interconnect(interconnect_, pagemap, *member);
    });
    if (!reaches_all) continue;
    owner.members.push_back(&pagemap);
    return owner.id;
  }
  owners_.push_back({{next_id_++}, {&pagemap}});
  return owners_.back().id;
}

void OwnerList::leave(const Pagemap& pagemap) {
  Lock guard{lock_};
  for (Owner& owner : owners_) std::erase(owner.members, &pagemap);
  std::erase_if(owners_, [](const Owner& owner) { return owner.members.empty(); });
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
