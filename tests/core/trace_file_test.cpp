// The file that events are written to.
#include "base/trace_file.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

namespace zesvm {
namespace {

using std::chrono::nanoseconds;

class TraceFileTest : public testing::Test {
 protected:
  TraceFileTest() {
    std::string name = testing::TempDir() + "/zesvm-trace-XXXXXX";
    const int fd = ::mkstemp(name.data());
    EXPECT_GE(fd, 0);
    ::close(fd);
    path_ = name;
  }
  ~TraceFileTest() override { std::filesystem::remove(path_); }

  std::string text() const {
    std::ifstream file(path_);
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
  }

  std::string path_;
};

TEST_F(TraceFileTest, IsAnArrayOfEvents) {
  {
    const auto file = TraceFile::open(path_);
    ASSERT_NE(file, nullptr);
    file->name_group(1, "tile 0");
    TraceLine line("triad", "launch", 'X', {1, 0});
    line.time(nanoseconds{1'234'567}, nanoseconds{2'000'000}).argument("status", "ok");
    file->write(line);
  }
  const auto events = nlohmann::json::parse(text());
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0]["args"]["name"], "tile 0");
  EXPECT_EQ(events[2]["name"], "triad");
  EXPECT_DOUBLE_EQ(events[2]["ts"].get<double>(), 1234.567);
  EXPECT_DOUBLE_EQ(events[2]["dur"].get<double>(), 765.433);
  EXPECT_EQ(events[2]["args"]["status"], "ok");
}

TEST_F(TraceFileTest, KeepsWhatWasWrittenBeforeACrash) {
  const auto file = TraceFile::open(path_);
  TraceLine line("fault", "fault", 'X', {});
  line.interval({Address{0x7f0000200000}, Address{0x7f0000400000}});
  file->write(line);
  const std::string so_far = text();
  const auto events = nlohmann::json::parse(so_far.substr(0, so_far.size() - 2) + "]");
  EXPECT_EQ(events[0]["args"]["begin"], "0x7f0000200000");
  EXPECT_EQ(events[0]["args"]["bytes"], 0x200000);
}

TEST_F(TraceFileTest, EscapesNamesOfKernels) {
  {
    const auto file = TraceFile::open(path_);
    TraceLine line("a\"b\\c\n\xff", "launch", 'X', {});
    file->write(line);
  }
  EXPECT_EQ(nlohmann::json::parse(text())[0]["name"], "a\"b\\c\n\u00ff");
}

TEST_F(TraceFileTest, CutsNamesThatAreTooLong) {
  {
    const auto file = TraceFile::open(path_);
    TraceLine line(std::string(100'000, '"'), "launch", 'X', {});
    line.argument("kernel", std::string(100'000, '\n'));
    file->write(line);
  }
  EXPECT_TRUE(nlohmann::json::accept(text()));
}

TEST_F(TraceFileTest, DoesNotMixLinesOfThreads) {
  constexpr int threads = 4;
  constexpr int lines = 500;
  {
    const auto file = TraceFile::open(path_);
    std::vector<std::thread> writers;
    for (std::uint32_t i = 0; i < threads; ++i) {
      writers.emplace_back([&, i] {
        for (int n = 0; n < lines; ++n) {
          TraceLine line("event", "test", 'i', {i, 0});
          file->write(line.argument("n", static_cast<std::uint64_t>(n)));
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
  }
  EXPECT_EQ(nlohmann::json::parse(text()).size(), threads * lines + 1u);
}

TEST_F(TraceFileTest, SaysWhyItCannotBeWritten) {
  EXPECT_EQ(TraceFile::open("/nowhere/at/all.json"), nullptr);
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace zesvm
