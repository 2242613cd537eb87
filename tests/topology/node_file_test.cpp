#include <cstdlib>
#include <gmock/gmock.h>

#include "topology/node_description.hpp"
#include "topology/node_text.hpp"

namespace zesvm::topology {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::StartsWith;

std::string error_of(const std::string& text) {
  try {
    parse_node(text, "n.yaml");
  } catch (const DescriptionError& error) {
    return error.what();
  }
  return "";
}

struct NodeVram {
  explicit NodeVram(const char* size) { setenv("ZESVM_NODE_VRAM", size, 1); }
  ~NodeVram() { unsetenv("ZESVM_NODE_VRAM"); }
};

TEST(NodeFile, ReadsARightFile) {
  const auto node = parse_node(right_node);
  ASSERT_EQ(node.devices.size(), 2u);
  EXPECT_EQ(node.devices[0].tiles, 2u);
  EXPECT_EQ(node.devices[0].vram, 64_MiB);
  EXPECT_EQ(to_string(node.devices[1].pci_address), "0000:02:00.0");
  EXPECT_EQ(node.links.size(), 2u);
  EXPECT_EQ(node.tiles().size(), 3u);
  EXPECT_EQ(node.index_of({1, 0}), 2u);
}

TEST(NodeFile, RefusesUnknownKeysWithLine) {
  EXPECT_THAT(error_of(with("    tiles: 2", "    tile: 2")),
              AllOf(StartsWith("n.yaml:7: device 0: unknown key 'tile'"), HasSubstr("tiles")));
}

TEST(NodeFile, RefusesAbsurdValues) {
  EXPECT_THAT(error_of(with("tiles: 2", "tiles: 0")), HasSubstr("n.yaml:7: device 0: 'tiles'"));
  EXPECT_THAT(error_of(with("vram: 64 MiB", "vram: 3 MiB")), HasSubstr("multiple of 2 MiB"));
  EXPECT_THAT(error_of(with("vram: 64 MiB", "vram: 64 MB")), HasSubstr("256 MiB"));
  EXPECT_THAT(error_of(with("vram: 64 MiB", "vram: -1")), HasSubstr("amount of memory"));
  EXPECT_THAT(error_of(with("tiles: 2", "tiles: 99999999999999999999")), HasSubstr("'tiles'"));
  EXPECT_THAT(error_of(with("0000:01:00.0", "0000:01:40.0")), HasSubstr("pci_address"));
  EXPECT_THAT(error_of(with("read_gbps: 20", "read_gbps: .nan")), HasSubstr("read_gbps"));
  EXPECT_THAT(error_of(with("read_gbps: 20", "read_gbps: 0")), HasSubstr("above zero"));
  EXPECT_THAT(error_of(with("cpus: 0-1", "cpus: 1-0")), HasSubstr("cpus"));
}

TEST(NodeFile, ReadsNumaDistances) {
  const auto distances = [](const std::string& rows) {
    return with("cpus: 0-1}]", "cpus: 0-1}]\n  numa_distances: " + rows);
  };
  EXPECT_EQ(parse_node(distances("[[10]]")).host.numa_distance(0, 0), 10u);
  EXPECT_THAT(error_of(distances("[[10, 20]]")), HasSubstr("one distance for each"));
  EXPECT_THAT(error_of(distances("[]")), HasSubstr("one row for each"));
  EXPECT_THAT(error_of(distances("[[9]]")), HasSubstr("from 10"));
}

TEST(NodeFile, RefusesWhatIsMissingOrTwice) {
  EXPECT_THAT(error_of(with("    vram: 64 MiB\n", "")), HasSubstr("'vram' is missing"));
  EXPECT_THAT(error_of(with("name: sample\n", "")), HasSubstr("'name' is missing"));
  EXPECT_THAT(error_of(with("tiles: 2", "name: x")), HasSubstr("given twice"));
  EXPECT_THAT(error_of(with("0000:02:00.0", "0000:01:00.0")), HasSubstr("make it unique"));
}

TEST(NodeFile, RefusesLinksThatCannotBe) {
  const auto link = [](const std::string& entry) {
    return error_of(right_node + "  - {" + entry + "}\n");
  };
  EXPECT_THAT(link("between: [0, 7], protocol: none"), HasSubstr("no device"));
  EXPECT_THAT(link("between: [0.2, 1], protocol: none"), HasSubstr("no tile"));
  EXPECT_THAT(link("between: [0, 0], protocol: none"), HasSubstr("different"));
  EXPECT_THAT(link("between: [0, 1], protocol: wire"), HasSubstr("xe_link"));
  EXPECT_THAT(link("between: [0, 1], protocol: same_device"), HasSubstr("same_device"));
  EXPECT_THAT(link("to_host: [0], protocol: none"), HasSubstr("already"));
  EXPECT_THAT(link("protocol: none"), HasSubstr("exactly one of"));
}

TEST(NodeFile, SurvivesGarbage) {
  for (const char* text : {"", "[", "a: [", "&a [*a]", "- 1", "\xff\xfe", "? [1]: 2", "name: *x",
                           "name: {a: b}", "name: x\nhost: 3"})
    EXPECT_THAT(error_of(text), StartsWith("n.yaml:")) << text;
  for (std::size_t size = 0; size < right_node.size(); ++size) try {
      parse_node(right_node.substr(0, size), "n.yaml");
    } catch (const DescriptionError&) {
    }
}

TEST(NodeFile, ReadsAmountsOfMemory) {
  EXPECT_EQ(parse_bytes("256 MiB"), 256_MiB);
  EXPECT_EQ(parse_bytes("256MiB"), 256_MiB);
  EXPECT_EQ(parse_bytes(" 12 GiB "), 12_GiB);
  EXPECT_EQ(parse_bytes("4096"), 4_KiB);
  for (const char* text : {"", "MiB", "1 MB", "1.5 GiB", "99999999 TiB", "-1", "1 MiB x"})
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
}

TEST(Presets, AllLoadWithTheirSources) {
  EXPECT_THAT(preset_names(),
              IsSupersetOf({"bmg-2", "pvc-1", "pvc-6", "arc-2", "small-2", "small-1x2"}));
  for (const auto& name : preset_names()) {
    const auto node = load_node(name);
    EXPECT_EQ(node.name, name);
    EXPECT_FALSE(node.sources.empty()) << name;
  }
  EXPECT_EQ(load_node("pvc-6").tiles().size(), 12u);
  EXPECT_FALSE(load_node("arc-2").devices[0].page_faults);
}

TEST(Presets, SayWhichFiguresAreAssumed) {
  for (const char* name : {"pvc-1", "pvc-6", "bmg-2", "arc-2"}) {
    const auto sources = load_node(name).sources;
    EXPECT_THAT(sources, Contains(StartsWith("assumed, not published: "))) << name;
    EXPECT_GE(sources.size(), 2u) << name;
  }
}

TEST(Presets, AnUnknownNameListsThoseThereAre) {
  try {
    load_node("nowhere");
    FAIL();
  } catch (const DescriptionError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("nowhere"), HasSubstr("bmg-2")));
  }
  EXPECT_THROW(load_node("/no/such/file.yaml"), DescriptionError);
  EXPECT_THROW(load_node("/dev/zero"), DescriptionError);
  EXPECT_THROW(load_node(""), DescriptionError);
}

TEST(Presets, VramIsReplacedByTheEnvironment) {
  const NodeVram small("32 MiB");
  EXPECT_EQ(load_node("pvc-1").devices[0].vram, 32_MiB);
  const NodeVram wrong("33 KiB");
  EXPECT_THROW(load_node("pvc-1"), DescriptionError);
}

}  // namespace
}  // namespace zesvm::topology
