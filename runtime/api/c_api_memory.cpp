// zesvm.h: memory and what is said about it.
#include <algorithm>
#include <sstream>

#include "api/c_api.hpp"

namespace zesvm::c_api {
namespace {

Advice location_of(const Runtime& runtime, const zesvm_advice& advice) {
  if (advice.device == ZESVM_SYSTEM) return prefer_system_memory();
  if (advice.device == ZESVM_ANYWHERE) return no_preferred_location();
  return preferred_location(runtime.device(advice.device), advice.migrate == ZESVM_MIGRATE_ALL_PAGES
                                                               ? Migrate::all_pages
                                                               : Migrate::only_system_pages);
}

Advice advice_of(const Runtime& runtime, const zesvm_advice* advice) {
  constexpr const char* function = "zesvm_advise";
  check_structure(function, advice);
  if (advice->kind != ZESVM_ADVICE_LOCATION && advice->device != 0)
    refuse(function, "a device in advice that is not about a location");
  if (advice->kind != ZESVM_ADVICE_ATOMIC && advice->atomic_access != ZESVM_ATOMIC_UNDEFINED)
    refuse(function, "an atomic access in advice that is not about one");
  if (advice->migrate != ZESVM_MIGRATE_ALL_PAGES &&
      (advice->kind != ZESVM_ADVICE_LOCATION || advice->migrate != ZESVM_MIGRATE_ONLY_SYSTEM_PAGES))
    refuse(function, "an unknown migration policy, or one in advice that is not about a location");
  switch (advice->kind) {
    case ZESVM_ADVICE_LOCATION: return location_of(runtime, *advice);
    case ZESVM_ADVICE_READ_MOSTLY: return read_mostly();
    case ZESVM_ADVICE_ATOMIC: break;
    default: refuse(function, "an unknown kind of advice");
  }
  switch (advice->atomic_access) {
    case ZESVM_ATOMIC_UNDEFINED: return AtomicAccess::undefined;
    case ZESVM_ATOMIC_DEVICE: return AtomicAccess::device;
    case ZESVM_ATOMIC_GLOBAL: return AtomicAccess::global;
    case ZESVM_ATOMIC_CPU: return AtomicAccess::cpu;
  }
  refuse(function, "an unknown atomic access");
}

zesvm_resident_piece piece_of(const ResidentPiece& from) {
  zesvm_resident_piece piece{};
  piece.begin = reinterpret_cast<const void*>(from.begin);
  piece.bytes = from.end - from.begin;
  piece.place = static_cast<zesvm_place>(from.place);
  piece.device = from.device.value_or(ZESVM_SYSTEM);
  for (const std::size_t device : from.mapped_on)
    if (device < 64) piece.mapped_on |= std::uint64_t{1} << device;
  return piece;
}

static_assert(static_cast<int>(Place::unknown) == ZESVM_PLACE_UNKNOWN);
static_assert(static_cast<int>(Backing::paged) == ZESVM_BACKING_PAGED);
static_assert(static_cast<int>(HintOutcome::unconfirmed) == ZESVM_UNCONFIRMED);

}  // namespace

Backing backing_of(const char* function, zesvm_backing backing) {
  switch (backing) {
    case ZESVM_BACKING_AUTOMATIC: return Backing::automatic;
    case ZESVM_BACKING_SYSTEM: return Backing::system;
    case ZESVM_BACKING_SHARED: return Backing::shared;
    case ZESVM_BACKING_PAGED: return Backing::paged;
  }
  refuse(function, "an unknown backing");
}

AccessMode mode_of(const char* function, zesvm_access_mode mode) {
  switch (mode) {
    case ZESVM_READ: return AccessMode::read;
    case ZESVM_WRITE: return AccessMode::write;
    case ZESVM_READ_WRITE: return AccessMode::read_write;
    case ZESVM_ATOMIC: return AccessMode::atomic;
  }
  refuse(function, "an unknown access mode");
}

std::vector<Access> accesses_of(const char* function, const zesvm_access* accesses,
                                std::size_t count) {
  if (count > 0) require(function, accesses);
  std::vector<Access> all;
  for (std::size_t i = 0; i < count; ++i) {
    if (accesses[i].reserved != 0) refuse(function, "a reserved member is not zero");
    all.push_back({accesses[i].begin, accesses[i].bytes, mode_of(function, accesses[i].mode)});
  }
  return all;
}

}  // namespace zesvm::c_api

using namespace zesvm::c_api;

extern "C" {

zesvm_code zesvm_allocate(zesvm_runtime* runtime, size_t bytes, size_t alignment, void** pointer) {
  return guarded([&] {
    require("zesvm_allocate", runtime, pointer);
    *pointer = runtime->runtime.address_space().allocate_bytes(bytes, alignment);
  });
}

zesvm_code zesvm_allocate_on(zesvm_runtime* runtime, size_t bytes, size_t alignment,
                             zesvm_backing backing, void** pointer) {
  return guarded([&] {
    require("zesvm_allocate_on", runtime, pointer);
    *pointer = runtime->runtime.address_space().allocate_bytes(
        bytes, alignment, backing_of("zesvm_allocate_on", backing));
  });
}

zesvm_code zesvm_adopt(zesvm_runtime* runtime, void* pointer, size_t bytes) {
  return guarded([&] {
    require("zesvm_adopt", runtime, pointer);
    runtime->runtime.address_space().adopt(pointer, bytes);
  });
}

zesvm_code zesvm_backing_of(zesvm_runtime* runtime, const void* pointer, zesvm_backing* backing) {
  return guarded([&] {
    require("zesvm_backing_of", runtime, backing);
    const auto found = runtime->runtime.address_space().backing_of(pointer);
    if (!found)
      throw zesvm::Error(zesvm::ErrorCode::unknown_memory,
                         "zesvm_backing_of: not in memory of this runtime");
    *backing = static_cast<zesvm_backing>(*found);
  });
}

zesvm_code zesvm_free(zesvm_runtime* runtime, void* pointer) {
  return guarded([&] {
    require("zesvm_free", runtime);
    runtime->runtime.address_space().free(pointer);
  });
}

int zesvm_contains(const zesvm_runtime* runtime, const void* pointer) {
  if (runtime == nullptr) return 0;
  return const_cast<zesvm_runtime*>(runtime)->runtime.address_space().contains(pointer) ? 1 : 0;
}

uint64_t zesvm_allocated_bytes(const zesvm_runtime* runtime) {
  if (runtime == nullptr) return 0;
  return const_cast<zesvm_runtime*>(runtime)->runtime.address_space().allocated_bytes();
}

zesvm_code zesvm_advise(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                        const zesvm_advice* advice, zesvm_hint* hint) {
  return guarded([&] {
    require("zesvm_advise", runtime);
    check_hint("zesvm_advise", hint);
    const zesvm::Advice given = advice_of(runtime->runtime, advice);
    give(runtime->runtime.address_space().advise(pointer, bytes, given), hint);
  });
}

zesvm_code zesvm_prefetch(zesvm_runtime* runtime, const void* pointer, size_t bytes, size_t device,
                          zesvm_hint* hint) {
  return guarded([&] {
    require("zesvm_prefetch", runtime);
    check_hint("zesvm_prefetch", hint);
    auto& space = runtime->runtime.address_space();
    give(device == ZESVM_SYSTEM ? space.prefetch_to_system(pointer, bytes)
                                : space.prefetch(pointer, bytes, runtime->runtime.device(device)),
         hint);
  });
}

zesvm_code zesvm_discard(zesvm_runtime* runtime, void* pointer, size_t bytes, zesvm_hint* hint) {
  return guarded([&] {
    require("zesvm_discard", runtime);
    check_hint("zesvm_discard", hint);
    give(runtime->runtime.address_space().discard(pointer, bytes), hint);
  });
}

zesvm_code zesvm_prepare(zesvm_runtime* runtime, size_t device, const zesvm_access* accesses,
                         size_t count, zesvm_hint* hint) {
  return guarded([&] {
    require("zesvm_prepare", runtime);
    check_hint("zesvm_prepare", hint);
    const auto all = accesses_of("zesvm_prepare", accesses, count);
    auto& space = runtime->runtime.address_space();
    give(space.prepare(runtime->runtime.device(device), all.data(), all.size()), hint);
  });
}

zesvm_code zesvm_pin(zesvm_runtime* runtime, const void* pointer, size_t bytes, zesvm_hint* hint) {
  return guarded([&] {
    require("zesvm_pin", runtime);
    check_hint("zesvm_pin", hint);
    give(runtime->runtime.address_space().pin(pointer, bytes), hint);
  });
}

zesvm_code zesvm_unpin(zesvm_runtime* runtime, const void* pointer, size_t bytes) {
  return guarded([&] {
    require("zesvm_unpin", runtime);
    runtime->runtime.address_space().unpin(pointer, bytes);
  });
}

zesvm_code zesvm_residency(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                           zesvm_resident_piece* pieces, size_t* count) {
  return guarded([&] {
    require("zesvm_residency", runtime, count);
    if (*count > 0) require("zesvm_residency", pieces);
    const auto found = runtime->runtime.address_space().residency(pointer, bytes).pieces;
    for (std::size_t i = 0; i < std::min(*count, found.size()); ++i) pieces[i] = piece_of(found[i]);
    *count = found.size();
  });
}

zesvm_code zesvm_resident_bytes(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                                size_t device, uint64_t* resident) {
  return guarded([&] {
    require("zesvm_resident_bytes", runtime, resident);
    const auto residency = runtime->runtime.address_space().residency(pointer, bytes);
    *resident = device == ZESVM_SYSTEM ? residency.bytes_in(zesvm::Place::system) +
                                             residency.bytes_in(zesvm::Place::untouched)
                                       : residency.bytes_on(runtime->runtime.device(device));
  });
}

zesvm_code zesvm_residency_text(zesvm_runtime* runtime, const void* pointer, size_t bytes,
                                char* text, size_t* length) {
  return guarded([&] {
    require("zesvm_residency_text", runtime, length);
    std::ostringstream lines;
    lines << runtime->runtime.address_space().residency(pointer, bytes);
    write_text(lines.str(), text, length);
  });
}

}  // extern "C"
