/// @file ioctls.hpp
/// The calls of the xe driver. All return an errno, 0 for success.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "log.hpp"
#include "objects.hpp"
#include "queue.hpp"
#include "raw_calls.hpp"
#include "settings.hpp"

namespace zesvm::xe_standin {

/// Answers one ioctl of a device file.
int dispatch(int fd, File& file, unsigned long request, void* argument);

/// Returns the bytes of a card's own memory.
uint64_t vram_bytes();
int query(File& file, drm_xe_device_query* query);
int do_gem_create(File& file, drm_xe_gem_create* argument);
int prime_export(File& file, drm_prime_handle* argument);
int prime_import(File& file, drm_prime_handle* argument);
int close_buffer(File& file, uint32_t handle);
int mmap_offset(File& file, drm_xe_gem_mmap_offset* argument);
/// Returns an address space of a file; null when it has none of this number.
VmRef vm_of(File& file, uint32_t id);
int do_bind(File& file, drm_xe_vm_bind* bind);
int do_madvise(File& file, drm_xe_madvise* advice);
int do_attrs(File& file, drm_xe_vm_query_mem_range_attr* query);
int do_exec(File& file, drm_xe_exec* exec);
int do_wait(File& file, drm_xe_wait_user_fence* wait);
int create_queue(File& file, drm_xe_exec_queue_create* argument);
int destroy_queue(File& file, uint32_t id);
int create_vm(File& file, drm_xe_vm_create* argument);
/// Answers the ioctls of sync objects. Returns -1 for one that is none.
int dispatch_sync(File& file, unsigned long request, void* argument);

}  // namespace zesvm::xe_standin
