#include "levelzero/peer_links.hpp"

#include <zesvm/error.hpp>

#include "levelzero/context.hpp"
#include "levelzero/peer_check.hpp"
#include "levelzero/placement_node.hpp"
#include "pagemap/pagemap.hpp"
#include "topology/link_matrix.hpp"

namespace zesvm::levelzero {

PeerLinks::PeerLinks(Context& context)
    : context_(context),
      count_(context.tiles().size()),
      is_known_(count_ * count_),
      links_(count_ * count_) {}

pagemap::Link PeerLinks::link(const pagemap::Pagemap& from,
                              const pagemap::Pagemap& to) const noexcept {
  return links_[from.index() * count_ + to.index()].load(std::memory_order_acquire);
}

void PeerLinks::look_at(std::size_t from, std::size_t to) {
  const std::size_t pair = from * count_ + to;
  if (from == to || is_known_[pair]) return;
  if (described_.empty()) describe();
  is_known_[pair] = true;
  links_[pair].store(find_out(from, to), std::memory_order_release);
}

void PeerLinks::describe() {
  described_.resize(count_ * count_);
  try {
    const PlacementNode node = placement_node_of(context_);
    const topology::LinkMatrix matrix{node.description};
    for (std::size_t from = 0; from < count_; ++from)
      for (std::size_t to = 0; to < count_; ++to) {
        const topology::Reach& reach = matrix.between(node.tiles[from], node.tiles[to]);
        pagemap::Link& link = described_[from * count_ + to];
        link = pagemap::link_of(matrix, node.tiles[from], node.tiles[to]);
        if (!context_.is_simulated()) link.use = pagemap::LinkUse::copies;
        // One copy from card to card: not known to be slower than two by way of the host.
        if (link.use == pagemap::LinkUse::copies && reach.figures.read.gb_per_second <= 0)
          link.speed = pagemap::Speed::fast;
      }
  } catch (const Error&) {
    // Of a node that cannot be described no link is known: memory goes through the host.
  }
}

pagemap::Link PeerLinks::find_out(std::size_t from, std::size_t to) const {
  const pagemap::Link link = described_[from * count_ + to];
  if (link.protocol == pagemap::Protocol::none || link.speed == pagemap::Speed::slow) return {};
  const PeerCheck check = check_peer(context_, context_.tiles()[from], context_.tiles()[to]);
  return check.data == topology::DataCheck::verified ? link : pagemap::Link{};
}

}  // namespace zesvm::levelzero
