#include "tools/doctor/memory_tests.hpp"

#include <utility>

namespace zesvm::tools {
namespace {

constexpr std::uint32_t first_value = 1000;
constexpr std::size_t atomic_operations = 4096;
// For `system` less than a mapping of its own: an object among others on the heap.
constexpr std::size_t few_words = 1000;

/// Notes what a step came to: wrong data is a failure, an ignored hint a limit.
void note(Journal& journal, const std::string& wrong, const HintResult& hint = {}) {
  if (!wrong.empty())
    journal.note(Outcome::failed, wrong);
  else if (hint.outcome == HintOutcome::ignored)
    journal.note(Outcome::limited, "ignored: " + hint.reason);
  else if (hint.outcome == HintOutcome::unconfirmed)
    journal.note(Outcome::passed, std::string(unconfirmed) + hint.reason);
  else
    journal.note(Outcome::passed, hint.reason);
}

/// Returns what is wrong with a prefetch that was said to be done; empty where nothing is, or nobody
/// can tell.
std::string not_moved(Trial& trial, const TrialMemory& memory, const Device& device) {
  const Residency residency = trial.space().residency(memory.data(), memory.bytes());
  if (residency.bytes_in(Place::unknown) > 0) return "";
  const std::uint64_t there = residency.bytes_on(device);
  if (there >= memory.bytes()) return "";
  return "said to be done, but " + std::to_string(there) + " of " + std::to_string(memory.bytes()) +
         " bytes are there";
}

HintResult prefetch_checked(Trial& trial, const TrialMemory& memory, const Device& device) {
  HintResult hint = trial.space().prefetch(memory.data(), memory.bytes(), device);
  if (hint.outcome == HintOutcome::ignored) return hint;
  std::string wrong = not_moved(trial, memory, device);
  if (!wrong.empty()) return {HintOutcome::ignored, wrong};
  return hint;
}

/// Lets two devices work on halves of the memory at the same time.
void increment_halves(const TrialMemory& memory, const Device& one, const Device& other,
                      const Kernel& kernel) {
  const std::size_t half = memory.size() / 2;
  Stream first(one);
  Stream second(other);
  first.launch(kernel, grid(half), memory.data());
  second.launch(kernel, grid(memory.size() - half), memory.data() + half);
  first.wait();
  second.wait();
}

/// Counts on a device; false where it may refuse: in memory that is used where it is, for want of
/// shared-system access.
bool could_count(Trial& trial, Backing backing, const Device& device, std::uint32_t* counter) {
  try {
    trial.count(device, counter, atomic_operations);
    return true;
  } catch (const Error& error) {
    if (backing != Backing::system || device.has_shared_system_memory()) throw;
    trial.journal().note(Outcome::limited, std::string("refused: ") + error.what());
    return false;
  }
}

/// Increments on a device; false where it may refuse: paged memory that is to stay in system memory, which
/// real drivers let one card use in place, not several. Its bytes are as they were then.
bool could_increment(Trial& trial, const TrialMemory& memory, Backing backing,
                     const Device& device) {
  try {
    trial.increment(device, memory.data(), memory.size());
    return true;
  } catch (const Error& error) {
    const bool may_refuse = backing == Backing::paged && trial.runtime().devices().size() > 1 &&
                            !trial.runtime().is_simulated() &&
                            error.code() == ErrorCode::out_of_device_memory;
    if (!may_refuse) throw;
    trial.journal().note(Outcome::limited, std::string("refused: ") + error.what());
    return false;
  }
}

}  // namespace

void try_turns(Trial& trial, Backing backing) {
  for (const Device& device : trial.runtime().devices())
    for (const std::size_t words : {trial.words(), few_words}) {
      trial.journal().at(Trial::label(device) + ", " + std::to_string(words) + " words");
      const TrialMemory memory(trial.space(), backing, words);
      fill(memory, first_value);
      trial.increment(device, memory.data(), memory.size());
      std::string wrong = wrong_in(memory, first_value + 1);
      fill(memory, 0);
      trial.increment(device, memory.data(), memory.size());
      trial.increment(device, memory.data(), memory.size());
      if (wrong.empty()) wrong = wrong_in(memory, 2);
      note(trial.journal(), wrong);
    }
}

void try_prefetch(Trial& trial, Backing backing) {
  for (const Device& device : trial.runtime().devices()) {
    trial.journal().at(Trial::label(device) + ", to it");
    const TrialMemory memory(trial.space(), backing, trial.words());
    fill(memory, first_value);
    const HintResult there = prefetch_checked(trial, memory, device);
    trial.increment(device, memory.data(), memory.size());
    note(trial.journal(), "", there);
    trial.journal().at(Trial::label(device) + ", back");
    const HintResult back = trial.space().prefetch_to_system(memory.data(), memory.bytes());
    note(trial.journal(), wrong_in(memory, first_value + 1), back);
  }
}

void try_advice(Trial& trial, Backing backing) {
  for (const Device& device : trial.runtime().devices()) {
    const TrialMemory memory(trial.space(), backing, trial.words());
    fill(memory, first_value);
    const std::pair<const char*, Advice> kinds[] = {
        {"preferred on it", preferred_location(device)},
        {"preferred in system memory", prefer_system_memory()},
        {"no preference", no_preferred_location()},
        {"mostly read", read_mostly()},
    };
    std::uint32_t value = first_value;
    for (const auto& [words, advice] : kinds) {
      trial.journal().at(Trial::label(device) + ", " + words);
      const HintResult hint = trial.space().advise(memory.data(), memory.bytes(), advice);
      if (advice.kind() != Advice::Kind::location_system)
        trial.increment(device, memory.data(), memory.size());
      else if (!could_increment(trial, memory, backing, device))
        --value;
      note(trial.journal(), wrong_in(memory, ++value), hint);
    }
  }
}

void try_atomics(Trial& trial, Backing backing) {
  for (const Device& device : trial.runtime().devices()) {
    const TrialMemory memory(trial.space(), backing, 1 << 16);
    std::uint32_t& counter = memory.data()[0];
    std::uint32_t expected = 0;
    for (const auto& [words, access] : {std::pair{"by default", AtomicAccess::undefined},
                                        {"on devices", AtomicAccess::device},
                                        {"on devices and CPU", AtomicAccess::global}}) {
      trial.journal().at(Trial::label(device) + ", atomics " + words);
      const HintResult hint = trial.space().advise(memory.data(), memory.bytes(), access);
      if (!could_count(trial, backing, device, &counter)) return;
      expected += atomic_operations;
      const std::uint32_t seen = counter;
      __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
      ++expected;
      const bool is_right = seen + 1 == expected && counter == expected;
      note(trial.journal(),
           is_right ? ""
                    : "wrong data: counted " + std::to_string(seen) + " of " +
                          std::to_string(expected - 1),
           hint);
      if (!is_right) return;
    }
  }
}

void try_two_devices(Trial& trial, Backing backing) {
  const std::vector<Device>& devices = trial.runtime().devices();
  if (devices.size() < 2) return trial.journal().note(Outcome::unavailable, "there is one device");
  const Kernel kernel = trial.runtime().load_module("fill").kernel("increment");
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const Device& one = devices[i];
    const Device& other = devices[(i + 1) % devices.size()];
    trial.journal().at(Trial::label(one) + " and " + Trial::label(other));
    const TrialMemory memory(trial.space(), backing, trial.words());
    fill(memory, first_value);
    trial.increment(one, memory.data(), memory.size());
    trial.increment(other, memory.data(), memory.size());
    trial.increment(one, memory.data(), memory.size());
    std::string wrong = wrong_in(memory, first_value + 3);
    increment_halves(memory, one, other, kernel);
    if (wrong.empty()) wrong = wrong_in(memory, first_value + 4);
    note(trial.journal(), wrong);
    if (devices.size() == 2) return;
  }
}

}  // namespace zesvm::tools
