// Files behind the node's memory, and where they are mapped.
#include "simulator/node/memory_file.hpp"

#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
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

TEST(MemoryFileTest, LargePagesKeepWhatIsThere) {
  constexpr Bytes size = 2_MiB * 8;
  const auto file = MemoryFile::create("test", size);
  ASSERT_EQ(file.status(), Status::ok);
  for (Bytes at; at < size; at += cpu_page) std::memcpy(file->at(at), &at.count, sizeof at.count);
  for (Bytes at; at < size; at += 2_MiB) EXPECT_FALSE(file->was_used_before(at));
  for (Bytes at; at < size; at += 2_MiB) file->make_large(at, 2_MiB, MemoryFile::Neighbours::used);
  for (Bytes at; at < size; at += cpu_page) {
    std::uint64_t there = 0;
    std::memcpy(&there, file->at(at), sizeof there);
    ASSERT_EQ(there, at.count);
  }
}

TEST(MemoryFileTest, BlocksThatNobodyUsedGetNoPages) {
  const auto file = MemoryFile::create("test", 2_MiB * 8);
  ASSERT_EQ(file.status(), Status::ok);
  for (const int used : {0, 1, 2, 3, 6}) {
    *file->at(2_MiB * used) = std::byte{1};
    EXPECT_FALSE(file->was_used_before(2_MiB * used));
  }
  for (const int used : {0, 1, 2, 3, 6})
    file->make_large(2_MiB * used, 2_MiB, MemoryFile::Neighbours::used);
  EXPECT_FALSE(file->has_page(2_MiB * 4, 4_MiB));
  EXPECT_FALSE(file->has_page(2_MiB * 7, 2_MiB));
}

TEST(MemoryFileTest, PagesAreFoundBehindHolesAndNotMade) {
  const auto file = MemoryFile::create("test", 8_MiB);
  ASSERT_EQ(file.status(), Status::ok);
  constexpr std::uint64_t page = (5_MiB).count;
  constexpr std::uint64_t end = (8_MiB).count;
  const int descriptor = file->descriptor();
  EXPECT_EQ(find_page(descriptor, 0, end), end);
  *file->at(Bytes{page}) = std::byte{1};
  EXPECT_EQ(find_page(descriptor, 0, end), page);
  EXPECT_EQ(find_page(descriptor, 0, (4_MiB).count), (4_MiB).count);
  EXPECT_EQ(find_page(descriptor, page, end), page);
  EXPECT_EQ(find_page(descriptor, page - 1, page), page);
  struct stat found {};
  ASSERT_EQ(::fstat(descriptor, &found), 0);
  // One page, or the block where all files get large pages at once.
  EXPECT_LE(found.st_blocks * 512, static_cast<long>((2_MiB).count));
}

}  // namespace
}  // namespace zesvm::simulator::node
