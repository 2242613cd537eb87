/// @file settings.hpp
/// What the environment says, and which calls are planned to fail.
#pragma once

namespace zesvm::xe_standin {

/// Returns the number in an environment variable; `otherwise`, when it is unset or empty.
long setting(const char* name, long otherwise);

/// Returns the error that this call of a kind must fail with; 0: none. Counts as one call.
int planned_failure(const char* call);

/// Plans failures, as xe_standin_fail().
void plan_failure(const char* call, int error, long skip, long count);

/// Returns how many calls of a kind were made to fail.
long failures_of(const char* call);

}  // namespace zesvm::xe_standin
