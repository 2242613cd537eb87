/// @file fault_plan.hpp
/// What goes wrong, and when: each step of the fake machine asks its plan.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <mutex>

namespace zesvm::svm::fake {

/// The places where a test may step in, or make the machine fail.
enum class Gate {
  mapping_at,
  populated,
  trap,
  copy_to_vram,
  copy_to_system,
  copy_between,
  clear,
  map,
  unmap,
  flush
};
inline constexpr std::size_t gate_count = 10;

/// Fails the n-th step that can fail, and runs callbacks at gates.
class FaultPlan {
 public:
  /// Makes the `n`-th fallible step from now on fail; the first is 1.
  void fail_at(int n);
  /// Makes every step of a kind fail until clear().
  void fail_always(Gate gate);
  void clear();
  /// Runs `action` once when a gate is reached next, without any lock of the machine's.
  void at(Gate gate, std::function<void()> action);
  /// Returns how many fallible steps there were since fail_at() or clear().
  int steps() const;
  bool has_failed() const;
  /// Returns whether some step may still fail.
  bool is_set() const;
  /// Returns how often a gate was reached since fail_at() or clear().
  int reached(Gate gate) const;

  /// Tells that a gate is reached; returns whether the step must fail.
  bool reach(Gate gate);

 private:
  mutable std::mutex lock_;
  int steps_ = 0;
  int fail_at_ = 0;
  bool has_failed_ = false;
  std::array<bool, gate_count> always_{};
  std::array<int, gate_count> reached_{};
  std::map<Gate, std::function<void()>> actions_;
};

}  // namespace zesvm::svm::fake
