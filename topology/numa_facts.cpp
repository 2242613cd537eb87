#include "topology/numa_facts.hpp"

#ifdef ZESVM_WITH_LIBNUMA

#include <numa.h>

namespace zesvm::topology {
namespace {

NumaFact read_node(int node) {
  NumaFact fact;
  fact.os_index = static_cast<std::uint32_t>(node);
  long long free = 0;
  const long long size = numa_node_size64(node, &free);
  if (size > 0) fact.memory = Bytes{static_cast<std::uint64_t>(size)};
  bitmask* const cpus = numa_allocate_cpumask();
  if (numa_node_to_cpus(node, cpus) == 0)
    for (unsigned cpu = 0; cpu < cpus->size; ++cpu)
      if (numa_bitmask_isbitset(cpus, cpu)) fact.cpus.push_back(cpu);
  numa_free_cpumask(cpus);
  return fact;
}

}  // namespace

LibnumaAnswer read_libnuma() {
  if (numa_available() < 0) return MissingSource{Source::libnuma, "the kernel has no NUMA calls"};
  LibnumaFacts facts;
  std::vector<int> nodes;
  for (int node = 0; node <= numa_max_node(); ++node)
    if (numa_bitmask_isbitset(numa_all_nodes_ptr, static_cast<unsigned>(node)))
      nodes.push_back(node);
  for (const int node : nodes) facts.numa_nodes.push_back(read_node(node));
  for (const int from : nodes) {
    auto& row = facts.numa_distances.emplace_back();
    for (const int to : nodes) row.push_back(static_cast<std::uint32_t>(numa_distance(from, to)));
  }
  return facts;
}

}  // namespace zesvm::topology

#else

namespace zesvm::topology {

LibnumaAnswer read_libnuma() { return MissingSource{Source::libnuma, "built without libnuma"}; }

}  // namespace zesvm::topology

#endif
