#include "levelzero/kernel_times.hpp"

#include <algorithm>

#include "levelzero/context.hpp"

namespace zesvm::levelzero {

namespace {

constexpr std::uint32_t events_of_a_pool = 32;

constexpr std::uint64_t mask_of(std::uint32_t bits) {
  return bits >= 64 || bits == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

}  // namespace

KernelTimes::KernelTimes(const Context& context, const Tile& tile, WorkTrace& trace)
    : context_(context), tile_(tile), trace_(trace), lane_(trace.new_lane(tile)) {}

KernelTimes::~KernelTimes() {
  for (ze_event_handle_t event : events_) zeEventDestroy(event);
  for (ze_event_pool_handle_t pool : pools_) zeEventPoolDestroy(pool);
}

void KernelTimes::grow() {
  ze_event_pool_desc_t description{};
  description.stype = ZE_STRUCTURE_TYPE_EVENT_POOL_DESC;
  description.flags = ZE_EVENT_POOL_FLAG_HOST_VISIBLE | ZE_EVENT_POOL_FLAG_KERNEL_TIMESTAMP;
  description.count = events_of_a_pool;
  ze_event_pool_handle_t pool = nullptr;
  if (zeEventPoolCreate(context_.handle(), &description, 0, nullptr, &pool) != ZE_RESULT_SUCCESS)
    return;
  pools_.push_back(pool);
  for (std::uint32_t i = 0; i < events_of_a_pool; ++i) {
    ze_event_desc_t wanted{};
    wanted.stype = ZE_STRUCTURE_TYPE_EVENT_DESC;
    wanted.index = i;
    wanted.signal = ZE_EVENT_SCOPE_FLAG_HOST;
    ze_event_handle_t event = nullptr;
    if (zeEventCreate(pool, &wanted, &event) != ZE_RESULT_SUCCESS) return;
    events_.push_back(event);
  }
}

ze_event_handle_t KernelTimes::next(const std::string& kernel) {
  if (launches_.size() == events_.size()) grow();
  if (launches_.size() == events_.size()) return nullptr;
  launches_.push_back({kernel, WorkTrace::now()});
  return events_[launches_.size() - 1];
}

void KernelTimes::take_back(ze_event_handle_t event) {
  if (event == nullptr) return;
  // While the list lives, which the driver may have noted in it: see Signal::settle().
  zeEventHostReset(event);
  launches_.pop_back();
}

KernelTimes::Correlation KernelTimes::correlate() const {
  Correlation clocks;
  // In this version of the structure the timer's resolution is in ticks a second.
  ze_device_properties_t properties{};
  properties.stype = ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES_1_2;
  std::uint64_t host = 0;
  const auto before = WorkTrace::now();
  if (zeDeviceGetProperties(tile_.handle, &properties) != ZE_RESULT_SUCCESS ||
      properties.timerResolution == 0 ||
      zeDeviceGetGlobalTimestamps(tile_.handle, &host, &clocks.device) != ZE_RESULT_SUCCESS)
    return clocks;
  // The host's time that the driver gives is of a clock it does not name.
  clocks.host = before + (WorkTrace::now() - before) / 2;
  clocks.nanoseconds_per_tick = 1e9 / static_cast<double>(properties.timerResolution);
  clocks.mask =
      mask_of(std::min(properties.timestampValidBits, properties.kernelTimestampValidBits));
  return clocks;
}

bool KernelTimes::write_measured(const Launch& launch, ze_event_handle_t event,
                                 const Correlation& clocks) {
  ze_kernel_timestamp_result_t measured{};
  if (clocks.mask == 0 || zeEventQueryKernelTimestamp(event, &measured) != ZE_RESULT_SUCCESS)
    return false;
  const std::uint64_t ran = (measured.global.kernelEnd - measured.global.kernelStart) & clocks.mask;
  const std::uint64_t ago = (clocks.device - measured.global.kernelEnd) & clocks.mask;
  const auto ticks = [&](std::uint64_t count) {
    return std::chrono::nanoseconds{
        static_cast<std::int64_t>(static_cast<double>(count) * clocks.nanoseconds_per_tick)};
  };
  const auto end = clocks.host - ticks(ago);
  const auto begin = end - ticks(ran);
  // Drivers without hardware give zeros; no kernel runs before it was appended, or in the future.
  constexpr auto tolerance = std::chrono::milliseconds{1};
  if (ran == 0 || begin + tolerance < launch.appended || end > clocks.host + tolerance)
    return false;
  trace_.ran(launch.kernel, lane_, begin, end, KernelClock::device);
  return true;
}

void KernelTimes::write() {
  if (launches_.empty()) return;
  const Correlation clocks = correlate();
  const auto seen = WorkTrace::now();
  for (std::size_t i = 0; i < launches_.size(); ++i) {
    if (!write_measured(launches_[i], events_[i], clocks))
      trace_.ran(launches_[i].kernel, lane_, launches_[i].appended, seen, KernelClock::host);
    zeEventHostReset(events_[i]);
  }
  launches_.clear();
}

}  // namespace zesvm::levelzero
