#include "core/fault_plan.hpp"

#include <algorithm>

namespace zesvm::svm::fake {

void FaultPlan::fail_at(int n) {
  const std::lock_guard guard{lock_};
  steps_ = 0;
  reached_ = {};
  fail_at_ = n;
  has_failed_ = false;
}

void FaultPlan::fail_always(Gate gate) {
  const std::lock_guard guard{lock_};
  always_[static_cast<std::size_t>(gate)] = true;
}

void FaultPlan::clear() {
  const std::lock_guard guard{lock_};
  steps_ = 0;
  reached_ = {};
  fail_at_ = 0;
  has_failed_ = false;
  always_ = {};
  actions_.clear();
}

void FaultPlan::at(Gate gate, std::function<void()> action) {
  const std::lock_guard guard{lock_};
  actions_[gate] = std::move(action);
}

int FaultPlan::steps() const {
  const std::lock_guard guard{lock_};
  return steps_;
}

int FaultPlan::reached(Gate gate) const {
  const std::lock_guard guard{lock_};
  return reached_[static_cast<std::size_t>(gate)];
}

bool FaultPlan::is_set() const {
  const std::lock_guard guard{lock_};
  return steps_ < fail_at_ || std::ranges::count(always_, true) > 0;
}

bool FaultPlan::has_failed() const {
  const std::lock_guard guard{lock_};
  return has_failed_;
}

bool FaultPlan::reach(Gate gate) {
  std::function<void()> action;
  bool fails = false;
  {
    const std::lock_guard guard{lock_};
    ++reached_[static_cast<std::size_t>(gate)];
    if (const auto found = actions_.find(gate); found != actions_.end()) {
      action = std::move(found->second);
      actions_.erase(found);
    }
    const bool can_fail = gate != Gate::mapping_at && gate != Gate::populated &&
                          gate != Gate::unmap && gate != Gate::flush;
    if (can_fail) {
      fails = ++steps_ == fail_at_ || always_[static_cast<std::size_t>(gate)];
      has_failed_ |= fails;
    }
  }
  if (action) action();
  return fails;
}

}  // namespace zesvm::svm::fake
