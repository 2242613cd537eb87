#include "tools/doctor/self_tests.hpp"

#include <array>
#include <functional>

#include "tools/doctor/device_tests.hpp"
#include "tools/doctor/memory_tests.hpp"

namespace zesvm::tools {
namespace {

/// What is tried with one backing.
struct MemoryTest {
  const char* name;
  const char* claim;
  void (*body)(Trial&, Backing);
};

constexpr std::array memory_tests{
    MemoryTest{"turns", "CPU and kernels see each other's writes", try_turns},
    MemoryTest{"prefetch", "prefetch to a device and back", try_prefetch},
    MemoryTest{"advice", "advice, with right results under it", try_advice},
    MemoryTest{"atomics", "atomic operations of kernels, then of the CPU", try_atomics},
    MemoryTest{"devices", "two devices in turn, and at once on halves", try_two_devices},
};

constexpr std::array backings{Backing::system, Backing::shared, Backing::paged};

std::string name_with(Backing backing, const MemoryTest& test) {
  return std::string(name_of(backing)) + "/" + test.name;
}

std::vector<SelfTest> make_list() {
  std::vector<SelfTest> all{
      {library_test, "driver libraries can be loaded"},
      {devices_test, "the loader and a driver give devices"},
      {kernels_test, "kernels are compiled and run on every device"},
      {"copies", "copies and fills between program and device memory"},
      {"peers", "data that devices send each other arrives"},
  };
  for (const Backing backing : backings)
    for (const MemoryTest& test : memory_tests)
      all.push_back({name_with(backing, test), test.claim});
  return all;
}

/// Returns what a failure means: what devices cannot do is no defect of theirs.
Outcome outcome_of(const Error& error) {
  return error.code() == ErrorCode::unsupported ? Outcome::unavailable : Outcome::failed;
}

std::function<void()> body_of(const std::string& name, std::size_t bytes, Journal& journal) {
  if (name == library_test) return [&journal] { try_driver_libraries(journal); };
  if (name == devices_test) return [&journal] { try_devices(journal); };
  const auto with_trial = [&journal, bytes](auto body) {
    return [&journal, bytes, body] {
      Trial trial(journal, bytes);
      body(trial);
    };
  };
  if (name == kernels_test) return with_trial(try_kernels);
  if (name == "copies") return with_trial(try_copies);
  if (name == "peers") return with_trial(try_peers);
  for (const Backing backing : backings)
    for (const MemoryTest& test : memory_tests)
      if (name == name_with(backing, test))
        return with_trial([backing, &test](Trial& trial) { test.body(trial, backing); });
  return {};
}

}  // namespace

const std::vector<SelfTest>& self_tests() {
  static const std::vector<SelfTest> all = make_list();
  return all;
}

int perform(const std::string& name, std::size_t bytes, Journal& journal) {
  const std::function<void()> body = body_of(name, bytes, journal);
  if (!body) return 1;
  try {
    journal.at("start");
    body();
  } catch (const Error& error) {
    journal.note(outcome_of(error), error.what());
  } catch (const std::exception& error) {
    journal.note(Outcome::failed, error.what());
  }
  return 0;
}

}  // namespace zesvm::tools
