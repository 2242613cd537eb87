#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include <level_zero/ze_api.h>

#include <zesvm/runtime.hpp>

#include "api/requested_report.hpp"
#include "levelzero/call.hpp"
#include "levelzero/context.hpp"
#include "levelzero/paged_memory.hpp"
#include "levelzero/paths.hpp"
#include "levelzero/program.hpp"

namespace zesvm {

/// What a Runtime owns: memory goes before the context it is in.
class Runtime::State {
 public:
  std::shared_ptr<levelzero::Context> context;
  std::vector<Device> devices;
  std::unique_ptr<AddressSpace> space;

  /// Makes devices and the address space of a context.
  static std::unique_ptr<State> of(std::shared_ptr<levelzero::Context> context, Backing backing) {
    auto state = std::make_unique<State>();
    for (const levelzero::Tile& tile : context->tiles())
      state->devices.push_back(Device(std::shared_ptr<const levelzero::Tile>(context, &tile)));
    state->space.reset(new AddressSpace(*context, context->choose_backing(backing)));
    state->context = std::move(context);
    state->context->set_memory(state->space.get());
    return state;
  }
  State() = default;
  ~State() {
    if (context) context->set_memory(nullptr);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

namespace {

std::vector<std::byte> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad())
    throw Error(ErrorCode::unreadable_file, "cannot read " + path.string());
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  return {begin, begin + bytes.size()};
}

TileStatistics from_driver(const levelzero::Tile& tile, const zesvm_sim_tile_statistics_t& from) {
  const auto transfer = [](const zesvm_sim_transfer_t& moves) {
    return Transfer{moves.count, moves.bytes, moves.nanoseconds, moves.smallest, moves.largest};
  };
  TileStatistics to;
  to.device = tile.index;
  to.name = tile.name;
  to.gpu_faults = from.gpu_faults;
  to.gpu_faults_valid = from.gpu_faults_valid;
  to.cpu_faults = from.cpu_faults;
  to.to_device = transfer(from.to_device);
  to.to_system = transfer(from.to_system);
  to.from_peer = transfer(from.from_peer);
  to.evictions = from.evictions;
  to.invalidations = from.invalidations;
  to.failures = from.failures;
  to.gpu_faults_atomic = from.gpu_faults_atomic;
  to.gpu_fault_nanoseconds = from.gpu_fault_nanoseconds;
  to.retries = from.retries;
  static_assert(cause_count == ZESVM_SIM_CAUSE_COUNT, "causes have the same order");
  std::copy(std::begin(from.causes), std::end(from.causes), to.causes.begin());
  to.vram_bytes = from.vram_bytes;
  to.vram_used_bytes = from.vram_used_bytes;
  to.virtual_time = {from.virtual_now,       from.virtual_faults,      from.virtual_copies,
                     from.virtual_accesses,  from.virtual_launches,    from.virtual_contention,
                     from.remote_read_bytes, from.remote_written_bytes};
  return to;
}

}  // namespace

Runtime::Runtime(const RuntimeOptions& options)
    : state_(State::of(levelzero::Context::create(options), options.backing)) {}
Runtime::Runtime(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Runtime::~Runtime() {
  if (state_) write_requested_report(*this);
}
Runtime::Runtime(Runtime&&) noexcept = default;
Runtime& Runtime::operator=(Runtime&&) noexcept = default;

Runtime Runtime::around(void* driver, void* context) {
  return Runtime(State::of(levelzero::Context::around(static_cast<ze_driver_handle_t>(driver),
                                                      static_cast<ze_context_handle_t>(context)),
                           Backing::automatic));
}

const std::vector<Device>& Runtime::devices() const noexcept { return state_->devices; }

const Device& Runtime::device(std::size_t index) const {
  if (index < state_->devices.size()) return state_->devices[index];
  throw Error(ErrorCode::invalid_argument, "there is no device " + std::to_string(index) +
                                               "; devices are 0 to " +
                                               std::to_string(state_->devices.size() - 1));
}

AddressSpace& Runtime::address_space() noexcept { return *state_->space; }

Module Runtime::load_module(const std::string& name_or_file) {
  const auto path = levelzero::find_module(name_or_file);
  return Module(std::make_shared<levelzero::Program>(state_->context, read(path), path.string()));
}

Module Runtime::make_module(const void* spirv, std::size_t bytes) {
  const auto* begin = static_cast<const std::byte*>(spirv);
  return Module(std::make_shared<levelzero::Program>(
      state_->context, std::vector<std::byte>(begin, begin + bytes), "the module in memory"));
}

bool Runtime::is_simulated() const noexcept { return state_->context->is_simulated(); }
const std::string& Runtime::node_name() const noexcept { return state_->context->node_name(); }
void* Runtime::native_driver() const noexcept { return state_->context->driver(); }
void* Runtime::native_context() const noexcept { return state_->context->handle(); }

Statistics Runtime::statistics() const {
  Statistics answer;
  const auto ask = state_->context->simulator().get_statistics;
  const levelzero::PagedMemory* const paged = state_->context->paged();
  if (ask == nullptr && paged == nullptr) return answer;
  std::uint32_t count = 0;
  if (ask != nullptr) ZESVM_ZE(ask(&count, nullptr), "counting tiles with statistics");
  std::vector<zesvm_sim_tile_statistics_t> found(count);
  for (auto& tile : found) tile.size = sizeof tile;
  if (ask != nullptr) ZESVM_ZE(ask(&count, found.data()), "reading statistics");
  answer.is_available = true;
  for (const levelzero::Tile& tile : state_->context->tiles()) {
    const auto same = std::find_if(found.begin(), found.end(), [&](const auto& one) {
      return std::equal(tile.uuid.begin(), tile.uuid.end(), one.uuid);
    });
    if (same == found.end() && paged == nullptr) continue;
    answer.tiles.push_back(
        from_driver(tile, same != found.end() ? *same : zesvm_sim_tile_statistics_t{}));
    // Moves the runtime makes itself, of which a driver knows nothing.
    if (paged != nullptr) paged->add_statistics(answer.tiles.back());
  }
  zesvm_sim_virtual_time_t time{};
  time.size = sizeof time;
  if (const auto read = state_->context->simulator().get_virtual_time) {
    ZESVM_ZE(read(&time), "reading the virtual clock");
    answer.virtual_nanoseconds = time.elapsed;
  }
  return answer;
}

}  // namespace zesvm
