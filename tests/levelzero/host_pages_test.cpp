#include <cstring>
#include <gmock/gmock.h>
#include <sys/mman.h>

#include <zesvm/error.hpp>

#include "levelzero/host_memory.hpp"

namespace zesvm::levelzero {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Bytes size = 2_MiB;

class HostPagesTest : public ::testing::Test {
 protected:
  void TearDown() override { ::munmap(pointer_to<void>(reserved.begin), size.count); }
  void open(Interval interval, int protection) {
    ::mprotect(pointer_to<void>(interval.begin), interval.size().count, protection);
  }
  std::string refusal() const {
    try {
      const HostPages pages(reserved);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported);
      return error.what();
    }
    ADD_FAILURE() << "it was not refused";
    return "";
  }
  Interval mapped() {
    void* const begin =
        ::mmap(nullptr, size.count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return {address_of(begin), address_of(begin) + size};
  }
  const Interval reserved = mapped();
  char* const bytes = pointer_to<char>(reserved.begin);
};

TEST_F(HostPagesTest, AreMappedWhereNothingCanBeReached) {
  const HostPages pages(reserved);
  EXPECT_FALSE(pages.has_content(reserved));
  bytes[5] = 1;
  EXPECT_EQ(pages.alias(reserved.begin)[5], std::byte{1});
  EXPECT_TRUE(pages.has_content(reserved));
}

TEST_F(HostPagesTest, AreMappedIntoAHole) {
  ::munmap(bytes, size.count);
  const HostPages pages(reserved);
  bytes[5] = 1;
  EXPECT_EQ(pages.alias(reserved.begin)[5], std::byte{1});
}

// What a driver gives that takes "addresses" from the C library's heap.
TEST_F(HostPagesTest, NeverReplaceMemoryInUse) {
  open(reserved, PROT_READ | PROT_WRITE);
  std::memset(bytes, 7, size.count);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("2097152 bytes"), HasSubstr("ZESVM_BACKING=shared")));
  for (std::size_t i = 0; i < size.count; ++i) ASSERT_EQ(bytes[i], 7);
}

TEST_F(HostPagesTest, NeverReplaceMemoryThatCanOnlyBeRead) {
  open(reserved, PROT_READ);
  EXPECT_THAT(refusal(), HasSubstr("would overwrite it"));
}

TEST_F(HostPagesTest, LookAtTheEndsAndBetween) {
  for (const Bytes at : {0_B, 1_MiB, size - cpu_page}) {
    const Interval page{reserved.begin + at, reserved.begin + at + cpu_page};
    open(page, PROT_READ | PROT_WRITE);
    EXPECT_THAT(refusal(), HasSubstr("the CPU reaches memory")) << at.count;
    open(page, PROT_NONE);
  }
  const HostPages pages(reserved);
}

}  // namespace
}  // namespace zesvm::levelzero
