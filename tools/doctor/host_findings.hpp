/// @file host_findings.hpp
/// What the facts of a host mean for shared virtual memory.
#pragma once

#include "tools/doctor/finding.hpp"
#include "tools/doctor/host_facts.hpp"

namespace zesvm::tools {

/// Judges the GPUs: kernel driver, render node, what the kernel's shared virtual memory lacks.
Findings judge_gpus(const HostFacts& facts);
/// Judges what lies between several GPUs; empty with fewer than two.
Findings judge_peers(const HostFacts& facts);
/// Judges the kernel's settings and the limits of the process.
Findings judge_limits(const HostFacts& facts);

/// Returns why no device of the host can use any pointer of a program (`system`); empty when nothing
/// that was read speaks against it.
std::string reason_against_system(const HostFacts& facts);

/// Returns a size as people read it: "12 GiB".
std::string size_text(std::uint64_t bytes);

}  // namespace zesvm::tools
