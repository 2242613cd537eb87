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

constexpr std::size_t page = 4096;

// What is beside the stack of a thread may be taken for one, and is refused to devices.
constexpr std::size_t margin = std::size_t{16} << 20;

std::uint8_t* map(void* at, std::size_t bytes, int flags, int file) {
  void* const mapped = ::mmap(at, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
  must(mapped != MAP_FAILED, "mmap of ", bytes, " bytes: ", std::strerror(errno));
  return static_cast<std::uint8_t*>(mapped);
}

}  // namespace

Mapping::Mapping(std::size_t bytes) : Mapping(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1) {}

Mapping::Mapping(std::size_t bytes, int flags, int file) : size_(bytes) {
  reserve((flags & MAP_HUGETLB) != 0 ? margin : page);
  try {
    map(data_, bytes, flags | MAP_FIXED, file);
  } catch (const Failure&) {
    ::munmap(reserved_, reserved_size());
    throw;
  }
}

Mapping::~Mapping() { ::munmap(reserved_, reserved_size()); }

std::size_t Mapping::reserved_size() const { return size_ + 3 * margin; }

void Mapping::reserve(std::size_t alignment) {
  reserved_ = map(nullptr, reserved_size(), MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
  ::mprotect(reserved_, reserved_size(), PROT_NONE);
  const auto least = reinterpret_cast<std::uintptr_t>(reserved_) + margin;
  data_ = reserved_ + margin + (alignment - least % alignment) % alignment;
}

void Mapping::move() {
  std::uint8_t* const old_reservation = reserved_;
  std::uint8_t* const old = data_;
  // Addresses that are certainly others: the old ones are in use until the move.
  reserve(page);
  void* const moved = ::mremap(old, size_, size_, MREMAP_MAYMOVE | MREMAP_FIXED, data_);
  const int error = errno;
  ::munmap(old_reservation, reserved_size());
  must(moved == data_, "mremap: ", std::strerror(error));
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
