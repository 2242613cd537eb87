/// @file node_fixture.hpp
/// A small node for tests that use it directly, without Level Zero.
#pragma once

#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "simulator/node/node.hpp"
#include "svm/address_space.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::node {

/// Describes one device.
inline topology::DeviceDescription small_device(std::uint32_t tiles, Bytes vram) {
  topology::DeviceDescription device;
  device.name = "small";
  device.tiles = tiles;
  device.vram = vram;
  return device;
}

/// Describes a link with the same figures both ways.
inline topology::Link link(topology::LinkEnd first, topology::LinkEnd second,
                           topology::Protocol protocol, const topology::LinkFigures& figures) {
  topology::Link made;
  made.first = first;
  made.second = second;
  made.protocol = protocol;
  made.forward = made.backward = figures;
  return made;
}

/// Two devices without a link: the first with two tiles, the second with one.
inline topology::NodeDescription small_node(Bytes vram = 64_MiB) {
  topology::NodeDescription node;
  node.name = "small";
  node.devices = {small_device(2, vram), small_device(1, vram)};
  return node;
}

/// A node, and the test kernels on it.
class NodeTest : public testing::Test {
 protected:
  static constexpr TileId first{0};
  static constexpr TileId second{1};
  static constexpr TileId other{2};

  void start(const topology::NodeDescription& description = small_node()) {
    auto made = Node::create(description);
    ASSERT_EQ(made.status(), Status::ok);
    node_ = *std::move(made);
    modules_.assign(node_->tile_count(), std::nullopt);
  }

  ModuleId module_of(TileId tile) {
    auto& module = modules_[index_of(tile)];
    if (!module) {
      std::ifstream file{ZESVM_NODE_KERNELS "/node_kernels.spv", std::ios::binary};
      const std::string spirv{std::istreambuf_iterator<char>(file), {}};
      const BuildOutcome built = node_->build_module(tile, std::as_bytes(std::span(spirv)), {}, {});
      EXPECT_EQ(built.status, Status::ok) << built.log;
      module = built.module;
    }
    return *module;
  }

  Outcome run(TileId tile, const std::string& kernel, std::vector<KernelArgument> arguments,
              std::uint32_t items, IndirectAccess indirect = {}) {
    const std::uint32_t group = items % 64 == 0 ? 64 : 1;
    return node_
        ->launch(tile, {.module = module_of(tile),
                        .kernel = kernel,
                        .arguments = std::move(arguments),
                        .group_size = {group, 1, 1},
                        .group_count = {items / group, 1, 1},
                        .indirect = indirect})
        .get();
  }

  /// Adds one to each int of an interval on a tile.
  Status add_one(TileId tile, Address data, std::uint32_t count) {
    return run(tile, "add_one", {PointerArgument{data}}, count).status;
  }

  /// Adds one to the first int of each piece of `stride` bytes, so that all of it is faulted in.
  Status touch(TileId tile, Address data, Bytes size, Bytes stride = 64_KiB) {
    const std::uint64_t ints = stride.count / sizeof(int);
    std::vector<std::byte> bytes(sizeof ints);
    std::memcpy(bytes.data(), &ints, sizeof ints);
    return run(tile, "touch_pages", {PointerArgument{data}, ValueArgument{bytes}},
               static_cast<std::uint32_t>(size / stride))
        .status;
  }

  Address shared(Bytes size) {
    const auto made = node_->allocate_shared(size, {});
    EXPECT_EQ(made.status(), Status::ok);
    return made.has_value() ? *made : Address{};
  }

  Bytes copied_out() const {
    Bytes sum;
    for (std::uint32_t i = 0; i < node_->tile_count(); ++i) {
      sum += node_->statistics(TileId{i}).copied_out;
    }
    return sum;
  }

  std::unique_ptr<Node> node_;

 private:
  std::vector<std::optional<ModuleId>> modules_;
};

}  // namespace zesvm::simulator::node
