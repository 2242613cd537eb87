/// @file tile_fixture.hpp
/// A tile with a window and a memory file, for tests.
#pragma once

#include <chrono>
#include <fstream>
#include <functional>
#include <future>
#include <gmock/gmock.h>
#include <iterator>
#include <mutex>
#include <sys/mman.h>
#include <vector>

#include "base/unique_fd.hpp"
#include "simulator/tile/tile_process.hpp"

namespace zesvm::simulator::tile {

inline constexpr Bytes chunk = 2_MiB;

/// A fault as the handler got it.
struct SeenFault {
  Address where;
  Access access;
  bool operator==(const SeenFault&) const = default;
};

/// A memory file and where this process sees it.
class MemoryFile {
 public:
  explicit MemoryFile(Bytes size)
      : file_(::memfd_create("zesvm-test-memory", MFD_CLOEXEC)), size_(size) {
    if (::ftruncate(file_.get(), static_cast<off_t>(size.count)) != 0) std::abort();
    bytes_ = static_cast<std::byte*>(
        ::mmap(nullptr, size.count, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0));
  }
  ~MemoryFile() { ::munmap(bytes_, size_.count); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int descriptor() const { return file_.get(); }
  Bytes size() const { return size_; }
  template <typename T>
  T& at(std::size_t index, Bytes offset = {}) {
    return reinterpret_cast<T*>(bytes_ + offset.count)[index];
  }

 private:
  UniqueFd file_;
  Bytes size_;
  std::byte* bytes_ = nullptr;
};

/// Reads a file; the tests' kernels.
inline std::vector<std::byte> file_bytes(const char* path) {
  std::ifstream file{path, std::ios::binary};
  const std::vector<char> chars{std::istreambuf_iterator<char>{file}, {}};
  const auto* begin = reinterpret_cast<const std::byte*>(chars.data());
  return {begin, begin + chars.size()};
}

/// A value as a kernel argument.
template <typename T>
ValueArgument value_argument(const T& value) {
  const auto bytes = std::as_bytes(std::span{&value, 1});
  return {{bytes.begin(), bytes.end()}};
}

/// A tile, a window of 16 chunks, a file of 16 chunks; each fault binds the chunk it is in.
class TileTest : public testing::Test {
 protected:
  void SetUp() override {
    void* at = ::mmap(nullptr, (chunk * 17).count, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    window.begin = align_up(address_of(at), chunk);
    window.end = window.begin + chunk * 16;
    spawn({});
  }

  void spawn(TileOptions options) {
    auto spawned =
        TileProcess::spawn(std::move(options), [this](Address where, Access access) -> Status {
          {
            const std::lock_guard guard{lock};
            faults.push_back({where, access});
          }
          return on_fault(where, access);
        });
    ASSERT_TRUE(spawned) << name_of(spawned.status());
    tile = *std::move(spawned);
    ASSERT_EQ(tile->reserve(window), Status::ok);
    auto added = tile->add_file(memory.descriptor(), memory.size());
    ASSERT_TRUE(added);
    file = *added;
  }

  void build() {
    const BuildOutcome built = tile->build_module(file_bytes(ZESVM_TEST_KERNELS), "");
    ASSERT_EQ(built.status, Status::ok) << built.log;
    module = built.module;
  }

  Binding binding(std::size_t first, std::size_t count = 1, Rights rights = Rights::atomic) const {
    const Address begin = window.begin + chunk * first;
    return {{begin, begin + chunk * count}, file, chunk * first, rights, Populate::lazily};
  }
  Status bind_chunk_at(Address where, Rights rights = Rights::atomic) const {
    return tile->map(binding((where - window.begin) / chunk, 1, rights));
  }
  Address chunk_begin(std::size_t index) const { return window.begin + chunk * index; }

  LaunchRequest request(std::string kernel, std::vector<KernelArgument> arguments,
                        std::uint32_t groups = 1, std::uint32_t group_size = 1) const {
    LaunchRequest launch;
    launch.module = module;
    launch.kernel = std::move(kernel);
    launch.arguments = std::move(arguments);
    launch.group_size.x = group_size;
    launch.group_count.x = groups;
    return launch;
  }

  std::vector<SeenFault> seen_faults() {
    const std::lock_guard guard{lock};
    return faults;
  }

  Interval window;
  MemoryFile memory{chunk * 16};
  std::mutex lock;
  std::vector<SeenFault> faults;
  std::function<Status(Address, Access)> on_fault = [this](Address where, Access) {
    return bind_chunk_at(where);
  };
  FileId file;
  ModuleId module;
  std::unique_ptr<TileProcess> tile;
};

}  // namespace zesvm::simulator::tile
