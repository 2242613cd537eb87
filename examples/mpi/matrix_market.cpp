#include "matrix_market.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace sparse {
namespace {

enum class Symmetry { general, symmetric };

struct Entry {
  std::uint32_t row, column;
  double value;
  std::size_t line;
};

struct Sizes {
  std::size_t size, entries;
};

/// Lines of a file, numbered.
class Lines {
 public:
  Lines(std::istream& in, const std::string& name) : in_(in), name_(name) {}

  [[noreturn]] void fail(const std::string& what) const { fail_at(number_, what); }
  [[noreturn]] void fail_at(std::size_t line, const std::string& what) const {
    throw std::runtime_error(name_ + ":" + std::to_string(line) + ": " + what);
  }

  /// Reads the next line; false at the end.
  bool next() {
    if (!std::getline(in_, line_)) return false;
    ++number_;
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    return true;
  }
  /// Reads the next line that is not empty and no comment; false at the end.
  bool next_content() {
    while (next())
      if (line_.find_first_not_of(" \t") != std::string::npos && line_[0] != '%') return true;
    return false;
  }
  std::vector<std::string> words() const {
    std::istringstream in(line_);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
  }
  std::size_t number() const { return number_; }

 private:
  std::istream& in_;
  std::string name_;
  std::string line_;
  std::size_t number_ = 0;
};

std::string in_small_letters(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Symmetry read_header(Lines& lines) {
  if (!lines.next()) lines.fail("the file is empty");
  auto words = lines.words();
  for (auto& word : words) word = in_small_letters(word);
  if (words.empty() || words[0] != "%%matrixmarket")
    lines.fail("no Matrix Market file: it must begin with %%MatrixMarket");
  if (words.size() != 5)
    lines.fail("the header must be `%%MatrixMarket matrix FORMAT FIELD SYMMETRY`");
  if (words[1] != "matrix" || words[2] != "coordinate")
    lines.fail("'" + words[1] + " " + words[2] + "' cannot be read, only 'matrix coordinate'");
  if (words[3] != "real" && words[3] != "integer")
    lines.fail("'" + words[3] + "' values cannot be read, only 'real' and 'integer'");
  if (words[4] == "general") return Symmetry::general;
  if (words[4] == "symmetric") return Symmetry::symmetric;
  lines.fail("'" + words[4] + "' matrices cannot be read, only 'general' and 'symmetric'");
}

std::size_t read_count(const Lines& lines, const std::string& word, const std::string& what) {
  // Below what 32-bit columns and MPI counts hold, and short enough for strtoull.
  constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();
  const bool is_number =
      std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!is_number) lines.fail(what + " must be a whole number, not '" + word + "'");
  const std::size_t value = word.size() > 10 ? most + 1 : std::strtoull(word.c_str(), nullptr, 10);
  if (value > most) lines.fail(what + " of " + word + " is above " + std::to_string(most));
  return value;
}

double read_value(const Lines& lines, const std::string& word) {
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (*end != '\0') lines.fail("'" + word + "' is no number");
  if (!std::isfinite(value)) lines.fail("the value '" + word + "' is not finite");
  return value;
}

Sizes read_sizes(Lines& lines) {
  if (!lines.next_content()) lines.fail("ends before the line with the sizes");
  const auto words = lines.words();
  if (words.size() != 3) lines.fail("expected `ROWS COLUMNS ENTRIES`");
  const std::size_t rows = read_count(lines, words[0], "the number of rows");
  const std::size_t columns = read_count(lines, words[1], "the number of columns");
  const std::size_t entries = read_count(lines, words[2], "the number of entries");
  if (rows != columns || rows == 0)
    lines.fail("a matrix of " + words[0] + " x " + words[1] + " is not square");
  // Also keeps a wrong header from asking for memory that the file does not fill.
  if (entries < rows) lines.fail("fewer entries than rows: the matrix is singular");
  return {rows, entries};
}

Entry read_entry(const Lines& lines, const Sizes& sizes, Symmetry symmetry) {
  const auto words = lines.words();
  if (words.size() != 3) lines.fail("expected `ROW COLUMN VALUE`");
  const std::size_t row = read_count(lines, words[0], "a row");
  const std::size_t column = read_count(lines, words[1], "a column");
  if (row < 1 || row > sizes.size || column < 1 || column > sizes.size)
    lines.fail("entry " + words[0] + ", " + words[1] + " is outside the matrix");
  if (symmetry == Symmetry::symmetric && column > row)
    lines.fail("entry " + words[0] + ", " + words[1] +
               " is above the diagonal of a symmetric matrix");
  return {static_cast<std::uint32_t>(row - 1), static_cast<std::uint32_t>(column - 1),
          read_value(lines, words[2]), lines.number()};
}

std::vector<Entry> read_entries(Lines& lines, const Sizes& sizes, Symmetry symmetry) {
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < sizes.entries; ++i) {
    if (!lines.next_content())
      lines.fail("ends after " + std::to_string(i) + " of " + std::to_string(sizes.entries) +
                 " entries");
    entries.push_back(read_entry(lines, sizes, symmetry));
    if (symmetry == Symmetry::symmetric && entries.back().row != entries.back().column) {
      Entry mirrored = entries.back();
      std::swap(mirrored.row, mirrored.column);
      entries.push_back(mirrored);
    }
  }
  if (lines.next_content())
    lines.fail("more than the announced " + std::to_string(sizes.entries) + " entries");
  return entries;
}

}  // namespace

Rows read_matrix_market(std::istream& in, const std::string& name) {
  Lines lines(in, name);
  const Symmetry symmetry = read_header(lines);
  const Sizes sizes = read_sizes(lines);
  std::vector<Entry> entries = read_entries(lines, sizes, symmetry);
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.row != b.row ? a.row < b.row : a.column < b.column;
  });
  Rows rows;
  rows.size = sizes.size;
  rows.start.assign(sizes.size + 1, 0);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (i > 0 && entries[i - 1].row == entry.row && entries[i - 1].column == entry.column)
      lines.fail_at(entry.line,
                    "an entry that line " + std::to_string(entries[i - 1].line) + " has already");
    rows.column.push_back(entry.column);
    rows.value.push_back(entry.value);
    ++rows.start[entry.row + 1];
  }
  for (std::size_t row = 0; row < sizes.size; ++row) rows.start[row + 1] += rows.start[row];
  return rows;
}

Rows read_matrix_market(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot open the matrix " + path);
  return read_matrix_market(in, path);
}

}  // namespace sparse
