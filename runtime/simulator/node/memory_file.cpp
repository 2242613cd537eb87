#include "simulator/node/memory_file.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace zesvm::simulator::node {

namespace {

constexpr Bytes block = 2_MiB;

/// Blocks the kernel puts together in one call: it waits for all processors once for each call, so that
/// more are not worth the time that the first of them waits.
constexpr std::uint64_t most_put_together = 16;

// Linux 6.1; not in the C library's headers of Debian 12.
constexpr int advice_collapse = 25;
constexpr int advice_populate_write = 23;

/// Says when making large pages is worth a try. The kernel waits for work on every processor
/// meanwhile, which takes microseconds on an idle machine and milliseconds on a busy one: no more
/// than a twentieth of the time goes into tries that were slow, but for what a program may begin with.
class LargePagePatience {
 public:
  using Clock = std::chrono::steady_clock;

  // Little for a person, and enough for a gigabyte or so, put together sixteen blocks at a time.
  static constexpr Clock::duration credit = std::chrono::milliseconds{100};

  bool is_to_be_tried(Clock::time_point now) const {
    return now.time_since_epoch().count() >= next_try_.load(std::memory_order_relaxed);
  }
  /// Takes note of a try with so many blocks.
  void note(Clock::time_point begun, Clock::time_point ended, std::uint64_t blocks) {
    constexpr auto slow = std::chrono::milliseconds{1};
    if (ended - begun < slow * blocks) return;
    const Clock::rep took = (ended - begun).count();
    const Clock::rep from = begun.time_since_epoch().count() - 20 * credit.count();
    const Clock::rep before = next_try_.load(std::memory_order_relaxed);
    next_try_.store(std::max(before, from) + 20 * took, std::memory_order_relaxed);
  }

 private:
  std::atomic<Clock::rep> next_try_{0};
};
LargePagePatience patience;

/// Maps a part of a file so that its blocks lie as in an array of large pages.
void* map_aligned(int fd, int protection, Bytes begin, Bytes size) {
  const Bytes room = size + block;
  void* const reserved =
      ::mmap(nullptr, room.count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return MAP_FAILED;
  const Interval all{address_of(reserved), address_of(reserved) + room};
  // The first address there as far behind a block's begin as the part is in the file.
  const Bytes behind = begin % block;
  const Address at = align_up(all.begin - behind, block) + behind;
  const Interval used{at, at + align_up(size, cpu_page)};
  void* const alias =
      ::mmap(pointer_to(at), size.count, protection, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd,
             static_cast<off_t>(begin.count));
  if (alias == MAP_FAILED) {
    ::munmap(reserved, room.count);
    return alias;
  }
  if (all.begin < used.begin) ::munmap(reserved, (used.begin - all.begin).count);
  if (used.end < all.end) ::munmap(pointer_to(used.end), (all.end - used.end).count);
  return alias;
}

}  // namespace

Result<MemoryFile> MemoryFile::create(const char* name, Bytes size) {
  UniqueFd fd{::memfd_create(name, MFD_CLOEXEC)};
  if (!fd.is_open()) return Status::out_of_host_memory;
  if (::ftruncate(fd.get(), static_cast<off_t>(size.count)) != 0) {
    return Status::out_of_host_memory;
  }
  return adopt(std::move(fd), {}, size);
}

Result<MemoryFile> MemoryFile::adopt(UniqueFd fd, Bytes begin, Bytes size) {
  void* alias = MAP_FAILED;
  // A file that was opened to be read is read only.
  for (const int protection : {PROT_READ | PROT_WRITE, PROT_READ}) {
    if (alias == MAP_FAILED) alias = map_aligned(fd.get(), protection, begin, size);
  }
  if (alias == MAP_FAILED) return Status::out_of_host_memory;
  // Neither belongs into a core dump: a dump would read, and so populate, the whole of it.
  ::madvise(alias, size.count, MADV_DONTDUMP);
  ::madvise(alias, size.count, MADV_HUGEPAGE);
  MemoryFile file;
  file.fd_ = std::move(fd);
  file.alias_ = static_cast<std::byte*>(alias);
  file.begin_ = begin;
  file.size_ = size;
  file.blocks_ = Blocks(file.end() / block + 1);
  return file;
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      alias_(std::exchange(other.alias_, nullptr)),
      begin_(other.begin_),
      size_(std::exchange(other.size_, Bytes{})),
      blocks_(std::move(other.blocks_)),
      large_count_(other.large_count_.load()) {}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(alias_, other.alias_);
  std::swap(begin_, other.begin_);
  std::swap(size_, other.size_);
  std::swap(blocks_, other.blocks_);
  large_count_ = other.large_count_.exchange(large_count_);
  return *this;
}

MemoryFile::~MemoryFile() {
  if (alias_ != nullptr) ::munmap(alias_, size_.count);
}

void MemoryFile::punch(Bytes offset, Bytes size) const {
  if (::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  static_cast<off_t>(offset.count), static_cast<off_t>(size.count)) != 0) {
    std::memset(at(offset), 0, size.count);
    return;
  }
  for (Bytes at = align_down(offset, block); at < offset + size; at += block) {
    block_at(at).store(unknown, std::memory_order_relaxed);
  }
}

std::atomic<std::uint8_t>& MemoryFile::block_at(Bytes offset) const {
  return blocks_[offset / block];
}

void MemoryFile::make_large(Bytes offset, Bytes size, Neighbours neighbours) const {
  const Bytes last = align_down(offset + size, block);
  for (Bytes from = align_up(offset, block); from < last; from += block) {
    if (block_at(from).load(std::memory_order_relaxed) == large) continue;
    if (patience.is_to_be_tried(LargePagePatience::Clock::now())) {
      put_together(from, last, neighbours);
    } else if (!was_used_before(from)) {
      ::madvise(at(from), block.count, advice_populate_write);
    }
  }
}

Bytes MemoryFile::end_of_batch(Bytes from, Bytes wanted, Neighbours neighbours) const {
  // As many as there are already: of what a program uses little of, little is made that it does not.
  const auto most =
      std::clamp<std::uint64_t>(large_count_.load(std::memory_order_relaxed), 1, most_put_together);
  const Bytes limit = std::min(from + block * most, align_down(end(), block));
  Bytes until = from + block;
  for (; until < limit; until += block) {
    const auto pages = block_at(until).load(std::memory_order_relaxed);
    if (pages == large || (pages == unknown && until >= wanted && neighbours == Neighbours::used))
      break;
  }
  return until;
}

void MemoryFile::put_together(Bytes from, Bytes wanted, Neighbours neighbours) const {
  const Bytes until = end_of_batch(from, wanted, neighbours);
  const std::uint64_t blocks = (until - from) / block;
  const auto begun = LargePagePatience::Clock::now();
  // The kernel does nothing where there is no page at all. Not a store: others may be writing.
  for (Bytes each = from; each < until; each += block)
    ::madvise(at(each), cpu_page.count, advice_populate_write);
  const bool are_large = ::madvise(at(from), (until - from).count, advice_collapse) == 0;
  patience.note(begun, LargePagePatience::Clock::now(), blocks);
  // Neighbours have their turn later where it is not known which of them the kernel could not do.
  const Bytes done = are_large ? until : from + block;
  if (!are_large) ::madvise(at(from), block.count, advice_populate_write);
  for (Bytes each = from; each < done; each += block)
    block_at(each).store(large, std::memory_order_relaxed);
  large_count_.fetch_add(static_cast<std::uint32_t>((done - from) / block),
                         std::memory_order_relaxed);
}

bool MemoryFile::was_used_before(Bytes offset) const {
  std::uint8_t expected = unknown;
  return !block_at(offset).compare_exchange_strong(expected, used_once, std::memory_order_relaxed);
}

bool MemoryFile::has_page(Bytes offset, Bytes size) const {
  const std::uint64_t end = offset.count + size.count;
  return find_page(fd_.get(), offset.count, end) < end;
}

bool MemoryFile::has_hole(Bytes offset, Bytes size) const {
  // Not SEEK_HOLE, which looks at every page up to the next hole, however far that is.
  std::array<unsigned char, 512> pages;
  const Bytes step = cpu_page * pages.size();
  for (Bytes done; done < size; done += step) {
    const Bytes part = std::min(step, size - done);
    if (::mincore(at(offset + done), part.count, pages.data()) != 0) return true;
    const auto end = pages.begin() + static_cast<std::ptrdiff_t>(part / cpu_page);
    if (!std::all_of(pages.begin(), end, [](unsigned char page) { return (page & 1) != 0; })) {
      return true;
    }
  }
  return false;
}

std::uint64_t find_page(int file, std::uint64_t from, std::uint64_t end) {
  const auto look = [&] {
    const long found = ::syscall(SYS_lseek, file, from, SEEK_DATA);
    return found < 0 ? end : std::min(static_cast<std::uint64_t>(found), end);
  };
  const std::uint64_t found = look();
  // Who reads a page of a block that is being put together waits for the whole of it.
  for (std::uint64_t at = from; at < found; at = at / block.count * block.count + block.count) {
    char byte = 0;
    ::syscall(SYS_pread64, file, &byte, sizeof byte, at);
  }
  return found == from ? found : look();
}

}  // namespace zesvm::simulator::node
