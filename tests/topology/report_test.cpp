// Reports for people and for programs.
#include "topology/report.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "topology/machine_facts.hpp"

namespace zesvm::topology {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

Detection preset(const std::string& name) {
  NodeFacts facts;
  facts.file = load_node(name);
  return detect(facts);
}

TEST(Report, ShowsLettersWithALegend) {
  const Detection found = preset("pvc-6");
  const LinkMatrix matrix(found.node);
  EXPECT_EQ(letters_for(matrix, 0, 0), "X");
  EXPECT_EQ(letters_for(matrix, 0, 1), "TL");
  EXPECT_EQ(letters_for(matrix, 0, 2), "XL");
  EXPECT_THAT(text_report(found), AllOf(HasSubstr("XL    Xe Link"), HasSubstr("0.0   X     TL*")));
}

TEST(Report, LettersArePlacesNotAccess) {
  const LinkMatrix arc(preset("arc-2").node);
  EXPECT_EQ(letters_for(arc, 0, 1), "PHB");
  EXPECT_EQ(access_letters(arc, 0, 1), "-");
  const LinkMatrix bmg(preset("bmg-2").node);
  EXPECT_EQ(letters_for(bmg, 0, 1), "PIX");
  EXPECT_EQ(access_letters(bmg, 0, 1), "rw-?");
}

// proves: F5
TEST(Report, ShowsDataAndTheReason) {
  NodeFacts facts = two_cards();
  facts.level_zero->pairs[0].data = DataCheck::verified;
  facts.level_zero->pairs[1].data = DataCheck::failed;
  EXPECT_THAT(text_report(detect(facts)),
              AllOf(HasSubstr("0.0   X     -"), HasSubstr("1.0   -!    X"),
                    ContainsRegex("Used through the host, because\n.*read back wrong")));
  facts.level_zero->pairs[1].data = DataCheck::verified;
  EXPECT_THAT(text_report(detect(facts)), HasSubstr("rw-+"));
}

TEST(Report, BrokenAccessDoesNotHideTheSwitch) {
  NodeFacts facts;
  facts.file = load_node("bmg-2");
  facts.file->links.back().forward_data = DataCheck::failed;
  const LinkMatrix matrix(*facts.file);
  EXPECT_EQ(letters_for(matrix, 0, 1), "PIX");
  EXPECT_EQ(access_letters(matrix, 0, 1), "-!");
}

TEST(Report, GroupsPairsWithOneReason) {
  EXPECT_THAT(text_report(preset("pvc-6")),
              HasSubstr("0.0-1.0, 0.0-1.1, 0.0-2.0, 0.0-2.1, 0.0-3.0, 0.0-3.1 and 114 more: reads "
                        "15.8 GB/s, but 27.25 GB/s through the host"));
}

TEST(Report, ListsSourcesWhenAsked) {
  EXPECT_THAT(text_report(preset("bmg-2")), Not(HasSubstr("Where the facts are from")));
  EXPECT_THAT(text_report(preset("bmg-2"), ShowSources::yes),
              AllOf(HasSubstr("protocol from node file"), HasSubstr("figures: ")));
}

TEST(Report, SaysWhatIsUnknown) {
  NodeFacts facts;
  facts.missing = {{Source::level_zero, "no driver"}};
  EXPECT_THAT(text_report(detect(facts)),
              AllOf(HasSubstr("none: no source knows of a GPU here"),
                    HasSubstr("level zero: no driver"), HasSubstr("NUMA nodes of the host")));
}

TEST(Report, JsonHasEveryPairWithSources) {
  const auto json = nlohmann::json::parse(json_report(preset("pvc-1")));
  // Two tiles: each to the host, to the one NUMA node, and to the other.
  ASSERT_EQ(json["links"].size(), 6u);
  const auto& link = json["links"][2];
  EXPECT_EQ(link["from"], "0.0");
  EXPECT_EQ(link["to"], "0.1");
  EXPECT_EQ(link["letters"], "TL");
  EXPECT_EQ(link["read_gbps"], 173.6);
  EXPECT_EQ(link["peer_access"]["atomics"], true);
  EXPECT_EQ(link["sources"]["bandwidth"], "node file");
}

TEST(Report, JsonHasNullForUnknownFigures) {
  const auto json = nlohmann::json::parse(json_report(detect(two_cards())));
  EXPECT_TRUE(json["links"][0]["latency_ns"].is_null());
}

}  // namespace
}  // namespace zesvm::topology
