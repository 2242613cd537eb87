// Native replacements for kernels of kernels/*.cl and of the tests: the stand-in's cards run no code.
#include "intel/standin/xe/launch.hpp"

using Word = std::uint32_t;

extern "C" {
#pragma GCC visibility push(default)

void xe_kernel_fill(XeLaunch* launch) {
  Word* const values = launch->memory<Word>(0, launch->items());
  for (std::uint64_t i = 0; values != nullptr && i < launch->items(); ++i)
    values[i] = launch->value<Word>(1);
}

void xe_kernel_increment(XeLaunch* launch) {
  Word* const values = launch->memory<Word>(0, launch->items());
  for (std::uint64_t i = 0; values != nullptr && i < launch->items(); ++i) ++values[i];
}

void xe_kernel_increment_behind(XeLaunch* launch) {
  const auto* const table = launch->memory<std::uint64_t>(0, launch->items());
  for (std::uint64_t i = 0; table != nullptr && i < launch->items(); ++i)
    if (auto* const value = static_cast<Word*>(launch->at(launch, table[i], sizeof(Word))))
      ++*value;
}

void xe_kernel_count(XeLaunch* launch) {
  Word* const counter = launch->memory<Word>(0, 1);
  if (counter != nullptr)
    __atomic_fetch_add(counter, static_cast<Word>(launch->items()), __ATOMIC_SEQ_CST);
}

void xe_kernel_triad(XeLaunch* launch) {
  double* const a = launch->memory<double>(0, launch->items());
  const double* const b = launch->memory<double>(1, launch->items());
  const double* const c = launch->memory<double>(2, launch->items());
  if (a == nullptr || b == nullptr || c == nullptr) return;
  for (std::uint64_t i = 0; i < launch->items(); ++i) a[i] = b[i] + launch->value<double>(3) * c[i];
}

#pragma GCC visibility pop
}
