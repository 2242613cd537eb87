// Memory with something asked of the driver around each launch.
#include <utility>

#include "scenarios/failure.hpp"
#include "scenarios/kinds.hpp"
#include "scenarios/session.hpp"
#include "specification/newer_level_zero.hpp"

namespace zesvm::scenarios {
namespace {

/// Plain memory, and more.
class OnPlain : public Memory {
 public:
  OnPlain(Space& space, std::size_t bytes) : Memory(bytes), plain_(make_plain(space, bytes)) {
    data_ = plain_->data();
  }

 private:
  std::unique_ptr<Memory> plain_;
};

class Prefetched final : public OnPlain {
 public:
  using OnPlain::OnPlain;
  void before(Queue& queue, std::uint64_t, const Expected&) override {
    queue.prefetch(data_, size_);
  }
};

/// Brought to system memory before each launch.
class PrefetchedToSystem final : public OnPlain {
 public:
  using OnPlain::OnPlain;
  void before(Queue& queue, std::uint64_t, const Expected&) override {
    const Session& session = queue.space().session();
    const auto migrate =
        session.function<zesvm_sim_migrate_to_system_fn>(ZESVM_SIM_MIGRATE_TO_SYSTEM_NAME);
    ZESVM_MUST(migrate(data_, size_));
  }
};

/// Advised to live somewhere else before each launch: on each device, in system memory, anywhere.
class Advised final : public OnPlain {
 public:
  using OnPlain::OnPlain;
  void before(Queue& queue, std::uint64_t round, const Expected&) override {
    const std::size_t devices = queue.space().session().devices().size();
    const std::size_t choice = round % (devices + 2);
    if (choice < devices) {
      queue.advise(data_, size_, ZE_MEMORY_ADVICE_SET_PREFERRED_LOCATION, choice);
    } else if (choice == devices) {
      queue.advise(data_, size_, newer::set_system_memory_preferred_location, 0);
    } else {
      queue.advise(data_, size_, newer::clear_system_memory_preferred_location, 0);
    }
  }
};

/// Reserved addresses with memory of a device behind them, which cannot be given back while mapped.
class Busy final : public Memory {
 public:
  Busy(Space& space, std::size_t bytes) : Memory(bytes), space_(space) {
    std::size_t page = 0;
    ZESVM_MUST(zeVirtualMemQueryPageSize(space.context(), space.device(0), bytes, &page));
    whole_ = (bytes + page - 1) / page * page;
    void* at = nullptr;
    ZESVM_MUST(zeVirtualMemReserve(space.context(), wish(), whole_, &at));
    data_ = static_cast<std::uint8_t*>(at);
    ze_physical_mem_desc_t desc{ZE_STRUCTURE_TYPE_PHYSICAL_MEM_DESC, nullptr, 0, whole_};
    ZESVM_MUST(zePhysicalMemCreate(space.context(), space.device(0), &desc, &physical_));
    ZESVM_MUST(zeVirtualMemMap(space.context(), data_, whole_, physical_, 0,
                               ZE_MEMORY_ACCESS_ATTRIBUTE_READWRITE));
  }
  ~Busy() override {
    zeVirtualMemUnmap(space_.context(), data_, whole_);
    zePhysicalMemDestroy(space_.context(), physical_);
    zeVirtualMemFree(space_.context(), data_, whole_);
  }
  void write(Queue& queue, const Expected& expected) override {
    queue.copy(data_, expected.data(), size_);
  }
  void check(Queue& queue, const Expected& expected) override {
    std::vector<std::uint8_t> content(size_);
    queue.copy(content.data(), data_, size_);
    expected.check(content.data());
  }
  void before(Queue&, std::uint64_t, const Expected&) override {
    const ze_result_t result = zeVirtualMemFree(space_.context(), data_, whole_);
    must(result == ZE_RESULT_ERROR_HANDLE_OBJECT_IN_USE, "removing what is mapped gave 0x",
         std::hex, static_cast<unsigned>(result));
  }

 private:
  // The validation layer of loader 1.8 takes a null wish for an error.
  static void* wish() { return reinterpret_cast<void*>(std::uintptr_t{1} << 45); }

  Space& space_;
  std::size_t whole_ = 0;
  ze_physical_mem_handle_t physical_ = nullptr;
};

/// A device allocation is used and freed between launches.
class WithDeviceAllocations final : public OnPlain {
 public:
  using OnPlain::OnPlain;
  void after(Queue& queue, std::uint64_t round, const Expected& expected) override {
    if (round % 4 == 3) return;
    const std::size_t bytes = size_ << (round % 3);
    std::uint8_t* const memory = queue.space().allocate_device(bytes, queue.device());
    queue.copy(memory, expected.data(), size_);
    queue.add_marks(memory, Work{0, 1, size_, round});
    std::vector<std::uint8_t> content(size_);
    queue.copy(content.data(), memory, size_);
    queue.space().free(memory);
    Expected sums = expected;
    sums.add(Work{0, 1, size_, round});
    sums.check(content.data());
  }
};

}  // namespace

std::unique_ptr<Memory> make_prefetch(Space& space, std::size_t bytes) {
  return std::make_unique<Prefetched>(space, bytes);
}
std::unique_ptr<Memory> make_prefetch_system(Space& space, std::size_t bytes) {
  return std::make_unique<PrefetchedToSystem>(space, bytes);
}
std::unique_ptr<Memory> make_madvise(Space& space, std::size_t bytes) {
  return std::make_unique<Advised>(space, bytes);
}
std::unique_ptr<Memory> make_busy(Space& space, std::size_t bytes) {
  return std::make_unique<Busy>(space, bytes);
}
std::unique_ptr<Memory> make_device_allocation_between(Space& space, std::size_t bytes) {
  return std::make_unique<WithDeviceAllocations>(space, bytes);
}

}  // namespace zesvm::scenarios
