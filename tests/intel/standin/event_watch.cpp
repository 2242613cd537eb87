#include "intel/standin/event_watch.hpp"

#include <dlfcn.h>
#include <map>
#include <mutex>
#include <set>

#include <level_zero/ze_api.h>

namespace zesvm::tests {
namespace {

/// Which list the driver may have noted in an event. Never destroyed: Runtimes may end later.
struct EventWatch {
  std::mutex lock;
  std::map<ze_event_handle_t, ze_command_list_handle_t> lists;
  std::set<ze_event_handle_t> orphans;
  std::uint64_t too_late = 0;
};

EventWatch& event_watch() {
  static auto* const one = new EventWatch;
  return *one;
}

void note_signal(ze_command_list_handle_t list, ze_event_handle_t event) {
  if (event == nullptr) return;
  EventWatch& watch = event_watch();
  const std::lock_guard guard{watch.lock};
  watch.lists[event] = list;
  watch.orphans.erase(event);
}

void note_end(ze_command_list_handle_t list) {
  EventWatch& watch = event_watch();
  const std::lock_guard guard{watch.lock};
  for (auto one = watch.lists.begin(); one != watch.lists.end();)
    if (one->second == list)
      watch.orphans.insert(one->first), one = watch.lists.erase(one);
    else
      ++one;
}

// The event forgets its list, which the driver tells: it was seen done, or is used anew.
void forget(ze_event_handle_t event) {
  EventWatch& watch = event_watch();
  const std::lock_guard guard{watch.lock};
  watch.lists.erase(event);
  watch.too_late += watch.orphans.erase(event);
}

ze_result_t note_answer(ze_event_handle_t event, ze_result_t answer) {
  if (answer == ZE_RESULT_SUCCESS) forget(event);
  return answer;
}

template <typename Function>
Function* behind(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

std::uint64_t events_used_too_late() {
  EventWatch& watch = event_watch();
  const std::lock_guard guard{watch.lock};
  return watch.too_late;
}

}  // namespace zesvm::tests

using namespace zesvm::tests;  // NOLINT: the functions below are the loader's

#pragma GCC visibility push(default)
extern "C" {

ze_result_t zeCommandListAppendBarrier(ze_command_list_handle_t list, ze_event_handle_t event,
                                       std::uint32_t count, ze_event_handle_t* others) {
  static const auto next = behind(&zeCommandListAppendBarrier, "zeCommandListAppendBarrier");
  // Before: also what fails is noted.
  note_signal(list, event);
  return next(list, event, count, others);
}

ze_result_t zeCommandListAppendLaunchKernel(ze_command_list_handle_t list,
                                            ze_kernel_handle_t kernel,
                                            const ze_group_count_t* groups, ze_event_handle_t event,
                                            std::uint32_t count, ze_event_handle_t* others) {
  static const auto next =
      behind(&zeCommandListAppendLaunchKernel, "zeCommandListAppendLaunchKernel");
  note_signal(list, event);
  return next(list, kernel, groups, event, count, others);
}

ze_result_t zeCommandListDestroy(ze_command_list_handle_t list) {
  static const auto next = behind(&zeCommandListDestroy, "zeCommandListDestroy");
  note_end(list);
  return next(list);
}

ze_result_t zeEventHostReset(ze_event_handle_t event) {
  static const auto next = behind(&zeEventHostReset, "zeEventHostReset");
  forget(event);
  return next(event);
}

ze_result_t zeEventQueryStatus(ze_event_handle_t event) {
  static const auto next = behind(&zeEventQueryStatus, "zeEventQueryStatus");
  return note_answer(event, next(event));
}

ze_result_t zeEventHostSynchronize(ze_event_handle_t event, std::uint64_t timeout) {
  static const auto next = behind(&zeEventHostSynchronize, "zeEventHostSynchronize");
  return note_answer(event, next(event, timeout));
}
}
#pragma GCC visibility pop
