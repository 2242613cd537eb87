#include "levelzero/fabric_facts.hpp"

#include "levelzero/call.hpp"
#include "levelzero/detection.hpp"

namespace zesvm::levelzero {
namespace {

using topology::LinkEnd;

struct Vertex {
  ze_fabric_vertex_handle_t handle = nullptr;
  LinkEnd end;
};

// A vertex of a card that has tiles stands for the card; which card tells its first tile.
std::optional<LinkEnd> end_of(ze_device_handle_t device, const std::vector<Tile>& tiles) {
  const auto tile_of = [&](ze_device_handle_t handle) -> const Tile* {
    for (const Tile& tile : tiles)
      if (tile.handle == handle) return &tile;
    return nullptr;
  };
  if (const Tile* tile = tile_of(device)) {
    const topology::TileId place = place_of(*tile);
    return LinkEnd{LinkEnd::Kind::tile, place.device, place.tile};
  }
  std::uint32_t count = 1;
  ze_device_handle_t first = nullptr;
  if (zeDeviceGetSubDevices(device, &count, &first) != ZE_RESULT_SUCCESS || count == 0)
    return std::nullopt;
  const Tile* tile = tile_of(first);
  if (tile == nullptr) return std::nullopt;
  return LinkEnd{LinkEnd::Kind::device, place_of(*tile).device, 0};
}

void add_vertex(ze_fabric_vertex_handle_t handle, const std::vector<Tile>& tiles,
                std::vector<Vertex>& vertices) {
  ze_device_handle_t device = nullptr;
  if (zeFabricVertexGetDeviceExp(handle, &device) != ZE_RESULT_SUCCESS || device == nullptr) return;
  if (const auto end = end_of(device, tiles)) vertices.push_back({handle, *end});
}

std::vector<ze_fabric_vertex_handle_t> parts_of(ze_fabric_vertex_handle_t vertex) {
  std::uint32_t count = 0;
  if (zeFabricVertexGetSubVerticesExp(vertex, &count, nullptr) != ZE_RESULT_SUCCESS) return {};
  std::vector<ze_fabric_vertex_handle_t> parts(count);
  if (count == 0 ||
      zeFabricVertexGetSubVerticesExp(vertex, &count, parts.data()) != ZE_RESULT_SUCCESS)
    return {};
  return parts;
}

topology::FabricEdge read_edge(ze_fabric_edge_handle_t handle, const Vertex& a, const Vertex& b) {
  topology::FabricEdge edge{a.end, b.end, "", std::nullopt, std::nullopt};
  ze_fabric_edge_exp_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_FABRIC_EDGE_EXP_PROPERTIES;
  if (zeFabricEdgeGetPropertiesExp(handle, &properties) != ZE_RESULT_SUCCESS) return edge;
  edge.model = properties.model;
  if (properties.bandwidth > 0 && properties.bandwidthUnit == ZE_BANDWIDTH_UNIT_BYTES_PER_NANOSEC)
    edge.bandwidth = topology::Bandwidth{static_cast<double>(properties.bandwidth)};
  if (properties.latency > 0 && properties.latencyUnit == ZE_LATENCY_UNIT_NANOSEC)
    edge.latency = std::chrono::nanoseconds(properties.latency);
  return edge;
}

void add_edges(const Vertex& a, const Vertex& b, std::vector<topology::FabricEdge>& edges) {
  std::uint32_t count = 0;
  if (zeFabricEdgeGetExp(a.handle, b.handle, &count, nullptr) != ZE_RESULT_SUCCESS || count == 0)
    return;
  std::vector<ze_fabric_edge_handle_t> found(count);
  if (zeFabricEdgeGetExp(a.handle, b.handle, &count, found.data()) != ZE_RESULT_SUCCESS) return;
  for (ze_fabric_edge_handle_t handle : found) edges.push_back(read_edge(handle, a, b));
}

}  // namespace

std::variant<std::vector<topology::FabricEdge>, topology::MissingSource> read_fabric(
    ze_driver_handle_t driver, const std::vector<Tile>& tiles) {
  std::uint32_t count = 0;
  const ze_result_t counted = zeFabricVertexGetExp(driver, &count, nullptr);
  if (counted != ZE_RESULT_SUCCESS)
    return topology::MissingSource{topology::Source::fabric,
                                   "zeFabricVertexGetExp returned " + name_of(counted)};
  std::vector<ze_fabric_vertex_handle_t> roots(count);
  if (count > 0 && zeFabricVertexGetExp(driver, &count, roots.data()) != ZE_RESULT_SUCCESS)
    roots.clear();
  if (roots.empty())
    return topology::MissingSource{topology::Source::fabric, "the driver lists no fabric vertices"};
  std::vector<Vertex> vertices;
  for (ze_fabric_vertex_handle_t root : roots) {
    add_vertex(root, tiles, vertices);
    for (ze_fabric_vertex_handle_t part : parts_of(root)) add_vertex(part, tiles, vertices);
  }
  std::vector<topology::FabricEdge> edges;
  for (std::size_t a = 0; a < vertices.size(); ++a)
    for (std::size_t b = a + 1; b < vertices.size(); ++b)
      if (vertices[a].end.kind == vertices[b].end.kind) add_edges(vertices[a], vertices[b], edges);
  return edges;
}

}  // namespace zesvm::levelzero
