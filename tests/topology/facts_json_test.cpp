// Recordings keep every fact.
#include "topology/facts_json.hpp"

#include <gmock/gmock.h>

#include "topology/machine_facts.hpp"

namespace zesvm::topology {
namespace {

using ::testing::HasSubstr;

NodeFacts full_facts() {
  NodeFacts facts = two_cards(2);
  facts.level_zero->edges->push_back(edge({0, 0}, {1, 0}, 53));
  facts.level_zero->pairs[0].data = DataCheck::verified;
  facts.level_zero->pairs[0].bandwidth = Bandwidth{12.25};
  facts.level_zero->pairs[0].latency = std::chrono::nanoseconds(700);
  facts.sysman.emplace().devices = {managed(5, 8, PortState::degraded)};
  facts.sysman->devices[0].current = PciSpeed{4, 16};
  facts.sysman->devices[0].memory = {{1, 16_GiB, 2_GiB}};
  HwlocDevice device;
  device.pci_address = {1, 5, 0, 0};
  device.bridges = {"host bridge 0", "0000:00:01.0"};
  device.link = Bandwidth{31.5};
  facts.hwloc =
      HwlocFacts{{device}, {{0, 1_GiB, {0, 1}}}, {{10}}, {{{}, 0, {0, 8, 0, 0}, {}, {26.5}}}};
  facts.libnuma = LibnumaFacts{{{1, 2_GiB, {2}}}, {{10}}};
  facts.missing = {{Source::fabric, "no fabric functions"}};
  return facts;
}

TEST(FactsJson, KeepsEveryFact) {
  const std::string text = json_of_facts(full_facts());
  EXPECT_EQ(json_of_facts(facts_of_json(text)), text);
  EXPECT_THAT(text, HasSubstr("\"bandwidth_gbps\": 12.25"));
}

TEST(FactsJson, UnknownStaysUnknown) {
  const NodeFacts read = facts_of_json(json_of_facts(two_cards()));
  EXPECT_EQ(read.level_zero->pairs[0].bandwidth, std::nullopt);
  EXPECT_EQ(read.sysman.has_value(), false);
  EXPECT_TRUE(read.level_zero->edges.has_value());
}

TEST(FactsJson, RefusesWhatIsNoRecording) {
  for (const char* text : {"", "{", "[]", "{\"level_zero\": {\"devices\": 3}}",
                           "{\"missing\": [{\"source\": \"rumour\"}]}",
                           "{\"hwloc\": {\"devices\": [{\"pci_address\": \"x\"}]}}"}) {
    try {
      facts_of_json(text, "r.json");
      ADD_FAILURE() << text;
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), HasSubstr("r.json: is no recording")) << text;
    }
  }
}

}  // namespace
}  // namespace zesvm::topology
