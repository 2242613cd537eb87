#include <algorithm>

#include "kernels/spirv/code.hpp"

namespace zesvm::spirv {
namespace {

using Visit = std::function<void(std::size_t)>;

// How the operands of an instruction divide into ids and literals.
struct Shape {
  /// Operands before this one are ids, except `literal`.
  std::size_t ids = all;
  /// The one literal among them.
  std::size_t literal = all;
  bool is_known = true;

  static constexpr std::size_t all = ~std::size_t{0};
};

// Operands of ids first, then a mask of memory or image operands: the rest are literals, save for
// scopes and image operands, which no transform here replaces.
constexpr Shape first(std::size_t ids) { return {ids, Shape::all, true}; }
constexpr Shape except(std::size_t literal) { return {Shape::all, literal, true}; }

bool is_group_arithmetic(spv::Op op) {
  return (op >= spv::OpGroupIAdd && op <= spv::OpGroupSMax) ||
         (op >= spv::OpGroupNonUniformIAdd && op <= spv::OpGroupNonUniformLogicalXor) ||
         op == spv::OpGroupNonUniformBallotBitCount;
}

Shape debug_shape(spv::Op op) {
  switch (op) {
    case spv::OpName:
    case spv::OpMemberName:
    case spv::OpDecorate:
    case spv::OpMemberDecorate:
    case spv::OpDecorateString:
    case spv::OpMemberDecorateString:
    case spv::OpExecutionMode:
    case spv::OpLine: return first(1);
    case spv::OpDecorateId:
    case spv::OpExecutionModeId: return except(1);
    case spv::OpString:
    case spv::OpExtInstImport: return first(1);
    case spv::OpSource:
    case spv::OpSourceExtension:
    case spv::OpSourceContinued:
    case spv::OpModuleProcessed:
    case spv::OpCapability:
    case spv::OpExtension:
    case spv::OpMemoryModel:
    case spv::OpNoLine:
    case spv::OpNop: return first(0);
    default: return {Shape::all, Shape::all, false};
  }
}

Shape type_shape(spv::Op op) {
  switch (op) {
    case spv::OpTypeInt:
    case spv::OpTypeFloat:
    case spv::OpTypeOpaque:
    case spv::OpTypePipe:
    case spv::OpTypeForwardPointer: return first(1);
    case spv::OpTypeVector:
    case spv::OpTypeMatrix:
    case spv::OpTypeImage: return first(2);
    case spv::OpTypePointer: return except(1);
    case spv::OpConstant:
    case spv::OpSpecConstant:
    case spv::OpConstantSampler: return first(2);
    case spv::OpSpecConstantOp:
    case spv::OpVariable:
    case spv::OpFunction: return except(2);
    default: return {Shape::all, Shape::all, false};
  }
}

Shape body_shape(spv::Op op) {
  if (is_group_arithmetic(op)) return except(3);
  switch (op) {
    case spv::OpLoad: return first(3);
    case spv::OpStore:
    case spv::OpCopyMemory: return first(2);
    case spv::OpCopyMemorySized: return first(3);
    case spv::OpCompositeExtract: return first(3);
    case spv::OpCompositeInsert:
    case spv::OpVectorShuffle: return first(4);
    case spv::OpExtInst: return except(3);
    case spv::OpImageRead:
    case spv::OpImageFetch:
    case spv::OpImageSampleImplicitLod:
    case spv::OpImageSampleExplicitLod: return first(4);
    case spv::OpImageWrite: return first(3);
    case spv::OpSelectionMerge: return first(1);
    case spv::OpLoopMerge: return first(2);
    case spv::OpBranchConditional: return first(3);
    case spv::OpSwitch: return first(2);
    case spv::OpLifetimeStart:
    case spv::OpLifetimeStop: return first(1);
    default: return {Shape::all, Shape::all, false};
  }
}

// Instructions all of whose operands are ids, by the blocks of numbers the specification has them in.
bool has_only_ids(spv::Op op) {
  const auto within = [op](int from, int to) { return op >= from && op <= to; };
  return within(spv::OpUndef, spv::OpUndef) || within(spv::OpTypeVoid, spv::OpTypeQueue) ||
         within(spv::OpConstantTrue, spv::OpConstantNull) ||
         within(spv::OpSpecConstantTrue, spv::OpSpecConstantComposite) ||
         within(spv::OpFunctionParameter, spv::OpFunctionCall) ||
         within(spv::OpImageTexelPointer, spv::OpInBoundsPtrAccessChain) ||
         within(spv::OpDecorationGroup, spv::OpGroupDecorate) ||
         within(spv::OpVectorExtractDynamic, spv::OpTranspose) ||
         within(spv::OpSampledImage, spv::OpSampledImage) ||
         within(spv::OpImage, spv::OpImageQuerySamples) ||
         within(spv::OpConvertFToU, spv::OpBitcast) ||
         within(spv::OpSNegate, spv::OpFwidthCoarse) ||
         within(spv::OpControlBarrier, spv::OpAtomicXor) || op == spv::OpPhi ||
         within(spv::OpLabel, spv::OpBranch) || within(spv::OpKill, spv::OpUnreachable) ||
         within(spv::OpGroupAsyncCopy, spv::OpGroupBroadcast) ||
         within(spv::OpEnqueueMarker, spv::OpBuildNDRange) ||
         within(spv::OpAtomicFlagTestAndSet, spv::OpAtomicFlagClear) ||
         within(spv::OpSizeOf, spv::OpSizeOf) || op == spv::OpCopyLogical ||
         within(spv::OpSubgroupShuffleINTEL, spv::OpSubgroupBlockWriteINTEL) ||
         within(spv::OpGroupNonUniformElect, spv::OpGroupNonUniformBallotBitExtract) ||
         within(spv::OpGroupNonUniformBallotFindLSB, spv::OpGroupNonUniformShuffleDown) ||
         op == spv::OpEntryPoint || op == spv::OpAtomicFAddEXT || op == spv::OpAtomicFMinEXT ||
         op == spv::OpAtomicFMaxEXT || op == spv::OpPtrEqual || op == spv::OpPtrNotEqual ||
         op == spv::OpPtrDiff;
}

Shape shape_of(spv::Op op) {
  for (const auto& shapes : {debug_shape, type_shape, body_shape})
    if (const Shape shape = shapes(op); shape.is_known) return shape;
  return {Shape::all, Shape::all, has_only_ids(op)};
}

// Operands of an entry point: execution model, function, name, interface.
void visit_entry_point(const Instruction& instruction, const Visit& visit) {
  visit(1);
  std::size_t interface = 0;
  text_at(instruction, 2, &interface);
  for (std::size_t i = interface; i < instruction.operands.size(); ++i) visit(i);
}

// OpenCL.std instructions whose last operand is a literal: vector length or rounding mode.
bool ends_with_literal(const Instruction& instruction) {
  constexpr Word vloadn = 171, vstore_half_r = 176, vloada_halfn = 179, vload_halfn = 174,
                 vstore_halfn_r = 178, vstorea_halfn_r = 181;
  const Word number = instruction.operand(3);
  return number == vloadn || number == vstore_half_r || number == vload_halfn ||
         number == vstore_halfn_r || number == vloada_halfn || number == vstorea_halfn_r;
}

}  // namespace

bool for_each_id(const Instruction& instruction, const Visit& visit) {
  const std::size_t count = instruction.operands.size();
  if (instruction.op == spv::OpEntryPoint) {
    if (count > 1) visit_entry_point(instruction, visit);
    return true;
  }
  const Shape shape = shape_of(instruction.op);
  std::size_t end = std::min(shape.ids, count);
  if (instruction.op == spv::OpExtInst && ends_with_literal(instruction) && end > 4) --end;
  for (std::size_t i = 0; i < end; ++i)
    if (i != shape.literal) visit(i);
  return shape.is_known;
}

bool is_atomic(spv::Op op) {
  return (op >= spv::OpAtomicLoad && op <= spv::OpAtomicXor) || op == spv::OpAtomicFlagTestAndSet ||
         op == spv::OpAtomicFlagClear || op == spv::OpAtomicFAddEXT || op == spv::OpAtomicFMinEXT ||
         op == spv::OpAtomicFMaxEXT;
}

Word atomic_pointer(const Instruction& instruction) {
  return instruction.operand(instruction.result != 0 ? 2 : 0);
}

}  // namespace zesvm::spirv
