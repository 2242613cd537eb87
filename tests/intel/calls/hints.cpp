// Advice, prefetch and atomic attributes: what is taken of which memory. That it is followed is not asked.
#include <memory>

#include "intel/calls/subject.hpp"

namespace zesvm::tests {
namespace {

constexpr std::size_t size = std::size_t{256} << 10;

/// One pointer of each kind of memory, for as long as it is asked about.
class Memories {
 public:
  explicit Memories(const Subject& subject) : context_(subject.context), own_(new char[size]) {
    auto on_device = described<ze_device_mem_alloc_desc_t>(ZE_STRUCTURE_TYPE_DEVICE_MEM_ALLOC_DESC);
    auto on_host = described<ze_host_mem_alloc_desc_t>(ZE_STRUCTURE_TYPE_HOST_MEM_ALLOC_DESC);
    zeMemAllocShared(context_, &on_device, &on_host, size, 0, subject.device(), &shared_);
    zeMemAllocDevice(context_, &on_device, size, 0, subject.device(), &device_);
    zeMemAllocHost(context_, &on_host, size, 0, &host_);
  }
  ~Memories() {
    for (void* pointer : {shared_, device_, host_}) zeMemFree(context_, pointer);
  }
  Memories(const Memories&) = delete;
  Memories& operator=(const Memories&) = delete;

  std::vector<std::pair<std::string, char*>> all() const {
    return {{"shared", static_cast<char*>(shared_)},
            {"device", static_cast<char*>(device_)},
            {"host", static_cast<char*>(host_)},
            {"program's", own_.get()}};
  }
  char* shared() const { return static_cast<char*>(shared_); }

 private:
  ze_context_handle_t context_;
  std::unique_ptr<char[]> own_;
  void* shared_ = nullptr;
  void* device_ = nullptr;
  void* host_ = nullptr;
};

void ask_advice(const Subject& subject, ze_command_list_handle_t list, const Memories& memories) {
  const auto advise = [&](const std::string& key, void* pointer, std::size_t bytes,
                          std::uint32_t advice) {
    subject.says.add(key, zeCommandListAppendMemAdvise(list, subject.device(), pointer, bytes,
                                                       static_cast<ze_memory_advice_t>(advice)));
  };
  for (const auto& [name, pointer] : memories.all())
    for (std::uint32_t advice = 0; advice <= 10; ++advice)
      advise("advice " + std::to_string(advice) + ", " + name + " memory", pointer, size, advice);
  char* const shared = memories.shared();
  advise("advice for no bytes", shared, 0, ZE_MEMORY_ADVICE_SET_READ_MOSTLY);
  advise("advice for more than the allocation", shared, 64 * size,
         ZE_MEMORY_ADVICE_SET_READ_MOSTLY);
  advise("advice not at a page", shared + 100, 1000, ZE_MEMORY_ADVICE_SET_READ_MOSTLY);
}

void ask_prefetch(const Subject& subject, ze_command_list_handle_t list, const Memories& memories) {
  for (const auto& [name, pointer] : memories.all())
    subject.says.add("prefetch, " + name + " memory",
                     zeCommandListAppendMemoryPrefetch(list, pointer, size));
  char* const shared = memories.shared();
  subject.says.add("prefetch of no bytes", zeCommandListAppendMemoryPrefetch(list, shared, 0));
  subject.says.add("prefetch of more than the allocation",
                   zeCommandListAppendMemoryPrefetch(list, shared, 64 * size));
  subject.says.add("prefetch not at a page",
                   zeCommandListAppendMemoryPrefetch(list, shared + 100, 1000));
}

std::string answer_of(const Subject& subject, ze_device_handle_t device, const void* pointer,
                      std::size_t bytes) {
  std::uint32_t found = 0;
  Transcript once;
  if (once.add("", subject.newer.get_atomic_access(subject.context, device, pointer, bytes,
                                                   &found)) == ZE_RESULT_SUCCESS)
    return "flags " + std::to_string(found);
  return once.lines().front().second;
}

void ask_atomics(const Subject& subject, const Memories& memories) {
  const bool has_both =
      subject.newer.set_atomic_access != nullptr && subject.newer.get_atomic_access != nullptr;
  const auto ask = [&](const std::string& key, auto&& answer) {
    if (has_both)
      answer(key);
    else
      subject.says.add(key, absent);
  };
  const auto set = [&](const std::string& about, const void* pointer, std::size_t bytes,
                       std::uint32_t flags) {
    ask("atomic attribute " + std::to_string(flags) + ", " + about, [&](const std::string& key) {
      subject.says.add(key, subject.newer.set_atomic_access(subject.context, subject.device(),
                                                            pointer, bytes, flags));
    });
    ask("atomic attribute " + std::to_string(flags) + ", " + about + ": read back",
        [&](const std::string& key) {
          subject.says.add(key, answer_of(subject, subject.device(), pointer, bytes));
        });
  };
  for (const auto& [name, pointer] : memories.all()) {
    ask("atomic attribute, " + name + " memory, before it is set", [&](const std::string& key) {
      subject.says.add(key, answer_of(subject, subject.device(), pointer, size));
    });
    for (std::uint32_t flags : {16u, 4u, 20u, 64u, 0u}) set(name + " memory", pointer, size, flags);
  }
  char* const shared = memories.shared();
  for (std::uint32_t flags : {1u, 2u, 8u, 32u, 12u, 24u, 128u, 1u << 30})
    set("shared memory", shared, size, flags);
  set("no bytes", shared, 0, 16);
  set("more than the allocation", shared, 64 * size, 16);
  ask("atomic attribute of the second device", [&](const std::string& key) {
    subject.says.add(key, subject.newer.set_atomic_access(subject.context, subject.devices.at(1),
                                                          shared, size, 16));
  });
}

}  // namespace

void ask_hints(const Subject& subject) {
  auto queue = described<ze_command_queue_desc_t>(ZE_STRUCTURE_TYPE_COMMAND_QUEUE_DESC);
  auto description = described<ze_command_list_desc_t>(ZE_STRUCTURE_TYPE_COMMAND_LIST_DESC);
  ze_command_list_handle_t immediate = nullptr;
  ze_command_list_handle_t regular = nullptr;
  zeCommandListCreateImmediate(subject.context, subject.device(), &queue, &immediate);
  zeCommandListCreate(subject.context, subject.device(), &description, &regular);
  {
    const Memories memories(subject);
    // A list that is never executed: some advice ends a process when it is sent off.
    ask_advice(subject, regular, memories);
    ask_prefetch(subject, immediate, memories);
    ask_atomics(subject, memories);
  }
  zeCommandListDestroy(regular);
  zeCommandListDestroy(immediate);
}

}  // namespace zesvm::tests
