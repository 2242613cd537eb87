// What a launch has brought to its device before the kernel starts, and when it is refused for what
// nobody can bring.
#include <optional>

#include <zesvm/error.hpp>
#include <zesvm/stream.hpp>

#include "api/allocations.hpp"
#include "api/kernel_declarations.hpp"
#include "levelzero/command_list.hpp"
#include "levelzero/context.hpp"
#include "levelzero/program.hpp"

namespace zesvm {
namespace {

void check_reach(const Kernel& kernel, const KernelUse& use, const Kernel::Declarations* declared,
                 const Device& device) {
  const bool is_declared =
      declared != nullptr && (declared->reaches_everything || !declared->reached.empty());
  if (!use.follows_pointers || is_declared || device.has_page_faults()) return;
  throw Error(
      ErrorCode::invalid_argument,
      "launching " + kernel.name() + " on " + device.name() +
          ": it follows pointers that are not its arguments (" + use.reason +
          "), and this device takes no page faults: declare what it reaches with "
          "Kernel::reaching({{pointer, bytes, mode}, ...}), or have all memory brought with "
          "Kernel::reaching_everything()");
}

}  // namespace

std::vector<Access> AddressSpace::launch_accesses(const Device& device,
                                                  const Access& access) const {
  if (access.bytes > 0) check(access.begin, access.bytes, "bringing what a kernel reaches,");
  const auto allocation = allocations_->at(address_of(access.begin));
  // An argument that points to memory which is not ours is the driver's affair.
  if (!allocation) return {};
  Interval wanted = allocation->interval;
  if (access.bytes > 0)
    wanted = {address_of(access.begin), address_of(access.begin) + Bytes{access.bytes}};
  const auto location = allocations_->location_of(wanted);
  const bool lives_elsewhere =
      location &&
      (location->kind() == Advice::Kind::location_system ||
       (location->kind() == Advice::Kind::location_device && *location->device() != device));
  // Atomic operations of a device are right in its own memory only, wherever it should live.
  if (lives_elsewhere && access.mode != AccessMode::atomic) return {};
  std::vector<Interval> parts{wanted};
  // Paged memory that is held is mapped where it is, by the same call.
  if (access.mode != AccessMode::atomic && allocation->backing != Backing::paged)
    parts = allocations_->unpinned_parts(wanted);
  std::vector<Access> accesses;
  for (const Interval& part : parts)
    accesses.push_back({pointer_to<void>(part.begin), part.size().count, access.mode});
  return accesses;
}

std::optional<std::vector<Access>> Stream::bring_memory(const Kernel& kernel,
                                                        const std::vector<Argument>& arguments) {
  const Kernel::Declarations* declared = kernel.declared_.get();
  // Faults bring what the kernel touches, and only that.
  if (declared == nullptr && device_.has_page_faults()) return std::nullopt;
  const KernelUse use = kernel.use();
  check_reach(kernel, use, declared, device_);
  std::vector<Access> accesses;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if (const auto mode = mode_of(use.arguments[i]); mode && arguments[i].is_pointer())
      accesses.push_back({const_cast<const void*>(arguments[i].pointer()), 0, *mode});
  const std::size_t of_arguments = accesses.size();
  if (declared != nullptr)
    accesses.insert(accesses.end(), declared->reached.begin(), declared->reached.end());
  const AddressSpace* space = device_.tile_->context->memory();
  for (std::size_t i = device_.has_page_faults() ? of_arguments : 0; i < accesses.size(); ++i)
    if (space != nullptr)
      for (const Access& wanted : space->launch_accesses(device_, accesses[i])) {
        space->place_near(device_, wanted.begin, wanted.bytes);
        list_->prefetch(wanted.begin, wanted.bytes);
      }
  const bool is_all_said = declared != nullptr && !declared->reaches_everything &&
                           (!use.follows_pointers || !declared->reached.empty());
  return is_all_said ? std::optional(std::move(accesses)) : std::nullopt;
}

}  // namespace zesvm
