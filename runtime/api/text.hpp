/// @file text.hpp
/// How amounts and addresses are written in messages and reports.
#pragma once

#include <cstdint>
#include <string>

namespace zesvm {

/// Returns an amount of memory for people: `12 B`, `4 KiB`, `1.5 MiB`.
std::string size_text(std::uint64_t bytes);

/// Returns an address: `0x7f0012340000`.
std::string address_text(const volatile void* pointer);

}  // namespace zesvm
