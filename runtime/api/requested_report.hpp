/// @file requested_report.hpp
/// The migration report that a user asks for from outside the program.
#pragma once

namespace zesvm {

class Runtime;

/// Writes the report of a Runtime that ends, as the environment asks (E3):
/// `ZESVM_REPORT=text` and `json` to stderr, anything else to the file of that name, as JSON if it
/// ends in `.json`. `%p` in the name stands for the process id. Says on stderr what went wrong.
void write_requested_report(const Runtime& runtime) noexcept;

}  // namespace zesvm
