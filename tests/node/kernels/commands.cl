// Kernels for the tests of commands, modules and kernels.

kernel void fill(global int* out, int value) { out[get_global_id(0)] = value; }

kernel void add(global int* data, int delta) { data[get_global_id(0)] += delta; }

kernel void multiply(global int* data, int factor) { data[get_global_id(0)] *= factor; }

// Every work-item counts itself; nothing but the instruction says that it is an atomic.
kernel void count(global volatile uint* counter) { atomic_inc(counter); }

kernel void sum_group(global const int* in, global int* out, local int* scratch) {
  const uint self = get_local_id(0);
  scratch[self] = in[get_global_id(0)];
  barrier(CLK_LOCAL_MEM_FENCE);
  if (self != 0) return;
  int total = 0;
  for (uint i = 0; i < get_local_size(0); ++i) total += scratch[i];
  out[get_group_id(0)] = total;
}

kernel void is_null(global const int* maybe, global int* out) { *out = maybe == 0 ? 1 : 2; }

kernel void global_ids(global uint* out) {
  out[get_global_id(0) - get_global_offset(0)] = (uint)get_global_id(0);
}

kernel __attribute__((reqd_work_group_size(8, 1, 1))) void groups_of_eight(global int* out) {
  out[get_global_id(0)] = (int)get_local_size(0);
}

// Runs until somebody sets the flag.
kernel void spin(global volatile int* flag) {
  while (*flag == 0) {
  }
}

struct pair {
  long first;
  int second;
};

kernel void take_struct(struct pair value, global long* out) {
  *out = value.first + value.second;
}

// Follows a pointer that is in memory, not in an argument.
kernel void indirect(global ulong* table, int value) {
  *(global int*)table[get_global_id(0)] = value;
}
