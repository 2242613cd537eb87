// Kernels the tests of the tile process run.

kernel void store(global int* to, int value) { to[get_global_id(0)] = value; }

kernel void add(global int* to, global const int* from, int value) {
  to[get_global_id(0)] = from[get_global_id(0)] + value;
}

kernel void count(global volatile int* counter) { atomic_inc(counter); }

kernel void exchange(global volatile int* place, int value) { atomic_xchg(place, value); }

// One thread walks `size` ints and writes their sum.
kernel void sum(global const int* from, ulong size, global int* to) {
  int total = 0;
  for (ulong i = 0; i < size; ++i) total += from[i];
  *to = total;
}

// Writes the ids it runs with, three for each work-item.
kernel void ids(global ulong* to) {
  size_t width = get_global_size(0);
  size_t at = (get_global_id(0) - get_global_offset(0)) +
              (get_global_id(1) - get_global_offset(1)) * width;
  to[at * 3] = get_global_id(0);
  to[at * 3 + 1] = get_group_id(1);
  to[at * 3 + 2] = get_local_size(0) * 100 + get_local_size(1);
}

// Reverses each work-group's values through its local memory.
kernel void reverse(global int* values, local int* held) {
  size_t me = get_local_id(0);
  held[me] = values[get_global_id(0)];
  barrier(CLK_LOCAL_MEM_FENCE);
  values[get_global_id(0)] = held[get_local_size(0) - 1 - me];
}

struct Pair {
  long first;
  double second;
};
kernel void unpack(global double* to, struct Pair pair, float factor) {
  to[0] = (double)pair.first;
  to[1] = pair.second * (double)factor;
}

// Runs until somebody writes to `stop`.
kernel void spin(global volatile int* stop) {
  while (*stop == 0) {
  }
}

// Touches one byte in each chunk of `stride` bytes.
kernel void touch(global char* memory, ulong stride) { memory[get_global_id(0) * stride] = 1; }

// An atomic with the probe that a module gets where bindings without atomics must be told.
kernel void probed_count(global volatile int* counter, ulong shadow_offset) {
  *(volatile global char*)((ulong)counter - shadow_offset);
  atomic_inc(counter);
}
