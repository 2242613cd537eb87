// CPU touches of paged memory whose bytes are on a device.
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <thread>
#include <unistd.h>

#include "levelzero/context.hpp"
#include "levelzero/paged_memory.hpp"
#include "levelzero/work_trace.hpp"

namespace zesvm::levelzero {
namespace {

// How long a CPU touch waits for work that keeps coming. A deadlock must end all the same.
constexpr auto patience = std::chrono::seconds{60};

// The program ends when a touch fails: what the driver had no memory for a moment ago is tried again,
// for a tenth of a second in all.
constexpr int most_failures = 10;

bool may_pass(Status status, int failures) {
  if (status == Status::device_lost || failures >= most_failures) return false;
  std::this_thread::sleep_for(std::chrono::milliseconds{10});
  return true;
}

// The one word a touch can be told with: the program ends as at memory that is not there.
void say_lost(Address where, Status status) {
  ::dprintf(STDERR_FILENO,
            "zesvm: the CPU touched %#" PRIx64
            ", whose bytes are on a device, and they cannot be brought back (%s). They are still "
            "there; AddressSpace::host_access() says so with an error instead\n",
            where.value, std::string(zesvm::name_of(status)).c_str());
}

void say_refused(Address where, Interval allocation) {
  ::dprintf(
      STDERR_FILENO,
      "zesvm: the CPU touched %#" PRIx64 ", in the paged allocation [%#" PRIx64 ", %#" PRIx64
      ") and on a device now. ZESVM_CPU_TOUCH or RuntimeOptions::cpu_touch refuses that: hold "
      "the memory with AddressSpace::host_access() meanwhile, or choose bring-back\n",
      where.value, allocation.begin.value, allocation.end.value);
}

}  // namespace

bool PagedMemory::is_on_a_device(Interval page) const {
  const auto chunks = core_->residency(page).chunks;
  return std::any_of(chunks.begin(), chunks.end(),
                     [](const svm::ChunkResidency& chunk) { return chunk.pagemap != nullptr; });
}

Status PagedMemory::resolve_for(const CpuFault& fault) {
  WorkTrace* const trace = context_.trace();
  if (trace == nullptr) return resolve(fault.where, fault.access);
  const auto begin = WorkTrace::now();
  const Status status = resolve(fault.where, fault.access);
  if (status != Status::not_mapped)
    trace->cpu_faulted(static_cast<std::uint32_t>(fault.thread), fault.where,
                       fault.access == CpuAccess::write ? "write" : "read", status, begin);
  return status;
}

Status PagedMemory::resolve(Address where, CpuAccess access) {
  const HostPages* const pages = host_.find(where);
  if (pages == nullptr) return Status::not_mapped;
  const Interval page = Interval::chunk_at(where, cpu_page);
  if (context_.cpu_touch() == CpuTouch::refuse && is_on_a_device(page)) {
    say_refused(where, pages->interval());
    return Status::permission_denied;
  }
  const auto patience_ends = std::chrono::steady_clock::now() + patience;
  int failures = 0;
  for (;;) {
    const auto range = core_->range_at(where);
    wait_for_uses(range.value_or(page), Whose::anybody);
    const auto moved = core_->migrate_to_system(page, pagemap::Cause::cpu_fault);
    if (moved && moved->reason == svm::Reason::none) break;
    if (!moved && !may_pass(moved.status(), ++failures)) {
      say_lost(where, moved.status());
      return moved.status();
    }
    // Appended in between, and pinned: its signal is there soon.
    if (std::chrono::steady_clock::now() > patience_ends) return Status::timed_out;
    std::this_thread::yield();
  }
  return core_->cpu_fault(where,
                          access == CpuAccess::write ? svm::Access::write : svm::Access::read);
}

}  // namespace zesvm::levelzero
