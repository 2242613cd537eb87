/// @file picture_layout.hpp
/// Where everything of a picture stands, worked out before anything is drawn.
///
/// From top to bottom: the host with its NUMA nodes, switches, cards with their tiles one below
/// the other, and lanes. A lane is a horizontal bar that joins cards which all reach each other
/// alike, so that a node where everybody is joined to everybody has one lane, not a web of lines.
#pragma once

#include <string>
#include <vector>

#include "topology/detection.hpp"
#include "topology/link_matrix.hpp"

namespace zesvm::topology {

/// A rectangle, in pixels from the top left.
struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;

  double right() const { return x + width; }
  double bottom() const { return y + height; }
  double middle() const { return x + width / 2; }
};

/// What a lane stands for, which decides its colour.
enum class LaneKind : std::uint8_t { fast, direct, through_host, failed };

struct CardBox {
  Box box;
  std::uint32_t device = 0;
  std::vector<Box> tiles;
};

struct NumaBox {
  Box box;
  std::size_t node = 0;
};

struct SwitchBox {
  Box box;
  /// Whether several switches lie between some of the cards.
  bool is_tree = false;
  /// Places in PictureLayout::cards.
  std::vector<std::size_t> cards;
};

struct Lane {
  Box box;
  LaneKind kind = LaneKind::direct;
  std::vector<std::size_t> cards;
  std::string title;
  std::string detail;
};

struct PictureLayout {
  double width = 0;
  double height = 0;
  Box host;
  std::vector<NumaBox> numa;
  std::vector<SwitchBox> switches;
  std::vector<CardBox> cards;
  std::vector<Lane> lanes;
};

/// Lays the picture of a machine out.
PictureLayout lay_out(const NodeDescription& node, const LinkMatrix& matrix);

/// Returns how wide text is, near enough to place it.
double text_width(const std::string& text, double size);

/// Returns a rate with three or four digits; `?` when it is unknown.
std::string rate_text(Bandwidth bandwidth);

}  // namespace zesvm::topology
