#include "simulator/driver/actions.hpp"

#include <array>

#include <level_zero/ze_api.h>

namespace zesvm::simulator::driver {

namespace {

node::Outcome outcome_of(Status status) {
  node::Outcome outcome;
  outcome.status = status;
  return outcome;
}

// Reads what the program may have put into any kind of memory, VRAM included.
template <typename T>
Status read_from(CommandTarget& target, Address source, T& value) {
  return target.copy(address_of(&value), source, Bytes{sizeof value});
}

template <typename T>
Status write_to(CommandTarget& target, Address destination, const T& value) {
  return target.copy(destination, address_of(&value), Bytes{sizeof value});
}

}  // namespace

node::Outcome LaunchAction::execute(CommandTarget& target) {
  if (!group_count_at) return target.launch(launch);
  node::Launch now = launch;
  ze_group_count_t count{};
  if (const Status read = read_from(target, *group_count_at, count); read != Status::ok) {
    return outcome_of(read);
  }
  now.group_count = {count.groupCountX, count.groupCountY, count.groupCountZ};
  return target.launch(now);
}

node::Outcome MultipleLaunchAction::execute(CommandTarget& target) {
  std::uint32_t count = 0;
  if (const Status read = read_from(target, count_at, count); read != Status::ok) {
    return outcome_of(read);
  }
  node::Outcome whole;
  for (std::size_t i = 0; i < launches.size() && i < count; ++i) {
    node::Outcome one = launches[i]->execute(target);
    if (i == 0) whole.begin = one.begin;
    whole.end = one.end;
    if (one.status != Status::ok) return one;
  }
  return whole;
}

node::Outcome CopyAction::execute(CommandTarget& target) {
  return outcome_of(target.copy(destination_, source_, size_));
}

node::Outcome FillAction::execute(CommandTarget& target) {
  return outcome_of(target.fill(destination_, pattern_, size_));
}

node::Outcome RegionAction::execute(CommandTarget& target) {
  return outcome_of(target.copy_region(destination_, source_, extent_));
}

// A hint that cannot be followed is no error of the program: only a lost device ends the stream.
node::Outcome PrefetchAction::execute(CommandTarget& target) {
  const Status done = target.prefetch(interval_);
  return outcome_of(done == Status::device_lost ? done : Status::ok);
}

node::Outcome AdviseAction::execute(CommandTarget& target) {
  const Status done = target.advise(interval_, advice_);
  return outcome_of(done == Status::device_lost ? done : Status::ok);
}

node::Outcome ResetAction::execute(CommandTarget&) {
  slot_->reset();
  return {};
}

node::Outcome WriteTimestampAction::execute(CommandTarget& target) {
  return outcome_of(write_to(target, destination_, clock_.now()));
}

node::Outcome QueryTimestampsAction::execute(CommandTarget& target) {
  for (const Query& query : queries_) {
    const ze_kernel_timestamp_result_t result = clock_.kernel_timestamps(query.slot->times());
    if (const Status written = write_to(target, query.destination, result); written != Status::ok) {
      return outcome_of(written);
    }
  }
  return {};
}

node::Outcome HostFunctionAction::execute(CommandTarget&) {
  function_();
  return {};
}

}  // namespace zesvm::simulator::driver
