#include "simulator/tile/device/running_work.hpp"

#include <algorithm>

namespace zesvm::simulator::tile::device {
namespace {

// The transfer this thread does itself.
thread_local Work* own_transfer = nullptr;

}  // namespace

void RunningWork::begin(Work& work) {
  if (work.kind == WorkKind::transfer) own_transfer = &work;
  const std::lock_guard guard{lock_};
  running_.push_back(&work);
}

void RunningWork::end(Work& work) {
  own_transfer = nullptr;
  const std::lock_guard guard{lock_};
  std::erase(running_, &work);
  const auto failed = [](const Work* other) { return other->status != Status::ok; };
  if (!has_scratch_ || std::any_of(running_.begin(), running_.end(), failed)) return;
  mappings_.clear_scratch();
  has_scratch_ = false;
}

bool RunningWork::is_any() {
  const std::lock_guard guard{lock_};
  bool any = false;
  for_each_suspect([&](const Work&) { any = true; });
  return any;
}

bool RunningWork::has_failed() {
  const std::lock_guard guard{lock_};
  bool any = false;
  bool all = true;
  for_each_suspect([&](const Work& work) {
    any = true;
    all = all && work.status != Status::ok;
  });
  return any && all;
}

void RunningWork::fail(Status status, Address where, Access access) {
  const std::lock_guard guard{lock_};
  has_scratch_ = true;
  for_each_suspect([&](Work& work) {
    if (work.status != Status::ok) return;
    work.status = status;
    work.fault_address = where;
    work.fault_access = access;
  });
}

template <typename Body>
void RunningWork::for_each_suspect(Body body) {
  if (own_transfer != nullptr) return body(*own_transfer);
  for (Work* work : running_)
    if (work->kind == WorkKind::kernel) body(*work);
}

}  // namespace zesvm::simulator::tile::device
