#include "levelzero/host_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <iterator>
#include <sstream>
#include <string_view>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <zesvm/error.hpp>

#include "levelzero/device_memory.hpp"

namespace zesvm::levelzero {
namespace {

[[noreturn]] void throw_no_memory(Interval interval, const char* call) {
  throw Error(ErrorCode::out_of_host_memory,
              "no system memory for " + std::to_string(interval.size().count) +
                  " bytes of paged memory: " + call + " failed",
              call);
}

[[noreturn]] void throw_in_use(Interval interval, Address where) {
  std::ostringstream what;
  what << "the driver reserved " << interval.size().count << " bytes of addresses at 0x" << std::hex
       << interval.begin.value << ", but the CPU reaches memory at 0x" << where.value
       << " already: paged memory there would overwrite it. Intel's driver reserves so when it "
          "runs without "
          "hardware. Use Backing::shared (ZESVM_BACKING=shared), which needs no reserved addresses";
  throw Error(ErrorCode::unsupported, what.str(), "zeVirtualMemReserve");
}

// A kernel that reads for a write to a file says EFAULT where the CPU would fault. Not write(): sanitizers would take
// it for a use of the memory.
bool is_reached_by_cpu(int file, Address where) {
  return ::syscall(SYS_pwrite64, file, pointer_to<void>(where), std::size_t{1}, off_t{0}) == 1;
}

// A reservation is one mapping or one block, so that a look at its two ends and at some pages between them tells.
void check_out_of_reach(int file, Interval interval) {
  constexpr std::uint64_t looks = 4;
  const Bytes step = std::max(align_down(Bytes{interval.size().count / looks}, cpu_page), cpu_page);
  for (Address at = interval.begin; at < interval.end; at += step)
    if (is_reached_by_cpu(file, at)) throw_in_use(interval, at);
  const Address last = interval.end - Bytes{1};
  if (is_reached_by_cpu(file, last)) throw_in_use(interval, last);
}

// Replaced, not unmapped: nobody else gets the addresses before their reservation ends.
void make_inaccessible(Interval interval) {
  ::mmap(pointer_to<void>(interval.begin), interval.size().count, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

// There is no way to go on without: the bytes are in the file, and the CPU waits for them.
void open_or_end(const HostPages& pages, Interval interval) noexcept {
  if (pages.open(interval) == Status::ok) return;
  constexpr std::string_view why =
      "zesvm: the kernel refuses to map memory again (vm.max_map_count?): ending\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, why.data(), why.size());
  std::abort();
}

}  // namespace

HostPages::HostPages(Interval interval)
    : interval_(interval), file_(::memfd_create("zesvm-paged", MFD_CLOEXEC)) {
  if (file_.get() < 0) throw_no_memory(interval, "memfd_create");
  check_out_of_reach(file_.get(), interval);
  const std::size_t size = interval.size().count;
  // First to nothing: some kernels leave a page where they could read nothing.
  if (::ftruncate(file_.get(), 0) != 0 || ::ftruncate(file_.get(), static_cast<off_t>(size)) != 0)
    throw_no_memory(interval, "ftruncate");
  // Before the alias: where the driver left a hole, the kernel would choose just that for it.
  if (open(interval) != Status::ok) throw_no_memory(interval, "mmap");
  void* const alias =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file_.get(), 0);
  if (alias == MAP_FAILED) {
    make_inaccessible(interval);
    throw_no_memory(interval, "mmap");
  }
  alias_ = static_cast<std::byte*>(alias);
}

HostPages::~HostPages() {
  make_inaccessible(interval_);
  ::munmap(alias_, interval_.size().count);
}

Status HostPages::open(Interval interval) const noexcept {
  // Mapped, not only unprotected: drivers replace the mapping when they map memory of theirs there.
  void* const there = ::mmap(pointer_to<void>(interval.begin), interval.size().count,
                             PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE,
                             file_.get(), static_cast<off_t>(offset_of(interval.begin)));
  return there == MAP_FAILED ? Status::out_of_host_memory : Status::ok;
}

Status HostPages::shut(Interval interval) const noexcept {
  return ::mprotect(pointer_to<void>(interval.begin), interval.size().count, PROT_NONE) == 0
             ? Status::ok
             : Status::out_of_host_memory;
}

bool HostPages::has_content(Interval interval) const noexcept {
  const auto begin = static_cast<off_t>(offset_of(interval.begin));
  const off_t data = ::lseek(file_.get(), begin, SEEK_DATA);
  return data >= 0 && data < begin + static_cast<off_t>(interval.size().count);
}

void HostPages::clear(Interval interval) const noexcept {
  ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
              static_cast<off_t>(offset_of(interval.begin)),
              static_cast<off_t>(interval.size().count));
}

void HostMemory::add(Interval interval) {
  auto pages = std::make_unique<HostPages>(interval);
  const Lock guard{lock_};
  pages_.emplace(interval.begin, std::move(pages));
}

void HostMemory::remove(Interval interval) {
  std::unique_ptr<HostPages> gone;
  const Lock guard{lock_};
  const auto found = pages_.find(interval.begin);
  if (found == pages_.end()) return;
  gone = std::move(found->second);
  pages_.erase(found);
}

HostPages* HostMemory::find(Address where) const noexcept {
  const Lock guard{lock_};
  const auto after = pages_.upper_bound(where);
  if (after == pages_.begin()) return nullptr;
  HostPages* const pages = std::prev(after)->second.get();
  return pages->interval().contains(where) ? pages : nullptr;
}

std::vector<Interval> HostMemory::all() const {
  const Lock guard{lock_};
  std::vector<Interval> intervals;
  for (const auto& [begin, pages] : pages_) intervals.push_back(pages->interval());
  return intervals;
}

Result<svm::CpuMapping> HostMemory::mapping_at(Address where) noexcept {
  const HostPages* const pages = find(where);
  if (pages == nullptr) return Status::not_mapped;
  return svm::CpuMapping{pages->interval(), svm::Writable::yes, svm::Migratable::yes};
}

svm::Populated HostMemory::populated(Interval interval) noexcept {
  // What is not populated would be mapped in pages smaller than drivers take.
  if (interval.size() <= smallest_device_page) return svm::Populated::all;
  const HostPages* const pages = find(interval.begin);
  if (pages == nullptr || devices_->is_shared_there(interval)) return svm::Populated::some;
  return pages->has_content(interval) ? svm::Populated::some : svm::Populated::none;
}

Status HostMemory::trap(Interval interval) noexcept {
  const HostPages* const pages = find(interval.begin);
  if (pages == nullptr) return Status::not_mapped;
  ZESVM_TRY(pages->shut(interval));
  const Status returned = devices_->stop_sharing(interval);
  // Nothing is trapped then: whoever waits goes on where the bytes are.
  if (returned != Status::ok) untrap(interval);
  return returned;
}

void HostMemory::untrap(Interval interval) noexcept {
  const HostPages* const pages = find(interval.begin);
  if (pages == nullptr) return;
  if (devices_->is_shared_there(interval)) {
    ::mprotect(pointer_to<void>(interval.begin), interval.size().count, PROT_READ | PROT_WRITE);
    return;
  }
  devices_->drop(interval);
  open_or_end(*pages, interval);
}

void HostMemory::clear(Interval interval) noexcept {
  const HostPages* const pages = find(interval.begin);
  if (pages == nullptr) return;
  if (devices_->drop_shared(interval)) open_or_end(*pages, interval);
  pages->clear(interval);
}

}  // namespace zesvm::levelzero
