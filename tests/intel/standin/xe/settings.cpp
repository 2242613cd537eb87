#include "settings.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <sstream>
#include <string>

namespace zesvm::xe_standin {
namespace {

/// Which calls of one kind fail.
struct Plan {
  int error = 0;
  long skip = 0;
  long count = -1;
  long failed = 0;
};

/// All plans. Never destroyed: queue threads may still run while the process exits.
struct Plans {
  std::mutex lock;
  std::map<std::string, Plan> of;
};

// XE_STANDIN_FAIL=call:errno[:skip[:count]][,...]
Plans* planned_by_environment() {
  auto* const plans = new Plans;
  const char* const text = std::getenv("XE_STANDIN_FAIL");
  std::istringstream wanted(text != nullptr ? text : "");
  for (std::string one; std::getline(wanted, one, ',');) {
    char name[64] = "";
    Plan plan;
    if (std::sscanf(one.c_str(), "%63[a-z_]:%d:%ld:%ld", name, &plan.error, &plan.skip,
                    &plan.count) >= 2)
      plans->of[name] = plan;
  }
  return plans;
}

Plans& plans() {
  static Plans* const all = planned_by_environment();
  return *all;
}

}  // namespace

long setting(const char* name, long otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::strtol(value, nullptr, 0) : otherwise;
}

int planned_failure(const char* call) {
  Plans& all = plans();
  const std::lock_guard guard{all.lock};
  const auto found = all.of.find(call);
  if (found == all.of.end() || found->second.error == 0) return 0;
  Plan& plan = found->second;
  if (plan.skip-- > 0) return 0;
  if (plan.count == 0) return 0;
  if (plan.count > 0) --plan.count;
  ++plan.failed;
  return plan.error;
}

void plan_failure(const char* call, int error, long skip, long count) {
  Plans& all = plans();
  const std::lock_guard guard{all.lock};
  Plan& plan = all.of[call];
  plan = {error, skip, count, plan.failed};
}

long failures_of(const char* call) {
  Plans& all = plans();
  const std::lock_guard guard{all.lock};
  const auto found = all.of.find(call);
  return found == all.of.end() ? 0 : found->second.failed;
}

}  // namespace zesvm::xe_standin
