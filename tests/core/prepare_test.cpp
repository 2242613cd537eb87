// Faulting in before a launch, and mappings that change meanwhile.
#include <future>

#include "core/core_fixture.hpp"

namespace zesvm::svm::fake {
namespace {

class PrepareTest : public CoreTest {
 protected:
  PrepareTest() : gpu(machine.add_tile(16_MiB, {.needs_prepare = true})) {
    machine.map(chunks(0, 4));
    machine.populate(chunks(0, 4), 8);
  }
  Status prepare() { return space().prepare(gpu.id, accesses, &state); }
  std::vector<AccessedInterval> accesses{{chunks(0, 2), Access::write},
                                         {{chunk(3).begin, chunk(3).begin + 8_B}, Access::atomic}};
  PreparedState state;
  Tile& gpu;
};

// proves: C2, C5
TEST_F(PrepareTest, MakesAllValidForTheirAccess) {
  ASSERT_EQ(prepare(), Status::ok);
  EXPECT_EQ(gpu.mapped(), (std::vector{chunk(0), chunk(1), chunk(3)}));
  EXPECT_TRUE(space().is_valid_hint(gpu.id, chunk(1).begin, Access::write));
  EXPECT_TRUE(space().is_valid_hint(gpu.id, chunk(3).begin, Access::atomic));
}

// proves: C5
TEST_F(PrepareTest, CostsNothingWhereNothingChanged) {
  ASSERT_EQ(prepare(), Status::ok);
  ASSERT_EQ(prepare(), Status::ok);
  machine.plan.clear();
  ASSERT_EQ(prepare(), Status::ok);
  EXPECT_EQ(machine.plan.reached(Gate::mapping_at), 0);
  EXPECT_EQ(machine.plan.steps(), 0);
}

// proves: C5
TEST_F(PrepareTest, SeesEveryChange) {
  const std::vector<std::function<void()>> changes{
      [&] { (void)machine.read(chunk(0).begin); },
      [&] { machine.invalidate(chunk(1), Event::protect); },
      [&] { (void)space().migrate_to_system(chunk(3)); },
      [&] { (void)space().advise(chunk(0), Advice::preferred_location(Place::system())); },
      [&] {
        machine.unmap(chunk(1));
        machine.map(chunk(1));
      },
      [&] { (void)space().discard(chunk(0)); },
      [&] {
        accesses.push_back({chunk(2), Access::read});
      },
  };
  ASSERT_EQ(prepare(), Status::ok);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    changes[i]();
    ASSERT_EQ(prepare(), Status::ok);
    for (const AccessedInterval& access : accesses)
      EXPECT_TRUE(space().is_valid_hint(gpu.id, access.interval.begin, access.access))
          << "after change " << i;
  }
}

// proves: C3
TEST_F(PrepareTest, SaysWhatCannotBePrepared) {
  accesses.push_back({chunk(7), Access::read});
  EXPECT_EQ(prepare(), Status::not_mapped);
  EXPECT_EQ(prepare(), Status::not_mapped);
  machine.map(chunk(7));
  EXPECT_EQ(prepare(), Status::ok);
}

// proves: A9
TEST_F(PrepareTest, AFaultWaitsWhileTheCpuMappingChanges) {
  machine.unmap(chunk(1));
  machine.map(chunk(1));
  std::optional<Invalidation> changing;
  changing.emplace(space(), chunk(0), Event::protect);
  auto fault = std::async(std::launch::async, [&] { return gpu.write(chunk(0).begin, 1); });
  // Others are not held up.
  EXPECT_EQ(gpu.write(chunk(1).begin, 1), Status::ok);
  EXPECT_FALSE(gpu.mapping_at(chunk(0).begin));
  machine.change_permission(chunk(0), Writable::no);
  changing.reset();
  EXPECT_EQ(fault.get(), Status::permission_denied);
}

}  // namespace
}  // namespace zesvm::svm::fake
