#include "levelzero/machine.hpp"

#include "levelzero/detection.hpp"
#include "levelzero/peer_check.hpp"
#include "topology/hwloc_facts.hpp"
#include "topology/numa_facts.hpp"

namespace zesvm::levelzero {
namespace {

using topology::MissingSource;
using topology::Source;

template <typename Facts>
void keep(std::variant<Facts, MissingSource> answer, std::optional<Facts>& facts,
          std::vector<MissingSource>& missing) {
  if (auto* reason = std::get_if<MissingSource>(&answer))
    missing.push_back(std::move(*reason));
  else
    facts = std::move(std::get<Facts>(answer));
}

void read_node_file(const Context& context, topology::NodeFacts& facts) {
  try {
    facts.file = topology::load_node(context.node_name());
  } catch (const topology::DescriptionError& error) {
    facts.missing.push_back({Source::node_file, error.what()});
  }
  constexpr const char* other = "describes this machine, not the simulated node";
  facts.missing.push_back({Source::hwloc, other});
  facts.missing.push_back({Source::libnuma, other});
}

void verify_pairs(Context& context, topology::LevelZeroFacts& facts) {
  for (const Tile& from : context.tiles())
    for (const Tile& to : context.tiles())
      for (topology::LevelZeroPair& pair : facts.pairs)
        if (pair.from == place_of(from) && pair.to == place_of(to))
          pair.data = check_peer(context, from, to).data;
}

}  // namespace

topology::NodeFacts read_machine(Context& context, VerifyData verify) {
  topology::NodeFacts facts;
  facts.name = context.is_simulated() ? context.node_name() : "this machine";
  facts.level_zero = read_level_zero(context.driver(), context.tiles(), facts.missing);
  keep(read_sysman(context.driver(), context.tiles()), facts.sysman, facts.missing);
  if (context.is_simulated()) {
    read_node_file(context, facts);
  } else {
    keep(topology::read_hwloc(), facts.hwloc, facts.missing);
    keep(topology::read_libnuma(), facts.libnuma, facts.missing);
  }
  if (verify == VerifyData::yes) verify_pairs(context, *facts.level_zero);
  return facts;
}

}  // namespace zesvm::levelzero
