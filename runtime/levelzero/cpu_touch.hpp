/// @file cpu_touch.hpp
/// What becomes of a CPU touch of paged memory that is on a device.
#pragma once

#include <zesvm/runtime.hpp>

namespace zesvm::levelzero {

/// Decides: `wanted`, unless automatic, goes before ZESVM_CPU_TOUCH. Never automatic.
/// @errors Error invalid_argument: ZESVM_CPU_TOUCH is none of its words
CpuTouch choose_cpu_touch(CpuTouch wanted);

}  // namespace zesvm::levelzero
