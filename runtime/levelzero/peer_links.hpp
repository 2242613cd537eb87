/// @file peer_links.hpp
/// How the tiles of a context reach each other's memory, for the core of paged memory.
///
/// A pair is believed when the machine's description has a link that is not known to be slower than going
/// through the host, and data that was sent across arrived (F5, F6). That is found out when a pair first
/// matters; until then there is no link.
///
/// Memory of a tile is mapped for its peers, too, by the simulated driver only. Intel's maps it on its own
/// card and says nothing of others, whose kernels would fault there: such links serve copies.
#pragma once

#include <atomic>
#include <vector>

#include "pagemap/owner.hpp"

namespace zesvm::levelzero {

class Context;

/// The links that were looked at. link() is safe from any thread; look_at() from one at a time.
class PeerLinks final : public pagemap::Interconnect {
 public:
  explicit PeerLinks(Context& context);

  pagemap::Link link(const pagemap::Pagemap& from,
                     const pagemap::Pagemap& to) const noexcept override;

  /// Finds out whether a tile reaches the memory of another, unless that was done before. Sends data
  /// between them when the description knows a link.
  void look_at(std::size_t from, std::size_t to);

 private:
  void describe();
  pagemap::Link find_out(std::size_t from, std::size_t to) const;

  Context& context_;
  const std::size_t count_;
  // By tiles: what the description says, and whether it was looked at. Empty before the first look.
  std::vector<pagemap::Link> described_;
  std::vector<bool> is_known_;
  std::vector<std::atomic<pagemap::Link>> links_;
};

}  // namespace zesvm::levelzero
