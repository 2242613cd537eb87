// zeFabric*: two cards of two tiles with Xe Link between them.
#include <cstring>

#include "node/driver_fixture.hpp"

namespace zesvm {
namespace {

class FabricTest : public DriverFixture {
 protected:
  void SetUp() override {
    ::setenv("ZE_FLAT_DEVICE_HIERARCHY", "COMPOSITE", 1);
    DriverFixture::SetUp();
    std::uint32_t count = 0;
    ZE_OK(zeFabricVertexGetExp(driver, &count, nullptr));
    vertices.resize(count);
    ZE_OK(zeFabricVertexGetExp(driver, &count, vertices.data()));
  }
  std::vector<ze_fabric_vertex_handle_t> parts(ze_fabric_vertex_handle_t vertex) {
    std::uint32_t count = 0;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeFabricVertexGetSubVerticesExp(vertex, &count, nullptr));
    std::vector<ze_fabric_vertex_handle_t> all(count);
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeFabricVertexGetSubVerticesExp(vertex, &count, all.data()));
    return all;
  }
  std::vector<ze_fabric_edge_handle_t> edges(ze_fabric_vertex_handle_t a,
                                             ze_fabric_vertex_handle_t b) {
    std::uint32_t count = 0;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeFabricEdgeGetExp(a, b, &count, nullptr));
    std::vector<ze_fabric_edge_handle_t> all(count);
    if (count > 0) {
      EXPECT_EQ(ZE_RESULT_SUCCESS, zeFabricEdgeGetExp(a, b, &count, all.data()));
    }
    return all;
  }
  ze_fabric_edge_exp_properties_t properties_of(ze_fabric_edge_handle_t edge) {
    ze_fabric_edge_exp_properties_t told{};
    told.stype = ZE_STRUCTURE_TYPE_FABRIC_EDGE_EXP_PROPERTIES;
    EXPECT_EQ(ZE_RESULT_SUCCESS, zeFabricEdgeGetPropertiesExp(edge, &told));
    return told;
  }
  std::vector<ze_fabric_vertex_handle_t> vertices;
};

TEST_F(FabricTest, HasAVertexForEveryDevice) {
  ASSERT_EQ(devices.size(), vertices.size());
  for (std::size_t i = 0; i < devices.size(); ++i) {
    ze_fabric_vertex_handle_t vertex = nullptr;
    ZE_OK(zeDeviceGetFabricVertexExp(devices[i], &vertex));
    EXPECT_EQ(vertices[i], vertex);
    ze_device_handle_t device = nullptr;
    ZE_OK(zeFabricVertexGetDeviceExp(vertex, &device));
    EXPECT_EQ(devices[i], device);
    EXPECT_EQ(2u, parts(vertex).size());
  }
}

TEST_F(FabricTest, GivesVerticesTheUuidsOfTheirDevices) {
  const auto tile = parts(vertices[1])[1];
  ze_fabric_vertex_exp_properties_t told{};
  told.stype = ZE_STRUCTURE_TYPE_FABRIC_VERTEX_EXP_PROPERTIES;
  ZE_OK(zeFabricVertexGetPropertiesExp(tile, &told));
  EXPECT_EQ(2, told.type);  // its name differs between versions of the headers
  EXPECT_EQ(0x42u, told.address.bus);
  const auto device = properties(sub_devices(devices[1])[1]);
  EXPECT_EQ(0, std::memcmp(told.uuid.id, device.uuid.id, sizeof(told.uuid.id)));
}

// proves: F1
TEST_F(FabricTest, JoinsTilesOfOtherCardsByXeLink) {
  const auto here = parts(vertices[0])[0];
  const auto there = parts(vertices[1])[1];
  const auto joining = edges(here, there);
  ASSERT_EQ(1u, joining.size());
  EXPECT_EQ(joining, edges(there, here));
  const auto told = properties_of(joining[0]);
  EXPECT_STREQ("XeLink", told.model);
  EXPECT_EQ(18u, told.bandwidth);
  EXPECT_EQ(1200u, told.latency);
  ze_fabric_vertex_handle_t ends[2]{};
  ZE_OK(zeFabricEdgeGetVerticesExp(joining[0], &ends[0], &ends[1]));
  EXPECT_TRUE((ends[0] == here && ends[1] == there) || (ends[0] == there && ends[1] == here));
}

TEST_F(FabricTest, JoinsTilesOfOneCardInside) {
  const auto tiles = parts(vertices[0]);
  const auto joining = edges(tiles[0], tiles[1]);
  ASSERT_EQ(1u, joining.size());
  EXPECT_STREQ("MDFI", properties_of(joining[0]).model);
}

}  // namespace
}  // namespace zesvm
