#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

class HostAccessTest : public ApiTest {
 protected:
  void SetUp() override {
    values[0] = 1;
    space.prefetch(values.data(), values.size_bytes(), rt.device(0));
  }
  void TearDown() override { ::close(file); }
  ssize_t read_into_memory() { return ::read(file, values.data(), 4096); }
  std::uint64_t bytes_on_device() const {
    return space.residency(values.data(), values.size_bytes()).bytes_on(rt.device(0));
  }

  Array<std::uint32_t> values = space.make_array<std::uint32_t>(chunk / 4);
  int file = ::open("/dev/zero", O_RDONLY);
};

// proves: H4
TEST_F(HostAccessTest, SystemCallsWorkOnHeldMemoryOnly) {
  EXPECT_EQ(read_into_memory(), -1);
  EXPECT_EQ(errno, EFAULT);
  const HostAccess held = space.host_access(values.data(), values.size_bytes());
  EXPECT_EQ(read_into_memory(), 4096);
  EXPECT_EQ(values[0], 0u);
}

// proves: H3
TEST_F(HostAccessTest, DevicesUseHeldMemoryInPlace) {
  if (is_host_out_of_reach())
    GTEST_SKIP() << "loader or driver know no physical memory on the host";
  Stream stream(rt.device(0));
  const auto increment = rt.load_module("fill").kernel("increment");
  {
    const HostAccess held = space.host_access(values.data(), values.size_bytes());
    if (!held.is_held()) GTEST_SKIP() << "the loader knows no preference for system memory";
    stream.launch(increment, grid(values.size()), values);
    stream.wait();
    EXPECT_EQ(bytes_on_device(), 0u);
    EXPECT_EQ(read_into_memory(), 4096);
  }
  stream.launch(increment, grid(values.size()), values);
  stream.wait();
  EXPECT_EQ(bytes_on_device(), values.size_bytes());
  EXPECT_EQ(values[0], 1u);
}

// proves: H3
TEST_F(HostAccessTest, WhatWillBeWrittenIsNotCopied) {
  const auto bytes_home = [this] {
    std::uint64_t bytes = 0;
    for (const TileStatistics& tile : rt.statistics().tiles) bytes += tile.to_system.bytes;
    return bytes;
  };
  const std::uint64_t before = bytes_home();
  const HostAccess held = space.host_access(values, AccessMode::write);
  values[0] = 5;
  EXPECT_EQ(bytes_home(), before);
  EXPECT_EQ(values[0], 5u);
}

// proves: H3
TEST_F(HostAccessTest, WhatIsBesideMemoryToBeWrittenIsKept) {
  const HostAccess held = space.host_access(values.data() + 1, 4, AccessMode::write);
  EXPECT_EQ(values[0], 1u);
}

TEST_F(HostAccessTest, WhatWasAdvisedBeforeHoldsAgain) {
  const Advice advice = preferred_location(rt.device(1));
  space.advise(values.data(), values.size_bytes(), advice);
  { const HostAccess held = space.host_access(values.data(), values.size_bytes()); }
  EXPECT_EQ(space.advise(values.data(), values.size_bytes(), advice).outcome,
            HintOutcome::already_so);
}

}  // namespace
}  // namespace zesvm::tests
