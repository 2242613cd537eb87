/// @file channel.hpp
/// The memory that a tile's helper and the driver share: commands, faults, completions.
///
/// Commands go from the driver to the helper in slots; the helper takes them in the order they were
/// submitted and marks each done. Faults go the other way: the thread that faulted fills a record
/// and sleeps on it until a service thread of the driver has answered. Completions of queued work
/// go through a ring with one reader.
///
/// The socket beside it carries descriptors, each with a token the command names, and shows either
/// side that the other one died.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/status.hpp"
#include "simulator/tile/tile_process.hpp"

namespace zesvm::simulator::tile {

/// What a command asks for.
enum class CommandKind : std::uint32_t {
  ping,
  reserve,
  release,
  add_file,
  remove_file,
  map,
  unmap,
  build_module,
  release_module,
  launch,
  copy,
  fill,
};

/// The largest payload of one command.
inline constexpr std::size_t payload_bytes = 8128;

/// States of `CommandSlot::done`.
enum : std::uint32_t { command_pending = 0, command_done = 1, command_abandoned = 2 };

/// One command and its answer.
struct CommandSlot {
  std::atomic<std::uint32_t> done;
  CommandKind kind;
  Status status;
  /// Bytes of the payload in use; the answer may have another size than the question.
  std::uint32_t size;
  std::uint64_t result;
  alignas(64) std::array<std::byte, payload_bytes> payload;
};

/// States of `FaultRecord::state`, in the order a record goes through them.
enum : std::uint32_t { fault_free, fault_filling, fault_pending, fault_serving, fault_answered };

/// One thread of the helper that waits for the answer to its fault.
struct alignas(64) FaultRecord {
  std::atomic<std::uint32_t> state;
  Access access;
  Status answer;
  std::uint64_t address;
};

/// How one piece of queued work ended.
struct CompletionRecord {
  std::uint64_t work;
  Status status;
  Access fault_access;
  std::uint64_t fault_address;
  std::uint64_t begin_ns;
  std::uint64_t end_ns;
  std::array<char, 208> message;
};

inline constexpr std::uint32_t slot_count = 64;
inline constexpr std::uint32_t fault_record_count = 128;
inline constexpr std::uint32_t completion_count = 256;

/// The shared memory, zero at first.
struct Channel {
  /// 1 once the helper takes commands.
  std::atomic<std::uint32_t> ready;
  /// Where the helper has memory of its own, now and later. Written before `ready`.
  std::uint32_t own_count;
  std::array<Interval, 8> own;

  /// How many commands were submitted; `order` says which slots, modulo its size.
  alignas(64) std::atomic<std::uint32_t> submitted;
  std::atomic<std::uint32_t> helper_sleeps;
  std::array<std::uint32_t, slot_count> order;

  /// Counts faults; service threads sleep on it.
  alignas(64) std::atomic<std::uint32_t> fault_doorbell;
  /// Not zero while a service thread looks at the doorbell without sleeping: no need to wake one.
  std::atomic<std::uint32_t> fault_watchers;
  std::array<FaultRecord, fault_record_count> faults;

  /// How many completions were written, and how many of them read.
  alignas(64) std::atomic<std::uint32_t> completed;
  std::atomic<std::uint32_t> collected;
  std::array<CompletionRecord, completion_count> completions;

  std::array<CommandSlot, slot_count> slots;
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

/// Orders threads of this process whose order comes about in the helper: what a thread did before it
/// sent something is seen by the thread that gets what the helper made of it.
///
/// The shared words do order them, but by stores of another process, which neither the language's
/// memory model nor the thread sanitizer knows of.
class OrderThroughHelper {
 public:
  void depart() { crossings_.fetch_add(1, std::memory_order_acq_rel); }
  void arrive() { crossings_.fetch_add(1, std::memory_order_acq_rel); }

 private:
  std::atomic<std::uint64_t> crossings_{0};
};

/// The descriptor the helper finds its socket at.
inline constexpr int helper_socket = 3;

/// Goes over the socket with one descriptor.
struct DescriptorMessage {
  std::uint64_t token;
};

struct WindowCommand {
  Interval window;
};
struct FileCommand {
  FileId file;
  std::uint64_t token;
  Bytes size;
};
struct BuildCommand {
  ModuleId module;
  std::uint64_t token;
  Bytes size;
  /// Followed by the options.
};
struct ModuleCommand {
  ModuleId module;
};

enum class ArgumentKind : std::uint32_t { pointer, value, local };

/// Precedes each argument of a launch; `size` bytes follow for a value, padded to 8.
struct ArgumentHeader {
  ArgumentKind kind;
  std::uint32_t size;
  std::uint64_t value;
};
/// Followed by the kernel's name, padded to 8, and by the arguments.
struct LaunchCommand {
  std::uint64_t work;
  ModuleId module;
  EngineId engine;
  Extent group_size;
  Extent group_count;
  Extent global_offset;
  std::uint32_t name_size;
  std::uint32_t argument_count;
};
struct CopyCommand {
  std::uint64_t work;
  Address to;
  Address from;
  Bytes size;
  EngineId engine;
};
inline constexpr std::size_t largest_pattern = 128;
struct FillCommand {
  std::uint64_t work;
  Address to;
  Bytes size;
  EngineId engine;
  std::uint32_t pattern_size;
  std::array<std::byte, largest_pattern> pattern;
};

}  // namespace zesvm::simulator::tile
