#include "kernels/spirv/reflect.hpp"

#include <algorithm>
#include <set>

namespace zesvm::spirv {
namespace {

enum class Linkage { none, exported, imported };

Linkage linkage_of(const Code& code, Word id) {
  const Instruction* decoration = code.decoration(id, spv::DecorationLinkageAttributes);
  if (decoration == nullptr) return Linkage::none;
  std::size_t type = 0;
  text_at(*decoration, 2, &type);
  return decoration->operand(type) == spv::LinkageTypeImport ? Linkage::imported
                                                             : Linkage::exported;
}

std::optional<SpecializationConstant> specialization_of(const Code& code, const Types& types,
                                                        const Instruction& constant) {
  const Instruction* id = code.decoration(constant.result, spv::DecorationSpecId);
  if (id == nullptr) return std::nullopt;
  SpecializationConstant found;
  found.id = id->operand(2);
  found.name = code.name(constant.result);
  found.size = types.size(constant.type);
  if (constant.op == spv::OpSpecConstant) {
    found.default_value = constant.operand(2);
    if (found.size == 8_B) found.default_value |= std::uint64_t{constant.operand(3)} << 32;
    if (found.size < 4_B) found.default_value &= (1ull << (8 * found.size.count)) - 1;
    return found;
  }
  found.is_boolean = true;
  found.size = 1_B;
  found.default_value = constant.op == spv::OpSpecConstantTrue ? 1 : 0;
  return found;
}

std::optional<GlobalVariable> global_of(const Code& code, const Types& types,
                                        const Instruction& variable) {
  const Word storage = variable.operand(2);
  if (storage != spv::StorageClassCrossWorkgroup && storage != spv::StorageClassUniformConstant)
    return std::nullopt;
  const Word type = types.element(variable.type, 0);
  // Samplers and other objects have no address.
  if (types.layout(type) == nullptr) return std::nullopt;
  GlobalVariable global;
  global.name = linked_name(code, variable.result);
  global.id = variable.result;
  global.size = types.size(type);
  global.alignment = types.alignment(type);
  const Instruction* alignment = code.decoration(variable.result, spv::DecorationAlignment);
  if (alignment != nullptr && is_power_of_two(Bytes{alignment->operand(2)}))
    global.alignment = std::max(global.alignment, Bytes{alignment->operand(2)});
  global.is_constant = storage == spv::StorageClassUniformConstant;
  global.is_exported = linkage_of(code, variable.result) == Linkage::exported;
  global.is_imported = linkage_of(code, variable.result) == Linkage::imported;
  global.has_initializer = variable.operand(3) != 0;
  return global;
}

class Reader {
 public:
  explicit Reader(const Code& code) : code_(code), types_(code) {}

  Checked<Reflection> read() {
    const Word version = code_.words()[1];
    found_.version = {static_cast<std::uint8_t>(version >> 16),
                      static_cast<std::uint8_t>(version >> 8 & 0xff)};
    found_.pointer_size = types_.pointer_size();
    bool in_function = false;
    for (const Instruction& instruction : code_.instructions()) {
      if (instruction.op == spv::OpFunction) in_function = true;
      if (auto error = read(instruction, in_function)) return *error;
      if (instruction.op == spv::OpFunctionEnd) in_function = false;
    }
    std::sort(found_.capabilities.begin(), found_.capabilities.end());
    return std::move(found_);
  }

 private:
  std::optional<Error> read(const Instruction& instruction, bool in_function) {
    switch (instruction.op) {
      case spv::OpCapability: found_.capabilities.push_back(instruction.operand(0)); break;
      case spv::OpExtension: found_.extensions.push_back(text_at(instruction, 0)); break;
      case spv::OpEntryPoint: return read_entry_point(instruction);
      case spv::OpSpecConstant:
      case spv::OpSpecConstantTrue:
      case spv::OpSpecConstantFalse:
        if (auto constant = specialization_of(code_, types_, instruction))
          found_.specialization_constants.push_back(*std::move(constant));
        break;
      case spv::OpVariable:
        if (!in_function) read_variable(instruction);
        break;
      case spv::OpFunction: read_function(instruction); break;
      default: break;
    }
    return std::nullopt;
  }

  std::optional<Error> read_entry_point(const Instruction& entry) {
    if (entry.operand(0) != spv::ExecutionModelKernel)
      return Error{entry.at * 4,
                   "an entry point that is no kernel; graphics shaders do not run here"};
    auto kernel = reflect_kernel(code_, types_, entry);
    if (!kernel) return kernel.error();
    if (!names_.insert(kernel->name).second)
      return Error{entry.at * 4, "two kernels of the name " + kernel->name};
    found_.kernels.push_back(*std::move(kernel));
    return std::nullopt;
  }

  void read_variable(const Instruction& instruction) {
    auto variable = global_of(code_, types_, instruction);
    if (!variable) return;
    if (variable->is_imported) found_.imports.push_back(variable->name);
    found_.variables.push_back(*std::move(variable));
  }

  void read_function(const Instruction& function) {
    const Linkage linkage = linkage_of(code_, function.result);
    const std::string name = linked_name(code_, function.result);
    if (linkage == Linkage::imported) found_.imports.push_back(name);
    if (linkage == Linkage::exported) found_.exported_functions.push_back({name, function.result});
  }

  const Code& code_;
  Types types_;
  Reflection found_;
  std::set<std::string> names_;
};

}  // namespace

std::string linked_name(const Code& code, Word id) {
  if (const Instruction* linkage = code.decoration(id, spv::DecorationLinkageAttributes))
    return text_at(*linkage, 2);
  return code.name(id);
}

Checked<Reflection> reflect(const Code& code) { return Reader(code).read(); }

}  // namespace zesvm::spirv
