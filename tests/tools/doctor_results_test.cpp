// What the doctor makes of children that crash, hang and lie, and of self-tests that fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "tools/doctor/report.hpp"
#include "tools/doctor/self_tests.hpp"

namespace zesvm::tools {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr milliseconds long_enough{60000};

ChildResult shell(const std::string& script, milliseconds limit = long_enough) {
  return run_child({"sh", "-c", script}, limit);
}

TestResult result(const std::string& name, Outcome outcome, const std::string& what = "") {
  TestResult made;
  made.name = name;
  made.outcome = outcome;
  made.steps.push_back({"device 0", outcome, what});
  return made;
}

Examination examination(std::vector<TestResult> tests) {
  Examination seen;
  seen.tests = std::move(tests);
  return seen;
}

TEST(DoctorChildTest, LinesAndOutputAreKeptApart) {
  const ChildResult child = shell("echo said >&3; echo out; echo err >&2; printf half >&3; exit 4");
  EXPECT_THAT(child.lines, ElementsAre("said"));
  EXPECT_EQ(child.last_output, "out\nerr\n");
  EXPECT_EQ(child.exit_code, 4);
  EXPECT_FALSE(child.is_timed_out);
}

TEST(DoctorChildTest, SignalIsToldByName) {
  const ChildResult child = shell("kill -SEGV $$");
  EXPECT_EQ(child.signal, SIGSEGV);
  EXPECT_THAT(name_of_signal(child.signal), HasSubstr("SIGSEGV"));
}

TEST(DoctorChildTest, ChildThatHangsIsEndedWithItsChildren) {
  const ChildResult child = shell("sleep 1000 & sleep 1000", milliseconds(50));
  EXPECT_TRUE(child.is_timed_out);
  EXPECT_EQ(child.signal, SIGKILL);
  EXPECT_LT(child.took, long_enough);
}

TEST(DoctorChildTest, ProcessLeftBehindKeepsNobodyWaiting) {
  const ChildResult child = shell("sleep 1000 & echo done");
  EXPECT_EQ(child.last_output, "done\n");
  EXPECT_LT(child.took, long_enough);
}

TEST(DoctorChildTest, OnlyTheEndOfEndlessOutputIsKept) {
  const ChildResult child = shell("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done");
  EXPECT_LE(child.last_output.size(), 4000u);
  EXPECT_THAT(child.last_output, HasSubstr("line 2999\n"));
}

TEST(DoctorChildTest, MissingProgramIsAResult) {
  EXPECT_EQ(run_child({"/nowhere/program"}, long_enough).exit_code, 127);
}

TEST(DoctorJournalTest, StepThatCrashedIsNamed) {
  const TestResult read = result_of(
      "x", shell(R"(echo '{"at":"a"}' >&3; echo '{"where":"a","outcome":"ok","what":""}' >&3;)"
                 R"(echo '{"at":"b"}' >&3; echo last words; kill -ABRT $$)"));
  ASSERT_EQ(read.steps.size(), 2u);
  EXPECT_EQ(read.outcome, Outcome::crashed);
  EXPECT_EQ(read.steps[1].where, "b");
  EXPECT_THAT(read.steps[1].what, HasSubstr("SIGABRT"));
  EXPECT_EQ(read.last_output, "last words\n");
}

TEST(DoctorJournalTest, LinesThatAreNoneOfOursAreLeftOut) {
  const TestResult read =
      result_of("x", shell(R"(echo nonsense >&3; echo '[1]' >&3; echo '{"where":1}' >&3;)"
                           R"(echo '{"fact":"f","value":3}' >&3;)"
                           R"(echo '{"where":"a","outcome":"ok","what":"fine"}' >&3)"));
  EXPECT_EQ(read.outcome, Outcome::passed);
  ASSERT_EQ(read.steps.size(), 1u);
  EXPECT_EQ(read.facts.at("f"), 3);
}

TEST(DoctorJournalTest, SilenceIsNoSuccess) {
  EXPECT_EQ(result_of("x", shell("exit 0")).outcome, Outcome::crashed);
}

TEST(DoctorVerdictTest, FollowsTheSelfTests) {
  const TestResult devices = result(devices_test, Outcome::passed);
  EXPECT_EQ(verdict_of(examination({devices, result("shared/turns", Outcome::limited)})),
            Verdict::works);
  EXPECT_EQ(verdict_of(examination({devices, result("shared/turns", Outcome::failed)})),
            Verdict::fails);
  EXPECT_EQ(verdict_of(examination({devices, result("shared/turns", Outcome::crashed)})),
            Verdict::fails);
  EXPECT_EQ(verdict_of(examination({result(devices_test, Outcome::failed)})), Verdict::no_gpu);
}

TEST(DoctorVerdictTest, SimulationNobodyAskedForIsNoGpu) {
  TestResult devices = result(devices_test, Outcome::passed);
  devices.facts["simulated"] = true;
  Examination seen = examination({devices});
  EXPECT_EQ(verdict_of(seen), Verdict::no_gpu);
  seen.is_simulation_wanted = true;
  EXPECT_EQ(verdict_of(seen), Verdict::works);
  std::ostringstream text;
  print_report(text, seen);
  EXPECT_THAT(text.str(), HasSubstr("THE DEVICES ARE SIMULATED"));
}

TEST(DoctorVerdictTest, BackingIsAsGoodAsItsWorstTest) {
  const auto summaries = summaries_of(examination(
      {result("system/turns", Outcome::unavailable, "no any pointer here"),
       result("system/advice", Outcome::not_run), result("shared/turns", Outcome::passed),
       result("shared/devices", Outcome::unavailable, "there is one device"),
       result("paged/turns", Outcome::failed, "wrong data")}));
  ASSERT_EQ(summaries.size(), 3u);
  EXPECT_EQ(summaries[0].outcome, Outcome::unavailable);
  EXPECT_EQ(summaries[0].reason, "no any pointer here");
  EXPECT_EQ(summaries[1].outcome, Outcome::passed);
  EXPECT_EQ(summaries[2].outcome, Outcome::failed);
  EXPECT_THAT(summaries[2].reason, HasSubstr("wrong data"));
}

TEST(DoctorReportTest, FailureShowsItsOutputAndWhatToDo) {
  TestResult crashed = result("paged/turns", Outcome::crashed, "ended by SIGSEGV");
  crashed.last_output = "the driver's last words\n";
  const Examination seen = examination({result(devices_test, Outcome::passed), crashed});
  std::ostringstream text;
  print_report(text, seen);
  EXPECT_THAT(text.str(), HasSubstr("| the driver's last words"));
  EXPECT_THAT(text.str(), HasSubstr("-> look for GPU hangs in dmesg"));
  EXPECT_THAT(text.str(), Not(HasSubstr("SIMULATED")));
  const nlohmann::json report = json_report(seen);
  EXPECT_EQ(report.at("exit_code"), 2);
  EXPECT_EQ(report.at("backings").at("paged").at("outcome"), "crashed");
}

TEST(DoctorReportTest, OnlyVariablesThatMatterAreShown) {
  char one[] = "ZESVM_NODE=x";
  char two[] = "SECRET=y";
  char three[] = "SetCommandStreamReceiver=5";
  char* variables[] = {one, two, three, nullptr};
  EXPECT_EQ(variables_that_matter(variables).size(), 2u);
}

using Variables = std::map<std::string, std::string>;

TEST(DoctorReportTest, DriverWithoutHardwareIsAProblem) {
  const auto worst = [](const Variables& variables) {
    return worst_of(judge_environment(variables));
  };
  const std::string receiver = "SetCommandStreamReceiver";
  EXPECT_EQ(worst({{receiver, "5"}, {"NEOReadDebugKeys", "1"}}), Grade::problem);
  EXPECT_EQ(worst({{"NEO_" + receiver, "1"}, {"NEOReadDebugKeys", "1"}}), Grade::problem);
  // Not read, or: the hardware.
  EXPECT_EQ(worst({{receiver, "5"}}), Grade::note);
  EXPECT_EQ(worst({{receiver, "3"}, {"NEOReadDebugKeys", "1"}}), Grade::note);
}

TEST(DoctorVerdictTest, NothingBehindTheDevicesIsNoGpu) {
  Examination seen = examination({result(devices_test, Outcome::passed),
                                  result(kernels_test, Outcome::failed, "it wrote nothing"),
                                  result("copies", Outcome::not_run, "kernels do not run")});
  EXPECT_EQ(verdict_of(seen), Verdict::fails);
  seen.environment = {{"SetCommandStreamReceiver", "5"}, {"NEOReadDebugKeys", "1"}};
  EXPECT_EQ(verdict_of(seen), Verdict::no_gpu);
  std::ostringstream text;
  print_report(text, seen);
  EXPECT_THAT(text.str(), HasSubstr("THERE IS NO GPU BEHIND THE DEVICES"));
  EXPECT_THAT(text.str(), HasSubstr("-> unset SetCommandStreamReceiver NEOReadDebugKeys"));
  EXPECT_THAT(text.str(), Not(HasSubstr("attach a report")));
  EXPECT_EQ(json_report(seen).at("without_hardware"), true);
}

TEST(DoctorReportTest, MaskIsSuspectedWhereNoDeviceIsLeft) {
  Examination seen = examination({result(devices_test, Outcome::crashed, "ended by SIGSEGV")});
  EXPECT_THAT(remedy_for(seen.tests[0], seen), HasSubstr("dmesg"));
  seen.environment["ZE_AFFINITY_MASK"] = "7";
  EXPECT_THAT(remedy_for(seen.tests[0], seen), HasSubstr("unset ZE_AFFINITY_MASK"));
}

// What works in spite of the settings is a model of a GPU, or hardware.
TEST(DoctorVerdictTest, KernelsThatRanHaveSomethingBehindThem) {
  Examination seen =
      examination({result(devices_test, Outcome::passed), result(kernels_test, Outcome::passed)});
  seen.environment = {{"SetCommandStreamReceiver", "2"}, {"NEOReadDebugKeys", "1"}};
  EXPECT_EQ(verdict_of(seen), Verdict::works);
}

}  // namespace
}  // namespace zesvm::tools
