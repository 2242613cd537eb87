// zeFabricVertex*, zeFabricEdge*, zeDeviceGetFabricVertexExp.
#include "simulator/driver/fabric.hpp"

#include <algorithm>
#include <cstring>

#include "simulator/driver/device_identity.hpp"
#include "simulator/driver/enumeration.hpp"
#include "simulator/driver/tables.hpp"
#include "specification/newer_level_zero.hpp"

namespace zesvm::simulator::driver {

Fabric::Fabric(const Driver& driver) {
  std::vector<std::shared_ptr<FabricVertex>> parts;
  for (const auto& root : driver.roots()) {
    auto vertex = std::make_shared<FabricVertex>(*root);
    for (const auto& tile : root->sub_devices())
      vertex->parts_.push_back(std::make_shared<FabricVertex>(*tile));
    for (const auto& part : vertex->parts_) add(part);
    parts.insert(parts.end(), vertex->parts_.begin(), vertex->parts_.end());
    add(vertex);
    vertices_.push_back(std::move(vertex));
  }
  add_edges(vertices_);
  add_edges(parts);
}

Fabric& Fabric::of(const Driver& driver) {
  static auto& fabric = *new Fabric{driver};  // never destroyed, as its driver
  return fabric;
}

void Fabric::add_edges(std::span<const std::shared_ptr<FabricVertex>> vertices) {
  for (std::size_t i = 0; i < vertices.size(); ++i) {
    for (std::size_t j = i + 1; j < vertices.size(); ++j) {
      const auto link = link_between(vertices[i]->device(), vertices[j]->device());
      if (link.protocol != topology::Protocol::xe_link &&
          link.protocol != topology::Protocol::same_device)
        continue;
      auto edge = std::make_shared<FabricEdge>(*vertices[i], *vertices[j], link);
      add(edge);
      edges_.push_back(std::move(edge));
    }
  }
}

const FabricVertex* Fabric::vertex_of(const Device& device) const {
  for (const auto& vertex : vertices_) {
    if (&vertex->device() == &device) return vertex.get();
    for (const auto& part : vertex->parts())
      if (&part->device() == &device) return part.get();
  }
  return nullptr;
}

namespace {

ze_result_t get_vertices(ze_driver_handle_t handle, std::uint32_t* count,
                         ze_fabric_vertex_handle_t* vertices) {
  ZESVM_FIND(driver, Driver, handle);
  return entry([&] {
    const auto all = Fabric::of(*driver).vertices();
    return enumerate(count, vertices, all.size(),
                     [&](std::size_t i) { return handle_of(all[i].get()); });
  });
}

ze_result_t get_sub_vertices(ze_fabric_vertex_handle_t handle, std::uint32_t* count,
                             ze_fabric_vertex_handle_t* vertices) {
  ZESVM_FIND(vertex, FabricVertex, handle);
  const auto parts = vertex->parts();
  return enumerate(count, vertices, parts.size(),
                   [&](std::size_t i) { return handle_of(parts[i].get()); });
}

ze_result_t get_vertex_properties(ze_fabric_vertex_handle_t handle,
                                  ze_fabric_vertex_exp_properties_t* out) {
  ZESVM_FIND(vertex, FabricVertex, handle);
  ZESVM_NOT_NULL(out);
  const auto& device = vertex->device();
  const auto uuid = uuid_of(device);
  static_assert(sizeof(out->uuid.id) == sizeof(uuid.id));
  std::memcpy(out->uuid.id, uuid.id, sizeof(uuid.id));
  out->type =
      device.root() != nullptr ? newer::sub_device_vertex : ZE_FABRIC_VERTEX_EXP_TYPE_DEVICE;
  out->remote = 0;
  const auto& address = device.description().pci_address;
  out->address = {address.domain, address.bus, address.device, address.function};
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_vertex_device(ze_fabric_vertex_handle_t handle, ze_device_handle_t* device) {
  ZESVM_FIND(vertex, FabricVertex, handle);
  ZESVM_NOT_NULL(device);
  *device = handle_of(&vertex->device());
  return ZE_RESULT_SUCCESS;
}

ze_result_t get_device_vertex(ze_device_handle_t handle, ze_fabric_vertex_handle_t* out) {
  ZESVM_FIND(device, Device, handle);
  ZESVM_NOT_NULL(out);
  return entry([&] {
    const auto* vertex = Fabric::of(device->driver()).vertex_of(*device);
    if (vertex == nullptr) return ZE_RESULT_ERROR_UNKNOWN;
    *out = handle_of(vertex);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t get_edges(ze_fabric_vertex_handle_t first_handle,
                      ze_fabric_vertex_handle_t second_handle, std::uint32_t* count,
                      ze_fabric_edge_handle_t* edges) {
  ZESVM_FIND(first, FabricVertex, first_handle);
  ZESVM_FIND(second, FabricVertex, second_handle);
  return entry([&] {
    std::vector<ze_fabric_edge_handle_t> joining;
    for (const auto& edge : Fabric::of(first->device().driver()).edges())
      if (edge->joins(*first, *second)) joining.push_back(handle_of(edge.get()));
    return enumerate(count, edges, joining.size(), [&](std::size_t i) { return joining[i]; });
  });
}

ze_result_t get_edge_vertices(ze_fabric_edge_handle_t handle, ze_fabric_vertex_handle_t* first,
                              ze_fabric_vertex_handle_t* second) {
  ZESVM_FIND(edge, FabricEdge, handle);
  ZESVM_NOT_NULL(first);
  ZESVM_NOT_NULL(second);
  *first = handle_of(&edge->first());
  *second = handle_of(&edge->second());
  return ZE_RESULT_SUCCESS;
}

/// Makes the UUID of an edge from those of its ends; each end's is unique.
ze_uuid_t uuid_of(const FabricEdge& edge) {
  const auto first = uuid_of(edge.first().device());
  const auto second = uuid_of(edge.second().device());
  ze_uuid_t uuid{};
  for (std::size_t i = 0; i < sizeof(uuid.id); ++i)
    uuid.id[i] = static_cast<std::uint8_t>(first.id[i] * 31 + second.id[i]);
  return uuid;
}

ze_result_t get_edge_properties(ze_fabric_edge_handle_t handle,
                                ze_fabric_edge_exp_properties_t* out) {
  ZESVM_FIND(edge, FabricEdge, handle);
  ZESVM_NOT_NULL(out);
  const auto& link = edge->link();
  out->uuid = uuid_of(*edge);
  std::memset(out->model, 0, sizeof(out->model));
  std::strncpy(out->model, link.protocol == topology::Protocol::xe_link ? "XeLink" : "MDFI",
               sizeof(out->model) - 1);
  out->bandwidth = static_cast<std::uint32_t>(
      std::min(link.figures.read.gb_per_second, link.figures.write.gb_per_second));
  out->bandwidthUnit = ZE_BANDWIDTH_UNIT_BYTES_PER_NANOSEC;
  out->latency = static_cast<std::uint32_t>(link.figures.latency.count());
  out->latencyUnit = ZE_LATENCY_UNIT_NANOSEC;
  out->duplexity = ZE_FABRIC_EDGE_EXP_DUPLEXITY_FULL_DUPLEX;
  return ZE_RESULT_SUCCESS;
}

}  // namespace

void fill(ze_fabric_vertex_exp_dditable_t& table) {
  table.pfnGetExp = get_vertices;
  table.pfnGetSubVerticesExp = get_sub_vertices;
  table.pfnGetPropertiesExp = get_vertex_properties;
  table.pfnGetDeviceExp = get_vertex_device;
}

void fill(ze_fabric_edge_exp_dditable_t& table) {
  table.pfnGetExp = get_edges;
  table.pfnGetVerticesExp = get_edge_vertices;
  table.pfnGetPropertiesExp = get_edge_properties;
}

void fill(ze_device_exp_dditable_t& table) { table.pfnGetFabricVertexExp = get_device_vertex; }

}  // namespace zesvm::simulator::driver
