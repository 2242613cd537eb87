// Kernels of the node's tests.

kernel void add_one(global int* data) { data[get_global_id(0)] += 1; }

kernel void copy_ints(global int* to, global const int* from) {
  to[get_global_id(0)] = from[get_global_id(0)];
}

kernel void count_up(global int* counter) { atomic_inc(counter); }

// Touches one int of every page of the interval.
kernel void touch_pages(global int* data, ulong stride) { data[get_global_id(0) * stride] += 1; }

kernel void add_one_behind(global const ulong* holder) {
  global int* data = (global int*)holder[0];
  data[get_global_id(0)] += 1;
}
