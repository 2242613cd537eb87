#include "simulator/node/bulk_moves.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "simulator/tile/service_thread.hpp"

namespace zesvm::simulator::node {

namespace {

/// Large enough that a thread is worth starting for the copy of one.
constexpr Bytes piece_size = 16_MiB;

/// More do not copy faster than this on the machines that simulate a node.
constexpr unsigned most_threads = 4;

Interval piece_at(Interval interval, std::uint64_t index) {
  const Address first = align_down(interval.begin, piece_size);
  return Interval{first + piece_size * index, first + piece_size * (index + 1)}.intersection(
      interval);
}

/// The pieces that are left, taken one by one by whichever thread is free.
class Pieces {
 public:
  Pieces(Interval interval, const MovePiece& move) : interval_(interval), move_(move) {}

  void work() {
    while (status_.load(std::memory_order_relaxed) == Status::ok) {
      // The first is done already.
      const Interval piece = piece_at(interval_, next_.fetch_add(1, std::memory_order_relaxed));
      if (piece.is_empty()) return;
      const Status status = move_(piece).status();
      if (status != Status::ok) status_.store(status, std::memory_order_relaxed);
    }
  }
  // Read after the threads were joined.
  Status status() const { return status_.load(std::memory_order_relaxed); }

 private:
  const Interval interval_;
  const MovePiece& move_;
  std::atomic<std::uint64_t> next_{1};
  std::atomic<Status> status_{Status::ok};
};

}  // namespace

Status move_in_pieces(Interval interval, const MovePiece& move) {
  ZESVM_TRY_ASSIGN(moved, move(piece_at(interval, 0)));
  const std::uint64_t left = interval.size() / piece_size;
  const unsigned wanted = moved.count == 0 ? 1 : std::thread::hardware_concurrency();
  Pieces pieces{interval, move};
  std::vector<std::thread> threads;
  for (std::uint64_t i = 1; i < std::min<std::uint64_t>({wanted, most_threads, left}); ++i) {
    threads.push_back(tile::start_service_thread("zesvm-bulk", [&pieces] { pieces.work(); }));
  }
  pieces.work();
  for (std::thread& thread : threads) thread.join();
  return pieces.status();
}

}  // namespace zesvm::simulator::node
