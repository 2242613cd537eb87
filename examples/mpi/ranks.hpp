/// @file ranks.hpp
/// The processes of an MPI program, and which GPUs each of them uses.
///
/// All processes of one machine see all its GPUs. The GPUs, in the driver's order, which keeps tiles of
/// a card and cards of a socket together, are cut into one block for each process; more processes than
/// GPUs share them. A process then runs on the processors nearest to its first GPU.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <mpi.h>
#include <string>
#include <type_traits>
#include <vector>

#include <zesvm/zesvm.hpp>

namespace mpi {

/// This process among the others.
struct Ranks {
  int rank = 0;
  int size = 1;
  /// Among the processes of this machine.
  int local_rank = 0;
  int local_size = 1;

  bool is_first() const { return rank == 0; }
  /// Returns the text of every process, in their order, to the first; nothing to the others.
  std::vector<std::string> collect(const std::string& text) const;
  /// Returns the sum over all processes, added in their order, so that it is the same in every run.
  double sum(double value) const;
};

/// Which GPUs of the machine a process uses.
enum class Share {
  /// Its block of them.
  block,
  /// All: where every process has a node of its own, such as a simulated one.
  all,
};

/// When memory that MPI uses is held in system memory.
enum class Hold {
  /// From beginning to end: kernels use it there.
  always,
  /// Only while MPI uses it: in between it may move to the GPU that touches it.
  for_transfer,
};

/// What every program here can be told.
struct Options {
  Share share = Share::block;
  Hold hold = Hold::always;
  std::string node;

  void add_to(CLI::App& app);
};

/// Returns the GPUs of this process, at least one, and moves the calling thread near the first.
std::vector<zesvm::Device> choose_devices(zesvm::Runtime& runtime, const Ranks& ranks, Share share);

/// Prints which GPUs each process uses.
void print_devices(const zesvm::Runtime& runtime, const Ranks& ranks,
                   const std::vector<zesvm::Device>& devices);

/// Holds memory for MPI, for as long as `hold` says.
class HeldMemory {
 public:
  HeldMemory(zesvm::AddressSpace& space, Hold hold) : space_(space), hold_(hold) {}
  /// Adds memory that MPI will use.
  template <typename T>
  void add(const zesvm::Array<T>& memory);
  /// Calls `transfer` while all that was added is held.
  void during(const std::function<void()>& transfer);

 private:
  struct Piece {
    const void* pointer;
    std::size_t bytes;
  };
  void keep(const Piece& piece);
  zesvm::AddressSpace& space_;
  Hold hold_;
  std::vector<Piece> pieces_;
  std::vector<zesvm::HostAccess> kept_;
};

template <typename T>
void HeldMemory::add(const zesvm::Array<T>& memory) {
  keep({memory.data(), memory.size_bytes()});
}

/// Returns memory of every process to the first, in their order; nothing to the others. MPI sends it
/// from where it is, held for that long.
template <typename T>
std::vector<T> collect(zesvm::AddressSpace& space, const Ranks& ranks,
                       const std::vector<const zesvm::Array<T>*>& pieces) {
  static_assert(std::is_same<T, float>::value || std::is_same<T, double>::value, "");
  const MPI_Datatype type = std::is_same<T, float>::value ? MPI_FLOAT : MPI_DOUBLE;
  const int count = static_cast<int>(pieces.size());
  std::vector<int> counts(ranks.is_first() ? ranks.size : 0);
  MPI_Gather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
  std::vector<T> all;
  for (const zesvm::Array<T>* piece : pieces) {
    const auto held = space.host_access(*piece);
    if (ranks.is_first())
      all.insert(all.end(), piece->begin(), piece->end());
    else
      MPI_Send(piece->data(), static_cast<int>(piece->size()), type, 0, 0, MPI_COMM_WORLD);
  }
  for (int rank = 1; rank < static_cast<int>(counts.size()); ++rank) {
    for (int i = 0; i < counts[rank]; ++i) {
      MPI_Status status;
      int items = 0;
      MPI_Probe(rank, 0, MPI_COMM_WORLD, &status);
      MPI_Get_count(&status, type, &items);
      all.resize(all.size() + items);
      MPI_Recv(all.data() + all.size() - items, items, type, rank, 0, MPI_COMM_WORLD,
               MPI_STATUS_IGNORE);
    }
  }
  return all;
}

/// Runs a program between MPI_Init and MPI_Finalize: reads its arguments, calls `program`. An
/// exception is printed with the rank it happened on, and ends all processes.
int run(int argc, char** argv, CLI::App& app, const Options& options,
        const std::function<int(const Ranks&)>& program);

}  // namespace mpi
