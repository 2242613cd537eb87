#include "topology/picture.hpp"

#include <algorithm>
#include <cstdio>

#include "topology/picture_layout.hpp"
#include "topology/report.hpp"

namespace zesvm::topology {
namespace {

constexpr const char* ink = "#1f2933";
constexpr const char* soft = "#52606d";
constexpr const char* line = "#7b8794";

struct LaneStyle {
  const char* fill;
  const char* stroke;
  const char* dash;
};

LaneStyle style_of(LaneKind kind) {
  switch (kind) {
    case LaneKind::fast: return {"#d8f3dc", "#2d6a4f", ""};
    case LaneKind::direct: return {"#fff3cd", "#b7791f", ""};
    case LaneKind::through_host: return {"#f1f3f5", "#7b8794", "6 4"};
    case LaneKind::failed: return {"#ffe3e3", "#c92a2a", "6 4"};
  }
  return {"#ffffff", "#000000", ""};
}

constexpr const char* lost_colour = "#cbd0d6";
// Owners side by side differ; beyond the last the colours start again.
constexpr const char* owner_colours[] = {"#dbeafe", "#fde2e4", "#e2f0cb", "#ede0ff",
                                         "#ffe8cc", "#cff4f1", "#fff1b8", "#e9ecef"};

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else if (c == '"')
      safe += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20)
      safe += c;
  }
  return safe;
}

std::string shortened(std::string text, double width, double size) {
  const auto fits = static_cast<std::size_t>(width / (size * 0.58));
  if (text.size() > fits && fits > 3) text = text.substr(0, fits - 3) + "...";
  return text;
}

// Registered signs and the maker's name only take room.
std::string short_name(std::string name) {
  for (const char* noise : {"Intel(R) ", "(R)", "(TM)", " Graphics"})
    if (const auto at = name.find(noise); at != std::string::npos)
      name.erase(at, std::string(noise).size());
  return name;
}

std::string memory_text(Bytes size) {
  if (size.count == 0) return "memory unknown";
  char text[32];
  const double gib = static_cast<double>(size.count) / (1u << 30);
  std::snprintf(text, sizeof text, "%.4g %s", gib >= 1 ? gib : gib * 1024,
                gib >= 1 ? "GiB" : "MiB");
  return text;
}

class Picture {
 public:
  explicit Picture(const Detection& detection)
      : node_(detection.node), matrix_(node_), layout_(lay_out(node_, matrix_)) {
    const auto owners = matrix_.owners_without(detection.lost);
    owner_of_.resize(matrix_.size());
    for (std::size_t i = 0; i < owners.size(); ++i)
      for (const std::size_t tile : owners[i]) owner_of_[tile] = i;
  }

  std::string svg() {
    open();
    draw_host();
    draw_links_to_host();
    draw_stubs();
    for (const SwitchBox& box : layout_.switches) draw_switch(box);
    for (const CardBox& card : layout_.cards) draw_card(card);
    for (const Lane& lane : layout_.lanes) draw_lane(lane);
    draw_legend();
    return svg_ + "</svg>\n";
  }

 private:
  void open() {
    char head[512];
    std::snprintf(head, sizeof head,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                  "viewBox=\"0 0 %.0f %.0f\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n",
                  layout_.width, layout_.height, layout_.width, layout_.height);
    svg_ = head;
    rectangle({0, 0, layout_.width, layout_.height}, "#ffffff", "none", 0);
    text(24, 32, 18, ink, node_.name, "start", "bold");
    text(24, 53, 12, soft, shortened(node_.description, layout_.width - 48, 12), "start");
  }

  void rectangle(const Box& box, const char* fill, const char* stroke, double round,
                 const char* dash = "") {
    char element[400];
    std::snprintf(element, sizeof element,
                  "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.0f\" "
                  "fill=\"%s\" stroke=\"%s\" stroke-width=\"1.5\" stroke-dasharray=\"%s\"/>\n",
                  box.x, box.y, box.width, box.height, round, fill, stroke,
                  *dash != '\0' ? dash : "none");
    svg_ += element;
  }

  void segment(double x1, double y1, double x2, double y2, const char* colour, double width,
               const char* dash = "") {
    char element[400];
    std::snprintf(element, sizeof element,
                  "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
                  "stroke-width=\"%.1f\" stroke-dasharray=\"%s\"/>\n",
                  x1, y1, x2, y2, colour, width, *dash != '\0' ? dash : "none");
    svg_ += element;
  }

  void text(double x, double y, double size, const char* colour, const std::string& words,
            const char* anchor = "middle", const char* weight = "normal") {
    char start[256];
    std::snprintf(start, sizeof start,
                  "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.0f\" fill=\"%s\" text-anchor=\"%s\" "
                  "font-weight=\"%s\">",
                  x, y, size, colour, anchor, weight);
    svg_ += start + escaped(words) + "</text>\n";
  }

  void draw_host() {
    rectangle(layout_.host, "#f5f7fa", line, 8);
    const HostDescription& host = node_.host;
    std::string name = "Host";
    if (!host.name.empty()) name += ": " + host.name;
    if (host.memory_bandwidth.gb_per_second > 0)
      name += ", memory " + rate_text(host.memory_bandwidth) + " GB/s";
    text(layout_.host.x + 16, layout_.host.y + 20, 13, ink, name, "start", "bold");
    for (const NumaBox& numa : layout_.numa) {
      rectangle(numa.box, "#ffffff", line, 6);
      text(numa.box.middle(), numa.box.y + 24, 12, ink,
           "NUMA node " + std::to_string(host.os_index_of(numa.node)), "middle", "bold");
      const NumaNode& node = host.numa_nodes[numa.node];
      text(numa.box.middle(), numa.box.y + 43, 11, soft,
           memory_text(node.memory) + ", " + std::to_string(node.cpus.size()) + " CPUs");
    }
  }

  double host_bottom(std::uint32_t device) const {
    const DeviceDescription& card = node_.devices[device];
    const bool is_near = card.numa_source != Source::none && card.numa_node < layout_.numa.size();
    return is_near ? layout_.numa[card.numa_node].box.bottom() : layout_.host.bottom();
  }

  const SwitchBox* switch_of(std::size_t card) const {
    for (const SwitchBox& box : layout_.switches)
      if (std::find(box.cards.begin(), box.cards.end(), card) != box.cards.end()) return &box;
    return nullptr;
  }

  void draw_links_to_host() {
    for (const SwitchBox& box : layout_.switches)
      segment(box.box.middle(), host_bottom(layout_.cards[box.cards.front()].device),
              box.box.middle(), box.box.y, line, 3);
    for (std::size_t i = 0; i < layout_.cards.size(); ++i) {
      const CardBox& card = layout_.cards[i];
      const SwitchBox* above = switch_of(i);
      const double x = card.box.middle();
      segment(x, above != nullptr ? above->box.bottom() : host_bottom(card.device), x, card.box.y,
              line, 3);
      draw_link_label(card, x);
    }
  }

  void draw_link_label(const CardBox& card, double x) {
    const DeviceDescription& device = node_.devices[card.device];
    const Reach& host = matrix_.to_host(node_.index_of({card.device, 0}));
    std::string kind = device.integrated ? "memory of the host" : "PCIe";
    if (!device.integrated && device.pci_generation > 0)
      kind +=
          " " + std::to_string(device.pci_generation) + ".0 x" + std::to_string(device.pci_width);
    text(x + 8, card.box.y - 34, 11, soft, kind, "start");
    text(x + 8, card.box.y - 19, 11, ink,
         rate_text(host.figures.read) + " / " + rate_text(host.figures.write) + " GB/s", "start");
  }

  void draw_switch(const SwitchBox& box) {
    rectangle(box.box, "#e4e7eb", line, 6);
    text(box.box.middle(), box.box.y + 20, 12, ink, box.is_tree ? "PCIe switches" : "PCIe switch",
         "middle", "bold");
  }

  void draw_card(const CardBox& card) {
    const DeviceDescription& device = node_.devices[card.device];
    rectangle(card.box, "#ffffff", ink, 8);
    text(card.box.middle(), card.box.y + 19, 12, ink,
         shortened(short_name(device.name), card.box.width - 12, 12), "middle", "bold");
    text(card.box.middle(), card.box.y + 36, 11, soft,
         "card " + std::to_string(card.device) + ", " + to_string(device.pci_address));
    for (std::uint32_t i = 0; i < card.tiles.size(); ++i) {
      const std::size_t tile = node_.index_of({card.device, i});
      const Box& box = card.tiles[i];
      const bool is_lost = !owner_of_[tile];
      rectangle(box,
                is_lost ? lost_colour : owner_colours[*owner_of_[tile] % std::size(owner_colours)],
                soft, 5);
      text(box.middle(), box.y + 19, 12, ink, "Tile " + label_of({card.device, i}), "middle",
           "bold");
      std::string memory = memory_text(device.vram);
      if (is_lost)
        memory = "lost";
      else if (device.memory_bandwidth.gb_per_second > 0)
        memory += ", " + rate_text(device.memory_bandwidth) + " GB/s";
      text(box.middle(), box.y + 36, 11, soft, memory);
      if (i > 0) draw_tile_link(card.tiles[i - 1], box, tile);
    }
  }

  void draw_tile_link(const Box& above, const Box& below, std::size_t tile) {
    const LaneStyle style = style_of(LaneKind::fast);
    segment(above.x + 26, above.bottom(), above.x + 26, below.y, style.stroke, 5);
    const LinkFigures& figures = matrix_.between(tile, tile - 1).figures;
    text(above.x + 40, (above.bottom() + below.y) / 2 + 4, 11, style.stroke,
         rate_text(figures.read) + " / " + rate_text(figures.write) + " GB/s", "start");
  }

  // Lines of several lanes leave a card beside each other.
  double stub_x(const CardBox& card, std::size_t lane) const {
    const double step = card.box.width / static_cast<double>(layout_.lanes.size() + 1);
    return card.box.x + step * static_cast<double>(lane + 1);
  }

  void draw_stubs() {
    for (std::size_t i = 0; i < layout_.lanes.size(); ++i) {
      const Lane& lane = layout_.lanes[i];
      const LaneStyle style = style_of(lane.kind);
      for (const std::size_t member : lane.cards) {
        const CardBox& card = layout_.cards[member];
        const double x = stub_x(card, i);
        segment(x, card.box.bottom(), x, lane.box.y, style.stroke, 3, style.dash);
      }
    }
  }

  void draw_lane(const Lane& lane) {
    const LaneStyle style = style_of(lane.kind);
    rectangle(lane.box, style.fill, style.stroke, 6, style.dash);
    const double room = lane.box.width - 16;
    const bool is_alone = lane.detail.empty();
    text(lane.box.middle(), lane.box.y + (is_alone ? 25 : 17), 11, ink,
         shortened(lane.title, room, 11), "middle", "bold");
    if (!is_alone)
      text(lane.box.middle(), lane.box.y + 32, 10, soft, shortened(lane.detail, room, 10));
  }

  void draw_legend() {
    double x = 24;
    const double y = layout_.height - 36;
    const auto entry = [&](LaneKind kind, const char* words) {
      const LaneStyle style = style_of(kind);
      rectangle({x, y, 22, 12}, style.fill, style.stroke, 3, style.dash);
      text(x + 28, y + 10, 10, soft, words, "start");
      x += 40 + text_width(words, 10);
    };
    entry(LaneKind::fast, "fast peer access");
    entry(LaneKind::direct, "slower than through the host");
    entry(LaneKind::through_host, "no peer access");
    entry(LaneKind::failed, "data arrives wrong");
    text(24, y + 27, 10, soft,
         "Tiles of one colour form one owner. Pairs of figures: read / write, by the lower end.",
         "start");
  }

  const NodeDescription& node_;
  const LinkMatrix matrix_;
  const PictureLayout layout_;
  std::vector<std::optional<std::size_t>> owner_of_;
  std::string svg_;
};

}  // namespace

std::string svg_picture(const Detection& detection) { return Picture(detection).svg(); }

}  // namespace zesvm::topology
