// Atomic operations on every kind of memory.
kernel void global_atomics(global int* counter, global uint* histogram, global long* wide) {
  atomic_inc(counter);
  atomic_cmpxchg(counter, 1, 2);
  atomic_add(&histogram[get_global_id(0) & 7], 3u);
  atomic_max(&histogram[8], 5u);
  atomic_fetch_add_explicit((global atomic_int*)counter, 1, memory_order_relaxed,
                            memory_scope_device);
  atomic_store((global atomic_int*)counter, atomic_load((global atomic_int*)&counter[1]));
  wide[0] = 1;
}

kernel void local_atomics(global int* out, local int* scratch) {
  local int sum;
  if (get_local_id(0) == 0) sum = 0;
  barrier(CLK_LOCAL_MEM_FENCE);
  atomic_add(&sum, 1);
  atomic_add(scratch, 1);
  barrier(CLK_LOCAL_MEM_FENCE);
  out[get_group_id(0)] = sum + *scratch;
}

__attribute__((noinline)) int through(volatile atomic_int* where) {
  return atomic_fetch_add(where, 1);
}

kernel void generic_atomics(global int* out, local int* scratch) {
  out[0] = through((global atomic_int*)out);
  out[1] = through((local atomic_int*)scratch);
}

kernel void generic_global(global int* out) {
  atomic_fetch_add((volatile atomic_int*)(int*)out, 1);
}
