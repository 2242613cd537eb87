#include <algorithm>

#include "kernels/spirv/constant_image.hpp"
#include "kernels/spirv/moved_globals.hpp"
#include "kernels/spirv/reflect.hpp"
#include "kernels/spirv/rewriter.hpp"
#include "kernels/spirv/transform.hpp"

namespace zesvm::spirv {
namespace {

using Replacements = std::map<Word, Word>;

bool is_argument_list(const Instruction& instruction) {
  if (instruction.op != spv::OpString) return false;
  const std::string text = text_at(instruction, 1);
  return text.starts_with("kernel_arg_type.") || text.starts_with("kernel_arg_type_qual.");
}

std::vector<Word> replaced(const Instruction& instruction, const Replacements& by) {
  std::vector<Word> operands(instruction.operands.begin(), instruction.operands.end());
  for_each_id(instruction, [&](std::size_t position) {
    if (const auto found = by.find(operands[position]); found != by.end())
      operands[position] = found->second;
  });
  return operands;
}

// Rewrites a module so that moved variables are reached from a pointer that is passed along.
class Mover {
 public:
  Mover(const Code& code, const MovedGlobals& moved)
      : code_(code), moved_(moved), order_(moved.in_order()), rewriter_(code) {
    byte_ = rewriter_.integer_type(8);
    byte_pointer_ = rewriter_.pointer_type(spv::StorageClassCrossWorkgroup, byte_);
    address_ = rewriter_.integer_type(64);
    for (const auto& [variable, offset] : moved.offsets())
      offset_ids_.emplace(variable, rewriter_.constant(address_, offset.count, 64));
    find_functions();
  }

  Checked<Module> run() {
    WordList before;
    const auto& instructions = code_.instructions();
    std::size_t next = 0;
    const std::size_t first =
        code_.functions().empty() ? instructions.size() : code_.functions().front().first;
    for (; next < first; ++next) add_declaration(before, instructions[next]);
    for (const FunctionCode& function : code_.functions())
      if (auto error = add_function(function)) return *error;
    return parse(rewriter_.finish(before, bodies_));
  }

 private:
  // A function takes the pointer when it is a kernel, uses a variable, or calls one that takes it.
  void find_functions() {
    for (const Instruction& instruction : code_.instructions())
      if (instruction.op == spv::OpEntryPoint) takes_pointer_.insert(instruction.operand(1));
    std::map<Word, std::set<Word>> callers;
    std::vector<Word> fresh;
    for (const FunctionCode& function : code_.functions()) {
      bool uses = false;
      for (std::size_t i = function.first; i < function.end; ++i) {
        const Instruction& instruction = code_.instructions()[i];
        if (instruction.op == spv::OpFunctionCall)
          callers[instruction.operand(2)].insert(function.id);
        for_each_id(instruction, [&](std::size_t position) {
          uses = uses || moved_.is_dependent(instruction.operand(position));
        });
      }
      if (uses) fresh.push_back(function.id);
    }
    takes_pointer_.insert(fresh.begin(), fresh.end());
    while (!fresh.empty()) {
      const Word function = fresh.back();
      fresh.pop_back();
      for (const Word caller : callers[function])
        if (takes_pointer_.insert(caller).second) fresh.push_back(caller);
    }
  }

  void add_declaration(WordList& before, const Instruction& instruction) {
    if (moved_.is_dependent(instruction.result) || is_argument_list(instruction)) return;
    switch (instruction.op) {
      case spv::OpName:
      case spv::OpDecorate:
      case spv::OpDecorateId:
        if (!moved_.is_dependent(instruction.operand(0))) before.add(instruction);
        return;
      case spv::OpEntryPoint:
      case spv::OpGroupDecorate: {
        std::size_t kept = 1;
        if (instruction.op == spv::OpEntryPoint) text_at(instruction, 2, &kept);
        std::vector<Word> operands(
            instruction.operands.begin(),
            instruction.operands.begin() + static_cast<std::ptrdiff_t>(kept));
        for (const Word id : instruction.from(kept))
          if (!moved_.is_dependent(id)) operands.push_back(id);
        before.add(instruction.op, operands);
        return;
      }
      default: before.add(instruction);
    }
  }

  std::optional<Error> add_function(const FunctionCode& function) {
    if (!takes_pointer_.contains(function.id)) {
      for (std::size_t i = function.first; i < function.end; ++i)
        bodies_.add(code_.instructions()[i]);
      return std::nullopt;
    }
    base_ = rewriter_.new_id();
    Replacements by = needed_by(function);
    enum { parameters, variables, code } part = parameters;
    for (std::size_t i = function.first; i < function.end; ++i) {
      const Instruction& instruction = code_.instructions()[i];
      if (instruction.op == spv::OpFunction) {
        if (auto error = add_head(instruction)) return error;
        continue;
      }
      if (part == parameters && instruction.op == spv::OpLabel) {
        bodies_.add(spv::OpFunctionParameter, {byte_pointer_, base_});
        bodies_.add(instruction);
        part = variables;
        continue;
      }
      // Variables of a function come first in its first block.
      if (part == variables && instruction.op != spv::OpVariable && instruction.op != spv::OpLine &&
          instruction.op != spv::OpNoLine) {
        add_addresses(by);
        part = code;
      }
      if (auto error = add_body(instruction, by)) return error;
    }
    return std::nullopt;
  }

  std::optional<Error> add_head(const Instruction& function) {
    const Instruction* type = code_.definition(function.operand(3));
    if (type == nullptr || type->op != spv::OpTypeFunction)
      return Error{function.at * 4, "a function without type"};
    const auto old = type->from(1);
    std::vector<Word> signature(old.begin(), old.end());
    signature.push_back(byte_pointer_);
    bodies_.add(spv::OpFunction, {function.type, function.result, function.operand(2),
                                  rewriter_.function_type(signature)});
    return std::nullopt;
  }

  // Returns the dependent ids a function needs, those its constants are made of included, each with
  // the id that stands for it in this function.
  Replacements needed_by(const FunctionCode& function) {
    Replacements by;
    const auto need = [&](const Instruction& instruction) {
      for_each_id(instruction, [&](std::size_t position) {
        const Word id = instruction.operand(position);
        if (moved_.is_dependent(id) && !by.contains(id)) by.emplace(id, rewriter_.new_id());
      });
    };
    for (std::size_t i = function.first; i < function.end; ++i) need(code_.instructions()[i]);
    for (auto id = order_.rbegin(); id != order_.rend(); ++id)
      if (by.contains(*id) && !moved_.moves(*id)) need(*code_.definition(*id));
    return by;
  }

  void add_addresses(const Replacements& by) {
    for (const Word id : order_) {
      const auto found = by.find(id);
      if (found == by.end()) continue;
      if (moved_.moves(id))
        add_address_of(id, found->second);
      else
        add_constant(*code_.definition(id), by);
    }
  }

  void add_address_of(Word variable, Word result) {
    const Word type = code_.definition(variable)->type;
    const bool is_byte_pointer = type == byte_pointer_;
    const Word byte = is_byte_pointer ? result : rewriter_.new_id();
    bodies_.add(spv::OpInBoundsPtrAccessChain,
                {byte_pointer_, byte, base_, offset_ids_.at(variable)});
    if (is_byte_pointer) return;
    if (code_.storage_of_pointer_type(type) == spv::StorageClassCrossWorkgroup) {
      bodies_.add(spv::OpBitcast, {type, result, byte});
      return;
    }
    const Word number = rewriter_.new_id();
    bodies_.add(spv::OpConvertPtrToU, {address_, number, byte});
    bodies_.add(spv::OpConvertUToPtr, {type, result, number});
  }

  // What was a constant is computed where the function starts.
  void add_constant(const Instruction& constant, const Replacements& by) {
    std::vector<Word> operands = replaced(constant, by);
    if (constant.op != spv::OpSpecConstantOp) {
      bodies_.add(spv::OpCompositeConstruct, operands);
      return;
    }
    const auto op = static_cast<spv::Op>(constant.operand(2));
    if (operands.size() > 2) operands.erase(operands.begin() + 2);
    if (steps_over_result(constant)) {
      const Word cast = rewriter_.new_id();
      bodies_.add(spv::OpBitcast, {constant.type, cast, operands[2]});
      operands[2] = cast;
    }
    bodies_.add(op, operands);
  }

  // llvm-spirv 19 leaves out the cast of a pointer whose element is not what the chain steps over.
  bool steps_over_result(const Instruction& constant) const {
    const Word op = constant.operand(2);
    const Instruction* base = code_.definition(constant.operand(3));
    return (op == spv::OpPtrAccessChain || op == spv::OpInBoundsPtrAccessChain) &&
           constant.operands.size() == 5 && base != nullptr && base->type != constant.type;
  }

  std::optional<Error> add_body(const Instruction& instruction, const Replacements& by) {
    bool uses = false;
    const bool is_known = for_each_id(instruction, [&](std::size_t position) {
      uses = uses || moved_.is_dependent(instruction.operand(position));
    });
    if (uses && (!is_known || instruction.op == spv::OpVariable))
      return Error{instruction.at * 4, "instruction " + std::to_string(instruction.op) +
                                           " uses a module-scope variable in a way not known here"};
    std::vector<Word> operands = replaced(instruction, by);
    if (instruction.op == spv::OpFunctionCall && takes_pointer_.contains(instruction.operand(2)))
      operands.push_back(base_);
    bodies_.add(instruction.op, operands);
    return std::nullopt;
  }

  const Code& code_;
  const MovedGlobals& moved_;
  std::vector<Word> order_;
  Rewriter rewriter_;
  Word byte_ = 0, byte_pointer_ = 0, address_ = 0;
  std::map<Word, Word> offset_ids_;
  std::set<Word> takes_pointer_;
  WordList bodies_;
  /// The pointer to the buffer in the function being written.
  Word base_ = 0;
};

}  // namespace

Checked<PlacedGlobals> with_globals_in_device_memory(const Module& module) {
  auto code = Code::decode(module.words());
  if (!code) return code.error();
  const Types types(*code);
  auto moved = MovedGlobals::of(*code, types);
  if (!moved) return moved.error();
  if (moved->offsets().empty()) return PlacedGlobals{module, {}, {1}, {}, {}, {}};
  if (types.pointer_size() != 8_B)
    return Error{0, "variables are only moved in modules with 64-bit pointers"};

  ConstantImage image(*code, types, moved->offsets(), moved->size());
  std::vector<PlacedVariable> variables;
  for (const auto& [variable, offset] : moved->offsets()) {
    const Instruction& definition = *code->definition(variable);
    if (const Word initial = definition.operand(3); initial != 0)
      if (auto error = image.write(initial, offset)) return *error;
    variables.push_back({linked_name(*code, variable), offset,
                         types.size(types.element(definition.type, 0)),
                         code->decoration(variable, spv::DecorationLinkageAttributes) != nullptr});
  }
  auto changed = Mover(*code, *moved).run();
  if (!changed) return changed.error();
  return PlacedGlobals{*std::move(changed),      moved->size(),
                       moved->alignment(),       image.take_bytes(),
                       image.take_relocations(), std::move(variables)};
}

}  // namespace zesvm::spirv
