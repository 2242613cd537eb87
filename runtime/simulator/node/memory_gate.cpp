#include "simulator/node/memory_gate.hpp"

#include <pthread.h>

namespace zesvm::simulator::node {
namespace {

// Variables of the library, since they are never frozen: shared by calls under way, alone for who needs
// the mappings to stay. (MG2)
pthread_rwlock_t gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

// Static storage: other thread-local storage may allocate at its first use.
__attribute__((tls_model("initial-exec"))) thread_local bool is_in_gate = false;

}  // namespace

MappingsStay::MappingsStay() noexcept {
  is_in_gate = true;
  ::pthread_rwlock_wrlock(&gate);
}

MappingsStay::~MappingsStay() {
  ::pthread_rwlock_unlock(&gate);
  is_in_gate = false;
}

void MappingsMayChange::pass() noexcept {
  if (std::exchange(is_in_gate, true)) return;
  is_held_ = true;
  ::pthread_rwlock_rdlock(&gate);
}

void MappingsMayChange::leave() noexcept {
  if (!std::exchange(is_held_, false)) return;
  ::pthread_rwlock_unlock(&gate);
  is_in_gate = false;
}

bool MappingsMayChange::is_inside() noexcept { return is_in_gate; }

void MappingsMayChange::open_in_child() noexcept {
  gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
}

}  // namespace zesvm::simulator::node
