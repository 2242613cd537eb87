// Files that somebody damaged: read, or refused with the name of the file; nothing else.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <random>
#include <sstream>
#include <unistd.h>

#include "topology/detection.hpp"
#include "topology/facts_json.hpp"
#include "topology/hwloc_facts.hpp"
#include "topology/link_matrix.hpp"
#include "topology/node_text.hpp"
#include "topology/picture.hpp"
#include "topology/report.hpp"

namespace zesvm::topology {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string content_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// Damages texts, the same way each time.
class Damage {
 public:
  explicit Damage(unsigned seed) : random_(seed) {}

  /// Returns the text with up to four changes: bytes, numbers, or lines that go or come twice.
  std::string of(std::string text) {
    for (std::size_t changes = 1 + below(4); changes > 0 && !text.empty(); --changes) change(text);
    return text;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  void change(std::string& text) {
    const std::size_t at = below(text.size());
    switch (below(6)) {
      case 0: text[at] = static_cast<char>(below(256)); return;
      case 1: text.erase(at, 1 + below(8)); return;
      case 2: text.insert(at, tokens[below(std::size(tokens))]); return;
      case 3: replace_number(text, at); return;
      case 4: text.insert(at, line_at(text, at)); return;
      default: text.erase(text.rfind('\n', at) + 1, line_at(text, at).size());
    }
  }
  void replace_number(std::string& text, std::size_t from) {
    const std::size_t digits = text.find_first_of("0123456789", from);
    if (digits == std::string::npos) return;
    const std::size_t end = text.find_first_not_of("0123456789", digits);
    text.replace(digits, std::min(end, text.size()) - digits, numbers[below(std::size(numbers))]);
  }
  static std::string line_at(const std::string& text, std::size_t at) {
    const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    return text.substr(begin, text.find('\n', begin) - begin + 1);
  }

  static constexpr const char* tokens[] = {"{",  "}",    "[",    "]",   ":",   "- ",        "\n",
                                           "\t", "\"",   "&a ",  "*a ", "~",   "<",         ">",
                                           "/>", "0x",   "null", "NaN", "..",  "---\n",     "\xff",
                                           ",",  "<!--", "1e9",  "-",   "GiB", "tiles: 4\n"};
  static constexpr const char* numbers[] = {"0",     "1",          "2",  "7",
                                            "65536", "4294967296", "-1", "18446744073709551616"};
  std::mt19937 random_;
};

/// Everything that is made of a description.
void use(const Detection& found) {
  const LinkMatrix matrix(found.node);
  EXPECT_LE(matrix.owners().size(), matrix.size());
  EXPECT_FALSE(text_report(found, ShowSources::yes).empty());
  EXPECT_THAT(json_report(found), StartsWith("{"));
  EXPECT_THAT(svg_picture(found), StartsWith("<svg"));
}

void use(NodeDescription node) {
  NodeFacts facts;
  facts.file = std::move(node);
  use(detect(facts));
}

TEST(BadInput, DamagedNodesAreReadOrRefusedByLine) {
  Damage damage(1);
  int refused = 0;
  constexpr int tries = 1500;
  for (int i = 0; i < tries; ++i) {
    const std::string text = damage.of(right_node);
    try {
      const auto node = parse_node(text, "n.yaml");
      // A text that names a million tiles is right, and slow.
      if (node.tiles().size() <= 64) use(node);
    } catch (const DescriptionError& error) {
      ++refused;
      EXPECT_THAT(error.what(), StartsWith("n.yaml:")) << text;
      EXPECT_GT(std::string(error.what()).size(), 20u) << text;
    }
  }
  // The damage is neither nothing nor everything.
  EXPECT_GT(refused, tries / 4);
  EXPECT_LT(refused, tries);
}

TEST(BadInput, DamagedRecordingsAreReadOrRefused) {
  const std::string whole = content_of(ZESVM_RECORDINGS "/intel-driver-peers.json");
  Damage damage(2);
  int refused = 0;
  constexpr int tries = 600;
  for (int i = 0; i < tries; ++i) {
    const std::string text = damage.of(whole);
    try {
      use(detect(facts_of_json(text, "r.json")));
    } catch (const std::runtime_error& error) {
      ++refused;
      EXPECT_THAT(error.what(), StartsWith("r.json: is no recording")) << text;
    }
  }
  EXPECT_GT(refused, tries / 4);
  EXPECT_LT(refused, tries);
}

TEST(BadInput, CutRecordingsAreRefused) {
  const std::string whole = content_of(ZESVM_RECORDINGS "/bmg-2.json");
  for (std::size_t size = 0; size + 2 < whole.size(); size += 97)
    EXPECT_THROW(facts_of_json(whole.substr(0, size), "r.json"), std::runtime_error) << size;
}

/// Files of hwloc's, whose library says on stderr what it thinks of them.
class BadHwlocInput : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ::setenv("HWLOC_HIDE_ERRORS", "2", 1);
    file = ::testing::TempDir() + "zesvm-bad-" + std::to_string(::getpid()) + ".xml";
  }
  void TearDown() override { std::filesystem::remove(file); }
  HwlocAnswer read(const std::string& text) const {
    std::ofstream(file) << text;
    return read_hwloc_xml(file);
  }
  std::string file;
};

TEST_P(BadHwlocInput, IsReadOrAMissingSource) {
  const std::string whole = content_of(std::string(ZESVM_MACHINES "/") + GetParam() + ".xml");
  const auto right = read(whole);
  if (!std::holds_alternative<HwlocFacts>(right)) GTEST_SKIP() << "built without hwloc";
  int refused = 0;
  for (std::size_t cut = 0; cut + 20 < whole.size(); cut += whole.size() / 40) {
    const auto answer = read(whole.substr(0, cut));
    if (const auto* missing = std::get_if<MissingSource>(&answer)) {
      ++refused;
      EXPECT_THAT(missing->reason, HasSubstr(file));
    } else {
      NodeFacts facts;
      facts.hwloc = std::get<HwlocFacts>(answer);
      use(detect(facts));
    }
  }
  EXPECT_GT(refused, 0);
}

INSTANTIATE_TEST_SUITE_P(Machines, BadHwlocInput,
                         ::testing::Values("server-pvc-4", "server-switches-8", "desktop-mixed"));

}  // namespace
}  // namespace zesvm::topology
