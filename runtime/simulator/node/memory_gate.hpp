/// @file memory_gate.hpp
/// Keeps the program's mappings as they are for a moment: its memory calls that are heard of
/// (memory_calls.hpp) pass here.
///
/// MG1  while somebody needs the mappings to stay, no call that changes one of them is under way
/// MG2  who waits for the mappings to stay goes before calls that come later
#pragma once

#include <utility>

namespace zesvm::simulator::node {

/// Keeps the program's mappings as they are while it lives: calls that change them wait.
///
/// @locks    meanwhile, nothing may be waited for that a call may be made under: no lock with a place in
///           the order, and nothing of the program's heap, which is locked during calls of its own
class MappingsStay {
 public:
  MappingsStay() noexcept;
  ~MappingsStay();
  MappingsStay(const MappingsStay&) = delete;
  MappingsStay& operator=(const MappingsStay&) = delete;
};

/// Lets nobody need the mappings to stay, from pass() to leave() or its end.
///
/// Inside it, or where this thread itself needs them to stay, another one does nothing: a signal's
/// handler may come upon a call of its own thread.
class MappingsMayChange {
 public:
  MappingsMayChange() noexcept = default;
  ~MappingsMayChange() { leave(); }
  MappingsMayChange(const MappingsMayChange&) = delete;
  MappingsMayChange& operator=(const MappingsMayChange&) = delete;
  void pass() noexcept;
  void leave() noexcept;

  /// Returns whether this thread has passed, or needs the mappings to stay.
  static bool is_inside() noexcept;
  /// Forgets the threads that a child made by fork() does not have.
  static void open_in_child() noexcept;

 private:
  bool is_held_ = false;
};

}  // namespace zesvm::simulator::node
