#include "ranks.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>

namespace mpi {
namespace {

Ranks find_ranks() {
  Ranks ranks;
  MPI_Comm_rank(MPI_COMM_WORLD, &ranks.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks.size);
  MPI_Comm machine;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, ranks.rank, MPI_INFO_NULL, &machine);
  MPI_Comm_rank(machine, &ranks.local_rank);
  MPI_Comm_size(machine, &ranks.local_size);
  MPI_Comm_free(&machine);
  return ranks;
}

}  // namespace

std::vector<std::string> Ranks::collect(const std::string& text) const {
  const int length = static_cast<int>(text.size());
  std::vector<int> lengths(is_first() ? size : 0), starts;
  MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
  int total = 0;
  for (const int each : lengths) {
    starts.push_back(total);
    total += each;
  }
  std::string all(static_cast<std::size_t>(total), ' ');
  MPI_Gatherv(text.data(), length, MPI_CHAR, all.data(), lengths.data(), starts.data(), MPI_CHAR, 0,
              MPI_COMM_WORLD);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < lengths.size(); ++i)
    texts.push_back(all.substr(starts[i], lengths[i]));
  return texts;
}

double Ranks::sum(double value) const {
  std::vector<double> values(size);
  MPI_Allgather(&value, 1, MPI_DOUBLE, values.data(), 1, MPI_DOUBLE, MPI_COMM_WORLD);
  double total = 0;
  for (const double each : values) total += each;
  return total;
}

void Options::add_to(CLI::App& app) {
  app.add_option(
         "--devices", share,
         "block: the ranks of a machine divide its GPUs; all: each rank uses all of them, for "
         "simulated nodes, of which every rank has its own")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Share>{{"block", Share::block}, {"all", Share::all}}))
      ->default_str("block");
  app.add_option("--hold", hold,
                 "when memory that MPI uses is pinned in system memory: always, or only for each "
                 "transfer")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Hold>{{"always", Hold::always}, {"transfer", Hold::for_transfer}}))
      ->default_str("always");
  app.add_option("--node", node, "simulated node: a preset or a file (sets ZESVM_NODE)");
}

std::vector<zesvm::Device> choose_devices(zesvm::Runtime& runtime, const Ranks& ranks,
                                          Share share) {
  const auto& all = runtime.devices();
  std::vector<zesvm::Device> chosen = all;
  if (share == Share::block) {
    const auto me = static_cast<std::size_t>(ranks.local_rank);
    const auto processes = static_cast<std::size_t>(ranks.local_size);
    const std::size_t begin = me * all.size() / processes;
    const std::size_t end = std::max(begin + 1, (me + 1) * all.size() / processes);
    chosen.assign(all.begin() + begin, all.begin() + end);
  }
  // The result does not matter: on a host with one NUMA node every processor is near.
  zesvm::PlacementPlanner(runtime).bind_thread_near(chosen.front());
  return chosen;
}

void print_devices(const zesvm::Runtime& runtime, const Ranks& ranks,
                   const std::vector<zesvm::Device>& devices) {
  std::ostringstream text;
  text << "rank " << ranks.rank << " of " << ranks.size << ":";
  for (const zesvm::Device& device : devices)
    text << (device == devices.front() ? " " : ", ") << "device " << device.index() << " ("
         << device.name() << ")";
  if (runtime.is_simulated()) text << ", simulated node " << runtime.node_name();
  for (const std::string& line : ranks.collect(text.str())) std::cout << line << "\n";
}

void HeldMemory::keep(const Piece& piece) {
  pieces_.push_back(piece);
  if (hold_ == Hold::always) kept_.push_back(space_.host_access(piece.pointer, piece.bytes));
}

void HeldMemory::during(const std::function<void()>& transfer) {
  // What is not held for good: by choice, or since the driver knows no preference for system memory,
  // in which case a GPU may have taken it since.
  const bool is_kept =
      !kept_.empty() &&
      std::all_of(kept_.begin(), kept_.end(), [](const auto& kept) { return kept.is_held(); });
  std::vector<zesvm::HostAccess> now;
  if (!is_kept)
    for (const Piece& piece : pieces_)
      now.push_back(space_.host_access(piece.pointer, piece.bytes));
  transfer();
}

int run(int argc, char** argv, CLI::App& app, const Options& options,
        const std::function<int(const Ranks&)>& program) {
  MPI_Init(&argc, &argv);
  const Ranks ranks = find_ranks();
  int code = 0;
  try {
    app.parse(argc, argv);
    if (!options.node.empty()) ::setenv("ZESVM_NODE", options.node.c_str(), 1);
    code = program(ranks);
  } catch (const CLI::ParseError& error) {
    // The same on every rank: said once.
    std::ostringstream ignored;
    code = ranks.is_first() ? app.exit(error) : app.exit(error, ignored, ignored);
  } catch (const std::exception& error) {
    std::cerr << app.get_name() << ": rank " << ranks.rank << ": " << error.what() << std::endl;
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
  return code;
}

}  // namespace mpi
