#include <utility>

#include <zesvm/error.hpp>
#include <zesvm/stream.hpp>

#include "api/allocations.hpp"
#include "api/text.hpp"
#include "api/traced.hpp"
#include "levelzero/command_list.hpp"
#include "levelzero/context.hpp"
#include "levelzero/launch_shape.hpp"
#include "levelzero/signal.hpp"

namespace zesvm {
namespace {

/// A signal with what it must not outlive; members go in reverse order.
struct HeldSignal {
  std::shared_ptr<levelzero::Signal> signal;
  Device device;
};

}  // namespace

Event::Event(std::shared_ptr<levelzero::Signal> signal) : signal_(std::move(signal)) {}
void Event::wait() const { signal_->wait(); }
bool Event::is_done() const { return signal_->is_done(); }
void* Event::native_handle() const noexcept { return signal_->handle(); }

Stream::Stream(const Device& device)
    : device_(device),
      list_(std::make_unique<levelzero::CommandList>(*device.tile_->context, *device.tile_)) {}

Stream::Stream(const Device& device, std::unique_ptr<levelzero::CommandList> list) noexcept
    : device_(device), list_(std::move(list)) {}

Stream Stream::around(const Device& device, void* list) {
  if (list == nullptr)
    throw Error(ErrorCode::invalid_argument, "making a stream around a null command list");
  const auto handle = static_cast<ze_command_list_handle_t>(list);
  return Stream(device, std::make_unique<levelzero::CommandList>(*device.tile_->context,
                                                                 *device.tile_, handle));
}

Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;

Stream& Stream::operator=(Stream&& other) noexcept {
  // The list goes before the device that keeps its context.
  list_ = std::move(other.list_);
  device_ = other.device_;
  return *this;
}

void* Stream::native_handle() const noexcept { return list_->handle(); }

void Stream::launch_with(const Kernel& kernel, const Grid& grid,
                         const std::vector<Argument>& arguments) {
  levelzero::check_arguments(kernel.program_->reflection(kernel.name_), arguments);
  traced_call(*device_.tile_, "launch", kernel.name_, [&] {
    list_->launch(kernel.program_, kernel.name_, grid, arguments, bring_memory(kernel, arguments));
  });
}

void Stream::copy(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  traced_call(*device_.tile_, "copy", "", [&] { list_->copy(to, from, bytes); });
}

void Stream::fill(void* to, unsigned char value, std::size_t bytes) {
  if (bytes == 0) return;
  traced_call(*device_.tile_, "fill", "", [&] { list_->fill(to, value, bytes); });
}

void Stream::prefetch(const void* pointer, std::size_t bytes) {
  if (bytes == 0) return;
  if (const AddressSpace* space = device_.tile_->context->memory())
    space->place_near(device_, pointer, bytes);
  levelzero::WorkTrace* const trace = device_.tile_->context->trace();
  const auto begin = levelzero::WorkTrace::now();
  list_->prefetch(pointer, bytes);
  if (trace != nullptr)
    trace->queued_prefetch({address_of(pointer), address_of(pointer) + Bytes{bytes}},
                           *device_.tile_, begin);
}

Event Stream::record() {
  const auto held =
      std::make_shared<HeldSignal>(HeldSignal{device_.tile_->context->signals().take(), device_});
  std::shared_ptr<levelzero::Signal> signal(held, held->signal.get());
  list_->signal(signal);
  return Event(std::move(signal));
}

void Stream::wait_for(const Event& event) { list_->wait_for(event.signal_); }
void Stream::wait_for_native(void* event) {
  list_->wait_for(static_cast<ze_event_handle_t>(event));
}
void Stream::signal_native(void* event) { list_->signal(static_cast<ze_event_handle_t>(event)); }
void Stream::wait() {
  traced_call(*device_.tile_, "wait", "", [&] { list_->wait(); });
}

}  // namespace zesvm
