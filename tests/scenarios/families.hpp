/// @file families.hpp
/// The families: how launches are made on memory of some kind. A family is a row of numbers; the
/// rules of a run are the same for all:
///
/// F1  each round starts a launch in every lane at once; lanes never touch the same byte
/// F2  rounds take turns on the devices
/// F3  every byte is compared at the end, and after rounds chosen at random (after each one where
///     the kind replaces its memory); the CPU then writes some bytes
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zesvm::scenarios {

class Session;
struct Kind;

/// What makes the lanes of a round.
enum class Lanes { queues, threads };

/// A family, by its name.
struct Family {
  std::string name;
  /// Bytes of memory.
  std::size_t bytes = 0;
  /// How often launches are made.
  std::uint64_t rounds = 1;
  /// Distance of the bytes that are stored to.
  std::uint64_t stride = 1;
  std::size_t lanes = 1;
  Lanes lanes_are = Lanes::queues;
  /// How many threads do all this at once, each in a space of its own.
  std::size_t spaces = 1;
  /// How many processes do.
  std::size_t processes = 1;
};

/// Returns all families.
const std::vector<Family>& families();

/// Runs a family on a kind of memory, in this process. @errors Failure
void run_family(const Session& session, const Family& family, const Kind& kind, std::uint64_t seed);

}  // namespace zesvm::scenarios
