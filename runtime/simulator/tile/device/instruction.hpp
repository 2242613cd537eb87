/// @file instruction.hpp
/// What an instruction that faulted was doing.
#pragma once

#include <cstdint>

namespace zesvm::simulator::tile::device {

/// What matters of an instruction.
struct Instruction {
  /// Bytes; 0 when it could not be decoded.
  std::uint8_t length = 0;
  /// Whether it updates memory atomically: LOCK, or an exchange with memory.
  bool is_atomic = false;
};

/// Decodes the instruction at `code`.
///
/// @context  fault (no allocation, no lock)
Instruction decode_instruction(const std::uint8_t* code);

}  // namespace zesvm::simulator::tile::device
