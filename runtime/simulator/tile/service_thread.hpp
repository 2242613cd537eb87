/// @file service_thread.hpp
/// Threads of the runtime inside somebody else's program.
#pragma once

#include <pthread.h>
#include <signal.h>
#include <thread>
#include <utility>

namespace zesvm::simulator::tile {

/// Starts a thread that takes none of the program's signals, so that the program's handlers run
/// where the program expects them. Signals of the thread's own faults stay open: touching memory
/// that is in VRAM is one.
template <typename Body>
std::thread start_service_thread(const char* name, Body&& body) {
  sigset_t blocked, before;
  ::sigfillset(&blocked);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT})
    ::sigdelset(&blocked, fault);
  ::pthread_sigmask(SIG_SETMASK, &blocked, &before);
  std::thread thread{std::forward<Body>(body)};
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_setname_np(thread.native_handle(), name);
  return thread;
}

}  // namespace zesvm::simulator::tile
