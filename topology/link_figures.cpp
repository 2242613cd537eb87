#include <algorithm>
#include <cstdio>

#include "topology/link_judgement.hpp"

namespace zesvm::topology {
namespace {

// Sources round and count coding differently; beyond a quarter they mean different things.
constexpr double tolerated_ratio = 1.25;

std::string text_of(Bandwidth bandwidth) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g GB/s", bandwidth.gb_per_second);
  return text;
}

}  // namespace

void LinkJudgement::judge_figures(Link& link, const FabricFacts& fabric) {
  judge_bandwidth(link, fabric);
  judge_latency(link, fabric);
  judge_atomics(link);
  if (link.sources.bandwidth == Source::none)
    detection_.unknown.push_back("bandwidth between " + pair_name(link));
}

void LinkJudgement::judge_bandwidth(Link& link, const FabricFacts& fabric) {
  const TileId a{link.first.device, link.first.tile}, b{link.second.device, link.second.tile};
  const auto take = [&](Bandwidth ahead_read, Bandwidth ahead_write, Source source) {
    link.forward.read = link.backward.write = ahead_read;
    link.forward.write = link.backward.read = ahead_write;
    link.sources.bandwidth = source;
  };
  const LevelZeroPair* ahead = pair(a, b);
  const LevelZeroPair* back = pair(b, a);
  const Reach* file = file_reach(a, b);
  if (file != nullptr && file->is_direct()) {
    link.forward = file->figures;
    link.backward = file_reach(b, a)->figures;
    link.sources.bandwidth = file->sources.bandwidth;
  } else if (ahead != nullptr && ahead->bandwidth) {
    take(*ahead->bandwidth, *ahead->bandwidth, Source::level_zero);
    if (back != nullptr && back->bandwidth)
      link.backward.read = link.backward.write = *back->bandwidth;
  } else if (fabric.edge != nullptr && fabric.edge->bandwidth) {
    take(*fabric.edge->bandwidth, *fabric.edge->bandwidth, Source::fabric);
  } else if (fabric.has_working_port) {
    Bandwidth receive, send;
    for (const SysmanPort* port : fabric.ports) {
      if (!port->works()) continue;
      receive.gb_per_second += port->receive.gb_per_second;
      send.gb_per_second += port->send.gb_per_second;
    }
    take(receive, send, Source::sysman);
  } else if (fabric.hwloc != nullptr) {
    take(fabric.hwloc->bandwidth, fabric.hwloc->bandwidth, Source::hwloc);
  } else if (link.protocol == Protocol::pcie_switch || link.protocol == Protocol::pcie_root) {
    const Bandwidth both =
        std::min(node_.links[a.device].forward.read, node_.links[b.device].forward.read);
    if (both.gb_per_second > 0) take(both, both, Source::derived);
  }
  compare_bandwidths(link, fabric);
}

void LinkJudgement::compare_bandwidths(const Link& link, const FabricFacts& fabric) {
  const double taken = std::min(link.forward.read, link.forward.write).gb_per_second;
  if (taken <= 0) return;
  const auto compare = [&](Bandwidth other, Source source) {
    const double rate = other.gb_per_second;
    if (rate <= 0 || source == link.sources.bandwidth ||
        std::max(rate / taken, taken / rate) <= tolerated_ratio)
      return;
    contradict("bandwidth between " + pair_name(link) + ": " +
               std::string(name_of(link.sources.bandwidth)) + " says " + text_of(Bandwidth{taken}) +
               ", " + std::string(name_of(source)) + " " + text_of(other) +
               "; taken: " + std::string(name_of(link.sources.bandwidth)));
  };
  const LevelZeroPair* said =
      pair({link.first.device, link.first.tile}, {link.second.device, link.second.tile});
  if (said != nullptr && said->bandwidth) compare(*said->bandwidth, Source::level_zero);
  if (fabric.edge != nullptr && fabric.edge->bandwidth)
    compare(*fabric.edge->bandwidth, Source::fabric);
  Bandwidth ports;
  for (const SysmanPort* port : fabric.ports)
    if (port->works()) ports.gb_per_second += std::min(port->receive, port->send).gb_per_second;
  compare(ports, Source::sysman);
  if (fabric.hwloc != nullptr) compare(fabric.hwloc->bandwidth, Source::hwloc);
}

void LinkJudgement::judge_latency(Link& link, const FabricFacts& fabric) {
  const TileId a{link.first.device, link.first.tile}, b{link.second.device, link.second.tile};
  const auto take = [&](std::chrono::nanoseconds latency, Source source) {
    link.forward.latency = link.backward.latency = latency;
    link.sources.latency = source;
  };
  const LevelZeroPair* said = pair(a, b);
  const Reach* file = file_reach(a, b);
  if (file != nullptr && file->is_direct() && file->figures.latency.count() > 0)
    link.sources.latency = Source::node_file;  // came with the bandwidth
  else if (said != nullptr && said->latency)
    take(*said->latency, Source::level_zero);
  else if (fabric.edge != nullptr && fabric.edge->latency)
    take(*fabric.edge->latency, Source::fabric);
}

void LinkJudgement::judge_atomics(Link& link) {
  const TileId a{link.first.device, link.first.tile}, b{link.second.device, link.second.tile};
  const LevelZeroPair* ahead = pair(a, b);
  const LevelZeroPair* back = pair(b, a);
  const Reach* file = file_reach(a, b);
  if (ahead != nullptr && ahead->p2p_atomics) {
    link.atomics = *ahead->p2p_atomics && (back == nullptr || back->p2p_atomics.value_or(true));
    link.sources.atomics = Source::level_zero;
    if (file != nullptr && file->is_direct() && file->atomics != link.atomics)
      contradict("atomics between " + pair_name(link) + ": the node file says " +
                 (file->atomics ? "yes" : "no") + ", the driver " + (link.atomics ? "yes" : "no") +
                 "; taken: level zero");
  } else if (file != nullptr) {
    link.atomics = file->atomics;
    link.sources.atomics = Source::node_file;
  }
}

}  // namespace zesvm::topology
