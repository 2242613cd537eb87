// Memory from allocators: zesvm's, malloc, new.
#include <cstdlib>
#include <utility>

#include <zesvm/runtime.hpp>

#include "scenarios/failure.hpp"
#include "scenarios/kinds.hpp"

namespace zesvm::scenarios {
namespace {

/// An allocation of zesvm.
class Allocation : public Memory {
 public:
  Allocation(Space& space, std::size_t bytes, Backing backing)
      : Memory(bytes), space_(space.runtime().address_space()) {
    data_ = static_cast<std::uint8_t*>(space_.allocate_bytes(bytes, 0, backing));
  }
  ~Allocation() override { space_.free_quietly(data_); }

 protected:
  AddressSpace& space_;
};

/// Paged memory: zesvm must know of launches that it does not make.
class PagedAllocation final : public Allocation {
 public:
  PagedAllocation(Space& space, std::size_t bytes) : Allocation(space, bytes, Backing::paged) {}
  void before(Queue& queue, std::uint64_t, const Expected&) override {
    space_.prepare(queue.space().runtime().device(queue.device()),
                   {{data_, size_, AccessMode::read_write}});
  }
};

class Malloc : public Memory {
 public:
  explicit Malloc(std::size_t bytes) : Memory(bytes) { allocate(); }
  ~Malloc() override { std::free(data_); }

 protected:
  void allocate() {
    data_ = static_cast<std::uint8_t*>(std::malloc(size_));
    must(data_ != nullptr, "malloc of ", size_, " bytes");
  }
};

/// Freed after each launch; the next one may get the same addresses.
class Freed final : public Malloc {
 public:
  using Malloc::Malloc;
  void after(Queue& queue, std::uint64_t, const Expected& expected) override {
    std::free(std::exchange(data_, nullptr));
    allocate();
    write(queue, expected);
  }
};

/// Another buffer for each launch, while the one before still lives.
class New final : public Memory {
 public:
  explicit New(std::size_t bytes) : Memory(bytes), buffer_(new std::uint8_t[bytes]) {
    data_ = buffer_.get();
  }
  void after(Queue& queue, std::uint64_t, const Expected& expected) override {
    std::unique_ptr<std::uint8_t[]> next{new std::uint8_t[size_]};
    data_ = next.get();
    write(queue, expected);
    buffer_ = std::move(next);
  }

 private:
  std::unique_ptr<std::uint8_t[]> buffer_;
};

}  // namespace

std::unique_ptr<Memory> make_shared(Space& space, std::size_t bytes) {
  return std::make_unique<Allocation>(space, bytes, Backing::shared);
}
std::unique_ptr<Memory> make_paged(Space& space, std::size_t bytes) {
  return std::make_unique<PagedAllocation>(space, bytes);
}
std::unique_ptr<Memory> make_malloc(Space&, std::size_t bytes) {
  return std::make_unique<Malloc>(bytes);
}
std::unique_ptr<Memory> make_new(Space&, std::size_t bytes) { return std::make_unique<New>(bytes); }
std::unique_ptr<Memory> make_free(Space&, std::size_t bytes) {
  return std::make_unique<Freed>(bytes);
}

}  // namespace zesvm::scenarios
