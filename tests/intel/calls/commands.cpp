// Lists, queues and what is appended to them. Nothing is executed but empty work.
#include <memory>

#include "intel/calls/subject.hpp"

namespace zesvm::tests {
namespace {

void ask_list(const Subject& subject, const std::string& how,
              const ze_command_list_desc_t& description) {
  ze_command_list_handle_t list = nullptr;
  if (subject.says.add("zeCommandListCreate, " + how,
                       zeCommandListCreate(subject.context, subject.device(), &description,
                                           &list)) == ZE_RESULT_SUCCESS)
    zeCommandListDestroy(list);
}

void ask_command_lists(const Subject& subject) {
  auto description = described<ze_command_list_desc_t>(ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC);
  ask_list(subject, "plain", description);
  description.flags = ZE_COMMAND_LIST_FLAG_RELAXED_ORDERING;
  ask_list(subject, "relaxed order", description);
  description.flags = 1u << 20;
  ask_list(subject, "unknown flag", description);
  description.flags = 0;
  description.commandQueueGroupOrdinal = 99;
  ask_list(subject, "group 99 of queues", description);
}

void ask_queue(const Subject& subject, const std::string& how,
               const ze_command_queue_desc_t& description) {
  ze_command_queue_handle_t queue = nullptr;
  if (subject.says.add("zeCommandQueueCreate, " + how,
                       zeCommandQueueCreate(subject.context, subject.device(), &description,
                                            &queue)) == ZE_RESULT_SUCCESS)
    zeCommandQueueDestroy(queue);
  ze_command_list_handle_t list = nullptr;
  if (subject.says.add("zeCommandListCreateImmediate, " + how,
                       zeCommandListCreateImmediate(subject.context, subject.device(), &description,
                                                    &list)) == ZE_RESULT_SUCCESS)
    zeCommandListDestroy(list);
}

void ask_queues(const Subject& subject) {
  auto description = described<ze_command_queue_desc_t>(ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC);
  ask_queue(subject, "plain", description);
  description.mode = ZE_COMMAND_QUEUE_MODE_SYNCHRONOUS;
  ask_queue(subject, "synchronous", description);
  description.ordinal = 99;
  ask_queue(subject, "group 99", description);
  description.ordinal = 0;
  description.index = 99;
  ask_queue(subject, "queue 99 of group 0", description);
}

/// A list, and memory that commands can name.
struct Bench {
  const Subject& subject;
  ze_command_list_handle_t list;
  char* shared;
  char* own;
};

void ask_copies(const Bench& at) {
  const auto copy = [&](const std::string& how, void* to, const void* from, std::size_t size) {
    at.subject.says.add(
        "zeCommandListAppendMemoryCopy, " + how,
        zeCommandListAppendMemoryCopy(at.list, to, from, size, nullptr, 0, nullptr));
  };
  copy("in an allocation", at.shared, at.shared + 8192, 4096);
  copy("from the program's memory", at.shared, at.own, 4096);
  copy("to the program's memory", at.own, at.shared, 4096);
  copy("between the program's memories", at.own, at.own + 4096, 4096);
  copy("of nothing", at.shared, at.own, 0);
  copy("beyond the allocation", at.shared, at.shared + 60000, 64 << 10);
}

void ask_fills(const Bench& at) {
  static const char pattern[512] = {};
  const auto fill = [&](const std::string& how, void* to, std::size_t pattern_size,
                        std::size_t size) {
    at.subject.says.add("zeCommandListAppendMemoryFill, " + how,
                        zeCommandListAppendMemoryFill(at.list, to, pattern, pattern_size, size,
                                                      nullptr, 0, nullptr));
  };
  for (std::size_t size : {0u, 1u, 2u, 3u, 4u, 8u, 16u, 24u, 64u, 128u, 256u})
    fill("pattern of " + size_name(size), at.shared, size, 3072);
  fill("no multiple of its pattern", at.shared, 4, 1001);
  fill("nothing", at.shared, 1, 0);
  fill("the program's memory", at.own, 1, 4096);
  fill("not at a multiple of its pattern", at.shared + 1, 4, 1000);
}

void ask_states(const Bench& at, ze_command_queue_handle_t queue) {
  Transcript& says = at.subject.says;
  says.add("zeCommandListAppendBarrier", zeCommandListAppendBarrier(at.list, nullptr, 0, nullptr));
  says.add("zeCommandListAppendWriteGlobalTimestamp",
           zeCommandListAppendWriteGlobalTimestamp(
               at.list, reinterpret_cast<std::uint64_t*>(at.shared), nullptr, 0, nullptr));
  const std::size_t bytes = 4096;
  const void* begin = at.shared;
  says.add("zeCommandListAppendMemoryRangesBarrier",
           zeCommandListAppendMemoryRangesBarrier(at.list, 1, &bytes, &begin, nullptr, 0, nullptr));
  auto list = at.list;
  says.add("zeCommandListClose", zeCommandListClose(list));
  says.add("zeCommandListClose, again", zeCommandListClose(list));
  says.add("zeCommandListReset", zeCommandListReset(list));
  says.add("zeCommandListClose, after a reset", zeCommandListClose(list));
  says.add("zeCommandQueueExecuteCommandLists, an empty list",
           zeCommandQueueExecuteCommandLists(queue, 1, &list, nullptr));
  says.add("zeCommandQueueSynchronize", zeCommandQueueSynchronize(queue, UINT64_MAX));
}

void ask_residency(const Bench& at) {
  const Subject& subject = at.subject;
  subject.says.add("zeContextEvictMemory",
                   zeContextEvictMemory(subject.context, subject.device(), at.shared, 4096));
  subject.says.add("zeContextEvictMemory, the program's memory",
                   zeContextEvictMemory(subject.context, subject.device(), at.own, 4096));
  subject.says.add("zeContextMakeMemoryResident, the program's memory",
                   zeContextMakeMemoryResident(subject.context, subject.device(), at.own, 4096));
}

}  // namespace

void ask_commands(const Subject& subject) {
  ask_command_lists(subject);
  ask_queues(subject);
  auto on_device = described<ze_device_mem_alloc_desc_t>(ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC);
  auto on_host = described<ze_host_mem_alloc_desc_t>(ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC);
  auto description = described<ze_command_list_desc_t>(ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC);
  auto queue_description = described<ze_command_queue_desc_t>(ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC);
  ze_command_list_handle_t list = nullptr;
  ze_command_queue_handle_t queue = nullptr;
  void* shared = nullptr;
  zeMemAllocShared(subject.context, &on_device, &on_host, 64 << 10, 0, subject.device(), &shared);
  zeCommandListCreate(subject.context, subject.device(), &description, &list);
  zeCommandQueueCreate(subject.context, subject.device(), &queue_description, &queue);
  const auto own = std::make_unique<char[]>(8192);
  const Bench bench{subject, list, static_cast<char*>(shared), own.get()};
  ask_copies(bench);
  ask_fills(bench);
  ask_states(bench, queue);
  ask_residency(bench);
  zeCommandQueueDestroy(queue);
  zeCommandListDestroy(list);
  zeMemFree(subject.context, shared);
}

}  // namespace zesvm::tests
