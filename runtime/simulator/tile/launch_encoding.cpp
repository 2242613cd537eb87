#include "simulator/tile/launch_encoding.hpp"

#include <cstring>

namespace zesvm::simulator::tile {
namespace {

std::size_t padded(std::size_t size) { return (size + 7) & ~std::size_t{7}; }

void append(std::vector<std::byte>& to, const void* from, std::size_t size) {
  const std::size_t at = to.size();
  to.resize(at + padded(size));
  if (size != 0) std::memcpy(to.data() + at, from, size);
}

void append(std::vector<std::byte>& to, const KernelArgument& argument) {
  ArgumentHeader header{ArgumentKind::pointer, 0, 0};
  const ValueArgument* value = std::get_if<ValueArgument>(&argument);
  if (const auto* pointer = std::get_if<PointerArgument>(&argument)) {
    header.value = pointer->value.value;
  } else if (const auto* local = std::get_if<LocalArgument>(&argument)) {
    header = {ArgumentKind::local, 0, local->size.count};
  } else {
    header = {ArgumentKind::value, static_cast<std::uint32_t>(value->bytes.size()), 0};
  }
  append(to, &header, sizeof header);
  if (value != nullptr) append(to, value->bytes.data(), value->bytes.size());
}

// Takes pieces off the front of a payload.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> payload) : left_(payload) {}

  // Returns the next `size` bytes; nothing when there are fewer.
  const std::byte* take(std::size_t size) {
    if (padded(size) > left_.size()) return nullptr;
    const std::byte* at = left_.data();
    left_ = left_.subspan(padded(size));
    return at;
  }
  template <typename T>
  bool read(T& object) {
    const std::byte* at = take(sizeof object);
    if (at != nullptr) std::memcpy(&object, at, sizeof object);
    return at != nullptr;
  }

 private:
  std::span<const std::byte> left_;
};

std::optional<KernelArgument> read_argument(Reader& reader) {
  ArgumentHeader header{};
  if (!reader.read(header)) return std::nullopt;
  if (header.kind == ArgumentKind::pointer) return PointerArgument{{header.value}};
  if (header.kind == ArgumentKind::local) return LocalArgument{{header.value}};
  const std::byte* bytes = reader.take(header.size);
  if (bytes == nullptr) return std::nullopt;
  return ValueArgument{{bytes, bytes + header.size}};
}

}  // namespace

std::vector<std::byte> encode_launch(const LaunchRequest& request, std::uint64_t work) {
  const LaunchCommand command{work,
                              request.module,
                              request.engine,
                              request.group_size,
                              request.group_count,
                              request.global_offset,
                              static_cast<std::uint32_t>(request.kernel.size()),
                              static_cast<std::uint32_t>(request.arguments.size())};
  std::vector<std::byte> payload;
  payload.reserve(512);
  append(payload, &command, sizeof command);
  append(payload, request.kernel.data(), request.kernel.size());
  for (const KernelArgument& argument : request.arguments) append(payload, argument);
  return payload;
}

std::optional<DecodedLaunch> decode_launch(std::span<const std::byte> payload) {
  Reader reader{payload};
  LaunchCommand command{};
  if (!reader.read(command)) return std::nullopt;
  const std::byte* name = reader.take(command.name_size);
  if (name == nullptr) return std::nullopt;
  DecodedLaunch launch{command.work, {}};
  launch.request.module = command.module;
  launch.request.engine = command.engine;
  launch.request.kernel.assign(reinterpret_cast<const char*>(name), command.name_size);
  launch.request.group_size = command.group_size;
  launch.request.group_count = command.group_count;
  launch.request.global_offset = command.global_offset;
  for (std::uint32_t i = 0; i < command.argument_count; ++i) {
    auto argument = read_argument(reader);
    if (!argument) return std::nullopt;
    launch.request.arguments.push_back(*std::move(argument));
  }
  return launch;
}

}  // namespace zesvm::simulator::tile
