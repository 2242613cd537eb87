/// @file thread_safety.hpp
/// Names for clang's thread safety attributes; nothing with other compilers.
#pragma once

#if defined(__clang__)
#define ZESVM_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define ZESVM_THREAD_ATTRIBUTE(x)
#endif

#define ZESVM_CAPABILITY(x) ZESVM_THREAD_ATTRIBUTE(capability(x))
#define ZESVM_SCOPED_CAPABILITY ZESVM_THREAD_ATTRIBUTE(scoped_lockable)
#define ZESVM_GUARDED_BY(x) ZESVM_THREAD_ATTRIBUTE(guarded_by(x))
#define ZESVM_PT_GUARDED_BY(x) ZESVM_THREAD_ATTRIBUTE(pt_guarded_by(x))
#define ZESVM_REQUIRES(...) ZESVM_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define ZESVM_REQUIRES_SHARED(...) ZESVM_THREAD_ATTRIBUTE(requires_shared_capability(__VA_ARGS__))
#define ZESVM_ACQUIRE(...) ZESVM_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define ZESVM_ACQUIRE_SHARED(...) ZESVM_THREAD_ATTRIBUTE(acquire_shared_capability(__VA_ARGS__))
#define ZESVM_RELEASE(...) ZESVM_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define ZESVM_RELEASE_SHARED(...) ZESVM_THREAD_ATTRIBUTE(release_shared_capability(__VA_ARGS__))
#define ZESVM_RELEASE_GENERIC(...) ZESVM_THREAD_ATTRIBUTE(release_generic_capability(__VA_ARGS__))
#define ZESVM_TRY_ACQUIRE(...) ZESVM_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define ZESVM_EXCLUDES(...) ZESVM_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define ZESVM_RETURN_CAPABILITY(x) ZESVM_THREAD_ATTRIBUTE(lock_returned(x))
#define ZESVM_NO_THREAD_SAFETY_ANALYSIS ZESVM_THREAD_ATTRIBUTE(no_thread_safety_analysis)
