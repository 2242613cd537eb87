#include "simulator/driver/device_selection.hpp"

#include <charconv>
#include <map>
#include <optional>
#include <set>

namespace zesvm::simulator::driver {

namespace {

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

using Tiles = std::map<std::size_t, std::set<std::uint32_t>>;

void add_card_part(Tiles& tiles, std::span<const std::uint32_t> tiles_of_card,
                   std::string_view part) {
  const auto dot = part.find('.');
  const auto card = number(part.substr(0, dot));
  if (!card || *card >= tiles_of_card.size()) return;
  if (dot == std::string_view::npos) {
    for (std::uint32_t tile = 0; tile < tiles_of_card[*card]; ++tile) tiles[*card].insert(tile);
    return;
  }
  const auto tile = number(part.substr(dot + 1));
  if (tile && *tile < tiles_of_card[*card]) tiles[*card].insert(*tile);
}

void add_flat_part(Tiles& tiles, std::span<const std::uint32_t> tiles_of_card,
                   std::string_view part) {
  auto index = number(part);
  if (!index) return;
  for (std::size_t card = 0; card < tiles_of_card.size(); ++card) {
    if (*index < tiles_of_card[card]) {
      tiles[card].insert(*index);
      return;
    }
    *index -= tiles_of_card[card];
  }
}

}  // namespace

Hierarchy parse_hierarchy(std::string_view text) {
  if (text == "COMPOSITE") return Hierarchy::composite;
  if (text == "COMBINED") return Hierarchy::combined;
  return Hierarchy::flat;
}

std::vector<VisibleCard> select_devices(std::span<const std::uint32_t> tiles_of_card,
                                        Hierarchy hierarchy, std::string_view mask) {
  Tiles tiles;
  if (mask.empty()) {
    for (std::size_t card = 0; card < tiles_of_card.size(); ++card)
      add_card_part(tiles, tiles_of_card, std::to_string(card));
  }
  while (!mask.empty()) {
    const auto comma = mask.find(',');
    const auto part = mask.substr(0, comma);
    if (hierarchy == Hierarchy::composite)
      add_card_part(tiles, tiles_of_card, part);
    else
      add_flat_part(tiles, tiles_of_card, part);
    mask = comma == std::string_view::npos ? std::string_view{} : mask.substr(comma + 1);
  }
  std::vector<VisibleCard> visible;
  for (const auto& [card, visible_tiles] : tiles)
    visible.push_back({card, {visible_tiles.begin(), visible_tiles.end()}});
  return visible;
}

}  // namespace zesvm::simulator::driver
