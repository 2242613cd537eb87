// The container of native binaries: a header, the build options, the SPIR-V. Little endian, as
// every supported host is; the version changes when a driver could misread an older one.
#include <array>
#include <cstring>

#include "simulator/driver/program.hpp"

namespace zesvm::simulator::driver {

namespace {

constexpr std::array<char, 8> binary_magic{'Z', 'E', 'S', 'V', 'M', 'B', 'I', 'N'};
constexpr std::uint32_t version = 1;

struct Header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t options_bytes;
  std::uint64_t spirv_bytes;
};

}  // namespace

std::vector<std::byte> native_binary_of(const Program& program) {
  const Header header{binary_magic, version, static_cast<std::uint32_t>(program.options().size()),
                      program.spirv().size()};
  std::vector<std::byte> binary(sizeof header + header.options_bytes + header.spirv_bytes);
  std::memcpy(binary.data(), &header, sizeof header);
  std::memcpy(binary.data() + sizeof header, program.options().data(), header.options_bytes);
  std::memcpy(binary.data() + sizeof header + header.options_bytes, program.spirv().data(),
              header.spirv_bytes);
  return binary;
}

std::optional<ProgramSource> source_of_native_binary(std::span<const std::byte> binary) {
  Header header{};
  if (binary.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, binary.data(), sizeof header);
  if (header.magic != binary_magic || header.version != version) return std::nullopt;
  const auto rest = binary.subspan(sizeof header);
  if (header.options_bytes > rest.size()) return std::nullopt;
  if (header.spirv_bytes != rest.size() - header.options_bytes) return std::nullopt;
  ProgramSource source;
  source.options.assign(reinterpret_cast<const char*>(rest.data()), header.options_bytes);
  const auto spirv = rest.subspan(header.options_bytes);
  source.spirv.assign(spirv.begin(), spirv.end());
  return source;
}

}  // namespace zesvm::simulator::driver
