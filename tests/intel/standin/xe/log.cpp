#include "log.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>

#include "raw_calls.hpp"
#include "settings.hpp"

namespace zesvm::xe_standin {

int log_level = 1;

namespace {

// Above what programs count on getting for files of their own.
constexpr int log_fd_from = 900;

int log_file = -1;
uint64_t start_ns = 0;
std::mutex log_lock;

}  // namespace

void open_log() {
  start_ns = now_ns();
  log_level = static_cast<int>(setting("XE_STANDIN_LOG_LEVEL", 1));
  const char* const path = std::getenv("XE_STANDIN_LOG");
  if (path == nullptr || *path == '\0') return;
  const int fd = raw_open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return;
  log_file = static_cast<int>(syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, log_fd_from));
  if (log_file < 0)
    log_file = fd;
  else
    syscall(SYS_close, fd);
}

Line::Line(const char* call, int level) : is_on_(log_file >= 0 && log_level >= level) {
  if (!is_on_) return;
  char start[160];
  std::snprintf(start, sizeof start, "{\"us\":%llu,\"tid\":%ld,\"call\":\"%s\"",
                static_cast<unsigned long long>((now_ns() - start_ns) / 1000),
                static_cast<long>(syscall(SYS_gettid)), call);
  text_ = start;
}

Line& Line::str(const char* key, const std::string& value) {
  if (!is_on_) return *this;
  std::string escaped;
  for (const char c : value) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  text_ += std::string(",\"") + key + "\":\"" + escaped + "\"";
  return *this;
}

Line& Line::raw(const char* key, const char* format, ...) {
  if (!is_on_) return *this;
  char value[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(value, sizeof value, format, arguments);
  va_end(arguments);
  text_ += std::string(",\"") + key + "\":" + value;
  return *this;
}

Line::~Line() {
  if (!is_on_) return;
  text_ += "}\n";
  const std::lock_guard guard{log_lock};
  [[maybe_unused]] const auto written = ::write(log_file, text_.data(), text_.size());
}

}  // namespace zesvm::xe_standin
