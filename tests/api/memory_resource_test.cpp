#include <cstdint>
#include <map>
#include <memory_resource>
#include <span>
#include <string>

#include <zesvm/memory_resource.hpp>

#include "api/api_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::Each;
using MemoryResourceTest = ApiTest;

TEST_F(MemoryResourceTest, VectorsAreUsedByKernels) {
  Vector<std::uint32_t> values(1000, 41u, space);
  Stream stream(rt.device(0));
  stream.launch(rt.load_module("fill").kernel("increment"), grid(values.size()), values);
  stream.wait();
  EXPECT_THAT(values, Each(42u));
  EXPECT_TRUE(space.contains(values.data()));
}

TEST_F(MemoryResourceTest, SpansAreArguments) {
  auto values = space.make_array<std::uint32_t>(64);
  const std::span<std::uint32_t> half(values.data() + 32, 32);
  Stream stream(rt.device(0));
  stream.launch(rt.load_module("fill").kernel("fill"), grid(half.size()), half, 9u);
  stream.wait();
  EXPECT_EQ(values[31], 0u);
  EXPECT_THAT(half, Each(9u));
  // An array of the standard is a value: a kernel's vector or structure.
  EXPECT_FALSE(Argument(std::array<float, 4>{}).is_pointer());
  EXPECT_TRUE(Argument(half).is_pointer());
}

TEST_F(MemoryResourceTest, CallsTakeAnythingWithDataAndSize) {
  Vector<std::uint32_t> values(chunk / 4, 1u, space);
  const std::span<std::uint32_t> all(values);
  EXPECT_EQ(space.prefetch(all, rt.device(1)).outcome, HintOutcome::applied);
  EXPECT_EQ(space.residency(values).bytes_on(rt.device(1)), chunk);
  EXPECT_EQ(space.advise(values, AtomicAccess::device).outcome, HintOutcome::applied);
  EXPECT_NE(space.prefetch_to_system(values).outcome, HintOutcome::ignored);
  const HostAccess held = space.host_access(all);
  EXPECT_EQ(values[7], 1u);
}

TEST_F(MemoryResourceTest, MemoryGoesBack) {
  const auto before = space.allocated_bytes();
  {
    SpaceResource shared(space);
    std::pmr::unsynchronized_pool_resource pool(&shared);
    std::pmr::map<int, std::pmr::string> words(&pool);
    for (int i = 0; i < 1000; ++i) words[i] = "a word that is longer than a string holds in place";
    EXPECT_TRUE(space.contains(words[500].data()));
    Vector<double> moved(10, 1.0, space);
    const Vector<double> kept = std::move(moved);
    EXPECT_GT(space.allocated_bytes(), before);
  }
  EXPECT_EQ(space.allocated_bytes(), before);
}

TEST_F(MemoryResourceTest, ResourcesOfOneSpaceAreEqual) {
  const SpaceResource one(space), same(space);
  Runtime other;
  const SpaceResource elsewhere(other.address_space());
  EXPECT_TRUE(one.is_equal(same));
  EXPECT_FALSE(one.is_equal(elsewhere));
  EXPECT_FALSE(one.is_equal(*std::pmr::new_delete_resource()));
  EXPECT_TRUE(Allocator<int>(space) == Allocator<int>(Allocator<double>(space)));
}

}  // namespace
}  // namespace zesvm::tests
