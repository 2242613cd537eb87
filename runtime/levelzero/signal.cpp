#include "levelzero/signal.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include "levelzero/call.hpp"

namespace zesvm::levelzero {
namespace {
// Events of one pool share a page or so; this many fill it on every driver.
constexpr std::uint32_t events_per_pool = 64;
}  // namespace

void throw_work_failed(const char* call, ze_result_t result, const std::string& detail) {
  const ErrorCode code =
      result == ZE_RESULT_ERROR_DEVICE_LOST ? ErrorCode::device_lost : ErrorCode::launch_failed;
  throw Error(code,
              std::string("work on the device failed: ") + call + " returned " + name_of(result) +
                  (detail.empty() ? "" : " (" + detail + ")") +
                  "; a kernel that touches memory which is not allocated, or not writable, ends so",
              call, static_cast<int>(result));
}

Signal::Signal(std::shared_ptr<SignalPool*> home, ze_event_handle_t handle)
    : home_(std::move(home)), handle_(handle) {}

Signal::~Signal() {
  if (*home_ != nullptr) (*home_)->give_back(handle_);
}

template <typename Call>
ze_result_t Signal::ask(Call&& call) const {
  ++asking_;
  ze_result_t outcome = outcome_;
  if (outcome == ZE_RESULT_NOT_READY) {
    outcome = call();
    if (outcome == ZE_RESULT_SUCCESS) outcome_ = outcome;
  }
  if (--asking_ == 0) asking_.notify_all();
  return outcome;
}

void Signal::wait() const {
  const ze_result_t result = ask([&] { return zeEventHostSynchronize(handle_, UINT64_MAX); });
  if (result != ZE_RESULT_SUCCESS) throw_work_failed("zeEventHostSynchronize", result);
}

bool Signal::is_done() const {
  const ze_result_t result = ask([&] { return zeEventQueryStatus(handle_); });
  if (result == ZE_RESULT_NOT_READY) return false;
  if (result != ZE_RESULT_SUCCESS) throw_work_failed("zeEventQueryStatus", result);
  return true;
}

void Signal::settle(ze_result_t list) const {
  const ze_result_t result = ask([&] { return zeEventQueryStatus(handle_); });
  if (result != ZE_RESULT_SUCCESS) {
    if (list == ZE_RESULT_SUCCESS) return;
    // Others may wait for what is not signalled any more: they are not waited for.
    outcome_ = list;
    zeEventHostReset(handle_);
    return;
  }
  for (std::uint32_t asking = asking_; asking != 0; asking = asking_) asking_.wait(asking);
}

SignalPool::SignalPool(ze_context_handle_t context)
    : context_(context), self_(std::make_shared<SignalPool*>(this)) {}

SignalPool::~SignalPool() {
  *self_ = nullptr;
  Lock guard{lock_};
  for (ze_event_handle_t event : all_) zeEventDestroy(event);
  for (ze_event_pool_handle_t pool : pools_) zeEventPoolDestroy(pool);
}

std::shared_ptr<Signal> SignalPool::take() {
  ze_event_handle_t event = take_free();
  while (event == nullptr) {
    grow();
    event = take_free();
  }
  auto signal = std::shared_ptr<Signal>(new Signal(self_, event));
  // Reset now rather than when given back: somebody may still have been waiting then.
  ZESVM_ZE(zeEventHostReset(event), "resetting an event");
  return signal;
}

ze_event_handle_t SignalPool::take_free() {
  Lock guard{lock_};
  if (free_.empty()) return nullptr;
  ze_event_handle_t event = free_.back();
  free_.pop_back();
  return event;
}

void SignalPool::grow() {
  ze_event_pool_desc_t pool_description{};
  pool_description.stype = ZE_STRUCTURE_TYPE_EVENT_POOL_DESC;
  pool_description.flags = ZE_EVENT_POOL_FLAG_HOST_VISIBLE;
  pool_description.count = events_per_pool;
  ze_event_pool_handle_t pool = nullptr;
  ZESVM_ZE(zeEventPoolCreate(context_, &pool_description, 0, nullptr, &pool),
           "making an event pool");
  std::vector<ze_event_handle_t> made;
  for (std::uint32_t i = 0; i < events_per_pool; ++i) {
    ze_event_desc_t description{};
    description.stype = ZE_STRUCTURE_TYPE_EVENT_DESC;
    description.index = i;
    description.signal = ZE_EVENT_SCOPE_FLAG_HOST;
    description.wait = ZE_EVENT_SCOPE_FLAG_HOST;
    ze_event_handle_t event = nullptr;
    // What was made so far is kept and destroyed with the pool.
    if (zeEventCreate(pool, &description, &event) != ZE_RESULT_SUCCESS) break;
    made.push_back(event);
  }
  {
    Lock guard{lock_};
    pools_.push_back(pool);
    all_.insert(all_.end(), made.begin(), made.end());
    free_.insert(free_.end(), made.begin(), made.end());
  }
  if (made.empty())
    throw Error(ErrorCode::level_zero, "the driver made no event of a new pool", "zeEventCreate");
}

void SignalPool::give_back(ze_event_handle_t event) {
  Lock guard{lock_};
  free_.push_back(event);
}

}  // namespace zesvm::levelzero
