#include "base/trace_file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <pthread.h>
#include <unistd.h>

#include "base/environment.hpp"
#include "base/path_pattern.hpp"

namespace zesvm {

namespace {

/// What a line keeps free for its end.
constexpr std::size_t reserve = 8;

/// What the end of the process has to end.
std::atomic<TraceFile*> open_file{nullptr};

template <typename Number>
std::string_view digits(std::array<char, 32>& text, Number value, int base = 10) {
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value, base);
  return {text.data(), static_cast<std::size_t>(result.ptr - text.data())};
}

}  // namespace

TraceLine::TraceLine(std::string_view name, std::string_view category, char phase, TraceLane lane) {
  std::array<char, 32> number{};
  put("{\"name\":\"");
  put_escaped(name);
  put("\",\"cat\":\"");
  put(category);
  put("\",\"ph\":\"");
  put({&phase, 1});
  put("\",\"pid\":");
  put(digits(number, lane.group));
  put(",\"tid\":");
  put(digits(number, lane.thread));
  // An instant is drawn on its own lane only.
  if (phase == 'i') put(",\"s\":\"t\"");
}

TraceLine& TraceLine::time(std::chrono::nanoseconds begin, std::chrono::nanoseconds end) {
  std::array<char, 64> text{};
  const auto took = std::max(end - begin, std::chrono::nanoseconds{0});
  const int size = std::snprintf(
      text.data(), text.size(), ",\"ts\":%lld.%03lld,\"dur\":%lld.%03lld",
      static_cast<long long>(begin.count() / 1000), static_cast<long long>(begin.count() % 1000),
      static_cast<long long>(took.count() / 1000), static_cast<long long>(took.count() % 1000));
  put({text.data(), static_cast<std::size_t>(size)});
  return *this;
}

TraceLine& TraceLine::argument(std::string_view name, std::string_view value) {
  key(name);
  put("\"");
  put_escaped(value);
  put("\"");
  return *this;
}

TraceLine& TraceLine::argument(std::string_view name, std::uint64_t value) {
  std::array<char, 32> number{};
  key(name);
  put(digits(number, value));
  return *this;
}

TraceLine& TraceLine::interval(Interval interval) {
  std::array<char, 32> number{};
  key("begin");
  put("\"0x");
  put(digits(number, interval.begin.value, 16));
  put("\"");
  return argument("bytes", interval.size().count);
}

TraceLine& TraceLine::place(std::string_view name, std::optional<std::uint32_t> tile) {
  if (!tile) return argument(name, "system");
  std::array<char, 32> number{};
  key(name);
  put("\"tile ");
  put(digits(number, *tile));
  put("\"");
  return *this;
}

std::string_view TraceLine::end() {
  const std::string_view end = has_arguments_ ? "}},\n" : "},\n";
  end.copy(text_.data() + size_, end.size());
  size_ += end.size();
  return {text_.data(), size_};
}

void TraceLine::put(std::string_view text) {
  const std::size_t fits = std::min(text.size(), text_.size() - reserve - size_);
  text.copy(text_.data() + size_, fits);
  size_ += fits;
}

void TraceLine::put_escaped(std::string_view text) {
  const std::size_t begin = size_;
  for (const char one : text) {
    if (size_ - begin > longest_text - std::strlen("\\u0000")) return;
    const auto code = static_cast<unsigned char>(one);
    if (one == '"' || one == '\\') {
      put("\\");
      put({&one, 1});
    } else if (code < 0x20 || code >= 0x7f) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", code);
      put({escape.data(), 6});
    } else {
      put({&one, 1});
    }
  }
}

void TraceLine::key(std::string_view name) {
  put(has_arguments_ ? ",\"" : ",\"args\":{\"");
  has_arguments_ = true;
  put(name);
  put("\":");
}

std::unique_ptr<TraceFile> TraceFile::from_environment() {
  const std::string asked = environment("ZESVM_TRACE");
  if (asked.empty()) return nullptr;
  const std::string path = with_process_id(asked);
  auto file = open(path);
  if (!file) {
    std::fprintf(stderr, "zesvm: no trace, %s cannot be written: %s\n", path.c_str(),
                 std::strerror(errno));
  }
  return file;
}

std::unique_ptr<TraceFile> TraceFile::open(const std::string& path) {
  UniqueFd fd{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600)};
  if (!fd.is_open()) return nullptr;
  auto file = std::unique_ptr<TraceFile>(new TraceFile(std::move(fd)));
  file->put("[\n");
  return file;
}

TraceFile::TraceFile(UniqueFd fd) : fd_(std::move(fd)) {}

std::unique_ptr<TraceFile> TraceFile::through(std::function<void(std::string_view)> writer) {
  auto file = std::unique_ptr<TraceFile>(new TraceFile(UniqueFd{}));
  file->writer_ = std::move(writer);
  return file;
}

TraceFile::~TraceFile() {
  TraceFile* expected = this;
  open_file.compare_exchange_strong(expected, nullptr);
  end();
}

void TraceFile::end_at_exit() noexcept {
  static std::once_flag once;
  std::call_once(once, [] {
    std::atexit([] {
      if (TraceFile* const file = open_file.exchange(nullptr)) file->end();
    });
  });
  open_file.store(this);
}

void TraceFile::end() noexcept {
  if (is_ended_.exchange(true) || writer_) return;
  TraceLine last("end of trace", "__metadata", 'M', {});
  const std::string_view text = last.end();
  put(text.substr(0, text.size() - std::strlen(",\n")));
  put("\n]\n");
}

void TraceFile::write(TraceLine& line) noexcept { append(line.end()); }

void TraceFile::append(std::string_view lines) noexcept {
  if (!is_ended_.load(std::memory_order_relaxed)) put(lines);
}

void TraceFile::name_group(std::uint32_t group, std::string_view name) noexcept {
  TraceLine named("process_name", "__metadata", 'M', {group, 0});
  write(named.argument("name", name));
  TraceLine sorted("process_sort_index", "__metadata", 'M', {group, 0});
  write(sorted.argument("sort_index", group));
}

void TraceFile::name_lane(TraceLane lane, std::string_view name) noexcept {
  TraceLine named("thread_name", "__metadata", 'M', lane);
  write(named.argument("name", name));
}

TraceLane TraceFile::lane_of_this_thread(std::uint32_t group) noexcept {
  // Initial-exec: the first use of other thread-local storage may allocate, on the fault path.
  __attribute__((tls_model("initial-exec"))) static thread_local std::uint64_t named_groups = 0;
  const TraceLane lane{group, static_cast<std::uint32_t>(::gettid())};
  const std::uint64_t bit = std::uint64_t{1} << (group % 64);
  if ((named_groups & bit) == 0) {
    named_groups |= bit;
    std::array<char, 32> name{};
    if (::pthread_getname_np(::pthread_self(), name.data(), name.size()) == 0)
      name_lane(lane, name.data());
  }
  return lane;
}

void TraceFile::put(std::string_view text) noexcept {
  if (writer_) return writer_(text);
  ssize_t written = 0;
  do written = ::write(fd_.get(), text.data(), text.size());
  while (written < 0 && errno == EINTR);
  // A full disk loses the rest of the trace, never the program.
}

}  // namespace zesvm
