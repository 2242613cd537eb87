#include "api/text.hpp"

#include <array>
#include <cstdio>

namespace zesvm {

std::string size_text(std::uint64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1024 && unit + 1 < units.size()) {
    amount /= 1024;
    ++unit;
  }
  const bool is_whole = amount == static_cast<double>(static_cast<std::uint64_t>(amount));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), is_whole ? "%.0f %s" : "%.1f %s", amount, units[unit]);
  return text.data();
}

std::string address_text(const volatile void* pointer) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "0x%llx",
                static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(pointer)));
  return text.data();
}

}  // namespace zesvm
