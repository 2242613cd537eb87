// Events and fences that no work signals.
#include "intel/calls/subject.hpp"

namespace zesvm::tests {
namespace {

void ask_pool(const Subject& subject, const std::string& how, std::uint32_t flags,
              std::uint32_t count) {
  auto description = described<ze_event_pool_desc_t>(ZE_STRUCTURE_TYPE_EVENT_POOL_DESC);
  description.flags = flags;
  description.count = count;
  ze_event_pool_handle_t pool = nullptr;
  if (subject.says.add("zeEventPoolCreate, " + how,
                       zeEventPoolCreate(subject.context, &description, 0, nullptr, &pool)) ==
      ZE_RESULT_SUCCESS)
    zeEventPoolDestroy(pool);
}

void ask_event(const Subject& subject, ze_event_handle_t event) {
  Transcript& says = subject.says;
  says.add("a new event: zeEventQueryStatus", zeEventQueryStatus(event));
  says.add("a new event: zeEventHostSynchronize, 0", zeEventHostSynchronize(event, 0));
  says.add("a new event: zeEventHostSynchronize, 1 us", zeEventHostSynchronize(event, 1000));
  ze_kernel_timestamp_result_t times{};
  says.add("a new event: zeEventQueryKernelTimestamp", zeEventQueryKernelTimestamp(event, &times));
  says.add("zeEventHostSignal", zeEventHostSignal(event));
  says.add("a signalled event: zeEventQueryStatus", zeEventQueryStatus(event));
  says.add("a signalled event: zeEventHostSynchronize", zeEventHostSynchronize(event, UINT64_MAX));
  says.add("zeEventHostSignal, again", zeEventHostSignal(event));
  says.add("zeEventHostReset", zeEventHostReset(event));
  says.add("an event that was reset: zeEventQueryStatus", zeEventQueryStatus(event));
}

void ask_index(const Subject& subject, ze_event_pool_handle_t pool, std::uint32_t index) {
  auto description = described<ze_event_desc_t>(ZE_STRUCTURE_TYPE_EVENT_DESC);
  description.index = index;
  description.signal = ZE_EVENT_SCOPE_FLAG_HOST;
  ze_event_handle_t event = nullptr;
  if (subject.says.add("zeEventCreate, number " + std::to_string(index) + " of 4",
                       zeEventCreate(pool, &description, &event)) != ZE_RESULT_SUCCESS)
    return;
  if (index == 0) ask_event(subject, event);
  subject.says.add("zeEventDestroy, number " + std::to_string(index), zeEventDestroy(event));
}

void ask_fence(const Subject& subject) {
  auto queue_description = described<ze_command_queue_desc_t>(ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC);
  ze_command_queue_handle_t queue = nullptr;
  zeCommandQueueCreate(subject.context, subject.device(), &queue_description, &queue);
  auto description = described<ze_fence_desc_t>(ZE_STRUCTURE_TYPE_FENCE_DESC);
  ze_fence_handle_t fence = nullptr;
  subject.says.add("zeFenceCreate", zeFenceCreate(queue, &description, &fence));
  subject.says.add("a new fence: zeFenceQueryStatus", zeFenceQueryStatus(fence));
  subject.says.add("a new fence: zeFenceHostSynchronize, 0", zeFenceHostSynchronize(fence, 0));
  subject.says.add("zeFenceReset", zeFenceReset(fence));
  subject.says.add("zeFenceDestroy", zeFenceDestroy(fence));
  description.flags = ZE_FENCE_FLAG_SIGNALED;
  zeFenceCreate(queue, &description, &fence);
  subject.says.add("a fence made signalled: zeFenceQueryStatus", zeFenceQueryStatus(fence));
  zeFenceDestroy(fence);
  zeCommandQueueDestroy(queue);
}

}  // namespace

void ask_events(const Subject& subject) {
  ask_pool(subject, "not for the host", 0, 4);
  ask_pool(subject, "with timestamps",
           ZE_EVENT_POOL_FLAG_HOST_VISIBLE | ZE_EVENT_POOL_FLAG_KERNEL_TIMESTAMP, 4);
  ask_pool(subject, "unknown flag", 1u << 20, 4);
  auto description = described<ze_event_pool_desc_t>(ZE_STRUCTURE_TYPE_EVENT_POOL_DESC);
  description.flags = ZE_EVENT_POOL_FLAG_HOST_VISIBLE;
  description.count = 4;
  ze_event_pool_handle_t pool = nullptr;
  zeEventPoolCreate(subject.context, &description, 0, nullptr, &pool);
  for (std::uint32_t index : {0u, 3u, 4u, 1000u}) ask_index(subject, pool, index);
  subject.says.add("zeEventPoolDestroy", zeEventPoolDestroy(pool));
  ask_fence(subject);
}

}  // namespace zesvm::tests
