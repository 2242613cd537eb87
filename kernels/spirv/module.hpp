/// @file module.hpp
/// A SPIR-V module of OpenCL kernels: checked for shape, and read for what a driver must know of it.
///
/// S1  words() has the byte order of the host, a valid header, and instructions that end with it
/// S2  every id is below the bound and defined at most once
/// S3  what the accessors return comes from instructions whose operands exist and have the right
///     kind; whatever input was given, parse() returns
/// Not here: proving that the module is valid SPIR-V throughout (spirv-val does that).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sizes.hpp"
#include "kernels/spirv/error.hpp"

namespace zesvm::spirv {

using Word = std::uint32_t;

/// What a kernel argument is set with.
enum class ArgumentKind : std::uint8_t {
  /// A pointer to memory every work-item sees, written or not.
  global_pointer,
  /// A pointer to memory the kernel only reads (`__constant`).
  constant_pointer,
  /// An amount of local memory; set with a size and no value.
  local_pointer,
  /// Bytes.
  value,
  image,
  sampler,
  /// Something no kernel can be launched with here (event, queue, pipe).
  unsupported,
};

/// How an image or pointer argument is declared to be used.
enum class AccessQualifier : std::uint8_t { none, read_only, write_only, read_write };

/// One argument of a kernel.
struct Argument {
  std::uint32_t index = 0;
  /// Empty when the module carries no names.
  std::string name;
  ArgumentKind kind = ArgumentKind::value;
  /// Bytes to set it with; of a pointer, the pointer's. Zero for local pointers.
  Bytes size;
  Bytes alignment;
  /// Of a pointer: size of what it points to; zero when unknown.
  Bytes pointee_size;
  AccessQualifier access = AccessQualifier::none;
  /// As the source spelled it (`float*`), else made from the SPIR-V type.
  std::string type_name;
  bool is_const = false;
  bool is_restrict = false;
  bool is_volatile = false;
};

/// One entry point.
struct Kernel {
  std::string name;
  /// Id of its function.
  Word function = 0;
  std::vector<Argument> arguments;
  /// The only work-group size it may be launched with.
  std::optional<std::array<std::uint32_t, 3>> required_group_size;
  std::optional<std::array<std::uint32_t, 3>> group_size_hint;
  /// Sub-group size it asks for; zero when it does not.
  std::uint32_t subgroup_size = 0;
  /// Local memory of its variables and of the functions it calls; arguments not counted.
  Bytes local_memory;
  /// The source's attributes, separated by spaces: `reqd_work_group_size(8,1,1)`.
  std::string source_attributes;
};

/// One scalar that can be given a value before the module is built.
struct SpecializationConstant {
  /// The SpecId the program names it by.
  std::uint32_t id = 0;
  /// Empty when the module carries no names.
  std::string name;
  /// 1 for a boolean.
  Bytes size;
  bool is_boolean = false;
  /// The value's bits, zero-extended.
  std::uint64_t default_value = 0;
};

/// One variable that is shared by all work-items of all kernels.
struct GlobalVariable {
  /// The exported name, else the debug name; may be empty.
  std::string name;
  Word id = 0;
  Bytes size;
  Bytes alignment;
  bool is_constant = false;
  bool is_exported = false;
  /// Declared here, defined in another module.
  bool is_imported = false;
  bool has_initializer = false;
};

/// A function the module offers to, or expects from, others.
struct LinkedFunction {
  std::string name;
  Word function = 0;
};

/// A checked module with what was read from it.
struct Reflection {
  std::vector<Kernel> kernels;
  std::vector<SpecializationConstant> specialization_constants;
  std::vector<GlobalVariable> variables;
  /// Names of functions and variables that another module must define.
  std::vector<std::string> imports;
  std::vector<LinkedFunction> exported_functions;
  /// SPIR-V capability numbers, ascending.
  std::vector<std::uint32_t> capabilities;
  std::vector<std::string> extensions;
  /// SPIR-V version, such as {1, 2}.
  std::array<std::uint8_t, 2> version{};
  /// Size of pointers: 4 or 8.
  Bytes pointer_size;
};

/// A module whose words were checked. Made by parse(); never changes.
class Module {
 public:
  std::span<const Word> words() const { return words_; }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(words_)); }
  const Reflection& reflection() const { return reflection_; }

  const std::vector<Kernel>& kernels() const { return reflection_.kernels; }
  const std::vector<SpecializationConstant>& specialization_constants() const {
    return reflection_.specialization_constants;
  }
  const std::vector<GlobalVariable>& variables() const { return reflection_.variables; }
  const std::vector<std::string>& imports() const { return reflection_.imports; }

  /// Returns the kernel of that name; null when there is none.
  const Kernel* kernel(std::string_view name) const;
  /// Returns the variable of that name; null when there is none.
  const GlobalVariable* variable(std::string_view name) const;
  /// Returns whether the module declares a capability, by its SPIR-V number.
  bool has_capability(std::uint32_t capability) const;

 private:
  friend Checked<Module> parse(std::vector<Word> words);
  Module(std::vector<Word> words, Reflection reflection)
      : words_(std::move(words)), reflection_(std::move(reflection)) {}

  std::vector<Word> words_;
  Reflection reflection_;
};

/// Checks and reads a module; either byte order is accepted.
///
/// Safe on any input: malformed modules come back as an error with the place of the first defect.
/// @cost linear in the size of the input
Checked<Module> parse(std::span<const std::byte> bytes);

/// Checks and reads a module given as words.
Checked<Module> parse(std::vector<Word> words);

}  // namespace zesvm::spirv
