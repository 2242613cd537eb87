#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>

#include "topology/report.hpp"

namespace zesvm::topology {
namespace {

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string number(double value) {
  if (value <= 0) return "?";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

// The first function of the bus is the host bridge, never a GPU: nobody told the address.
std::string pci_text(const PciAddress& address) {
  return address == PciAddress{} ? "PCI address unknown" : to_string(address);
}

std::string amount(Bytes size) {
  if (size.count == 0) return "? memory";
  const double gib = static_cast<double>(size.count) / (1u << 30);
  return gib >= 1 ? number(gib) + " GiB" : number(gib * 1024) + " MiB";
}

// 0-51,104-155 for the CPUs of a node.
std::string spans(const std::vector<std::uint32_t>& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t last = i;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(cpus[i]);
    if (last > i) text += "-" + std::to_string(cpus[last]);
    i = last + 1;
  }
  return text.empty() ? "none" : text;
}

/// Pairs of tiles that share something worth saying once.
class PairGroups {
 public:
  void add(const std::string& what, const std::string& from, const std::string& to) {
    if (groups_[what].empty()) order_.push_back(what);
    groups_[what].push_back(from + "-" + to);
  }
  std::string text() const {
    std::string all;
    for (const std::string& what : order_) {
      const auto& pairs = groups_.at(what);
      all += "  ";
      for (std::size_t i = 0; i < std::min<std::size_t>(pairs.size(), 6); ++i)
        all += (i > 0 ? ", " : "") + pairs[i];
      if (pairs.size() > 6) all += " and " + std::to_string(pairs.size() - 6) + " more";
      all += ": " + what + "\n";
    }
    return all;
  }

 private:
  std::map<std::string, std::vector<std::string>> groups_;
  std::vector<std::string> order_;
};

class TextReport {
 public:
  explicit TextReport(const Detection& detection)
      : detection_(detection), node_(detection.node), matrix_(detection.node) {}

  std::string text(ShowSources sources) {
    add_devices();
    if (matrix_.size() > 0) {
      add_links();
      add_access();
      add_figures();
      add_owners();
    }
    if (sources == ShowSources::yes) add_sources();
    add_list("Unknown", detection_.unknown);
    add_list("Sources that disagree", detection_.contradictions);
    add_missing();
    if (matrix_.size() > 0) add_legend();
    return text_;
  }

 private:
  using Cell = std::function<std::string(std::size_t, std::size_t)>;
  using HostCell = std::function<std::string(std::size_t)>;

  std::string label(std::size_t tile) const { return label_of(matrix_.tiles()[tile]); }
  std::string name_of_numa(std::size_t node) const {
    return "NUMA" + std::to_string(node_.host.os_index_of(node));
  }

  void add_devices() {
    text_ += "Tiles\n";
    if (matrix_.size() == 0) text_ += "  none: no source knows of a GPU here\n";
    for (std::size_t i = 0; i < matrix_.size(); ++i) {
      const DeviceDescription& device = node_.devices[matrix_.tiles()[i].device];
      text_ += "  " + padded(label(i), 6) + device.name + ", " + pci_text(device.pci_address);
      if (device.pci_generation > 0)
        text_ += ", PCIe " + std::to_string(device.pci_generation) + ".0 x" +
                 std::to_string(device.pci_width);
      if (const auto numa = node_.os_numa_node_of(matrix_.tiles()[i].device))
        text_ += ", NUMA node " + std::to_string(*numa);
      if (std::count(detection_.lost.begin(), detection_.lost.end(), i) > 0) text_ += ", LOST";
      text_ += ", " + amount(device.vram);
      if (i < detection_.free_memory.size() && detection_.free_memory[i])
        text_ += " (" + amount(*detection_.free_memory[i]) + " free)";
      if (device.memory_bandwidth.gb_per_second > 0)
        text_ += " at " + number(device.memory_bandwidth.gb_per_second) + " GB/s";
      text_ += "\n";
    }
    for (std::size_t i = 0; i < node_.host.numa_nodes.size(); ++i) {
      const NumaNode& numa = node_.host.numa_nodes[i];
      text_ += "  " + padded(name_of_numa(i), 6) + amount(numa.memory) + ", CPUs " +
               spans(numa.cpus) + "\n";
    }
  }

  void table(const std::string& title, std::size_t width, const Cell& cell,
             const std::vector<std::string>& host_columns, const Cell& host_cell) {
    text_ += "\n" + title + "\n" + padded("", 6);
    for (std::size_t to = 0; to < matrix_.size(); ++to) text_ += padded(label(to), width);
    for (const std::string& column : host_columns) text_ += padded(column, width);
    trim();
    for (std::size_t from = 0; from < matrix_.size(); ++from) {
      text_ += padded(label(from), 6);
      for (std::size_t to = 0; to < matrix_.size(); ++to) text_ += padded(cell(from, to), width);
      for (std::size_t i = 0; i < host_columns.size(); ++i)
        text_ += padded(host_cell(from, i), width);
      trim();
    }
  }

  void trim() {
    while (text_.back() == ' ') text_.pop_back();
    text_ += "\n";
  }

  void add_links() {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < node_.host.numa_nodes.size(); ++i)
      columns.push_back(name_of_numa(i));
    table(
        "Links (* fast)", 6,
        [this](std::size_t a, std::size_t b) {
          return std::string(letters_for(matrix_, a, b)) +
                 (a != b && matrix_.is_fast(a, b) ? "*" : "");
        },
        columns,
        [this](std::size_t a, std::size_t numa) {
          if (node_.devices[matrix_.tiles()[a].device].numa_source == Source::none)
            return std::string("?");
          return std::string(letters_of(matrix_.to_numa(a, numa).path));
        });
  }

  void add_access() {
    table(
        "Access to a peer's memory (row uses memory of column)", 6,
        [this](std::size_t a, std::size_t b) { return access_letters(matrix_, a, b); }, {"host"},
        [this](std::size_t a, std::size_t) {
          return std::string("rw") + (matrix_.to_host(a).atomics ? "a" : "-");
        });
    PairGroups none, slow;
    for (std::size_t a = 0; a < matrix_.size(); ++a)
      for (std::size_t b = 0; b < matrix_.size(); ++b) {
        const Reach& reach = matrix_.between(a, b);
        if (a == b || reach.reason.empty()) continue;
        (reach.is_direct() ? slow : none).add(reach.reason, label(a), label(b));
      }
    if (!none.text().empty()) text_ += "\nUsed through the host, because\n" + none.text();
    if (!slow.text().empty()) text_ += "\nNot fast, because\n" + slow.text();
  }

  void add_figures() {
    const auto figures = [this](const std::string& title, auto value) {
      table(
          title, 7,
          [&](std::size_t a, std::size_t b) { return number(value(matrix_.between(a, b))); },
          {"host"}, [&](std::size_t a, std::size_t) { return number(value(matrix_.to_host(a))); });
    };
    figures("Read bandwidth, GB/s (row reads memory of column)",
            [](const Reach& reach) { return reach.figures.read.gb_per_second; });
    figures("Write bandwidth, GB/s (row writes memory of column)",
            [](const Reach& reach) { return reach.figures.write.gb_per_second; });
    figures("Latency, ns (row reads memory of column)",
            [](const Reach& reach) { return static_cast<double>(reach.figures.latency.count()); });
  }

  void add_owners() {
    text_ += "\nOwners (tiles that all reach each other fast)\n";
    for (const auto& owner : matrix_.owners_without(detection_.lost)) {
      text_ += " ";
      for (const std::size_t tile : owner) text_ += " " + label(tile);
      text_ += "\n";
    }
  }

  void add_sources() {
    const auto said = [](const LinkSources& from) {
      return "protocol from " + std::string(name_of(from.protocol)) + ", bandwidth " +
             std::string(name_of(from.bandwidth)) + ", latency " +
             std::string(name_of(from.latency)) + ", atomics " + std::string(name_of(from.atomics));
    };
    PairGroups groups;
    for (std::size_t a = 0; a < matrix_.size(); ++a) {
      groups.add(said(matrix_.to_host(a).sources), label(a), "host");
      for (std::size_t b = 0; b < matrix_.size(); ++b)
        if (a != b) groups.add(said(matrix_.between(a, b).sources), label(a), label(b));
    }
    text_ += "\nWhere the facts are from\n" + groups.text();
    for (std::size_t i = 0; i < node_.devices.size(); ++i)
      text_ += "  card " + std::to_string(i) + ": PCIe link from " +
               std::string(name_of(node_.devices[i].pci_source)) + ", NUMA node " +
               std::string(name_of(node_.devices[i].numa_source)) + "\n";
    for (const std::string& source : node_.sources) text_ += "  figures: " + source + "\n";
    if (!node_.path.empty()) text_ += "  node file: " + node_.path + "\n";
  }

  void add_list(const char* title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    text_ += std::string("\n") + title + "\n";
    for (const std::string& line : lines) text_ += "  " + line + "\n";
  }

  void add_missing() {
    std::vector<std::string> lines;
    for (const MissingSource& missing : detection_.missing)
      lines.push_back(std::string(name_of(missing.source)) + ": " + missing.reason);
    add_list("Sources not asked", lines);
  }

  void add_legend() {
    text_ +=
        "\nLegend\n"
        "  X     the tile itself\n"
        "  TL    tile link: tiles of one device\n"
        "  XL    Xe Link between devices\n"
        "  PIX   one PCIe switch or bridge\n"
        "  PXB   several PCIe bridges, no host bridge\n"
        "  PHB   a PCIe host bridge\n"
        "  NODE  several host bridges of one NUMA node\n"
        "  SYS   the interconnect between NUMA nodes\n"
        "  ?     unknown\n"
        "  *     fast: not slower than a copy through the host, in both directions\n"
        "  rwa   may read, write, use atomics; - may not\n"
        "  + ! ? data was read back right, wrong, was not checked\n";
  }

  const Detection& detection_;
  const NodeDescription& node_;
  const LinkMatrix matrix_;
  std::string text_;
};

}  // namespace

std::string label_of(TileId tile) {
  return std::to_string(tile.device) + "." + std::to_string(tile.tile);
}

std::string_view letters_for(const LinkMatrix& matrix, std::size_t from, std::size_t to) {
  if (from == to) return "X";
  const Reach& reach = matrix.between(from, to);
  if (reach.protocol == Protocol::xe_link) return "XL";
  if (reach.protocol == Protocol::same_device) return "TL";
  if (matrix.tiles()[from].device == matrix.tiles()[to].device) return "TL";
  return letters_of(reach.path);
}

std::string access_letters(const LinkMatrix& matrix, std::size_t from, std::size_t to) {
  if (from == to) return "X";
  const Reach& reach = matrix.between(from, to);
  const char data[] = {'?', '+', '!'};
  const char seen = data[static_cast<std::size_t>(reach.data)];
  if (!reach.is_known()) return "?";
  if (!reach.is_direct()) return reach.data == DataCheck::failed ? "-!" : "-";
  return std::string("rw") + (reach.atomics ? 'a' : '-') + seen;
}

std::string text_report(const Detection& detection, ShowSources sources) {
  return TextReport(detection).text(sources);
}

}  // namespace zesvm::topology
