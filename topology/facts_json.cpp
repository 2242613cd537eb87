#include "topology/facts_json.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace zesvm::topology {

std::string_view name_of(PortState state) {
  switch (state) {
    case PortState::unknown: return "unknown";
    case PortState::healthy: return "healthy";
    case PortState::degraded: return "degraded";
    case PortState::failed: return "failed";
    case PortState::disabled: return "disabled";
  }
  return "?";
}

namespace {

using nlohmann::json;

/// Far more than any card has.
constexpr std::uint32_t most_tiles = 64;

/// Stands for a value of a recording that is of another kind than its place has.
[[noreturn]] void refuse(const std::string& message) { throw std::runtime_error(message); }

template <typename Enum, std::size_t Count>
Enum named(const json& value, const std::array<Enum, Count>& all, const char* what) {
  const auto text = value.get<std::string>();
  for (const Enum one : all)
    if (name_of(one) == text) return one;
  refuse("'" + text + "' is no " + what);
}

// One pair of functions for each kind of value; `put` leaves unknown facts out, `take` leaves them
// unknown.
json json_of(bool value) { return value; }
json json_of(Bandwidth value) { return value.gb_per_second; }
json json_of(std::chrono::nanoseconds value) { return value.count(); }
json json_of(const PciAddress& value) { return to_string(value); }
json json_of(std::uint32_t value) { return value; }
json json_of(const PciSpeed& value) {
  return {{"generation", value.generation}, {"width", value.width}};
}
json json_of(const PortId& value) { return json::array({value.fabric, value.attach, value.port}); }
json json_of(TileId value) { return json::array({value.device, value.tile}); }
json json_of(const LinkEnd& value) {
  if (value.kind == LinkEnd::Kind::tile) return json::array({value.device, value.tile});
  return json::array({value.device});
}

void read(const json& from, bool& to) { to = from.get<bool>(); }
void read(const json& from, std::string& to) { to = from.get<std::string>(); }
void read(const json& from, std::uint32_t& to) { to = from.get<std::uint32_t>(); }
void read(const json& from, Bytes& to) { to = Bytes{from.get<std::uint64_t>()}; }
void read(const json& from, Bandwidth& to) { to = {from.get<double>()}; }
void read(const json& from, std::chrono::nanoseconds& to) {
  to = std::chrono::nanoseconds(from.get<std::int64_t>());
}
void read(const json& from, PciAddress& to) {
  const auto text = from.get<std::string>();
  if (std::sscanf(text.c_str(), "%x:%x:%x.%x", &to.domain, &to.bus, &to.device, &to.function) != 4)
    refuse("'" + text + "' is no PCI address");
}
void read(const json& from, PciSpeed& to) {
  to = {from.at("generation").get<std::uint32_t>(), from.at("width").get<std::uint32_t>()};
}
void read(const json& from, PortId& to) {
  to = {from.at(0).get<std::uint32_t>(), from.at(1).get<std::uint32_t>(),
        from.at(2).get<std::uint32_t>()};
}
void read(const json& from, TileId& to) {
  to = {from.at(0).get<std::uint32_t>(), from.at(1).get<std::uint32_t>()};
}
void read(const json& from, LinkEnd& to) {
  const bool is_tile = from.size() == 2;
  to = {is_tile ? LinkEnd::Kind::tile : LinkEnd::Kind::device, from.at(0).get<std::uint32_t>(),
        is_tile ? from.at(1).get<std::uint32_t>() : 0};
}

// The kinds made of others; declared here, since templates below look no further.
json json_of(const LevelZeroDevice& value);
void read(const json& from, LevelZeroDevice& to);
json json_of(const LevelZeroPair& value);
void read(const json& from, LevelZeroPair& to);
json json_of(const FabricEdge& value);
void read(const json& from, FabricEdge& to);
json json_of(const SysmanPort& value);
void read(const json& from, SysmanPort& to);
json json_of(const SysmanMemory& value);
void read(const json& from, SysmanMemory& to);
json json_of(const SysmanDevice& value);
void read(const json& from, SysmanDevice& to);
json json_of(const HwlocDevice& value);
void read(const json& from, HwlocDevice& to);
json json_of(const NumaFact& value);
void read(const json& from, NumaFact& to);
json json_of(const HwlocXeLink& value);
void read(const json& from, HwlocXeLink& to);
void read(const json& from, LevelZeroFacts& to);
void read(const json& from, SysmanFacts& to);
void read(const json& from, HwlocFacts& to);
void read(const json& from, LibnumaFacts& to);
void read(const json& from, MissingSource& to);

template <typename T>
void put(json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = json_of(*value);
}
const json* find(const json& object, const char* key) {
  if (!object.is_object()) refuse("an object with '" + std::string(key) + "' was expected");
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

template <typename T>
void take(const json& object, const char* key, T& value) {
  if (const json* found = find(object, key)) read(*found, value);
}
template <typename T>
void take(const json& object, const char* key, std::optional<T>& value) {
  if (const json* found = find(object, key)) read(*found, value.emplace());
}
template <typename T>
void take(const json& object, const char* key, std::vector<T>& values);

json json_of(const LevelZeroDevice& device) {
  json object{{"name", device.name},
              {"vendor_id", device.vendor_id},
              {"device_id", device.device_id},
              {"tiles", device.tiles},
              {"memory_bytes", device.memory.count},
              {"integrated", device.integrated},
              {"page_faults", device.page_faults},
              {"shared_system", device.shared_system},
              {"system_atomics", device.system_atomics}};
  put(object, "pci_address", device.pci_address);
  put(object, "pci_speed", device.pci_speed);
  put(object, "memory_bandwidth_gbps", device.memory_bandwidth);
  return object;
}
void read(const json& from, LevelZeroDevice& to) {
  take(from, "name", to.name);
  take(from, "vendor_id", to.vendor_id);
  take(from, "device_id", to.device_id);
  take(from, "tiles", to.tiles);
  // Whoever reads it makes a matrix of all pairs.
  if (to.tiles == 0 || to.tiles > most_tiles)
    refuse("a card of " + std::to_string(to.tiles) + " tiles");
  take(from, "memory_bytes", to.memory);
  take(from, "integrated", to.integrated);
  take(from, "page_faults", to.page_faults);
  take(from, "shared_system", to.shared_system);
  take(from, "system_atomics", to.system_atomics);
  take(from, "pci_address", to.pci_address);
  take(from, "pci_speed", to.pci_speed);
  take(from, "memory_bandwidth_gbps", to.memory_bandwidth);
}

json json_of(const LevelZeroPair& pair) {
  json object{{"from", json_of(pair.from)}, {"to", json_of(pair.to)}};
  put(object, "can_access", pair.can_access);
  put(object, "p2p_access", pair.p2p_access);
  put(object, "p2p_atomics", pair.p2p_atomics);
  put(object, "bandwidth_gbps", pair.bandwidth);
  put(object, "latency_ns", pair.latency);
  if (pair.data != DataCheck::not_done) object["data"] = std::string(name_of(pair.data));
  return object;
}
void read(const json& from, LevelZeroPair& to) {
  read(from.at("from"), to.from);
  read(from.at("to"), to.to);
  take(from, "can_access", to.can_access);
  take(from, "p2p_access", to.p2p_access);
  take(from, "p2p_atomics", to.p2p_atomics);
  take(from, "bandwidth_gbps", to.bandwidth);
  take(from, "latency_ns", to.latency);
  if (from.contains("data"))
    to.data = named(from.at("data"), std::array{DataCheck::verified, DataCheck::failed},
                    "outcome of a data check");
}

json json_of(const FabricEdge& edge) {
  json object{
      {"first", json_of(edge.first)}, {"second", json_of(edge.second)}, {"model", edge.model}};
  put(object, "bandwidth_gbps", edge.bandwidth);
  put(object, "latency_ns", edge.latency);
  return object;
}
void read(const json& from, FabricEdge& to) {
  read(from.at("first"), to.first);
  read(from.at("second"), to.second);
  take(from, "model", to.model);
  take(from, "bandwidth_gbps", to.bandwidth);
  take(from, "latency_ns", to.latency);
}

json json_of(const SysmanPort& port) {
  json object{{"id", json_of(port.id)},
              {"tile", port.tile},
              {"state", std::string(name_of(port.state))},
              {"receive_gbps", port.receive.gb_per_second},
              {"send_gbps", port.send.gb_per_second}};
  put(object, "remote", port.remote);
  return object;
}
void read(const json& from, SysmanPort& to) {
  read(from.at("id"), to.id);
  take(from, "tile", to.tile);
  to.state = named(from.at("state"),
                   std::array{PortState::unknown, PortState::healthy, PortState::degraded,
                              PortState::failed, PortState::disabled},
                   "state of a port");
  take(from, "receive_gbps", to.receive);
  take(from, "send_gbps", to.send);
  take(from, "remote", to.remote);
}

json json_of(const SysmanMemory& memory) {
  return {
      {"tile", memory.tile}, {"size_bytes", memory.size.count}, {"free_bytes", memory.free.count}};
}
void read(const json& from, SysmanMemory& to) {
  take(from, "tile", to.tile);
  take(from, "size_bytes", to.size);
  take(from, "free_bytes", to.free);
}

template <typename T>
json list_of(const std::vector<T>& values) {
  json list = json::array();
  for (const T& value : values) list.push_back(json_of(value));
  return list;
}
template <typename T>
void take(const json& object, const char* key, std::vector<T>& values) {
  if (const json* found = find(object, key))
    for (const json& entry : *found) read(entry, values.emplace_back());
}

json json_of(const SysmanDevice& device) {
  json object{{"pci_address", to_string(device.pci_address)},
              {"memory", list_of(device.memory)},
              {"ports", list_of(device.ports)}};
  put(object, "current", device.current);
  put(object, "most", device.most);
  return object;
}
void read(const json& from, SysmanDevice& to) {
  read(from.at("pci_address"), to.pci_address);
  take(from, "current", to.current);
  take(from, "most", to.most);
  take(from, "memory", to.memory);
  take(from, "ports", to.ports);
}

json json_of(const HwlocDevice& device) {
  json object{{"pci_address", to_string(device.pci_address)},
              {"name", device.name},
              {"vendor_id", device.vendor_id},
              {"device_id", device.device_id},
              {"bridges", device.bridges}};
  put(object, "link_gbps", device.link);
  put(object, "numa_node", device.numa_node);
  return object;
}
void read(const json& from, HwlocDevice& to) {
  read(from.at("pci_address"), to.pci_address);
  take(from, "name", to.name);
  take(from, "vendor_id", to.vendor_id);
  take(from, "device_id", to.device_id);
  take(from, "bridges", to.bridges);
  take(from, "link_gbps", to.link);
  take(from, "numa_node", to.numa_node);
}

json json_of(const NumaFact& node) {
  return {{"os_index", node.os_index}, {"memory_bytes", node.memory.count}, {"cpus", node.cpus}};
}
void read(const json& from, NumaFact& to) {
  take(from, "os_index", to.os_index);
  take(from, "memory_bytes", to.memory);
  take(from, "cpus", to.cpus);
}

json json_of(const HwlocXeLink& link) {
  json object{{"first", to_string(link.first)},
              {"second", to_string(link.second)},
              {"bandwidth_gbps", link.bandwidth.gb_per_second}};
  put(object, "first_tile", link.first_tile);
  put(object, "second_tile", link.second_tile);
  return object;
}
void read(const json& from, HwlocXeLink& to) {
  read(from.at("first"), to.first);
  read(from.at("second"), to.second);
  take(from, "bandwidth_gbps", to.bandwidth);
  take(from, "first_tile", to.first_tile);
  take(from, "second_tile", to.second_tile);
}

void read(const json& from, LevelZeroFacts& to) {
  take(from, "devices", to.devices);
  take(from, "pairs", to.pairs);
  if (from.contains("edges")) take(from, "edges", to.edges.emplace());
  take(from, "lost", to.lost);
}
void read(const json& from, SysmanFacts& to) { take(from, "devices", to.devices); }
void read(const json& from, HwlocFacts& to) {
  take(from, "devices", to.devices);
  take(from, "numa_nodes", to.numa_nodes);
  if (from.contains("numa_distances"))
    to.numa_distances = from.at("numa_distances").get<std::vector<std::vector<std::uint32_t>>>();
  take(from, "xe_links", to.xe_links);
}
void read(const json& from, LibnumaFacts& to) {
  take(from, "numa_nodes", to.numa_nodes);
  if (from.contains("numa_distances"))
    to.numa_distances = from.at("numa_distances").get<std::vector<std::vector<std::uint32_t>>>();
}
void read(const json& from, MissingSource& to) {
  to.source = named(from.at("source"),
                    std::array{Source::node_file, Source::libnuma, Source::hwloc, Source::sysman,
                               Source::fabric, Source::level_zero, Source::data_check},
                    "source");
  take(from, "reason", to.reason);
}

}  // namespace

std::string json_of_facts(const NodeFacts& facts) {
  json recording{{"name", facts.name}};
  if (const auto& source = facts.level_zero) {
    recording["level_zero"] = {{"devices", list_of(source->devices)},
                               {"pairs", list_of(source->pairs)}};
    if (source->edges) recording["level_zero"]["edges"] = list_of(*source->edges);
    if (!source->lost.empty()) recording["level_zero"]["lost"] = list_of(source->lost);
  }
  if (const auto& source = facts.sysman)
    recording["sysman"] = {{"devices", list_of(source->devices)}};
  if (const auto& source = facts.hwloc)
    recording["hwloc"] = {{"devices", list_of(source->devices)},
                          {"numa_nodes", list_of(source->numa_nodes)},
                          {"numa_distances", source->numa_distances},
                          {"xe_links", list_of(source->xe_links)}};
  if (const auto& source = facts.libnuma)
    recording["libnuma"] = {{"numa_nodes", list_of(source->numa_nodes)},
                            {"numa_distances", source->numa_distances}};
  recording["missing"] = json::array();
  for (const MissingSource& missing : facts.missing)
    recording["missing"].push_back(
        {{"source", std::string(name_of(missing.source))}, {"reason", missing.reason}});
  // Names come from drivers and firmware, in whatever encoding.
  return recording.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

NodeFacts facts_of_json(const std::string& text, const std::string& file) try {
  const json recording = json::parse(text);
  NodeFacts facts;
  take(recording, "name", facts.name);
  take(recording, "level_zero", facts.level_zero);
  take(recording, "sysman", facts.sysman);
  take(recording, "hwloc", facts.hwloc);
  take(recording, "libnuma", facts.libnuma);
  take(recording, "missing", facts.missing);
  return facts;
} catch (const std::exception& error) {
  throw std::runtime_error(file + ": is no recording of a topology: " + error.what());
}

}  // namespace zesvm::topology
