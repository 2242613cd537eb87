#include "simulator/tile/tile_process.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <future>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "simulator/tile/address_guard.hpp"
#include "simulator/tile/command_channel.hpp"
#include "simulator/tile/completion_service.hpp"
#include "simulator/tile/descriptor_passing.hpp"
#include "simulator/tile/device_program.hpp"
#include "simulator/tile/fault_service.hpp"
#include "simulator/tile/futex.hpp"
#include "simulator/tile/launch_encoding.hpp"
#include "simulator/tile/service_thread.hpp"

namespace zesvm::simulator::tile {
namespace {

constexpr int most_helpers = 8;

// A sanitizer keeps notes of its own on a large part of all addresses, where no pointer leads to.
bool has_sanitizer() {
  for (const char* name : {"__tsan_init", "__asan_init", "__msan_init"})
    if (::dlsym(RTLD_DEFAULT, name) != nullptr) return true;
  return false;
}

unsigned workers_of(const TileOptions& options) {
  if (options.workers != 0) return options.workers;
  return std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
}

}  // namespace

struct TileProcess::State {
  State(TileOptions given, FaultHandler handler)
      : options(std::move(given)),
        stop_request(::eventfd(0, EFD_CLOEXEC)),
        faults(commands.shared(), commands.order(), std::move(handler)),
        completions(commands.shared(), commands.order()) {}
  ~State() { stop(); }

  // On pages of its own: a service thread needs it while the heap may be trapped.
  static void* operator new(std::size_t size);
  static void operator delete(void* place, std::size_t size);

  Status start();
  // Ends the helper and every thread. Calls of fault handlers that still run return device_lost.
  void stop();
  // The body of the watching thread, which also starts the helper: the helper lives as long as it.
  void watch(std::promise<Status>& started);
  void wait_for_end() const;
  // Ends the helper if it still runs, and lets everything that waits for it know.
  void bury();
  bool wait_until_ready();
  void kill() const;
  bool is_map_to_fail();
  Status keep_apart();
  Status send(std::uint64_t& token, int descriptor);
  Status submit(CommandKind kind, std::span<const std::byte> command, std::uint64_t work);

  TileOptions options;
  UniqueFd stop_request;
  CommandChannel commands;
  HelperProcess helper;
  // Let go of when the helper is gone.
  AddressGuard guard;
  FaultService faults;
  CompletionService completions;
  std::thread watcher;
  std::atomic<bool> lost{false};
  std::atomic<bool> ending{false};
  std::atomic<std::uint32_t> last_file{0};
  std::atomic<std::uint32_t> last_module{0};
  std::atomic<std::uint64_t> last_token{0};
  // Zero: no failure is wanted.
  std::atomic<std::uint32_t> maps_until_failure{0};
};

void* TileProcess::State::operator new(std::size_t size) {
  void* place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) throw std::bad_alloc{};
  return place;
}

void TileProcess::State::operator delete(void* place, std::size_t size) { ::munmap(place, size); }

void TileProcess::State::stop() {
  ending.store(true);
  const std::uint64_t one = 1;
  static_cast<void>(!::write(stop_request.get(), &one, sizeof one));
  if (watcher.joinable()) watcher.join();
  faults.stop();
  completions.stop();
}

Status TileProcess::State::start() {
  if (options.program.empty()) options.program = device_program();
  if (options.program.empty()) return Status::unsupported;
  // Shared: this may have returned before set_value() has.
  const auto started = std::make_shared<std::promise<Status>>();
  std::future<Status> outcome = started->get_future();
  watcher = start_service_thread("zesvm-tile", [this, started] { watch(*started); });
  ZESVM_TRY(outcome.get());
  if (!wait_until_ready()) return Status::unsupported;
  ZESVM_TRY(keep_apart());
  faults.start(workers_of(options) + options.engines);
  completions.start();
  return Status::ok;
}

void TileProcess::State::watch(std::promise<Status>& started) {
  auto process = start_helper(options, commands.descriptor(), workers_of(options));
  if (!process) return started.set_value(process.status());
  helper = *std::move(process);
  started.set_value(Status::ok);
  wait_for_end();
  bury();
  // A helper that never took commands is a failed spawn, and told so.
  const bool was_running = commands.shared().ready.load() != 0;
  if (was_running && !ending.load() && options.on_death) options.on_death();
}

void TileProcess::State::wait_for_end() const {
  pollfd events[] = {{helper.socket.get(), POLLRDHUP, 0}, {stop_request.get(), POLLIN, 0}};
  while (::poll(events, 2, -1) < 0 && errno == EINTR) {
  }
}

void TileProcess::State::bury() {
  kill();
  // Dead first: nothing it wrote comes after this.
  ::waitpid(helper.id, nullptr, 0);
  lost.store(true);
  futex_wake_all(commands.shared().ready);
  commands.abandon();
  completions.abandon();
}

bool TileProcess::State::wait_until_ready() {
  using Clock = std::chrono::steady_clock;
  const Channel& channel = commands.shared();
  const auto limit = Clock::now() + std::chrono::seconds{30};
  while (channel.ready.load() == 0) {
    if (lost.load() || Clock::now() > limit) return false;
    futex_wait(channel.ready, 0);
  }
  return true;
}

Status TileProcess::State::keep_apart() {
  const Channel& channel = commands.shared();
  auto reserved = AddressGuard::reserve(std::span{channel.own}.first(channel.own_count));
  if (reserved) guard = *std::move(reserved);
  if (options.keep_apart == KeepApart::wished || has_sanitizer()) return Status::ok;
  return reserved.status();
}

void TileProcess::State::kill() const {
  // 424: pidfd_send_signal. Unlike kill(), it cannot hit a process that took over the id.
  if (::syscall(424, helper.handle.get(), SIGKILL, nullptr, 0) != 0 && !lost.load())
    ::kill(helper.id, SIGKILL);
}

bool TileProcess::State::is_map_to_fail() {
  std::uint32_t left = maps_until_failure.load(std::memory_order_relaxed);
  while (left != 0 && !maps_until_failure.compare_exchange_weak(left, left - 1)) {
  }
  return left == 1;
}

Status TileProcess::State::send(std::uint64_t& token, int descriptor) {
  token = last_token.fetch_add(1) + 1;
  return send_descriptor(helper.socket.get(), descriptor, token);
}

Status TileProcess::State::submit(CommandKind kind, std::span<const std::byte> command,
                                  std::uint64_t work) {
  const Status status = commands.call(kind, command);
  if (status == Status::ok || completions.withdraw(work)) return status;
  return Status::ok;  // refused after all, but the completion has said so already
}

TileProcess::TileProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
TileProcess::~TileProcess() {
  // A forked child's copy has no threads to end, and the helper is its parent's.
  if (state_->commands.home().is_elsewhere()) {
    static_cast<void>(state_.release());
    return;
  }
  state_->stop();
}

Result<std::unique_ptr<TileProcess>> TileProcess::spawn(TileOptions options, FaultHandler handler) {
  if (options.engines == 0 || !is_aligned(options.atomic_probe_offset, 2_MiB))
    return Status::invalid_argument;
  // Each helper has its memory elsewhere: one of a few is out of the application's way.
  Status status = Status::busy;
  for (int attempt = 0; status == Status::busy && attempt < most_helpers; ++attempt) {
    auto state = std::make_unique<State>(options, handler);
    if (!state->commands.is_open()) return Status::out_of_host_memory;
    status = state->start();
    if (status == Status::ok) {
      return std::unique_ptr<TileProcess>{new TileProcess{std::move(state)}};
    }
  }
  return status;
}

Status TileProcess::reserve(Interval window) {
  return state_->commands.call(CommandKind::reserve, bytes_of(WindowCommand{window}));
}

Status TileProcess::release(Interval window) {
  return state_->commands.call(CommandKind::release, bytes_of(WindowCommand{window}));
}

Result<FileId> TileProcess::add_file(int descriptor, Bytes size) {
  FileCommand command{{state_->last_file.fetch_add(1) + 1}, 0, size};
  ZESVM_TRY(state_->send(command.token, descriptor));
  ZESVM_TRY(state_->commands.call(CommandKind::add_file, bytes_of(command)));
  return command.file;
}

Status TileProcess::remove_file(FileId file) {
  return state_->commands.call(CommandKind::remove_file, bytes_of(FileCommand{file, 0, {}}));
}

Status TileProcess::map(const Binding& binding) { return map(std::span{&binding, 1}); }

Status TileProcess::map(std::span<const Binding> bindings) {
  if (state_->is_map_to_fail()) return Status::map_failed;
  constexpr std::size_t most = payload_bytes / sizeof(Binding);
  for (; !bindings.empty(); bindings = bindings.subspan(std::min(most, bindings.size())))
    ZESVM_TRY(state_->commands.call(
        CommandKind::map, std::as_bytes(bindings.first(std::min(most, bindings.size())))));
  return Status::ok;
}

Status TileProcess::unmap(Interval interval) { return unmap(std::span{&interval, 1}); }

Status TileProcess::unmap(std::span<const Interval> intervals) {
  constexpr std::size_t most = payload_bytes / sizeof(Interval);
  for (; !intervals.empty(); intervals = intervals.subspan(std::min(most, intervals.size())))
    ZESVM_TRY(state_->commands.call(
        CommandKind::unmap, std::as_bytes(intervals.first(std::min(most, intervals.size())))));
  return Status::ok;
}

BuildOutcome TileProcess::build_module(std::span<const std::byte> spirv, std::string_view options) {
  UniqueFd file{::memfd_create("zesvm-module", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  for (std::size_t done = 0; done < spirv.size();) {
    const ssize_t wrote = ::write(file.get(), spirv.data() + done, spirv.size() - done);
    if (wrote <= 0) return {Status::out_of_host_memory, {}, "cannot hand over the module"};
    done += static_cast<std::size_t>(wrote);
  }
  ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  BuildOutcome outcome;
  BuildCommand command{{state_->last_module.fetch_add(1) + 1}, 0, Bytes{spirv.size()}};
  outcome.module = command.module;
  outcome.status = state_->send(command.token, file.get());
  if (outcome.status != Status::ok) return outcome;
  outcome.status = state_->commands.call(CommandKind::build_module, bytes_of(command),
                                         std::as_bytes(std::span{options}), &outcome.log);
  return outcome;
}

Status TileProcess::release_module(ModuleId module) {
  return state_->commands.call(CommandKind::release_module, bytes_of(ModuleCommand{module}));
}

Status TileProcess::launch(const LaunchRequest& request, Completion completion) {
  ZESVM_TRY_ASSIGN(work, state_->completions.expect(std::move(completion)));
  return state_->submit(CommandKind::launch, encode_launch(request, work), work);
}

Status TileProcess::copy(Address to, Address from, Bytes size, EngineId engine,
                         Completion completion) {
  ZESVM_TRY_ASSIGN(work, state_->completions.expect(std::move(completion)));
  const CopyCommand command{work, to, from, size, engine};
  return state_->submit(CommandKind::copy, bytes_of(command), work);
}

Status TileProcess::fill(Address to, Bytes size, std::span<const std::byte> pattern,
                         EngineId engine, Completion completion) {
  if (pattern.empty() || pattern.size() > largest_pattern) return Status::invalid_argument;
  ZESVM_TRY_ASSIGN(work, state_->completions.expect(std::move(completion)));
  FillCommand command{work, to, size, engine, static_cast<std::uint32_t>(pattern.size()), {}};
  std::copy(pattern.begin(), pattern.end(), command.pattern.begin());
  return state_->submit(CommandKind::fill, bytes_of(command), work);
}

Outcome TileProcess::run(const LaunchRequest& request) {
  // Shared: the waiter may be gone before set_value() has returned.
  const auto ended = std::make_shared<std::promise<Outcome>>();
  const Status accepted =
      launch(request, [ended](const Outcome& outcome) { ended->set_value(outcome); });
  if (accepted != Status::ok) return Outcome{.status = accepted};
  return ended->get_future().get();
}

Status TileProcess::ping() { return state_->commands.call(CommandKind::ping, {}); }

void TileProcess::kill() {
  if (!state_->commands.home().is_elsewhere()) state_->kill();
}

void TileProcess::fail_map(std::uint32_t nth) { state_->maps_until_failure.store(nth); }

bool TileProcess::is_lost() const {
  return state_->lost.load() || state_->commands.home().is_elsewhere();
}

pid_t TileProcess::process_id() const { return state_->helper.id; }

}  // namespace zesvm::simulator::tile
