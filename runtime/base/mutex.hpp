/// @file mutex.hpp
/// Mutexes with a place in the lock order, and the guards for them.
#pragma once

#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#include "base/lock_order.hpp"
#include "base/thread_safety.hpp"

namespace zesvm {

namespace detail {
#if defined(ZESVM_CHECKS)
inline constexpr bool checks_lock_order = true;
#else
inline constexpr bool checks_lock_order = false;
#endif
}  // namespace detail

/// A mutex with a place in the lock order.
template <LockOrder Place>
class ZESVM_CAPABILITY("mutex") Mutex {
 public:
  void lock() ZESVM_ACQUIRE() {
    if constexpr (detail::checks_lock_order) detail::note_acquire(Place);
    mutex_.lock();
  }
  bool try_lock() ZESVM_TRY_ACQUIRE(true) {
    if (!mutex_.try_lock()) return false;
    if constexpr (detail::checks_lock_order) detail::note_try_acquire(Place);
    return true;
  }
  void unlock() ZESVM_RELEASE() {
    mutex_.unlock();
    if constexpr (detail::checks_lock_order) detail::note_release(Place);
  }

 private:
  std::mutex mutex_;
};

/// A mutex that many may hold for reading, with a place in the lock order.
template <LockOrder Place>
class ZESVM_CAPABILITY("mutex") SharedMutex {
 public:
  void lock() ZESVM_ACQUIRE() {
    if constexpr (detail::checks_lock_order) detail::note_acquire(Place);
    mutex_.lock();
  }
  void unlock() ZESVM_RELEASE() {
    mutex_.unlock();
    if constexpr (detail::checks_lock_order) detail::note_release(Place);
  }
  void lock_shared() ZESVM_ACQUIRE_SHARED() {
    if constexpr (detail::checks_lock_order) detail::note_acquire(Place);
    mutex_.lock_shared();
  }
  void unlock_shared() ZESVM_RELEASE_SHARED() {
    mutex_.unlock_shared();
    if constexpr (detail::checks_lock_order) detail::note_release(Place);
  }

 private:
  std::shared_mutex mutex_;
};

/// Holds a mutex while it lives.
template <typename MutexType>
class ZESVM_SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(MutexType& mutex) ZESVM_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() ZESVM_RELEASE() { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  MutexType& mutex_;
};

/// Holds a shared mutex for reading while it lives.
template <typename MutexType>
class ZESVM_SCOPED_CAPABILITY SharedLock {
 public:
  explicit SharedLock(MutexType& mutex) ZESVM_ACQUIRE_SHARED(mutex) : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ~SharedLock() ZESVM_RELEASE_GENERIC() { mutex_.unlock_shared(); }
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

 private:
  MutexType& mutex_;
};

/// Gives a held mutex back while it lives, and takes it again at its end.
template <typename MutexType>
class Unlocked {
 public:
  explicit Unlocked(MutexType& mutex) ZESVM_NO_THREAD_SAFETY_ANALYSIS : mutex_(mutex) {
    mutex_.unlock();
  }
  ~Unlocked() ZESVM_NO_THREAD_SAFETY_ANALYSIS { mutex_.lock(); }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  MutexType& mutex_;
};

/// A condition to wait for under a `Mutex`.
using Condition = std::condition_variable_any;

}  // namespace zesvm
