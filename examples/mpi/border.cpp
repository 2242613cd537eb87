#include "border.hpp"

#include <algorithm>

namespace sparse {
namespace {

using Columns = std::vector<std::uint32_t>;

bool is_in(std::size_t row, const Rows& part) {
  return row >= part.first_row && row < part.first_row + part.count();
}

void sort_once(Columns& columns) {
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
}

std::size_t place_in(const Columns& sorted, std::uint32_t column) {
  return std::lower_bound(sorted.begin(), sorted.end(), column) - sorted.begin();
}

// Where each process's share begins, and how long it is.
struct Shares {
  std::vector<int> begin, count;
};

Shares begins_of(std::vector<int> count) {
  Shares shares;
  int begin = 0;
  for (const int each : count) {
    shares.begin.push_back(begin);
    begin += each;
  }
  shares.count = std::move(count);
  return shares;
}

}  // namespace

Columns Border::ask(const mpi::Ranks& ranks, std::size_t rows, const Columns& outer) {
  const auto size = static_cast<std::size_t>(ranks.size);
  std::vector<int> wanted(size), asked(size);
  for (std::size_t rank = 0; rank < size; ++rank) {
    const auto first = static_cast<std::uint32_t>(begin_of(rows, rank, size));
    const auto end = static_cast<std::uint32_t>(begin_of(rows, rank + 1, size));
    wanted[rank] = static_cast<int>(place_in(outer, end) - place_in(outer, first));
  }
  MPI_Alltoall(wanted.data(), 1, MPI_INT, asked.data(), 1, MPI_INT, MPI_COMM_WORLD);
  const Shares in = begins_of(wanted), out = begins_of(asked);
  Columns result(out.begin.back() + out.count.back());
  MPI_Alltoallv(outer.data(), in.count.data(), in.begin.data(), MPI_UINT32_T, result.data(),
                out.count.data(), out.begin.data(), MPI_UINT32_T, MPI_COMM_WORLD);
  for (int rank = 0; rank < ranks.size; ++rank) {
    if (in.count[rank] > 0) incoming_.push_back({rank, in.begin[rank], in.count[rank]});
    if (out.count[rank] > 0) outgoing_.push_back({rank, out.begin[rank], out.count[rank]});
  }
  return result;
}

Border::Border(const mpi::Ranks& ranks, std::vector<Rows>& parts) : gathered_(parts.size()) {
  const std::size_t begin = parts.front().first_row;
  const std::size_t end = parts.back().first_row + parts.back().count();
  Columns inner, outer;
  for (const Rows& part : parts)
    for (const std::uint32_t column : part.column)
      if (!is_in(column, part)) (column >= begin && column < end ? inner : outer).push_back(column);
  sort_once(inner);
  sort_once(outer);

  Columns written = ask(ranks, parts.front().size, outer);
  const std::size_t inner_begin = written.size();
  written.insert(written.end(), inner.begin(), inner.end());
  const std::size_t outer_begin = written.size();
  size_ = outer_begin + outer.size();
  for (Message& message : incoming_) message.begin += static_cast<int>(outer_begin);

  for (std::size_t part = 0; part < parts.size(); ++part) {
    Rows& rows = parts[part];
    for (std::size_t i = 0; i < written.size(); ++i) {
      if (!is_in(written[i], rows)) continue;
      gathered_[part].row.push_back(static_cast<std::uint32_t>(written[i] - rows.first_row));
      gathered_[part].place.push_back(static_cast<std::uint32_t>(i));
    }
    for (std::uint32_t& column : rows.column) {
      std::size_t place = column - rows.first_row;
      if (!is_in(column, rows))
        place = rows.count() + (column >= begin && column < end
                                    ? inner_begin + place_in(inner, column)
                                    : outer_begin + place_in(outer, column));
      column = static_cast<std::uint32_t>(place);
    }
  }
}

void Border::exchange(double* values) const {
  std::vector<MPI_Request> requests;
  for (const Message& message : incoming_)
    MPI_Irecv(values + message.begin, message.count, MPI_DOUBLE, message.rank, 0, MPI_COMM_WORLD,
              &requests.emplace_back());
  for (const Message& message : outgoing_)
    MPI_Isend(values + message.begin, message.count, MPI_DOUBLE, message.rank, 0, MPI_COMM_WORLD,
              &requests.emplace_back());
  MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
}

}  // namespace sparse
