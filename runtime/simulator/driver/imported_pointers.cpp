// zexDriver*: functions of Intel's driver beyond the specification, which MPI libraries and SYCL
// look up by name to announce memory of the program.
#include "simulator/driver/imported_pointers.hpp"

#include "simulator/driver/handles.hpp"
#include "simulator/driver/tables.hpp"
#include "simulator/node/node.hpp"
#include "topology/node_description.hpp"

namespace zesvm::simulator::driver {

ze_result_t ImportedPointers::import(Interval memory) {
  Lock guard{lock_};
  const auto first = find(memory.begin);
  const auto last = find(memory.end - 1_B);
  if (first && first == last) return ZE_RESULT_SUCCESS;
  if (first)
    return last ? ZE_RESULT_ERROR_OVERLAPPING_REGIONS : ZE_RESULT_ERROR_HANDLE_OBJECT_IN_USE;
  if (last) return ZE_RESULT_ERROR_INVALID_SIZE;
  const auto next = ends_.lower_bound(memory.begin);
  if (next != ends_.end() && next->first < memory.end) return ZE_RESULT_ERROR_OVERLAPPING_REGIONS;
  ends_.emplace(memory.begin, memory.end);
  return ZE_RESULT_SUCCESS;
}

bool ImportedPointers::release(Address base) {
  Lock guard{lock_};
  return ends_.erase(base) > 0;
}

std::optional<Interval> ImportedPointers::at(Address where) const {
  Lock guard{lock_};
  return find(where);
}

std::optional<Interval> ImportedPointers::find(Address where) const {
  const auto after = ends_.upper_bound(where);
  if (after == ends_.begin()) return std::nullopt;
  const auto [begin, end] = *std::prev(after);
  return where < end ? std::optional{Interval{begin, end}} : std::nullopt;
}

namespace {

ze_result_t import_pointer(ze_driver_handle_t handle, void* pointer, std::size_t size) {
  ZESVM_FIND(driver, Driver, handle);
  return entry([&] {
    const auto memory = Interval::checked(address_of(pointer), Bytes{size});
    if (pointer == nullptr || size == 0 || !memory) return ZE_RESULT_ERROR_INVALID_ARGUMENT;
    // One inside another is the other's.
    const bool is_new = !driver->imported_pointers().at(memory->begin);
    const ze_result_t result = driver->imported_pointers().import(*memory);
    if (result != ZE_RESULT_SUCCESS || !is_new || driver->description().all_take_program_pointers())
      return result;
    const Status status = driver->node().import_program_memory(*memory);
    if (status == Status::ok) return ZE_RESULT_SUCCESS;
    driver->imported_pointers().release(memory->begin);
    return fail(status, "importing memory of the program that devices cannot be given");
  });
}

ze_result_t release_pointer(ze_driver_handle_t handle, void* pointer) {
  ZESVM_FIND(driver, Driver, handle);
  return entry([&] {
    const auto memory = driver->imported_pointers().at(address_of(pointer));
    if (!driver->imported_pointers().release(address_of(pointer)))
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT,
                  "releasing a pointer at which no imported memory begins");
    if (!driver->description().all_take_program_pointers())
      driver->node().release_program_memory(*memory);
    return ZE_RESULT_SUCCESS;
  });
}

ze_result_t get_base_address(ze_driver_handle_t handle, void* pointer, void** base) {
  ZESVM_FIND(driver, Driver, handle);
  return entry([&] {
    const auto memory = driver->imported_pointers().at(address_of(pointer));
    if (!memory)
      return fail(ZE_RESULT_ERROR_INVALID_ARGUMENT, "base address of memory that is not imported");
    if (base != nullptr) *base = pointer_to<void>(memory->begin);
    return ZE_RESULT_SUCCESS;
  });
}

}  // namespace

void add_imported_pointer_functions(FunctionNames& names) {
  add_function(names, "zexDriverGetHostPointerBaseAddress", get_base_address);
  add_function(names, "zexDriverImportExternalPointer", import_pointer);
  add_function(names, "zexDriverReleaseImportedPointer", release_pointer);
}

}  // namespace zesvm::simulator::driver
