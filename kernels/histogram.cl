// Histograms of bytes: a group counts in local memory, then adds what it found to the result with
// atomic operations, so that groups, streams and devices can share one result.

// Each work-item takes every `items`-th stretch of 16 bytes. `local_counts` has 256 uints.
kernel void byte_histogram(global const uchar* bytes, ulong size, volatile global uint* counts,
                           volatile local uint* local_counts) {
  const size_t here = get_local_id(0);
  const size_t group = get_local_size(0);
  for (size_t i = here; i < 256; i += group) local_counts[i] = 0;
  barrier(CLK_LOCAL_MEM_FENCE);

  const size_t stride = get_global_size(0) * 16;
  for (size_t begin = get_global_id(0) * 16; begin < size; begin += stride) {
    const size_t end = min(begin + 16, (size_t)size);
    for (size_t i = begin; i < end; ++i) atomic_inc(&local_counts[bytes[i]]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);

  for (size_t i = here; i < 256; i += group)
    if (local_counts[i] != 0) atomic_add(&counts[i], local_counts[i]);
}

// The same without local memory: every byte is one atomic operation on the result.
kernel void byte_histogram_direct(global const uchar* bytes, ulong size,
                                  volatile global uint* counts) {
  const size_t stride = get_global_size(0);
  for (size_t i = get_global_id(0); i < size; i += stride) atomic_inc(&counts[bytes[i]]);
}
