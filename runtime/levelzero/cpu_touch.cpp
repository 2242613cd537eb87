#include "levelzero/cpu_touch.hpp"

#include <string>
#include <string_view>

#include <zesvm/error.hpp>

#include "base/environment.hpp"

namespace zesvm::levelzero {

CpuTouch choose_cpu_touch(CpuTouch wanted) {
  if (wanted != CpuTouch::automatic) return wanted;
  const std::string name = environment("ZESVM_CPU_TOUCH");
  if (name.empty() || name == "bring-back") return CpuTouch::bring_back;
  if (name == "refuse") return CpuTouch::refuse;
  if (name == "unhandled") return CpuTouch::unhandled;
  throw Error(ErrorCode::invalid_argument, "ZESVM_CPU_TOUCH is '" + std::string(name) +
                                               "'; it may be bring-back, refuse or unhandled");
}

}  // namespace zesvm::levelzero
