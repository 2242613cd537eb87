// What the library makes of the devices it finds, whatever of them the environment shows.
#include <algorithm>
#include <cstdlib>

#include <zesvm/interop.hpp>

#include "intel/hardwareless/driver_fixture.hpp"

namespace zesvm::tests {
namespace {

using ::testing::HasSubstr;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

class DevicesTest : public HardwarelessTest {
 protected:
  std::ptrdiff_t devices_of(std::size_t card) const {
    return std::count_if(rt.devices().begin(), rt.devices().end(),
                         [&](const Device& device) { return device.card() == card; });
  }
  /// Returns card and tile of each device, and its peers as the driver has them: "0.0:1 0.1:0".
  std::string shown() const {
    std::string text;
    for (const Device& device : rt.devices()) {
      text += (text.empty() ? "" : " ") + std::to_string(device.card()) + "." +
              std::to_string(device.tile()) + ":";
      for (const std::size_t peer : device.capabilities().peers) text += std::to_string(peer);
    }
    return text;
  }
};

TEST_F(DevicesTest, AreThoseThatTheEnvironmentShows) {
  EXPECT_EQ(shown(), variable("ZESVM_TEST_SHOWN"));
  EXPECT_FALSE(rt.is_simulated());
  EXPECT_THAT(rt.node_name(), "");
}

TEST_F(DevicesTest, HaveWhatTheirCardHas) {
  for (const Device& device : rt.devices()) {
    EXPECT_THAT(device.name(), HasSubstr("0x0bd5"));
    EXPECT_EQ(device.execution_units(), 64u);
    EXPECT_EQ(device.max_group_size(), 1024u);
    EXPECT_EQ(device.local_memory_bytes(), 128u << 10);
    EXPECT_GT(device.memory_bytes(), std::uint64_t{1} << 30);
    EXPECT_FALSE(device.has_page_faults());
    EXPECT_FALSE(device.has_shared_system_memory());
  }
}

TEST_F(DevicesTest, TellTheirAbilities) {
  for (const Device& device : rt.devices()) {
    const Capabilities& can = device.capabilities();
    EXPECT_TRUE(can.device_memory.can_access && can.device_memory.has_atomics);
    EXPECT_TRUE(can.host_memory.can_access);
    EXPECT_FALSE(can.host_memory.has_atomics);
    EXPECT_TRUE(can.shared_memory.can_access && can.shared_memory.has_atomics);
    EXPECT_FALSE(can.shared_memory.has_concurrent_atomics);
    EXPECT_FALSE(can.system_memory.can_access);
    EXPECT_EQ(can.small_page_bytes, 64u << 10);
    EXPECT_TRUE(can.has_host_physical_memory);
    EXPECT_GE(can.memory_bytes, can.max_allocation_bytes);
    EXPECT_EQ(can.hierarchy, variable("ZE_FLAT_DEVICE_HIERARCHY"));
    EXPECT_EQ(can.affinity_mask, variable("ZE_AFFINITY_MASK"));
    EXPECT_EQ(can.is_sub_device, can.hierarchy == "COMBINED" || devices_of(device.card()) > 1);
  }
}

TEST_F(DevicesTest, UseSharedMemoryAndSayWhy) {
  for (const Device& device : rt.devices()) {
    EXPECT_EQ(device.capabilities().backing, Backing::shared);
    EXPECT_THAT(device.capabilities().backing_reason,
                HasSubstr("cannot use any pointer of the program"));
  }
}

TEST_F(DevicesTest, RefuseABackingTheyCannotHave) {
  RuntimeOptions options;
  options.backing = Backing::system;
  const Error error = error_of([&] { const Runtime other(options); });
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_THAT(error.what(), HasSubstr("0x0bd5"));
}

// Nothing is copied here, so that the check of a peer's data must find it broken.
TEST_F(DevicesTest, BelieveNoPeerWhoseDataIsWrong) {
  for (const Device& device : rt.devices())
    for (const Device& other : rt.devices()) EXPECT_EQ(device.can_access(other), device == other);
}

TEST_F(DevicesTest, ServeAContextOfTheProgram) {
  Runtime inside = make_runtime(native_driver(rt), native_context(rt));
  EXPECT_EQ(native_context(inside), native_context(rt));
  EXPECT_EQ(inside.devices().size(), rt.devices().size());
  auto values = inside.address_space().make_array<int>(4);
  values[3] = 5;
  EXPECT_EQ(values[3], 5);
}

}  // namespace
}  // namespace zesvm::tests
