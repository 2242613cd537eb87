// Writes one word in every `stride_words` words: one page fault per chunk when the stride is one.
kernel void touch(global uint* memory, ulong stride_words) {
  memory[get_global_id(0) * stride_words] += 1;
}

// Reads one word: what a launch costs when it moves nothing.
kernel void read_one(global const uint* memory, global uint* out) { *out = *memory; }

kernel void triad(global double* a, global const double* b, global const double* c, double scalar) {
  const size_t i = get_global_id(0);
  a[i] = b[i] + scalar * c[i];
}
