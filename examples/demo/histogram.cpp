// Which byte is how frequent in a file: both devices add to one table of 256 counters.
#include <algorithm>
#include <array>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <ostream>
#include <stdexcept>

#include "parts.hpp"
#include "stopwatch.hpp"

namespace demo {
namespace {

using Counts = std::array<unsigned, 256>;

constexpr std::size_t group = 64;
constexpr std::size_t groups = 64;
constexpr std::size_t pieces = 8;

std::vector<char> read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (bytes.empty()) throw std::runtime_error("cannot read " + path + ", or it is empty");
  return bytes;
}

void repeat(const std::vector<char>& text, unsigned char* to, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t part = std::min(text.size(), bytes - done);
    std::copy_n(text.begin(), part, to + done);
    done += part;
  }
}

Counts count_on_cpu(const std::vector<char>& text, std::size_t bytes) {
  Counts counts{};
  for (std::size_t i = 0; i < bytes; ++i)
    ++counts[static_cast<unsigned char>(text[i % text.size()])];
  return counts;
}

std::string name_of(std::size_t byte) {
  if (byte == ' ') return "space";
  if (byte == '\n') return "newline";
  if (byte > ' ' && byte < 127) return std::string("'") + static_cast<char>(byte) + "'";
  return "byte " + std::to_string(byte);
}

void print_most_frequent(std::ostream& out, const unsigned* counts, std::size_t bytes) {
  std::array<std::size_t, 256> order{};
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::partial_sort(order.begin(), order.begin() + 5, order.end(),
                    [&](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
  const double most = std::max(1u, counts[order[0]]);
  for (std::size_t i = 0; i < 5; ++i) {
    const unsigned count = counts[order[i]];
    out << "  " << std::setw(8) << name_of(order[i]) << " " << std::setw(5) << std::fixed
        << std::setprecision(1) << 100.0 * count / static_cast<double>(bytes) << " %  "
        << std::string(static_cast<std::size_t>(40 * count / most), '#') << "\n";
  }
}

}  // namespace

Verdict run_histogram(Stage& stage, const std::string& file, std::size_t bytes) {
  const auto devices = stage.devices();
  stage.out << "\nHistogram of " << file << ", " << (bytes >> 20) << " MiB of it, on "
            << devices.size() << " device(s)\n";
  const std::vector<char> text = read(file);
  auto& space = stage.runtime.address_space();
  auto input = space.make_array<unsigned char>(bytes);
  auto counts = space.make_array<unsigned>(256);
  repeat(text, input.data(), bytes);
  std::fill(counts.begin(), counts.end(), 0u);

  const auto before = stage.runtime.statistics();
  const auto kernel = stage.runtime.load_module("histogram").kernel("byte_histogram");
  std::vector<zesvm::Stream> streams(devices.begin(), devices.end());
  Progress progress("histogram", pieces, stage.drawing);
  const Stopwatch watch;
  // Pieces, so that there is progress to show; each device takes its half of every piece.
  const std::size_t part = bytes / (pieces * streams.size());
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const std::size_t number = i * pieces + piece;
      const bool is_last = number + 1 == pieces * streams.size();
      const std::size_t begin = number * part;
      const unsigned long size = is_last ? bytes - begin : part;
      streams[i].launch(kernel, zesvm::grid(group * groups).by(group), input.data() + begin, size,
                        counts, zesvm::LocalMemory{256 * sizeof(unsigned)});
    }
    for (zesvm::Stream& stream : streams) stream.wait();
    progress.reach(piece + 1);
  }
  Verdict verdict{"histogram", false, watch.seconds(), {}};
  const Counts expected = count_on_cpu(text, bytes);
  verdict.is_correct = std::equal(expected.begin(), expected.end(), counts.begin());
  verdict.moved = stage.runtime.statistics() - before;
  progress.clear();
  print_most_frequent(stage.out, counts.data(), bytes);
  return verdict;
}

}  // namespace demo
