#include "topology/picture_layout.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <tuple>

namespace zesvm::topology {
namespace {

constexpr double margin = 24;
constexpr double title_height = 66;
constexpr double card_width = 208;
constexpr double card_gap = 20;
constexpr double numa_height = 58;
constexpr double host_padding = 30;
constexpr double link_height = 62;
constexpr double switch_height = 30;
constexpr double card_head = 46;
constexpr double tile_height = 46;
constexpr double tile_gap = 34;
constexpr double lane_height = 40;
constexpr double lane_gap = 14;
// More than these are no longer told apart: lanes of one kind are put together.
constexpr std::size_t most_lanes = 12;

/// What a pair of cards is like; pairs that are equal in it may share a lane.
struct PairKind {
  Protocol protocol = Protocol::none;
  LaneKind kind = LaneKind::direct;
  double read = 0;
  double write = 0;
  std::string reason;
  bool atomics = false;
  bool is_verified = false;
  bool is_known = true;

  friend auto operator<=>(const PairKind&, const PairKind&) = default;
};

LaneKind kind_of(const LinkMatrix& matrix, std::size_t a, std::size_t b) {
  const Reach& ahead = matrix.between(a, b);
  if (ahead.data == DataCheck::failed || matrix.between(b, a).data == DataCheck::failed)
    return LaneKind::failed;
  if (!ahead.is_direct()) return LaneKind::through_host;
  return matrix.is_fast(a, b) ? LaneKind::fast : LaneKind::direct;
}

class Layout {
 public:
  Layout(const NodeDescription& node, const LinkMatrix& matrix) : node_(node), matrix_(matrix) {}

  PictureLayout run() {
    place_columns();
    place_cards();
    place_lanes();
    result_.width = std::max(result_.host.right() + margin, 660.0);
    const double more = result_.width - 2 * margin - result_.host.width;
    result_.host.width += more;
    if (!result_.numa.empty()) result_.numa.back().box.width += more;
    if (result_.numa.size() <= 1) centre_cards();
    return result_;
  }

 private:
  using Cards = std::vector<std::uint32_t>;

  std::size_t first_tile(std::uint32_t device) const { return node_.index_of({device, 0}); }

  bool share_switch(std::uint32_t a, std::uint32_t b) const {
    const PciPath path = matrix_.between(first_tile(a), first_tile(b)).path;
    return path == PciPath::one_bridge || path == PciPath::bridges;
  }

  // Cards below one switch stand side by side.
  std::vector<Cards> by_switch(const Cards& cards) const {
    std::vector<Cards> groups;
    for (const std::uint32_t card : cards) {
      const auto group = std::find_if(groups.begin(), groups.end(), [&](const Cards& some) {
        return share_switch(card, some.front());
      });
      if (group != groups.end())
        group->push_back(card);
      else
        groups.push_back({card});
    }
    return groups;
  }

  void place_group(const Cards& cards, double& x) {
    const std::size_t first = result_.cards.size();
    for (const std::uint32_t device : cards) {
      result_.cards.push_back({{x, 0, card_width, 0}, device, {}});
      x += card_width + card_gap;
    }
    if (cards.size() < 2) return;
    SwitchBox box;
    box.box = {result_.cards[first].box.x, 0,
               result_.cards.back().box.right() - result_.cards[first].box.x, switch_height};
    for (std::size_t i = first; i < result_.cards.size(); ++i) box.cards.push_back(i);
    for (const std::uint32_t a : cards)
      for (const std::uint32_t b : cards)
        box.is_tree |= matrix_.between(first_tile(a), first_tile(b)).path == PciPath::bridges;
    result_.switches.push_back(box);
  }

  void place_columns() {
    double x = margin + 16;
    const double y = title_height + host_padding;
    std::map<std::size_t, Cards> near;
    Cards anywhere;
    for (std::uint32_t device = 0; device < node_.devices.size(); ++device) {
      const DeviceDescription& card = node_.devices[device];
      const bool is_placed =
          card.numa_source != Source::none && card.numa_node < node_.host.numa_nodes.size();
      (is_placed ? near[card.numa_node] : anywhere).push_back(device);
    }
    for (std::size_t i = 0; i < node_.host.numa_nodes.size(); ++i) {
      const double start = x;
      for (const Cards& group : by_switch(near[i])) place_group(group, x);
      x = std::max(x, start + 260 + card_gap);
      result_.numa.push_back({{start, y, x - card_gap - start, numa_height}, i});
    }
    for (const Cards& group : by_switch(anywhere)) place_group(group, x);
    result_.host = {margin, title_height, x - card_gap + 16 - margin,
                    host_padding + numa_height + 14};
  }

  // Fewer cards than the legend is wide.
  void centre_cards() {
    if (result_.cards.empty()) return;
    const double left = result_.cards.front().box.x, right = result_.cards.back().box.right();
    const double shift = result_.host.middle() - (left + right) / 2;
    for (CardBox& card : result_.cards) {
      card.box.x += shift;
      for (Box& tile : card.tiles) tile.x += shift;
    }
    for (SwitchBox& box : result_.switches) box.box.x += shift;
    for (Lane& lane : result_.lanes) lane.box.x += shift;
  }

  void place_cards() {
    double y = result_.host.bottom() + link_height;
    for (SwitchBox& box : result_.switches) box.box.y = y;
    if (!result_.switches.empty()) y += switch_height + link_height;
    double bottom = y;
    for (CardBox& card : result_.cards) {
      card.box.y = y;
      double tile_y = y + card_head;
      for (std::uint32_t tile = 0; tile < node_.devices[card.device].tiles; ++tile) {
        card.tiles.push_back({card.box.x + 14, tile_y, card_width - 28, tile_height});
        tile_y += tile_height + tile_gap;
      }
      card.box.height = tile_y - tile_gap + 14 - y;
      bottom = std::max(bottom, card.box.bottom());
    }
    result_.height = bottom;
  }

  // The slowest of all tiles of both cards, so that a figure is never too good.
  PairKind kind_between(std::uint32_t a, std::uint32_t b) const {
    PairKind slowest;
    for (std::uint32_t i = 0; i < node_.devices[a].tiles; ++i)
      for (std::uint32_t j = 0; j < node_.devices[b].tiles; ++j)
        for (const bool is_back : {false, true}) {
          const std::size_t first = node_.index_of({a, i}), second = node_.index_of({b, j});
          const Reach& reach =
              is_back ? matrix_.between(second, first) : matrix_.between(first, second);
          const bool is_first = i == 0 && j == 0 && !is_back;
          const double read = reach.figures.read.gb_per_second;
          const double write = reach.figures.write.gb_per_second;
          slowest.protocol = is_first ? reach.protocol : std::min(slowest.protocol, reach.protocol);
          slowest.kind =
              std::max(is_first ? LaneKind::fast : slowest.kind, kind_of(matrix_, first, second));
          slowest.read = is_first ? read : std::min(slowest.read, read);
          slowest.write = is_first ? write : std::min(slowest.write, write);
          slowest.is_known = slowest.is_known && reach.is_known();
          slowest.is_verified =
              reach.data == DataCheck::verified && (is_first || slowest.is_verified);
          slowest.atomics = reach.atomics && (is_first || slowest.atomics);
          if (slowest.reason.empty()) slowest.reason = reach.reason;
        }
    return slowest;
  }

  using Pairs = std::set<std::pair<std::size_t, std::size_t>>;

  // Takes cliques of cards out of `pairs`, the widest that grow from the first pair left.
  static std::vector<std::vector<std::size_t>> cliques_of(Pairs pairs, std::size_t cards) {
    std::vector<std::vector<std::size_t>> cliques;
    const Pairs all = pairs;
    const auto joined = [&](std::size_t a, std::size_t b) {
      return all.contains({std::min(a, b), std::max(a, b)});
    };
    while (!pairs.empty()) {
      std::vector<std::size_t> clique{pairs.begin()->first, pairs.begin()->second};
      for (std::size_t card = 0; card < cards; ++card)
        if (std::all_of(clique.begin(), clique.end(),
                        [&](std::size_t member) { return member != card && joined(card, member); }))
          clique.push_back(card);
      std::sort(clique.begin(), clique.end());
      for (const std::size_t a : clique)
        for (const std::size_t b : clique) pairs.erase({a, b});
      cliques.push_back(std::move(clique));
    }
    return cliques;
  }

  std::vector<Lane> lanes_of(const std::map<PairKind, Pairs>& kinds) const {
    std::vector<Lane> lanes;
    for (const auto& [kind, pairs] : kinds)
      for (auto& clique : cliques_of(pairs, result_.cards.size()))
        lanes.push_back(lane_of(kind, std::move(clique)));
    return lanes;
  }

  void place_lanes() {
    std::map<PairKind, Pairs> exact, rough;
    for (std::size_t a = 0; a < result_.cards.size(); ++a)
      for (std::size_t b = a + 1; b < result_.cards.size(); ++b) {
        PairKind kind = kind_between(result_.cards[a].device, result_.cards[b].device);
        exact[kind].insert({a, b});
        kind.read = kind.write = 0;
        kind.reason.clear();
        rough[kind].insert({a, b});
      }
    result_.lanes = lanes_of(exact);
    if (result_.lanes.size() > most_lanes) result_.lanes = lanes_of(rough);
    double y = result_.height + 30;
    for (Lane& lane : result_.lanes) {
      lane.box.y = y;
      y += lane_height + lane_gap;
    }
    result_.height = y + 64;
  }

  Lane lane_of(const PairKind& kind, std::vector<std::size_t> cards) const {
    Lane lane;
    lane.kind = kind.kind;
    lane.box.x = result_.cards[cards.front()].box.x;
    lane.box.width = result_.cards[cards.back()].box.right() - lane.box.x;
    lane.box.height = lane_height;
    lane.cards = std::move(cards);
    const std::string rates =
        rate_text({kind.read}) + " read / " + rate_text({kind.write}) + " write GB/s";
    switch (kind.protocol) {
      case Protocol::xe_link: lane.title = "Xe Link"; break;
      case Protocol::same_device: lane.title = "Tiles of one card"; break;
      case Protocol::pcie_switch: lane.title = "PCIe peer access through the switch"; break;
      case Protocol::pcie_root: lane.title = "PCIe peer access across the root"; break;
      default:
        lane.title = kind.is_known ? "No peer access: through the host" : "Peer access unknown";
        break;
    }
    lane.title +=
        ", " + (kind.read > 0 || kind.write > 0 ? rates : std::string("bandwidth unknown"));
    const bool has_parts = std::any_of(lane.cards.begin(), lane.cards.end(), [&](std::size_t card) {
      return node_.devices[result_.cards[card].device].tiles > 1;
    });
    if (has_parts) lane.detail = "each tile to each tile of the other cards";
    const auto add = [&](const std::string& text) {
      lane.detail += (lane.detail.empty() ? "" : "; ") + text;
    };
    if (kind.atomics) add("atomics");
    if (kind.kind == LaneKind::fast) add("fast");
    if (kind.is_verified) add("data verified");
    if (!kind.reason.empty())
      add((kind.kind == LaneKind::direct ? "not fast: " : "") + kind.reason);
    return lane;
  }

  const NodeDescription& node_;
  const LinkMatrix& matrix_;
  PictureLayout result_;
};

}  // namespace

PictureLayout lay_out(const NodeDescription& node, const LinkMatrix& matrix) {
  return Layout(node, matrix).run();
}

double text_width(const std::string& text, double size) {
  return static_cast<double>(text.size()) * size * 0.58;
}

std::string rate_text(Bandwidth bandwidth) {
  if (bandwidth.gb_per_second <= 0) return "?";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", bandwidth.gb_per_second);
  return text;
}

}  // namespace zesvm::topology
