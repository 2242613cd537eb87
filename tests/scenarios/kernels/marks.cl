// What the scenarios run on devices: stores all over their memory.

uchar mark(ulong at, ulong seed) { return (uchar)(((at + seed) * 0x9E3779B97F4A7C15ul) >> 56); }

// Adds, so that what was there before must have been seen.
kernel void add_marks(global uchar* data, ulong first, ulong stride, ulong count, ulong seed) {
  const ulong i = get_global_id(0);
  if (i >= count) return;
  const ulong at = first + i * stride;
  data[at] += mark(at, seed);
}

kernel void read_marks(global uchar* sums, global const uchar* data, ulong first, ulong stride,
                       ulong count, ulong seed) {
  const ulong i = get_global_id(0);
  if (i >= count) return;
  const ulong at = first + i * stride;
  sums[i] = data[at] + mark(at, seed);
}

kernel void count_up(global volatile uint* counter) { atomic_inc(counter); }
