#include "simulator/node/process_maps.hpp"

#include <atomic>
#include <cstdio>
#include <gtest/gtest.h>
#include <string_view>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/unique_fd.hpp"

namespace zesvm::simulator::node {
namespace {

std::vector<ProcessMap> all_of(ProcessMaps& maps) {
  std::vector<ProcessMap> all;
  while (const auto map = maps.next()) all.push_back(*map);
  return all;
}

/// Reads what the kernel may say.
std::vector<ProcessMap> told(std::string_view lines) {
  const UniqueFd file{::memfd_create("lines", MFD_CLOEXEC)};
  EXPECT_EQ(::write(file.get(), lines.data(), lines.size()), static_cast<ssize_t>(lines.size()));
  char name[64];
  std::snprintf(name, sizeof name, "/proc/self/fd/%d", file.get());
  ProcessMaps maps{name};
  return all_of(maps);
}

TEST(ProcessMapsTest, AMappingThatGrowsMeanwhileIsToldOnce) {
  const auto maps = told(
      "10000-20000 rw-s 00001000 00:01 7                    /memfd:a (deleted)\n"
      "10000-30000 rw-s 00001000 00:01 7                    /memfd:a (deleted)\n"
      "28000-30000 rw-s 00019000 00:01 7                    /memfd:a (deleted)\n"
      "20000-40000 rw-p 00000000 00:00 0 \n");
  ASSERT_EQ(maps.size(), 3u);
  EXPECT_EQ(maps[0].interval, (Interval{{0x10000}, {0x20000}}));
  EXPECT_EQ(maps[1].interval, (Interval{{0x20000}, {0x30000}}));
  EXPECT_EQ(maps[1].file_offset, Bytes{0x11000});
  EXPECT_EQ(maps[2].interval, (Interval{{0x30000}, {0x40000}}));
  EXPECT_EQ(maps[2].file_offset, Bytes{});
}

TEST(ProcessMapsTest, MappingsThatChangeMeanwhileAreToldOnce) {
  constexpr std::size_t page = 4096;
  constexpr std::size_t pages = 64;
  const UniqueFd file{::memfd_create("changing", MFD_CLOEXEC)};
  ASSERT_EQ(::ftruncate(file.get(), pages * page), 0);
  void* const memory =
      ::mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::byte* const part = static_cast<std::byte*>(memory) + page;
  std::atomic<bool> is_done{false};
  std::thread changing{[&] {
    while (!is_done.load()) {
      ::mprotect(part, pages / 2 * page, PROT_NONE);
      ::mprotect(part, pages / 2 * page, PROT_READ | PROT_WRITE);
    }
  }};
  int told_twice = 0;
  for (int look = 0; look < 1000; ++look) {
    ProcessMaps maps;
    const auto all = all_of(maps);
    for (std::size_t i = 1; i < all.size(); ++i)
      told_twice += all[i].interval.begin < all[i - 1].interval.end ? 1 : 0;
  }
  is_done.store(true);
  changing.join();
  EXPECT_EQ(told_twice, 0);
  ::munmap(memory, pages * page);
}

}  // namespace
}  // namespace zesvm::simulator::node
