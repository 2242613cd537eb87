/// @file border.hpp
/// The values of a vector that the GPUs of this process need of each other and of other processes.
///
/// They lie in one array, the border, that all GPUs of the process and MPI use in place: what other
/// processes asked for, grouped by them; what GPUs of this process need of each other; what MPI brings
/// from other processes, grouped by them. The first two are written by the GPUs (kernel `gather`).
#pragma once

#include <cstdint>
#include <vector>

#include "ranks.hpp"
#include "sparse_rows.hpp"

namespace sparse {

/// Returns the first of `count` rows or GPUs that go to a process, and with `rank + 1` the end.
inline std::size_t begin_of(std::size_t count, std::size_t rank, std::size_t size) {
  return count * rank / size;
}

/// Which values a GPU writes to the border.
struct Gathered {
  /// Counted from the first row of the GPU.
  std::vector<std::uint32_t> row;
  /// Where in the border.
  std::vector<std::uint32_t> place;
};

/// Who needs what.
class Border {
 public:
  /// Asks all other processes. Columns of `parts`, the rows of each GPU of this process, are changed
  /// to what kernel `spmv` takes: rows of the GPU itself first, then places in the border.
  Border(const mpi::Ranks& ranks, std::vector<Rows>& parts);

  /// Returns how many values it has.
  std::size_t size() const { return size_; }
  /// Returns what each GPU writes.
  const std::vector<Gathered>& gathered() const { return gathered_; }
  /// Sends to and receives from all neighbours. `values` are the border.
  void exchange(double* values) const;

 private:
  /// What goes to or comes from a process.
  struct Message {
    int rank;
    int begin;
    int count;
  };
  std::vector<std::uint32_t> ask(const mpi::Ranks& ranks, std::size_t rows,
                                 const std::vector<std::uint32_t>& outer);
  std::size_t size_ = 0;
  std::vector<Gathered> gathered_;
  std::vector<Message> outgoing_, incoming_;
};

}  // namespace sparse
