// Files behind the node's memory, and where they are mapped.
#include "simulator/node/memory_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace zesvm::simulator::node {
namespace {

TEST(MemoryFileTest, PartsOfFilesDoNotLieOverEachOther) {
  constexpr Bytes begin = 2_MiB - 64_KiB;
  constexpr Bytes size = 64_KiB;
  std::vector<MemoryFile> parts;
  for (int i = 0; i < 64; ++i) {
    UniqueFd file{::memfd_create("test", MFD_CLOEXEC)};
    ASSERT_EQ(::ftruncate(file.get(), static_cast<off_t>((begin + size).count)), 0);
    auto part = MemoryFile::adopt(std::move(file), begin, size);
    ASSERT_EQ(part.status(), Status::ok);
    EXPECT_EQ(address_of(part->at(begin)).value % (2_MiB).count, begin.count);
    *part->at(begin) = std::byte(i);
    parts.push_back(*std::move(part));
  }
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(*parts[static_cast<std::size_t>(i)].at(begin), std::byte(i));
}

}  // namespace
}  // namespace zesvm::simulator::node
