/// @file kernel.hpp
/// Kernels, the modules they come from, and what a launch needs: a grid and arguments.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <zesvm/access.hpp>
#include <zesvm/address_space.hpp>
#include <zesvm/export.hpp>

namespace zesvm {

namespace levelzero {
class Program;
}  // namespace levelzero

/// How many work-items a launch has, in up to three dimensions, and in groups of what size.
struct Grid {
  /// Items in each dimension.
  std::array<std::uint64_t, 3> items{1, 1, 1};
  /// Items of one group; zeros: chosen by the runtime. Each must divide its `items`.
  std::array<std::uint32_t, 3> group{0, 0, 0};

  /// Returns the same grid in groups of this size.
  Grid by(std::uint32_t x, std::uint32_t y = 1, std::uint32_t z = 1) const {
    return {items, {x, y, z}};
  }
};

/// Makes a grid of `x` times `y` times `z` work-items.
inline Grid grid(std::uint64_t x, std::uint64_t y = 1, std::uint64_t z = 1) {
  return {{x, y, z}, {0, 0, 0}};
}

/// An argument for a `local` pointer: every group gets so many bytes of its own.
struct LocalMemory {
  /// Its size.
  std::size_t bytes = 0;
};

/// Whether a type is a container whose elements lie elsewhere, one after the other: it has data() and
/// size(), and is no std::array, which is a value.
template <typename T, typename = void>
struct is_container : std::false_type {};
template <typename T>
struct is_container<T, std::void_t<decltype(std::declval<const T&>().data()),
                                   decltype(std::declval<const T&>().size())>> : std::true_type {};
template <typename T, std::size_t n>
struct is_container<std::array<T, n>, void> : std::false_type {};

/// One argument of a launch, as bytes. Made implicitly from pointers, arrays, LocalMemory and
/// values, whose type must be the kernel's: `1.0f` for a float, `1u` for a uint. One thread at a time
/// may change it.
class Argument {
 public:
  /// A pointer to memory of the address space, or null.
  template <typename T>
  Argument(T* pointer)  // NOLINT: implicit
      : bytes_(sizeof pointer), is_pointer_(true), pointer_(pointer) {}
  /// The memory of an array.
  template <typename T>
  Argument(const Array<T>& array) : Argument(array.data()) {}  // NOLINT: implicit
  /// The memory a container holds that has data() and size(): a span, a vector with an
  /// zesvm::Allocator.
  template <typename Container, typename = std::enable_if_t<is_container<Container>::value>,
            typename = void>
  Argument(const Container& memory) : Argument(memory.data()) {}  // NOLINT: implicit
  /// Local memory for every group.
  Argument(LocalMemory local) : bytes_(local.bytes), is_local_(true) {}  // NOLINT: implicit
  /// A value, passed as it is.
  template <typename T,
            typename = std::enable_if_t<std::is_trivially_copyable<T>::value &&
                                        !std::is_pointer<T>::value && !is_container<T>::value>>
  Argument(const T& value) : value_(sizeof value), bytes_(sizeof value) {  // NOLINT: implicit
    const auto* from = reinterpret_cast<const unsigned char*>(&value);
    value_.assign(from, from + sizeof value);
  }

  /// Makes a value of `bytes` bytes at `data`, for callers that know no types.
  static Argument value(const void* data, std::size_t bytes) {
    Argument made(LocalMemory{bytes});
    const auto* from = static_cast<const unsigned char*>(data);
    made.value_.assign(from, from + bytes);
    made.is_local_ = false;
    return made;
  }

  /// Returns the argument's size in bytes; for LocalMemory, of the memory.
  std::size_t bytes() const noexcept { return bytes_; }
  /// Returns whether it is a pointer.
  bool is_pointer() const noexcept { return is_pointer_; }
  /// Returns whether it is LocalMemory.
  bool is_local() const noexcept { return is_local_; }
  /// Returns the pointer of a pointer argument.
  const volatile void* pointer() const noexcept { return pointer_; }
  /// Returns where the bytes are that the driver is given; null for LocalMemory.
  const void* data() const noexcept {
    if (is_local_) return nullptr;
    return is_pointer_ ? static_cast<const void*>(&pointer_) : value_.data();
  }

 private:
  std::vector<unsigned char> value_;
  std::size_t bytes_;
  bool is_pointer_ = false;
  bool is_local_ = false;
  const volatile void* pointer_ = nullptr;
};

/// What a kernel may do with the memory behind one argument.
struct ArgumentUse {
  /// It may be read.
  bool is_read = false;
  /// It may be written.
  bool is_written = false;
  /// Updated by atomic operations.
  bool is_atomic = false;
  /// The pointer itself is kept in memory, or handed to code outside the module.
  bool escapes = false;
  /// Said by Kernel::with_access(), not found in the code.
  bool is_declared = false;
  /// The places in the code that make it so: `read in triad; written in store_to`.
  std::string reason;
};

/// What a kernel may do with memory: found in its code, which errs on one side only (what is said
/// not to be read or written is not), or declared.
struct KernelUse {
  /// One for each argument, in order. Arguments that are no pointers have no use.
  std::vector<ArgumentUse> arguments;
  /// Whether it follows pointers that are not made from its arguments: found in memory, say.
  bool follows_pointers = false;
  /// Where, when it does.
  std::string reason;
};

/// A kernel of a module. A light value: copies name the same kernel, and keep its module alive.
/// Safe to use from any thread.
class ZESVM_API Kernel {
 public:
  /// Returns its name in the module.
  const std::string& name() const noexcept { return name_; }

  /// Returns what it does with memory, as found in its code and as declared.
  /// @errors module_rejected: the code cannot be read
  KernelUse use() const;
  /// Returns the same kernel, with an argument's use declared: launches go by this instead of what
  /// the code says. Declare what is true: memory that is not brought cannot be used on a device
  /// without page faults.
  /// @errors invalid_argument: there is no such argument, or it is no pointer to global memory
  Kernel with_access(std::size_t argument, AccessMode mode) const;
  /// Returns the same kernel, declared to reach this memory besides what its arguments point to.
  /// Launches bring it to the device first. It must live when the kernel is launched.
  /// @errors none here; a launch says unknown_memory where it is not of the address space
  Kernel reaching(const std::vector<Access>& memory) const;
  /// Returns the same kernel, declared to reach any memory of the address space. Devices without
  /// page faults bring all of it at every launch: slow, and all of it must fit.
  /// @errors none here; a launch says out_of_device_memory where it does not fit
  Kernel reaching_everything() const;
  /// What was declared; inside the library only.
  class Declarations;

 private:
  friend class Module;
  friend class Stream;
  Kernel(std::shared_ptr<levelzero::Program> program, std::string name);
  template <typename Change>
  Kernel declaring(Change&& change) const;
  std::shared_ptr<levelzero::Program> program_;
  std::string name_;
  // Null: nothing was declared.
  std::shared_ptr<const Declarations> declared_;
};

/// A SPIR-V module. It is built for a device when the first of its kernels is launched there. A
/// light value: copies name the same module. Safe to use from any thread.
class ZESVM_API Module {
 public:
  /// Returns the kernel of this name.
  /// @errors unknown_kernel: there is none; the message lists those there are. module_rejected: the
  ///         module does not build.
  Kernel kernel(const std::string& name) const;
  /// Returns the names of its kernels, sorted.
  /// @errors module_rejected
  std::vector<std::string> kernel_names() const;
  /// Returns the ze_module_handle_t built for a device of its Runtime, building it if it was not.
  /// It belongs to this module. <zesvm/interop.hpp> has it typed.
  /// @errors module_rejected, with the build log
  void* native_handle(const Device& device) const;

 private:
  friend class Runtime;
  explicit Module(std::shared_ptr<levelzero::Program> program);
  std::shared_ptr<levelzero::Program> program_;
};

}  // namespace zesvm
