#include "kernels/spirv/code.hpp"
#include "kernels/spirv/pointers.hpp"
#include "kernels/spirv/rewriter.hpp"
#include "kernels/spirv/transform.hpp"

namespace zesvm::spirv {
namespace {

// Ids that all probes share.
struct ProbeIds {
  Word byte = 0;
  Word byte_pointer = 0;
  Word address = 0;
  Word offset = 0;
};

// A volatile load, which no compiler may drop, of one byte at the shadow address.
void add_probe(WordList& out, Rewriter& rewriter, const ProbeIds& ids, Word pointer) {
  const Word address = rewriter.new_id(), shadow = rewriter.new_id();
  const Word target = rewriter.new_id(), value = rewriter.new_id();
  out.add(spv::OpConvertPtrToU, {ids.address, address, pointer});
  out.add(spv::OpISub, {ids.address, shadow, address, ids.offset});
  out.add(spv::OpConvertUToPtr, {ids.byte_pointer, target, shadow});
  const Word access = Word{spv::MemoryAccessVolatileMask} | Word{spv::MemoryAccessAlignedMask};
  out.add(spv::OpLoad, {ids.byte, value, target, access, 1});
}

class Prober {
 public:
  Prober(const Code& code, std::uint64_t shadow_offset)
      : code_(code), rewriter_(code), origins_(code), shadow_offset_(shadow_offset) {}

  Checked<ProbedAtomics> run(const Module& module) {
    WordList before, bodies;
    std::size_t next = 0;
    const auto& instructions = code_.instructions();
    const std::size_t first =
        code_.functions().empty() ? instructions.size() : code_.functions().front().first;
    for (; next < first; ++next) before.add(instructions[next]);
    for (; next < instructions.size(); ++next) {
      const Instruction& instruction = instructions[next];
      if (instruction.op == spv::OpFunction) function_ = instruction.result;
      if (is_atomic(instruction.op)) probe(bodies, instruction);
      bodies.add(instruction);
    }
    if (probed_ == 0) return ProbedAtomics{module, 0, std::move(skipped_)};
    auto changed = parse(rewriter_.finish(before, bodies));
    if (!changed) return changed.error();
    return ProbedAtomics{*std::move(changed), probed_, std::move(skipped_)};
  }

 private:
  void probe(WordList& bodies, const Instruction& atomic) {
    const Word pointer = atomic_pointer(atomic);
    const Origin origin = origins_.of(pointer);
    if (origin == Origin::local) return;
    if (origin != Origin::global) {
      skipped_.push_back(linked_name(function_) + ": " + std::string(reason_for(origin)));
      return;
    }
    if (ids_.byte == 0) declare();
    add_probe(bodies, rewriter_, ids_, pointer);
    ++probed_;
  }

  std::string linked_name(Word function) const {
    const std::string name = code_.name(function);
    return name.empty() ? "%" + std::to_string(function) : name;
  }

  void declare() {
    ids_.byte = rewriter_.integer_type(8);
    ids_.byte_pointer = rewriter_.pointer_type(spv::StorageClassCrossWorkgroup, ids_.byte);
    ids_.address = rewriter_.integer_type(64);
    ids_.offset = rewriter_.constant(ids_.address, shadow_offset_, 64);
  }

  const Code& code_;
  Rewriter rewriter_;
  PointerOrigins origins_;
  std::uint64_t shadow_offset_;
  ProbeIds ids_;
  Word function_ = 0;
  std::size_t probed_ = 0;
  std::vector<std::string> skipped_;
};

}  // namespace

Checked<ProbedAtomics> with_atomic_probes(const Module& module, std::uint64_t shadow_offset) {
  if (module.reflection().pointer_size != 8_B)
    return Error{0, "atomic operations are only probed in modules with 64-bit pointers"};
  auto code = Code::decode(module.words());
  if (!code) return code.error();
  return Prober(*code, shadow_offset).run(module);
}

}  // namespace zesvm::spirv
