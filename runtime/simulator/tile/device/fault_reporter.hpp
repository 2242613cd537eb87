/// @file fault_reporter.hpp
/// The tile's page faults: SIGSEGV in a kernel, reported to the driver, answered, resumed.
#pragma once

#include <signal.h>

#include "simulator/tile/channel.hpp"
#include "simulator/tile/device/mapping_table.hpp"
#include "simulator/tile/device/running_work.hpp"

namespace zesvm::simulator::tile::device {

/// Takes the process's memory faults.
class FaultReporter {
 public:
  FaultReporter(Channel& channel, MappingTable& mappings, RunningWork& work)
      : channel_(channel), mappings_(mappings), work_(work) {}

  /// Installs the handler, for good. Also after libraries were loaded that may have their own.
  void install();

 private:
  static void on_signal(int signal, siginfo_t* info, void* context);

  void handle(const siginfo_t& info, ucontext_t& context);
  // Returns the driver's answer.
  Status ask(Address where, Access access);
  FaultRecord& take_record();
  // Lets the failed work go on without the memory it may not have.
  void go_on_without(Address where, bool in_window, ucontext_t& context);

  Channel& channel_;
  MappingTable& mappings_;
  RunningWork& work_;
};

}  // namespace zesvm::simulator::tile::device
