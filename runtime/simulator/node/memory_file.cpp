#include "simulator/node/memory_file.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <utility>

namespace zesvm::simulator::node {

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
    if (alias != MAP_FAILED) break;
    alias = ::mmap(nullptr, size.count, protection, MAP_SHARED | MAP_NORESERVE, fd.get(),
                   static_cast<off_t>(begin.count));
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
  return file;
}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      alias_(std::exchange(other.alias_, nullptr)),
      begin_(other.begin_),
      size_(std::exchange(other.size_, Bytes{})) {}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(alias_, other.alias_);
  std::swap(begin_, other.begin_);
  std::swap(size_, other.size_);
  return *this;
}

MemoryFile::~MemoryFile() {
  if (alias_ != nullptr) ::munmap(alias_, size_.count);
}

void MemoryFile::punch(Bytes offset, Bytes size) const {
  if (::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  static_cast<off_t>(offset.count), static_cast<off_t>(size.count)) != 0) {
    std::memset(at(offset), 0, size.count);
  }
}

bool MemoryFile::has_page(Bytes offset, Bytes size) const {
  const off_t data = ::lseek(fd_.get(), static_cast<off_t>(offset.count), SEEK_DATA);
  return data >= 0 && static_cast<std::uint64_t>(data) < offset.count + size.count;
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

}  // namespace zesvm::simulator::node
