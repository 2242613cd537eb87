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
    if (!serve_one()) futex_wait(channel_.fault_doorbell, rung);
  }
}

bool FaultService::serve_one() {
  for (FaultRecord& fault : channel_.faults) {
    std::uint32_t expected = fault_pending;
    if (!fault.state.compare_exchange_strong(expected, fault_serving)) continue;
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
