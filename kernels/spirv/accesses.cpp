#include "kernels/spirv/accesses.hpp"

#include <map>

#include "kernels/spirv/code.hpp"
#include "kernels/spirv/reflect.hpp"
#include "kernels/spirv/roots.hpp"

namespace zesvm::spirv {
namespace {

// What one function does, with its callees, to memory it was given the address of.
struct Effects {
  std::map<Word, AccessSummary> by_root;
};

enum class Use { read, written, atomic, escapes };

bool& flag(AccessSummary& summary, Use use) {
  switch (use) {
    case Use::read: return summary.is_read;
    case Use::written: return summary.is_written;
    case Use::atomic: return summary.is_atomic;
    case Use::escapes: break;
  }
  return summary.escapes;
}

const char* word_for(Use use) {
  switch (use) {
    case Use::read: return "read in ";
    case Use::written: return "written in ";
    case Use::atomic: return "updated atomically in ";
    case Use::escapes: break;
  }
  return "kept or handed out in ";
}

// Bytes; beyond it no place is added.
constexpr std::size_t longest_reason = 400;

constexpr Use all_uses[] = {Use::read, Use::written, Use::atomic, Use::escapes};

class Inference {
 public:
  explicit Inference(const Code& code) : code_(code), roots_(code) {
    // Effects only ever grow: a pass that adds none is the last.
    do {
      grew_ = false;
      for (const FunctionCode& function : code.functions()) visit(function);
    } while (grew_);
  }

  KernelAccesses of(const Kernel& kernel) {
    KernelAccesses found;
    found.kernel = kernel.name;
    const FunctionCode& function = *code_.function(kernel.function);
    const auto& effects = effects_[kernel.function].by_root;
    for (const Argument& argument : kernel.arguments)
      found.arguments.push_back(summary_of(argument, effects, function));
    const auto other = effects.find(elsewhere);
    if (other == effects.end()) return found;
    found.touches_other_memory = true;
    found.reason = other->second.reason;
    // A pointer that was kept may be the one that was found.
    for (AccessSummary& argument : found.arguments)
      if (argument.escapes) argument.is_read = argument.is_written = true;
    return found;
  }

 private:
  static AccessSummary summary_of(const Argument& argument,
                                  const std::map<Word, AccessSummary>& effects,
                                  const FunctionCode& function) {
    AccessSummary summary;
    if (argument.kind == ArgumentKind::image) {
      summary.is_read = argument.access != AccessQualifier::write_only;
      summary.is_written = argument.access != AccessQualifier::read_only;
      summary.reason = "an image";
      return summary;
    }
    if (argument.kind != ArgumentKind::global_pointer &&
        argument.kind != ArgumentKind::constant_pointer)
      return summary;
    const auto found = effects.find(function.parameters[argument.index]);
    return found == effects.end() ? summary : found->second;
  }

  void visit(const FunctionCode& function) {
    function_ = &function;
    name_ = linked_name(code_, function.id);
    if (name_.empty()) name_ = "%" + std::to_string(function.id);
    for (std::size_t i = function.first; i < function.end; ++i) visit(code_.instructions()[i]);
  }

  void visit(const Instruction& instruction) {
    if (is_atomic(instruction.op)) return visit_atomic(instruction);
    switch (instruction.op) {
      case spv::OpLoad: use(instruction.operand(2), Use::read); break;
      case spv::OpStore:
        use(instruction.operand(0), Use::written);
        if (!is_kept_here(instruction.operand(0))) use(instruction.operand(1), Use::escapes);
        break;
      case spv::OpCopyMemory:
      case spv::OpCopyMemorySized:
        use(instruction.operand(0), Use::written);
        use(instruction.operand(1), Use::read);
        if (!is_kept_here(instruction.operand(0))) hand_out_content(instruction.operand(1));
        break;
      case spv::OpGroupAsyncCopy:
        use(instruction.operand(3), Use::written);
        use(instruction.operand(4), Use::read);
        break;
      case spv::OpSubgroupBlockReadINTEL: use(instruction.operand(2), Use::read); break;
      case spv::OpSubgroupBlockWriteINTEL: use(instruction.operand(0), Use::written); break;
      case spv::OpExtInst: visit_extended(instruction); break;
      case spv::OpFunctionCall: visit_call(instruction); break;
      default: visit_other(instruction);
    }
  }

  void visit_atomic(const Instruction& atomic) {
    const Word pointer = atomic_pointer(atomic);
    use(pointer, Use::atomic);
    if (atomic.op != spv::OpAtomicStore) use(pointer, Use::read);
    if (atomic.op != spv::OpAtomicLoad) use(pointer, Use::written);
    for (const Word value : atomic.from(atomic.result != 0 ? 3 : 1)) use(value, Use::escapes);
  }

  void visit_extended(const Instruction& extended) {
    const Word number = extended.operand(3);
    for_each_id(extended, [&](std::size_t position) {
      const Word value = extended.operand(position);
      if (position < 4) return;
      if (code_.storage_of(value) == spv::StorageClassMax) {
        if (writes_memory(number)) use(value, Use::escapes);
        return;
      }
      if (!writes_memory(number)) use(value, Use::read);
      if (!reads_memory(number)) use(value, Use::written);
    });
  }

  void visit_call(const Instruction& call) {
    const FunctionCode* callee = code_.function(call.operand(2));
    if (!has_body(callee)) {
      const std::string callee_name = linked_name(code_, call.operand(2));
      const std::string why = "handed to " + (callee_name.empty() ? "a function" : callee_name) +
                              ", whose code is not in the module, in " + name_;
      for (const Word argument : call.from(3)) use_in_all_ways(argument, why);
      note(elsewhere, Use::read, why);
      return;
    }
    const auto& effects = effects_[callee->id].by_root;
    for (std::size_t i = 0; i < callee->parameters.size(); ++i) {
      const Word argument = call.operand(3 + i), parameter = callee->parameters[i];
      hand_out_content(argument);
      // An address passed as a number is not followed into the callee.
      if (code_.storage_of(parameter) == spv::StorageClassMax) use(argument, Use::escapes);
      if (const auto found = effects.find(parameter); found != effects.end())
        for (const Word root : roots_.of(argument)) take_over(root, found->second);
    }
    if (const auto other = effects.find(elsewhere); other != effects.end())
      take_over(elsewhere, other->second);
  }

  void visit_other(const Instruction& instruction) {
    if (instruction.op == spv::OpReturnValue || instruction.op == spv::OpVariable) return;
    if (for_each_id(instruction, [](std::size_t) {})) return;
    const std::string why = "used in " + name_ + " by an instruction not known here, number " +
                            std::to_string(static_cast<unsigned>(instruction.op)) +
                            ": taken for every kind of access";
    for (const Word operand : instruction.operands) use_in_all_ways(operand, why);
  }

  // Whether memory there is this function's own, whose content is followed.
  bool is_kept_here(Word pointer) const {
    for (const Word root : roots_.of(pointer))
      if (!roots_.is_followed(root)) return false;
    return true;
  }

  void hand_out_content(Word pointer) {
    for (const Word root : roots_.of(pointer))
      for (const Word held : roots_.held_by(root))
        if (held != elsewhere) note(held, Use::escapes);
  }

  // Where it cannot be told what happens: all may, and `why` is the one reason for it.
  void use_in_all_ways(Word value, const std::string& why) {
    hand_out_content(value);
    for (const Use one : all_uses) use(value, one, why);
  }

  void use(Word value, Use how, const std::string& why = {}) {
    for (const Word root : roots_.of(value))
      if (root != elsewhere || how != Use::escapes) note(root, how, why);
  }

  void note(Word root, Use how, const std::string& why = {}) {
    AccessSummary& summary = effects_[function_->id].by_root[root];
    if (flag(summary, how)) return;
    flag(summary, how) = grew_ = true;
    add_reason(summary, why.empty() ? word_for(how) + name_ : why);
  }

  static void add_reason(AccessSummary& summary, const std::string& reason) {
    // Chains of calls repeat each other's places; a module can be made to have no end of them.
    if (summary.reason.size() > longest_reason) return;
    if (summary.reason.find(reason) != std::string::npos) return;
    summary.reason += (summary.reason.empty() ? "" : "; ") + reason;
  }

  void take_over(Word root, const AccessSummary& from) {
    AccessSummary& summary = effects_[function_->id].by_root[root];
    AccessSummary source = from;
    bool is_new = false;
    for (const Use how : all_uses) {
      if (!flag(source, how) || flag(summary, how)) continue;
      flag(summary, how) = grew_ = is_new = true;
    }
    if (is_new) add_reason(summary, source.reason);
  }

  const Code& code_;
  RootsOfValues roots_;
  std::unordered_map<Word, Effects> effects_;
  const FunctionCode* function_ = nullptr;
  std::string name_;
  bool grew_ = false;
};

}  // namespace

std::vector<KernelAccesses> infer_accesses(const Module& module) {
  std::vector<KernelAccesses> all;
  const auto code = Code::decode(module.words());
  if (!code) return all;
  Inference inference(*code);
  for (const Kernel& kernel : module.kernels()) all.push_back(inference.of(kernel));
  return all;
}

}  // namespace zesvm::spirv
