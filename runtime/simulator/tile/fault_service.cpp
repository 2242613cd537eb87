#include "simulator/tile/fault_service.hpp"

#include "simulator/tile/futex.hpp"
#include "simulator/tile/service_thread.hpp"

namespace zesvm::simulator::tile {

void FaultService::start(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i)
    threads_.push_back(start_service_thread("zesvm-fault", [this] { serve(); }));
}

void FaultService::stop() {
  stopping_.store(true);
  channel_.fault_doorbell.fetch_add(1);
  futex_wake_all(channel_.fault_doorbell);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void FaultService::serve() {
  while (!stopping_.load()) {
    const std::uint32_t rung = channel_.fault_doorbell.load();
    if (!serve_one() && !watch(rung)) futex_wait(channel_.fault_doorbell, rung);
  }
}

bool FaultService::watch(std::uint32_t rung) {
  // One is enough, and more would take processors from kernels.
  const bool is_first = channel_.fault_watchers.fetch_add(1) == 0;
  const bool has_rung = is_first && look_awake(channel_.fault_doorbell, rung);
  channel_.fault_watchers.fetch_sub(1);
  return has_rung;
}

void FaultService::wake_for_the_next() {
  // A fault that came while this thread watched woke nobody.
  for (const FaultRecord& fault : channel_.faults)
    if (fault.state.load() == fault_pending) return futex_wake_one(channel_.fault_doorbell);
}

bool FaultService::serve_one() {
  for (FaultRecord& fault : channel_.faults) {
    std::uint32_t expected = fault_pending;
    if (!fault.state.compare_exchange_strong(expected, fault_serving)) continue;
    wake_for_the_next();
    order_.arrive();
    fault.answer = handler_(Address{fault.address}, fault.access);
    order_.depart();
    fault.state.store(fault_answered);
    futex_wake_all(fault.state);
    return true;
  }
  return false;
}

}  // namespace zesvm::simulator::tile
