// Memory from mmap, and what can be done to it.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

#include "scenarios/failure.hpp"
#include "scenarios/kinds.hpp"
#include "scenarios/mapping.hpp"
#include "scenarios/sizes.hpp"

namespace zesvm::scenarios {
namespace {

constexpr std::size_t rounded_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

class Mapped : public Memory {
 public:
  explicit Mapped(std::size_t bytes, int flags = MAP_PRIVATE | MAP_ANONYMOUS, int file = -1)
      : Memory(bytes), mapping_(rounded_up(bytes, page), flags, file) {
    data_ = mapping_.data();
  }

 protected:
  Mapping mapping_;
};

/// A shared mapping of a file in memory.
class MappedShared final : private File, public Mapped {
 public:
  explicit MappedShared(std::size_t bytes)
      : File(rounded_up(bytes, page), Where::memory), Mapped(bytes, MAP_SHARED, descriptor()) {}
};

/// A shared mapping of a file on disk, whose descriptor was closed.
class MappedFile final : private File, public Mapped {
 public:
  explicit MappedFile(std::size_t bytes)
      : File(rounded_up(bytes, page), Where::disk), Mapped(bytes, MAP_SHARED, descriptor()) {
    close();
  }
  void check(Queue& queue, const Expected& expected) override {
    Mapped::check(queue, expected);
    std::vector<std::uint8_t> content(size_);
    const int file = ::open(path().c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t read = ::pread(file, content.data(), size_, 0);
    ::close(file);
    must(read == static_cast<ssize_t>(size_), "reading the file: ", std::strerror(errno));
    expected.check(content.data());
  }
};

/// Reserved huge pages; where the host has none, whole aligned ones that it may make huge.
class MappedHuge final : public Memory {
 public:
  explicit MappedHuge(std::size_t bytes) : Memory(bytes) {
    const std::size_t whole = rounded_up(bytes, chunk);
    try {
      mapping_ = std::make_unique<Mapping>(
          whole, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1);
      data_ = mapping_->data();
    } catch (const Failure&) {
      mapping_ = std::make_unique<Mapping>(whole + chunk);
      const auto at = reinterpret_cast<std::uintptr_t>(mapping_->data());
      data_ = mapping_->data() + (rounded_up(at, chunk) - at);
      ::madvise(data_, whole, MADV_HUGEPAGE);
    }
  }

 private:
  std::unique_ptr<Mapping> mapping_;
};

class Locked final : public Mapped {
 public:
  explicit Locked(std::size_t bytes) : Mapped(bytes) {
    must(::mlock(data_, mapping_.size()) == 0, "mlock: ", std::strerror(errno));
  }
};

/// Moves to other addresses before each launch but the first.
class Remapped final : public Mapped {
 public:
  using Mapped::Mapped;
  void before(Queue&, std::uint64_t round, const Expected&) override {
    if (round == 0) return;
    mapping_.move();
    data_ = mapping_.data();
  }
};

/// Kernels read it, into memory of their own, and are refused when they write.
class ReadOnly final : public Mapped {
 public:
  using Mapped::Mapped;
  void write(Queue& queue, const Expected& expected) override {
    Mapped::write(queue, expected);
    must(::mprotect(data_, mapping_.size(), PROT_READ) == 0, "mprotect: ", std::strerror(errno));
    queue.add_marks(data_, Work{0, 1, size_, 1});
    const ze_result_t result = queue.result();
    must(result == ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS, "writing read-only memory gave 0x",
         std::hex, static_cast<unsigned>(result));
    expected.check(data_);
  }
  void launch(Queue& queue, std::size_t lane, const Work& work) override {
    auto& sums = sums_of(lane);
    sums.assign(work.count, 0);
    queue.read_marks(sums.data(), data_, work);
  }
  void done(std::size_t lane, const Work& work, Expected& expected) override {
    const auto& sums = sums_of(lane);
    for (std::uint64_t i = 0; i < work.count; ++i) {
      const std::uint64_t at = work.first + i * work.stride;
      const auto sum = static_cast<std::uint8_t>(expected[at] + mark(at, work.seed));
      must(sums[i] == sum, "what was read at byte ", at, " became ", int{sums[i]}, ", not ",
           int{sum});
    }
  }

 private:
  std::vector<std::uint8_t>& sums_of(std::size_t lane) {
    const std::lock_guard guard{lock_};
    return sums_[lane];
  }
  std::mutex lock_;
  std::map<std::size_t, std::vector<std::uint8_t>> sums_;
};

/// Pieces of 64 KiB in turn private and a file's: one launch faults on many ranges of two sorts.
class ManyMappings final : private File, public Mapped {
 public:
  explicit ManyMappings(std::size_t bytes)
      : File(rounded_up(bytes, page), Where::memory), Mapped(bytes) {
    constexpr std::size_t piece = std::size_t{64} << 10;
    for (std::size_t at = piece; at + piece <= mapping_.size(); at += 2 * piece) {
      void* const mapped = ::mmap(data_ + at, piece, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                                  descriptor(), static_cast<off_t>(at));
      must(mapped == data_ + at, "mmap: ", std::strerror(errno));
    }
  }
};

}  // namespace

std::unique_ptr<Memory> make_mmap(Space&, std::size_t bytes) {
  return std::make_unique<Mapped>(bytes);
}
std::unique_ptr<Memory> make_mmap_shared(Space&, std::size_t bytes) {
  return std::make_unique<MappedShared>(bytes);
}
std::unique_ptr<Memory> make_mmap_file(Space&, std::size_t bytes) {
  return std::make_unique<MappedFile>(bytes);
}
std::unique_ptr<Memory> make_mmap_huge(Space&, std::size_t bytes) {
  return std::make_unique<MappedHuge>(bytes);
}
std::unique_ptr<Memory> make_mlock(Space&, std::size_t bytes) {
  return std::make_unique<Locked>(bytes);
}
std::unique_ptr<Memory> make_remap(Space&, std::size_t bytes) {
  return std::make_unique<Remapped>(bytes);
}
std::unique_ptr<Memory> make_read_only(Space&, std::size_t bytes) {
  return std::make_unique<ReadOnly>(bytes);
}
std::unique_ptr<Memory> make_multi_fault(Space&, std::size_t bytes) {
  return std::make_unique<ManyMappings>(bytes);
}

}  // namespace zesvm::scenarios
