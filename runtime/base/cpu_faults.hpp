/// @file cpu_faults.hpp
/// Page faults of this process's own threads on memory that moves.
///
/// The kernel reports them as SIGSEGV. One handler per process takes those whose address lies in an
/// interval somebody watches; it hands them to a service thread and sleeps until the answer comes:
/// ok, and the access is tried again; anything else, and the fault is passed on as if no
/// handler of ours were there. The handler itself calls nothing but futex, and takes no lock, so
/// that a fault may come from anywhere, `malloc` and other signal handlers included.
///
/// F1  every other SIGSEGV reaches the handler that was there before, with its own mask, flags and
///     choice of stack, or the default action (H1)
/// F2  a handler the program installed later is noticed at the next `notice_displacement`: it is
///     said so once on stderr, and ours goes in front of it again with that one as the next in the
///     chain (H2). A chain that comes back to ours goes on to the handler after it, never in a circle
/// F3  in a child made by `fork` no fault is taken; where one would have been, a line on stderr says
///     why, and it is passed on (H5)
/// F4  a fault in a frozen interval waits for the thaw, and no service thread with it: those may be
///     the ones that fault
/// F5  where several watch an address, each is asked until one resolves the fault
#pragma once

#include <memory>
#include <sys/types.h>

#include "base/interval.hpp"
#include "base/status.hpp"

namespace zesvm {

/// What the CPU wanted.
enum class CpuAccess : std::uint8_t { read, write };

/// A fault that waits.
struct CpuFault {
  Address where;
  CpuAccess access = CpuAccess::read;
  /// Who waits, by its id in the kernel.
  pid_t thread = 0;
};

/// Resolves CPU faults.
class CpuFaultResolver {
 public:
  virtual ~CpuFaultResolver() = default;
  /// Makes the access possible; anything but ok passes the fault on to the program.
  ///
  /// @locks    called with none held
  /// @context  fault: a service thread, several at once, while the faulting thread sleeps. Must not
  ///           touch application memory.
  virtual Status resolve(Address where, CpuAccess access) = 0;
  /// As resolve(), for whoever wants to know who waits.
  virtual Status resolve_for(const CpuFault& fault) { return resolve(fault.where, fault.access); }
};

/// The threads that serve the faults of one resolver, and its intervals.
class CpuFaults {
 public:
  /// Installs the process's handler if this is the first, and starts the service threads.
  explicit CpuFaults(CpuFaultResolver& resolver);
  /// Forgets the intervals and ends the threads. No fault on them may be under way. The handler
  /// stays installed, and passes everything on.
  ~CpuFaults();
  CpuFaults(const CpuFaults&) = delete;
  CpuFaults& operator=(const CpuFaults&) = delete;

  /// Takes faults in an interval from now on, until the end.
  void watch(Interval interval);

  /// Lets faults in an interval wait while it lives, and be tried again after. One at a time.
  ///
  /// @locks    must not write outside the caller's stack and the arena while it lives: anything else
  ///           may be in the interval
  class Freeze {
   public:
    explicit Freeze(Interval interval);
    ~Freeze();
    Freeze(const Freeze&) = delete;
    Freeze& operator=(const Freeze&) = delete;
  };

  /// Lets the system call that a thread of this process waits in begin anew, if it is one that does
  /// after a signal. Does nothing when a handler of the program would see the signal.
  static void interrupt(pid_t thread);

  /// Looks whether another handler took the place of ours, and takes it again (F2).
  ///
  /// @cost     one system call
  static void notice_displacement();
  /// Returns how often another handler was found in the place of ours.
  static std::uint64_t displacements();
  /// Returns whether this process is a child made by `fork` after the first use.
  static bool is_forked_child();

  struct Service;

 private:
  std::unique_ptr<Service> service_;
};

}  // namespace zesvm
