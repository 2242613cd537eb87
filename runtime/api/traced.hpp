/// @file traced.hpp
/// Calls of the program, written to the trace where there is one; a load and a branch where not.
#pragma once

#include <optional>
#include <string_view>

#include <zesvm/address_space.hpp>

#include "levelzero/context.hpp"
#include "levelzero/work_trace.hpp"

namespace zesvm {

/// Gives a hint about `[pointer, pointer + bytes)` by `work`, which returns what became of it.
/// `device`: what the hint is about; nothing: system memory, or no device.
template <typename Work>
HintResult traced_hint(const levelzero::Context& context, std::string_view hint,
                       const void* pointer, std::size_t bytes, std::optional<std::size_t> device,
                       Work&& work) {
  levelzero::WorkTrace* const trace = context.trace();
  if (trace == nullptr) return work();
  const auto begin = levelzero::WorkTrace::now();
  HintResult result = work();
  const auto tile = device ? std::optional(static_cast<std::uint32_t>(*device)) : std::nullopt;
  trace->hinted(hint, {address_of(pointer), address_of(pointer) + Bytes{bytes}}, tile, result,
                begin);
  return result;
}

/// Gives work to a tile, or waits for it, by `work`. `what`: a kernel's name, or nothing.
template <typename Work>
void traced_call(const levelzero::Tile& tile, std::string_view call, std::string_view what,
                 Work&& work) {
  levelzero::WorkTrace* const trace = tile.context->trace();
  if (trace == nullptr) return work();
  const auto begin = levelzero::WorkTrace::now();
  work();
  trace->called(call, what, tile, begin);
}

}  // namespace zesvm
