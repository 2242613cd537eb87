#include "simulator/tile/device/instruction.hpp"

#include <Zydis/Zydis.h>
#include <algorithm>
#include <cstring>
#include <sys/uio.h>
#include <unistd.h>

namespace zesvm::simulator::tile::device {
namespace {

constexpr std::size_t longest = ZYDIS_MAX_INSTRUCTION_LENGTH;
constexpr std::size_t page = 4096;

// Reads up to `longest` bytes of code; the next page may not be there.
std::size_t read_code(const std::uint8_t* code, std::uint8_t* to) {
  const std::size_t on_page = page - reinterpret_cast<std::uintptr_t>(code) % page;
  const std::size_t sure = std::min(longest, on_page);
  std::memcpy(to, code, sure);
  if (sure == longest) return sure;
  const iovec local{to + sure, longest - sure};
  const iovec remote{const_cast<std::uint8_t*>(code) + sure, longest - sure};
  const ssize_t more = ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0);
  return sure + static_cast<std::size_t>(std::max<ssize_t>(more, 0));
}

}  // namespace

Instruction decode_instruction(const std::uint8_t* code) {
  std::uint8_t bytes[longest] = {};
  const std::size_t size = read_code(code, bytes);
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  ZydisDecodedInstruction decoded;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, nullptr, bytes, size, &decoded)))
    return {};
  const bool locks = (decoded.attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0;
  const bool exchanges_memory =
      decoded.mnemonic == ZYDIS_MNEMONIC_XCHG && decoded.raw.modrm.mod != 3;
  return {decoded.length, locks || exchanges_memory};
}

}  // namespace zesvm::simulator::tile::device
