/// @file core_fixture.hpp
/// A machine with an address space, checked after each test.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/fake_device.hpp"

namespace zesvm::svm::fake {

/// A link whose atomics work, and one without.
inline constexpr pagemap::Link fast{pagemap::Protocol::peer_fabric, pagemap::Speed::fast,
                                    pagemap::LinkAtomics::present};
inline constexpr pagemap::Link slow{pagemap::Protocol::peer_pcie, pagemap::Speed::slow,
                                    pagemap::LinkAtomics::absent};

class CoreTest : public testing::Test {
 protected:
  CoreTest() { machine.make_space(); }
  void TearDown() override {
    machine.join();
    if (!machine.has_space()) return;
    space().collect_unmapped();
    EXPECT_THAT(machine.disagreements(), testing::IsEmpty());
    machine.drop_space();
    for (const auto& tile : machine.tiles) {
      EXPECT_TRUE(tile->mapped().empty());
      EXPECT_EQ(tile->pagemap.usage().blocks, 0u);
      EXPECT_EQ(tile->pagemap.references(), 0u);
    }
  }
  AddressSpace& space() { return machine.space(); }

  Machine machine;
};

}  // namespace zesvm::svm::fake

namespace zesvm {
inline void PrintTo(Status status, std::ostream* out) { *out << name_of(status); }
inline void PrintTo(const Interval& interval, std::ostream* out) {
  *out << std::hex << "[" << interval.begin.value << ", " << interval.end.value << ")" << std::dec;
}
}  // namespace zesvm
