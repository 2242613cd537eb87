#include "scenarios/mapping.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sys/mman.h>
#include <unistd.h>

#include "scenarios/failure.hpp"

namespace zesvm::scenarios {
namespace {

std::uint8_t* map(void* at, std::size_t bytes, int flags, int file) {
  void* const mapped = ::mmap(at, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
  must(mapped != MAP_FAILED, "mmap of ", bytes, " bytes: ", std::strerror(errno));
  return static_cast<std::uint8_t*>(mapped);
}

}  // namespace

Mapping::Mapping(std::size_t bytes) : Mapping(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1) {}

Mapping::Mapping(std::size_t bytes, int flags, int file)
    : size_(bytes), data_(map(nullptr, bytes, flags, file)) {}

Mapping::~Mapping() {
  if (lost_from_ > 0) ::munmap(data_, lost_from_);
  if (lost_to_ < size_) ::munmap(data_ + lost_to_, size_ - lost_to_);
}

void Mapping::move() {
  // Addresses that are certainly others: the old ones are in use until the move.
  std::uint8_t* const target = map(nullptr, size_, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  void* const moved = ::mremap(data_, size_, size_, MREMAP_MAYMOVE | MREMAP_FIXED, target);
  must(moved == target, "mremap: ", std::strerror(errno));
  data_ = target;
}

void Mapping::lose(std::size_t from, std::size_t to) {
  must(::munmap(data_ + from, to - from) == 0, "munmap: ", std::strerror(errno));
  lost_from_ = from;
  lost_to_ = to;
}

void Mapping::lose(std::size_t from, std::size_t to, const Mapping& target) {
  void* const moved = ::mremap(data_ + from, target.size(), target.size(),
                               MREMAP_MAYMOVE | MREMAP_FIXED, target.data());
  must(moved == target.data(), "mremap: ", std::strerror(errno));
  lost_from_ = from;
  lost_to_ = to;
}

File::File(std::size_t bytes, Where where) {
  if (where == Where::memory) {
    descriptor_ = ::memfd_create("zesvm-scenario", MFD_CLOEXEC);
  } else {
    path_ = (std::filesystem::temp_directory_path() / "zesvm-scenario-XXXXXX").string();
    descriptor_ = ::mkstemp(path_.data());
  }
  must(descriptor_ >= 0, "a file: ", std::strerror(errno));
  must(::ftruncate(descriptor_, static_cast<off_t>(bytes)) == 0, "a file: ", std::strerror(errno));
}

File::~File() {
  close();
  if (!path_.empty()) ::unlink(path_.c_str());
}

void File::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace zesvm::scenarios
