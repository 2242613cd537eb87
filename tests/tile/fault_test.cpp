#include <atomic>
#include <barrier>

#include "tile/tile_fixture.hpp"

namespace zesvm::simulator::tile {
namespace {

using testing::ElementsAre;

TEST_F(TileTest, AReadIsARead) {
  build();
  ASSERT_EQ(tile->map(binding(1)), Status::ok);
  memory.at<int>(0) = 12;
  ASSERT_EQ(tile->run(request("add", {PointerArgument{chunk_begin(1)},
                                      PointerArgument{window.begin}, value_argument(1)}))
                .status,
            Status::ok);
  EXPECT_THAT(seen_faults(), ElementsAre(SeenFault{window.begin, Access::read}));
  EXPECT_EQ(memory.at<int>(0, chunk), 13);
}

TEST_F(TileTest, AWriteIsAWrite) {
  build();
  const Address where = window.begin + 128_B;
  ASSERT_EQ(tile->run(request("store", {PointerArgument{where}, value_argument(9)})).status,
            Status::ok);
  EXPECT_THAT(seen_faults(), ElementsAre(SeenFault{where, Access::write}));
  EXPECT_EQ(memory.at<int>(32), 9);
}

TEST_F(TileTest, AtomicsAreAtomics) {
  build();
  ASSERT_EQ(tile->run(request("count", {PointerArgument{window.begin}}, 64)).status, Status::ok);
  ASSERT_EQ(
      tile->run(request("exchange", {PointerArgument{chunk_begin(1)}, value_argument(3)})).status,
      Status::ok);
  for (const SeenFault& fault : seen_faults()) EXPECT_EQ(fault.access, Access::atomic);
  EXPECT_EQ(memory.at<int>(0), 64);
  EXPECT_EQ(memory.at<int>(0, chunk), 3);
}

TEST_F(TileTest, AWriteToAReadBindingFaults) {
  build();
  ASSERT_EQ(tile->map(binding(0, 1, Rights::read)), Status::ok);
  ASSERT_EQ(tile->run(request("store", {PointerArgument{window.begin}, value_argument(2)})).status,
            Status::ok);
  EXPECT_THAT(seen_faults(), ElementsAre(SeenFault{window.begin, Access::write}));
  EXPECT_EQ(memory.at<int>(0), 2);
}

TEST_F(TileTest, OneFaultPerChunk) {
  build();
  const std::uint64_t ints = (chunk * 4 / 4).count;
  ASSERT_EQ(tile->map(binding(15)), Status::ok);
  for (std::uint64_t i = 0; i < ints; ++i) memory.at<int>(i) = 1;
  ASSERT_EQ(tile->run(request("sum", {PointerArgument{window.begin}, value_argument(ints),
                                      PointerArgument{chunk_begin(15)}}))
                .status,
            Status::ok);
  EXPECT_EQ(memory.at<int>(0, chunk * 15), static_cast<int>(ints));
  EXPECT_EQ(seen_faults().size(), 4u);
}

// proves: C3
TEST_F(TileTest, ARefusedFaultFailsTheLaunch) {
  build();
  on_fault = [](Address, Access) { return Status::permission_denied; };
  const Address where = chunk_begin(2) + 64_B;
  const Outcome end = tile->run(request("store", {PointerArgument{where}, value_argument(1)}));
  EXPECT_EQ(end.status, Status::permission_denied);
  EXPECT_EQ(end.fault_address, where);
  EXPECT_EQ(end.fault_access, Access::write);
}

TEST_F(TileTest, AFailedLaunchAsksNoMore) {
  build();
  on_fault = [](Address, Access) { return Status::not_mapped; };
  const Outcome end = tile->run(
      request("touch", {PointerArgument{window.begin}, value_argument(cpu_page.count)}, 8192));
  EXPECT_EQ(end.status, Status::not_mapped);
  // One for each thread that may have faulted before the first answer came.
  EXPECT_LE(seen_faults().size(), 4u);
}

TEST_F(TileTest, AFailedLaunchLeavesNothingBehind) {
  build();
  on_fault = [](Address, Access) { return Status::not_mapped; };
  const auto launch = request("store", {PointerArgument{window.begin}, value_argument(1)});
  EXPECT_EQ(tile->run(launch).status, Status::not_mapped);
  EXPECT_EQ(tile->run(launch).status, Status::not_mapped);
  on_fault = [this](Address where, Access) { return bind_chunk_at(where); };
  EXPECT_EQ(tile->run(launch).status, Status::ok);
  EXPECT_EQ(seen_faults().size(), 3u);
  EXPECT_EQ(memory.at<int>(0), 1);
}

TEST_F(TileTest, ARefusedWriteKeepsReadOnlyBytes) {
  build();
  memory.at<int>(0) = 77;
  ASSERT_EQ(tile->map(binding(0, 1, Rights::read)), Status::ok);
  on_fault = [](Address, Access) { return Status::permission_denied; };
  const auto write = request("store", {PointerArgument{window.begin}, value_argument(1)});
  EXPECT_EQ(tile->run(write).status, Status::permission_denied);
  EXPECT_EQ(memory.at<int>(0), 77);
  // Bound as before: reading needs no fault, writing is refused again.
  ASSERT_EQ(tile->map(binding(1)), Status::ok);
  EXPECT_EQ(tile->run(request("add", {PointerArgument{chunk_begin(1)},
                                      PointerArgument{window.begin}, value_argument(0)}))
                .status,
            Status::ok);
  EXPECT_EQ(memory.at<int>(0, chunk), 77);
  EXPECT_EQ(tile->run(write).status, Status::permission_denied);
}

TEST_F(TileTest, AnAddressOutsideTheWindowsIsAskedFor) {
  build();
  on_fault = [](Address, Access) { return Status::invalid_address; };
  const Outcome end =
      tile->run(request("store", {PointerArgument{window.end + chunk}, value_argument(1)}, 100));
  EXPECT_EQ(end.status, Status::invalid_address);
  EXPECT_EQ(tile->ping(), Status::ok);
}

TEST_F(TileTest, ANullPointerFailsTheLaunchOnly) {
  build();
  on_fault = [](Address, Access) { return Status::not_mapped; };
  const Outcome end = tile->run(request("store", {PointerArgument{}, value_argument(1)}));
  EXPECT_EQ(end.status, Status::not_mapped);
  EXPECT_FALSE(tile->is_lost());
}

TEST_F(TileTest, AWindowCanBeReservedDuringAFault) {
  build();
  const Address beyond = window.end;
  const Interval more{beyond, beyond + chunk};
  on_fault = [&](Address, Access) -> Status {
    ZESVM_TRY(tile->reserve(more));
    return tile->map(Binding{more, file, {}});
  };
  EXPECT_EQ(tile->run(request("store", {PointerArgument{beyond}, value_argument(6)})).status,
            Status::ok);
  EXPECT_THAT(seen_faults(), ElementsAre(SeenFault{beyond, Access::write}));
  EXPECT_EQ(memory.at<int>(0), 6);
}

class ProbeTest : public TileTest {
 protected:
  static constexpr Bytes shadow_offset{0x1000'0000'0000};
  void SetUp() override {
    TileTest::SetUp();
    tile.reset();
    spawn({.atomic_probe_offset = shadow_offset});
    build();
  }
  LaunchRequest probed_count() const {
    return request("probed_count",
                   {PointerArgument{window.begin}, value_argument(shadow_offset.count)}, 16);
  }
};

// proves: C4
TEST_F(ProbeTest, AnAtomicOnABindingWithoutAtomicsFaults) {
  ASSERT_EQ(tile->map(binding(0, 1, Rights::write)), Status::ok);
  ASSERT_EQ(tile->run(probed_count()).status, Status::ok);
  ASSERT_FALSE(seen_faults().empty());
  for (const SeenFault& fault : seen_faults())
    EXPECT_EQ(fault, (SeenFault{window.begin, Access::atomic}));
  EXPECT_EQ(memory.at<int>(0), 16);
}

TEST_F(ProbeTest, AnAtomicWhereAllowedDoesNotFault) {
  ASSERT_EQ(tile->map(binding(0)), Status::ok);
  ASSERT_EQ(tile->run(probed_count()).status, Status::ok);
  EXPECT_TRUE(seen_faults().empty());
}

TEST_F(ProbeTest, AtomicsAreForbiddenAgainByANewBinding) {
  ASSERT_EQ(tile->map(binding(0)), Status::ok);
  ASSERT_EQ(tile->map(binding(0, 1, Rights::write)), Status::ok);
  on_fault = [](Address, Access) { return Status::permission_denied; };
  const Outcome end = tile->run(probed_count());
  EXPECT_EQ(end.status, Status::permission_denied);
  EXPECT_EQ(end.fault_access, Access::atomic);
  EXPECT_EQ(memory.at<int>(0), 0);
  // The scratch pages of the failed launch took the permission with them.
  EXPECT_EQ(tile->run(probed_count()).status, Status::permission_denied);
}

TEST_F(ProbeTest, UnbindingForbidsAtomics) {
  ASSERT_EQ(tile->map(binding(0)), Status::ok);
  ASSERT_EQ(tile->unmap(window), Status::ok);
  ASSERT_EQ(tile->run(probed_count()).status, Status::ok);
  ASSERT_FALSE(seen_faults().empty());
  EXPECT_EQ(seen_faults().front().access, Access::atomic);
}

// proves: A4
TEST_F(TileTest, AFaultDoesNotWaitForAnother) {
  tile.reset();
  spawn({.workers = 2});
  build();
  std::barrier together{2};
  on_fault = [&](Address where, Access) {
    together.arrive_and_wait();
    return bind_chunk_at(where);
  };
  // Both faults must be open at once, or neither is answered.
  const Outcome end =
      tile->run(request("touch", {PointerArgument{window.begin}, value_argument(chunk.count)}, 2));
  EXPECT_EQ(end.status, Status::ok);
  EXPECT_EQ(memory.at<char>(0, chunk), 1);
}

TEST_F(TileTest, ManyFaultsAtOnce) {
  tile.reset();
  spawn({.workers = 8});
  build();
  on_fault = [this](Address where, Access) {
    const Address page = align_down(where, cpu_page);
    return tile->map(Binding{{page, page + cpu_page}, file, page - window.begin});
  };
  const std::uint32_t pages = 4096;
  ASSERT_EQ(
      tile->run(request("touch", {PointerArgument{window.begin}, value_argument(cpu_page.count)},
                        pages))
          .status,
      Status::ok);
  EXPECT_GE(seen_faults().size(), pages);
  for (std::size_t i = 0; i < pages; ++i) ASSERT_EQ(memory.at<char>(0, cpu_page * i), 1) << i;
}

TEST_F(TileTest, CopiesAndFillsFaultToo) {
  std::promise<Outcome> filled, copied;
  const std::uint32_t pattern = 0xabcd1234;
  ASSERT_EQ(tile->fill(window.begin, 4_KiB, std::as_bytes(std::span{&pattern, 1}), {},
                       [&](const Outcome& end) { filled.set_value(end); }),
            Status::ok);
  ASSERT_EQ(tile->copy(chunk_begin(1), window.begin, 4_KiB, {},
                       [&](const Outcome& end) { copied.set_value(end); }),
            Status::ok);
  EXPECT_EQ(filled.get_future().get().status, Status::ok);
  EXPECT_EQ(copied.get_future().get().status, Status::ok);
  EXPECT_EQ(memory.at<std::uint32_t>(1023, chunk), pattern);
  EXPECT_EQ(seen_faults().size(), 2u);
}

TEST_F(TileTest, ARefusedCopyFails) {
  on_fault = [](Address, Access) { return Status::not_mapped; };
  std::promise<Outcome> copied;
  ASSERT_EQ(tile->copy(chunk_begin(1), window.begin, 4_KiB, {},
                       [&](const Outcome& end) { copied.set_value(end); }),
            Status::ok);
  EXPECT_EQ(copied.get_future().get().status, Status::not_mapped);
}

}  // namespace
}  // namespace zesvm::simulator::tile
