/// @file address_space.hpp
/// Memory with one pointer for the CPU and every device, and where its bytes live.
///
/// Memory is moved by the driver when the CPU or a device touches it. Advice says where it should
/// live, a prefetch moves it ahead of its use, a residency query says where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <zesvm/access.hpp>
#include <zesvm/backing.hpp>
#include <zesvm/device.hpp>
#include <zesvm/export.hpp>

namespace zesvm {

namespace levelzero {
class Context;
class PagedMemory;
}  // namespace levelzero
namespace topology {
class RangePlacement;
}

template <typename T>
class Array;

struct Interval;

/// What became of a hint.
enum class HintOutcome {
  /// It was passed on and holds.
  applied,
  /// It held before.
  already_so,
  /// The driver or the device cannot follow it; HintResult::reason says why.
  ignored,
  /// It was passed on; whether it holds, the driver does not tell.
  unconfirmed,
};

/// What became of a hint, and why.
struct HintResult {
  /// What became of it.
  HintOutcome outcome = HintOutcome::applied;
  /// Why; may be empty.
  std::string reason;
};

/// How atomic operations on an interval will be used.
enum class AtomicAccess {
  /// Not said: the driver's default.
  undefined,
  /// By devices only.
  device,
  /// By devices and the CPU, at once.
  global,
  /// By the CPU only; an atomic operation of a device is an error.
  cpu,
};

/// Which memory a preferred location moves.
enum class Migrate {
  /// All of it.
  all_pages,
  /// Only what is in system memory now.
  only_system_pages,
};

/// Something to be said about an interval: made by preferred_location() and its like, or from an
/// AtomicAccess. A value: one thread at a time may change it.
class ZESVM_API Advice {
 public:
  /// What kind of advice it is.
  enum class Kind {
    /// no_preferred_location().
    location_default,
    /// prefer_system_memory().
    location_system,
    /// preferred_location().
    location_device,
    /// An AtomicAccess.
    atomic,
    /// read_mostly().
    read_mostly,
  };

  /// Says how atomic operations will be used.
  Advice(AtomicAccess access) noexcept;  // NOLINT: advise(p, n, AtomicAccess::device) is the point
  ~Advice();
  /// Copies it.
  Advice(const Advice&);
  /// Copies it.
  Advice& operator=(const Advice&);

  /// Returns what kind of advice it is.
  Kind kind() const noexcept { return kind_; }
  /// Returns the access that Kind::atomic advises.
  AtomicAccess atomic_access() const noexcept { return atomic_; }
  /// Returns which memory Kind::location_device moves.
  Migrate migrate() const noexcept { return migrate_; }
  /// Returns the device of a location_device; nothing for the other kinds.
  const std::optional<Device>& device() const noexcept { return device_; }

 private:
  explicit Advice(Kind kind) noexcept;
  friend ZESVM_API Advice preferred_location(const Device&, Migrate);
  friend ZESVM_API Advice prefer_system_memory();
  friend ZESVM_API Advice no_preferred_location();
  friend ZESVM_API Advice read_mostly();
  Kind kind_;
  AtomicAccess atomic_ = AtomicAccess::undefined;
  Migrate migrate_ = Migrate::all_pages;
  std::optional<Device> device_;
};

/// Memory should live on `device`.
ZESVM_API Advice preferred_location(const Device& device, Migrate migrate = Migrate::all_pages);
/// Memory should live in system memory.
ZESVM_API Advice prefer_system_memory();
/// Memory should live where it is used: takes an earlier preference back.
ZESVM_API Advice no_preferred_location();
/// Memory will mostly be read.
ZESVM_API Advice read_mostly();

/// Where a piece of memory lives.
enum class Place {
  /// System memory.
  system,
  /// A device's memory.
  device,
  /// Known to no device yet: system memory.
  untouched,
  /// The driver does not tell.
  unknown,
};

/// A piece of an interval, all of it in one place.
struct ResidentPiece {
  /// Where it begins.
  std::uintptr_t begin = 0;
  /// Where it ends.
  std::uintptr_t end = 0;
  /// Where it is.
  Place place = Place::unknown;
  /// The device whose memory holds it, as its index in Runtime::devices(); nothing elsewhere.
  std::optional<std::size_t> device;
  /// The devices that have it mapped.
  std::vector<std::size_t> mapped_on;
};

/// Where an interval was when it was asked; it may have moved since.
struct ZESVM_API Residency {
  /// In ascending order, without holes.
  std::vector<ResidentPiece> pieces;
  /// Names of Runtime::devices(), for printing.
  std::vector<std::string> device_names;

  /// Returns how many bytes of it are in `place`; for Place::device, on any device.
  std::uint64_t bytes_in(Place place) const noexcept;
  /// Returns how many bytes of it are in the memory of `device`.
  std::uint64_t bytes_on(const Device& device) const noexcept;
};

/// Prints a line per place: address, size, place, who has it mapped. Alike neighbours share a line.
ZESVM_API std::ostream& operator<<(std::ostream& out, const Residency& residency);

class AddressSpace;

/// Keeps memory where the CPU, and system calls, can use it, as long as it lives: a pin
/// (AddressSpace::pin) that ends by itself. Moves, does not copy. Must not outlive its AddressSpace.
/// One thread at a time may move one.
class ZESVM_API HostAccess {
 public:
  /// Moves: `other` is empty afterwards.
  HostAccess(HostAccess&& other) noexcept;
  /// Exchanges the two.
  HostAccess& operator=(HostAccess&& other) noexcept;
  /// Lets the memory move again: what was advised for it before holds again.
  ~HostAccess();

  /// Returns whether devices leave the memory where it is. False where loader or driver know no
  /// preference for system memory, so that it was brought and stays only until a device touches it,
  /// and where the driver does not tell whether it follows the preference.
  bool is_held() const noexcept { return is_held_; }

 private:
  friend class AddressSpace;
  HostAccess(AddressSpace& space, const void* pointer, std::size_t bytes, bool is_held) noexcept;

  AddressSpace* space_;
  const void* pointer_;
  std::size_t bytes_;
  bool is_held_;
};

/// Returns how many bytes the elements of a container have that has data() and size().
template <typename Memory>
constexpr auto bytes_of(const Memory& memory)
    -> decltype(memory.data(), static_cast<std::size_t>(memory.size())) {
  return memory.size() * sizeof(*memory.data());
}

/// All the memory of one Runtime. Safe to use from any thread.
class ZESVM_API AddressSpace {
 public:
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;
  ~AddressSpace();

  /// Returns `bytes` bytes that the CPU and every device may use, aligned to `alignment`, a power of
  /// two (0: at least 64 KiB). They live until free() or the end of the Runtime. What they hold is
  /// unspecified, and zeros on the simulated node.
  ///
  /// Sizes are rounded up to whole chunks, the units memory moves in: of 64 KiB, or of 2 MiB from
  /// 1 MiB on.
  /// @errors invalid_argument: no bytes, or more than a device's limit; out_of_host_memory,
  ///         out_of_device_memory; unsupported: the devices cannot use this backing. Nothing was
  ///         allocated.
  void* allocate_bytes(std::size_t bytes, std::size_t alignment = 0,
                       Backing backing = Backing::automatic);

  /// Returns memory for `count` objects of type T, which are not constructed.
  /// @errors as allocate_bytes(); invalid_argument: so many do not fit an address space
  template <typename T>
  T* allocate(std::size_t count) {
    return static_cast<T*>(allocate_bytes(checked_size(count, sizeof(T)), alignof(T)));
  }

  /// As above, carried by `backing`.
  /// @errors as above
  template <typename T>
  T* allocate(std::size_t count, Backing backing) {
    return static_cast<T*>(allocate_bytes(checked_size(count, sizeof(T)), alignof(T), backing));
  }

  /// Makes memory of the program's own, from malloc, mmap or the stack, memory of this space, until
  /// free() of its begin, which leaves the memory to the program. Advice, prefetch and prepare()
  /// reach all of it and nothing else, but for whole pages.
  ///
  /// Where a device cannot use any pointer of the program, the simulated driver imports the memory: it
  /// stays in system memory, launches that are given a pointer into it use it there, and hints on it
  /// are `ignored`. It must not be unmapped or freed before free(). Real drivers import it for another
  /// address than kernels are given.
  /// @errors unsupported: such a device, and the driver cannot import this memory (the stack, say);
  ///         copy it to an allocation. invalid_argument: empty, or part of it is in this space already
  void adopt(void* pointer, std::size_t bytes);

  /// Returns what carries the memory at `pointer`; nothing when it is not of this space.
  std::optional<Backing> backing_of(const void* pointer) const noexcept;

  /// Returns memory for `count` objects of type T that gives itself back.
  /// @errors as allocate()
  template <typename T>
  Array<T> make_array(std::size_t count);

  /// Gives memory back. It must not be in use by a device. Null is allowed.
  /// @errors unknown_memory: `pointer` is not the start of a living allocation; nothing was freed.
  void free(void* pointer);
  /// As free(), for destructors: what goes wrong is ignored; the Runtime frees the memory at its end.
  void free_quietly(void* pointer) noexcept;

  /// Says how `[pointer, pointer + bytes)` should be treated. All of it must be in one allocation.
  /// The system memory behind what should live on a device is placed on the NUMA node nearest to it,
  /// where the host has several; the reason says so. Memory nobody gave advice for is placed near the
  /// first device it is prefetched to or prepared for.
  /// @errors unknown_memory, invalid_argument: nothing was changed. level_zero: the driver failed.
  HintResult advise(const void* pointer, std::size_t bytes, const Advice& advice);

  /// Makes memory ready for a kernel on `device` that will use it so, wherever the launch is made:
  /// by a Stream, a plain command list, SYCL, OpenMP. Returns when it is ready. What was advised
  /// holds: memory that should live elsewhere is left there, unless atomic operations need it on the
  /// device, or paged memory is out of its reach. Devices that take page faults need it for speed only.
  ///
  /// A kernel that uses memory prepared for another device meanwhile, or a CPU that does, may take it
  /// away again: prepare after what was before is done, launch next.
  /// @errors   as advise(); what was prepared until then stays so
  HintResult prepare(const Device& device, const Access* accesses, std::size_t count);
  /// As above, for accesses in a list.
  /// @errors as above
  HintResult prepare(const Device& device, std::initializer_list<Access> accesses) {
    return prepare(device, accesses.begin(), accesses.size());
  }
  /// As above, for accesses in a container that has data() and size().
  /// @errors as above
  template <typename Accesses>
  auto prepare(const Device& device, const Accesses& accesses)
      -> decltype(static_cast<const Access*>(accesses.data()), HintResult()) {
    return prepare(device, accesses.data(), accesses.size());
  }

  /// Brings `[pointer, pointer + bytes)` to system memory and keeps it there, at its address, until
  /// unpin() of the same interval: while MPI, a network card or a system call reads or writes it.
  /// Pins nest and may overlap. host_access() does the same for the life of an object.
  /// @errors   as advise(); nothing is pinned. HintOutcome::ignored: it was brought, but loader or
  ///           driver know no preference for system memory, so that a device that touches it takes
  ///           it away.
  HintResult pin(const void* pointer, std::size_t bytes);
  /// Ends one pin() of the same interval: what was advised holds again. Nothing when there is none.
  void unpin(const void* pointer, std::size_t bytes) noexcept;

  /// Moves `[pointer, pointer + bytes)` to `device` and returns when it is there; Stream::prefetch()
  /// does not wait.
  /// @errors as advise()
  HintResult prefetch(const void* pointer, std::size_t bytes, const Device& device);

  /// Moves `[pointer, pointer + bytes)` to system memory and returns when it is there. Without help
  /// of the driver the CPU touches every page of it.
  /// @errors as advise()
  HintResult prefetch_to_system(const void* pointer, std::size_t bytes);

  /// Brings `[pointer, pointer + bytes)` to system memory and keeps it there while the answer lives;
  /// devices use it in place. For system calls: read(), write() and their like on memory that is on
  /// a device fail with EFAULT, since the kernel does not fault it in. A device's atomic operation
  /// still takes memory away where atomics need it: wait for such kernels first.
  ///
  /// `mode` says what the CPU will do: with AccessMode::write it will write all of it, so that whole
  /// pages of it are not copied and hold anything until then; the other modes keep the content.
  /// @errors as advise()
  HostAccess host_access(const void* pointer, std::size_t bytes,
                         AccessMode mode = AccessMode::read_write);

  /// Declares the content of `[pointer, pointer + bytes)` dead: nothing is copied for it any more.
  /// Ignored by drivers that cannot; what it holds then is unspecified: do not read before writing.
  /// @errors as advise()
  HintResult discard(void* pointer, std::size_t bytes);

  /// Says where `[pointer, pointer + bytes)` is, piece by piece.
  /// @errors as advise()
  Residency residency(const void* pointer, std::size_t bytes) const;

  /// As advise() of a pointer, for all the memory of a container that has data() and size(): a span,
  /// an Array, a vector with an Allocator.
  /// @errors as there
  template <typename Memory>
  auto advise(const Memory& memory, const Advice& advice)
      -> decltype(bytes_of(memory), HintResult()) {
    return advise(memory.data(), bytes_of(memory), advice);
  }
  /// As prefetch() of a pointer, for all the memory of a container.
  /// @errors as there
  template <typename Memory>
  auto prefetch(const Memory& memory, const Device& device)
      -> decltype(bytes_of(memory), HintResult()) {
    return prefetch(memory.data(), bytes_of(memory), device);
  }
  /// As prefetch_to_system() of a pointer, for all the memory of a container.
  /// @errors as there
  template <typename Memory>
  auto prefetch_to_system(const Memory& memory) -> decltype(bytes_of(memory), HintResult()) {
    return prefetch_to_system(memory.data(), bytes_of(memory));
  }
  /// As pin() of a pointer, for all the memory of a container.
  /// @errors as there
  template <typename Memory>
  auto pin(const Memory& memory) -> decltype(bytes_of(memory), HintResult()) {
    return pin(memory.data(), bytes_of(memory));
  }
  /// As unpin() of a pointer, for all the memory of a container.
  template <typename Memory>
  auto unpin(const Memory& memory) noexcept -> decltype(bytes_of(memory), void()) {
    unpin(memory.data(), bytes_of(memory));
  }
  /// As host_access() of a pointer, for all the memory of a container.
  /// @errors as there
  template <typename Memory>
  auto host_access(const Memory& memory, AccessMode mode = AccessMode::read_write)
      -> std::enable_if_t<(sizeof(bytes_of(memory)) > 0), HostAccess> {
    return host_access(memory.data(), bytes_of(memory), mode);
  }
  /// As residency() of a pointer, for all the memory of a container.
  /// @errors as there
  template <typename Memory>
  auto residency(const Memory& memory) const -> decltype(bytes_of(memory), Residency()) {
    return residency(memory.data(), bytes_of(memory));
  }

  /// Returns whether `pointer` is inside a living allocation of this space.
  bool contains(const void* pointer) const noexcept;
  /// Returns how many bytes are allocated now.
  std::uint64_t allocated_bytes() const noexcept;

 private:
  friend class PlacementPlanner;
  friend class Runtime;
  friend class Stream;
  AddressSpace(levelzero::Context& context, Backing backing);
  static std::size_t checked_size(std::size_t count, std::size_t element);
  void check(const void* pointer, std::size_t bytes, const char* doing) const;
  HintResult prepare_one(const Device& device, const Access& access);
  HintResult pin_checked(const void* pointer, std::size_t bytes);
  HintResult advise_checked(const void* pointer, std::size_t bytes, const Advice& advice);
  HintResult prefetch_checked(const void* pointer, std::size_t bytes, const Device& device);
  HintResult prefetch_to_system_checked(const void* pointer, std::size_t bytes);
  HintResult discard_checked(void* pointer, std::size_t bytes);
  // What a launch must have brought to `device` for an access; without bytes, for its allocation.
  // Nothing when advice or pins keep it elsewhere.
  std::vector<Access> launch_accesses(const Device& device, const Access& access) const;
  // Null: the memory is not paged.
  levelzero::PagedMemory* paged_at(const void* pointer) const noexcept;
  HintResult tell_driver(const void* pointer, std::size_t bytes, const Advice& advice);
  // Places the host memory of what a device is given near it, where nobody placed it before.
  void place_near(const Device& device, const void* pointer, std::size_t bytes) const;
  HintResult prefetch_program_memory(const void* pointer, std::size_t bytes, const Device& device);
  void forget_advice(const void* pointer);
  void take_advice_back(Interval interval);
  void restore_location(Interval interval);
  class Allocations;
  levelzero::Context& context_;
  // What `automatic` comes to.
  Backing backing_;
  std::unique_ptr<Allocations> allocations_;
  std::unique_ptr<topology::RangePlacement> host_memory_;
};

/// An owned array in shared memory: moves, does not copy, gives its memory back at its end. Its
/// elements are not constructed and not destroyed. Must not outlive the Runtime. One thread at a time
/// may move one; its elements are plain memory.
template <typename T>
class Array {
 public:
  /// What it is an array of.
  using value_type = T;
  /// A pointer to an element.
  using iterator = T*;
  /// The same: a const Array does not make its elements const.
  using const_iterator = T*;

  /// Makes an empty one.
  Array() noexcept = default;
  /// Moves: `other` is empty afterwards.
  Array(Array&& other) noexcept
      : space_(other.space_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  /// Exchanges the two.
  Array& operator=(Array&& other) noexcept {
    std::swap(space_, other.space_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Array() {
    if (data_ != nullptr) space_->free_quietly(data_);
  }

  /// Returns where the elements are; null for an empty Array.
  T* data() const noexcept { return data_; }
  /// Returns how many elements there are.
  std::size_t size() const noexcept { return size_; }
  /// Returns how many bytes they take.
  std::size_t size_bytes() const noexcept { return size_ * sizeof(T); }
  /// Returns the first element.
  T* begin() const noexcept { return data_; }
  /// Returns one past the last element.
  T* end() const noexcept { return data_ + size_; }
  /// Returns an element; `i` is not checked.
  T& operator[](std::size_t i) const noexcept { return data_[i]; }

 private:
  friend class AddressSpace;
  Array(AddressSpace& space, T* data, std::size_t size) noexcept
      : space_(&space), data_(data), size_(size) {}
  AddressSpace* space_ = nullptr;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

template <typename T>
Array<T> AddressSpace::make_array(std::size_t count) {
  return Array<T>(*this, allocate<T>(count), count);
}

}  // namespace zesvm
