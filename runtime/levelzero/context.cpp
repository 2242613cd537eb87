#include "levelzero/context.hpp"

#include <algorithm>

#include "base/environment.hpp"
#include "levelzero/call.hpp"
#include "levelzero/capabilities.hpp"
#include "levelzero/command_list.hpp"
#include "levelzero/cpu_touch.hpp"
#include "levelzero/imported_memory.hpp"
#include "levelzero/paged_memory.hpp"
#include "levelzero/selection.hpp"
#include "levelzero/signal.hpp"
#include "levelzero/work_trace.hpp"

namespace zesvm::levelzero {
namespace {

template <typename Function>
Function extension(ze_driver_handle_t driver, const char* name) {
  return reinterpret_cast<Function>(find_extension(driver, name));
}

std::vector<ze_driver_handle_t> drivers() {
  std::uint32_t count = 0;
  ZESVM_ZE(zeDriverGet(&count, nullptr), "counting drivers");
  std::vector<ze_driver_handle_t> found(count);
  ZESVM_ZE(zeDriverGet(&count, found.data()), "listing drivers");
  found.resize(count);
  return found;
}

// The first driver that has a GPU; a loader may also know drivers of other devices.
ze_driver_handle_t first_gpu_driver() {
  for (ze_driver_handle_t driver : drivers())
    if (!find_tiles(driver).empty()) return driver;
  throw Error(ErrorCode::backend_unavailable,
              "Level Zero works, but no driver has a GPU; look at ZE_AFFINITY_MASK, or use "
              "ZESVM_BACKEND=simulator");
}

}  // namespace

std::shared_ptr<Context> Context::create(const RuntimeOptions& options) {
  initialize(options);
  return around(first_gpu_driver(), nullptr, options.cpu_touch);
}

std::shared_ptr<Context> Context::around(ze_driver_handle_t driver, ze_context_handle_t context,
                                         CpuTouch cpu_touch) {
  return std::shared_ptr<Context>(new Context(driver, context, cpu_touch));
}

Context::Context(ze_driver_handle_t driver, ze_context_handle_t context, CpuTouch cpu_touch)
    : driver_(driver),
      handle_(context),
      cpu_touch_(choose_cpu_touch(cpu_touch)),
      imported_(std::make_unique<ImportedMemory>(*this)) {
  tiles_ = find_tiles(driver);
  for (Tile& tile : tiles_) tile.context = this;
  if (tiles_.empty()) throw Error(ErrorCode::backend_unavailable, "this driver has no GPU");
  look_up_extensions();
  if (handle_ == nullptr) {
    ze_context_desc_t description{};
    description.stype = ZE_STRUCTURE_TYPE_CONTEXT_DESC;
    ZESVM_ZE(zeContextCreate(driver_, &description, &handle_), "making a context");
    owns_handle_ = true;
  }
  read_capabilities(handle_, tiles_);
  signals_ = std::make_unique<SignalPool>(handle_);
  service_lists_.resize(tiles_.size());
  trace_ = WorkTrace::of_process(*this);
}

Context::~Context() {
  end_paged_memory();
  {
    Lock guard{service_lock_};
    service_lists_.clear();
  }
  signals_.reset();
  if (owns_handle_) zeContextDestroy(handle_);
}

void Context::look_up_extensions() {
  simulator_.get_statistics =
      extension<zesvm_sim_get_statistics_fn>(driver_, ZESVM_SIM_GET_STATISTICS_NAME);
  simulator_.get_virtual_time =
      extension<zesvm_sim_get_virtual_time_fn>(driver_, ZESVM_SIM_GET_VIRTUAL_TIME_NAME);
  simulator_.query_residency =
      extension<zesvm_sim_query_residency_fn>(driver_, ZESVM_SIM_QUERY_RESIDENCY_NAME);
  simulator_.migrate_to_system =
      extension<zesvm_sim_migrate_to_system_fn>(driver_, ZESVM_SIM_MIGRATE_TO_SYSTEM_NAME);
  simulator_.discard = extension<zesvm_sim_discard_fn>(driver_, ZESVM_SIM_DISCARD_NAME);
  simulator_.write_trace = extension<zesvm_sim_write_trace_fn>(driver_, ZESVM_SIM_WRITE_TRACE_NAME);
  newer_ = find_newer_functions(driver_);
  if (!is_simulated()) return;
  const std::string named = environment("ZESVM_NODE");
  node_name_ = named.empty() ? default_node : named;
  match_node_tiles();
}

void Context::match_node_tiles() {
  std::uint32_t count = 0;
  ZESVM_ZE(simulator_.get_statistics(&count, nullptr), "counting tiles of the node");
  std::vector<zesvm_sim_tile_statistics_t> found(count);
  for (auto& tile : found) tile.size = sizeof tile;
  ZESVM_ZE(simulator_.get_statistics(&count, found.data()), "listing tiles of the node");
  for (const auto& one : found) {
    NodeTile match{one.device_index, one.tile_index, std::nullopt};
    for (const Tile& tile : tiles_)
      if (std::equal(tile.uuid.begin(), tile.uuid.end(), one.uuid)) match.index = tile.index;
    node_tiles_.push_back(match);
  }
}

std::string Context::last_driver_error() const {
  const char* text = nullptr;
  if (newer_.get_last_error == nullptr ||
      newer_.get_last_error(driver_, &text) != ZE_RESULT_SUCCESS)
    return "";
  return text != nullptr ? text : "";
}

Backing Context::choose_backing(Backing wanted) {
  const BackingChoice choice = levelzero::choose_backing(wanted, tiles_, is_simulated());
  if (choice.backing == Backing::paged) PagedMemory::try_reservation(*this);
  for (Tile& tile : tiles_) {
    tile.capabilities.backing = choice.backing;
    tile.capabilities.backing_reason = choice.reason;
  }
  return choice.backing;
}

PagedMemory& Context::paged_memory() {
  const Lock guard{paged_lock_};
  if (!paged_) {
    PagedMemory::try_reservation(*this);
    paged_ = std::make_unique<PagedMemory>(*this);
    paged_here_.store(paged_.get(), std::memory_order_release);
  }
  return *paged_;
}

void Context::end_paged_memory() {
  std::unique_ptr<PagedMemory> ended;
  {
    const Lock guard{paged_lock_};
    paged_here_.store(nullptr, std::memory_order_release);
    ended = std::move(paged_);
  }
}

MemoryBacking* Context::backing_at(const void* pointer) const {
  if (PagedMemory* const paged = this->paged(); paged != nullptr && paged->contains(pointer))
    return paged;
  return imported_->contains(pointer) ? imported_.get() : nullptr;
}

CommandList& Context::service_list(const Tile& tile) {
  auto& list = service_lists_[tile.index];
  if (!list) list = std::make_unique<CommandList>(*this, tile);
  return *list;
}

void Context::finish(CommandList& list) { list.wait(); }

}  // namespace zesvm::levelzero
