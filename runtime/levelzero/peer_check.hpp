/// @file peer_check.hpp
/// Whether data really crosses between two tiles. Drivers report peer access on hosts where every
/// read of a peer's memory delivers ones; so access is believed only after data written by one side
/// was read back right by the other (F5).
///
/// The check copies with the tile's own engines, 64 KiB for each direction. It runs once per ordered
/// pair and process, whichever Context asks; the answer is kept.
#pragma once

#include <string>

#include "levelzero/context.hpp"
#include "topology/fact_source.hpp"

namespace zesvm::levelzero {

/// The outcome for one tile that uses memory of another.
struct PeerCheck {
  topology::DataCheck data = topology::DataCheck::not_done;
  /// What went wrong, for people; empty when nothing did, or when the driver reports no access.
  std::string reason;
};

/// Lets `from` read and write memory of `to`, and looks whether the bytes are right. Not done where
/// the driver reports no access. Needs 192 KiB of memory for a moment.
/// @context  any thread
PeerCheck check_peer(Context& context, const Tile& from, const Tile& to);

/// Returns why memory of `home` is not to be used in place by every tile whose driver says it may:
/// which tile's check failed, and how. Empty when all that may also can.
std::string broken_access_to(Context& context, const Tile& home);

/// Forgets all outcomes, for tests that break a pair after it was checked.
void forget_peer_checks();

}  // namespace zesvm::levelzero
