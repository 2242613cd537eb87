#include "progress.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace demo {
namespace {
constexpr std::size_t bar_width = 32;
constexpr auto least_pause = std::chrono::milliseconds(50);
}  // namespace

Progress::Progress(std::string title, std::size_t steps, Drawing drawing)
    : title_(std::move(title)),
      steps_(std::max<std::size_t>(steps, 1)),
      is_drawn_(drawing == Drawing::if_terminal && ::isatty(STDERR_FILENO) == 1) {
  reach(0);
}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (is_drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::reach(std::size_t step) {
  const auto now = std::chrono::steady_clock::now();
  if (!is_drawn_ || (step > 0 && step < steps_ && now - last_ < least_pause)) return;
  last_ = now;
  const std::size_t done = std::min(step, steps_) * bar_width / steps_;
  const std::string bar = std::string(done, '#') + std::string(bar_width - done, '.');
  std::fprintf(stderr, "\r\033[K%-24s [%s] %3zu %%", title_.c_str(), bar.c_str(),
               std::min(step, steps_) * 100 / steps_);
  std::fflush(stderr);
}

}  // namespace demo
