#include "scenarios/kinds.hpp"

#include "scenarios/session.hpp"

namespace zesvm::scenarios {

const std::vector<Kind>& kinds() {
  constexpr auto marks = FirstContent::marks;
  static const std::vector<Kind> all{
      {"shared", make_shared, Needs::nothing},
      {"paged", make_paged, Needs::nothing},
      {"malloc", make_malloc},
      {"new", make_new, Needs::any_pointer, marks, Checked::each_round},
      {"free", make_free, Needs::any_pointer, marks, Checked::each_round},
      {"mmap", make_mmap},
      {"mmap_shared", make_mmap_shared},
      {"mmap_file", make_mmap_file},
      {"mmap_huge", make_mmap_huge},
      {"mlock", make_mlock},
      {"remap", make_remap},
      {"read_only", make_read_only, Needs::any_pointer, marks, Checked::at_times, CpuAccess::no},
      {"prefetch", make_prefetch, Needs::nothing},
      {"prefetch_system", make_prefetch_system, Needs::nothing},
      {"madvise", make_madvise, Needs::nothing},
      {"nomemset", make_plain, Needs::nothing, FirstContent::zeros},
      {"multi_fault", make_multi_fault},
      {"busy", make_busy, Needs::nothing, marks, Checked::at_times, CpuAccess::no, Devices::first},
      {"device_allocation_between", make_device_allocation_between, Needs::nothing},
  };
  return all;
}

std::string Kind::reason_against(const Session& session) const {
  if (needs == Needs::any_pointer && !session.takes_any_pointer())
    return "the devices take no pointers of the program";
  return {};
}

std::unique_ptr<Memory> make_plain(Space& space, std::size_t bytes) {
  return space.session().takes_any_pointer() ? make_mmap(space, bytes) : make_shared(space, bytes);
}

}  // namespace zesvm::scenarios
